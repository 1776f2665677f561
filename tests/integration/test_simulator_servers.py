"""Servers behind the addresses of the simulated AWS: used by each protocol's client, changed, gone; with the simulator, too. 30 s."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import boto3
import pytest

from provisioner.sandbox import simulator
from tests import clients

PASSWORD = "a#b\"c\\ 'd%e&0123456789"
"""Of characters that a file of settings, SQL or a URL may take for something else."""
OTHER = "o'ther \"x\\%0123456789"
WITHOUT = """
import sys
from pathlib import Path
import boto3
from moto import mock_aws
from provisioner.sandbox import corrections
from provisioner.sandbox.containers.tasks import Tasks
from provisioner.sandbox.servers import programs
from provisioner.sandbox.servers.doors import Doors
from provisioner.sandbox.servers.keeper import Keeper
programs.found = lambda kind, version="": None
keeper = Keeper(Path(sys.argv[1]))
doors = Doors(keeper.trust)
corrections.install(keeper, doors, Tasks(keeper, doors, Path(sys.argv[1])))
with mock_aws():
    database = boto3.client("rds", "us-east-1").create_db_instance(
        DBInstanceIdentifier="db", Engine="postgres", DBInstanceClass="db.t4g.micro", MasterUsername="app", MasterUserPassword="x")["DBInstance"]
    group = boto3.client("elasticache", "us-east-1").create_replication_group(
        ReplicationGroupId="pages", ReplicationGroupDescription="d")["ReplicationGroup"]
print(database["DBInstanceStatus"], database["Endpoint"]["Address"], group["Status"], group["NodeGroups"][0]["PrimaryEndpoint"]["Address"])
"""


class Account:
    """Clients of one simulated account."""

    def __init__(self, running: simulator.Simulator, folder: Path) -> None:
        self.running, self.folder = running, folder

    def __call__(self, service: str) -> Any:
        return boto3.client(service, endpoint_url=self.running.endpoint, region_name=simulator.REGION, aws_access_key_id="test",
                            aws_secret_access_key="test")

    def database(self, **more: Any) -> dict[str, Any]:
        """A database, once it is available."""
        given = {"DBInstanceIdentifier": "db", "DBInstanceClass": "db.t4g.micro", "AllocatedStorage": 20, "DBName": "shop", "MasterUsername": "app"}
        self("rds").create_db_instance(**given | more)
        return until(lambda: self.described("db"), lambda found: found["DBInstanceStatus"] == "available")

    def described(self, name: str) -> dict[str, Any]:
        (found,) = self("rds").describe_db_instances(DBInstanceIdentifier=name)["DBInstances"]
        return dict(found)

    def cache(self, **more: Any) -> dict[str, Any]:
        """A replication group, once it is available."""
        caches = self("elasticache")
        caches.create_replication_group(**{"ReplicationGroupId": "pages", "ReplicationGroupDescription": "d", **more})
        return until(lambda: dict(caches.describe_replication_groups(ReplicationGroupId="pages")["ReplicationGroups"][0]),
                     lambda found: found["Status"] == "available")


def until(look: Callable[[], Any], good: Callable[[Any], bool]) -> Any:
    """What is seen once it is good."""
    for _ in range(3000):
        if good(found := look()):
            return found
        threading.Event().wait(0.1)
    raise AssertionError(found)


def listens(endpoint: dict[str, Any]) -> bool:
    try:
        socket.create_connection((endpoint["Address"], endpoint["Port"]), timeout=120).close()
    except OSError:
        return False
    return True


def data(folder: Path) -> Path:
    """Where the servers of a simulator are."""
    return Path((folder / ".provision/simulator/servers").read_text())


def processes(place: Path) -> list[str]:
    """Processes that were started for servers in a folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if str(place).encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_text())
    return found


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    folder = tmp_path_factory.mktemp("account")
    yield Account(simulator.start(folder), folder)
    simulator.stop(folder)


@pytest.fixture
def trusting(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """This process trusts the sandbox's authority, in the way that TLS libraries are told of one."""
    monkeypatch.setenv("SSL_CERT_FILE", str(simulator.trusted(account.folder)))


def postgresql(endpoint: dict[str, Any], password: str, options: str = "") -> None:
    place = f"{endpoint['Address']}:{endpoint['Port']}"
    clients.postgresql({"url": f"postgresql://app:{quote(password, safe='')}@{place}/shop{options}", "database": "shop", "user": "app"})


def redis(endpoint: dict[str, Any], password: str) -> None:
    host, port = endpoint["Address"], endpoint["Port"]
    clients.redis({"url": f"rediss://:{quote(password, safe='')}@{host}:{port}/0", "host": host, "port": port, "tls": True})


def test_postgresql(account: Account) -> None:
    import psycopg

    rds = account("rds")
    made = account.database(Engine="postgres", EngineVersion="16", ManageMasterUserPassword=True)
    end = made["Endpoint"]
    kept = account("secretsmanager").get_secret_value(SecretId=made["MasterUserSecret"]["SecretArn"])["SecretString"]
    assert end["Port"] == 5432
    postgresql(end, json.loads(kept)["password"], f"?sslmode=verify-full&sslrootcert={simulator.trusted(account.folder)}")
    with pytest.raises(psycopg.OperationalError, match="no encryption"):
        postgresql(end, json.loads(kept)["password"], "?sslmode=disable")
    rds.modify_db_instance(DBInstanceIdentifier="db", ManageMasterUserPassword=False, MasterUserPassword=OTHER, ApplyImmediately=True)
    rds.reboot_db_instance(DBInstanceIdentifier="db")
    postgresql(account.described("db")["Endpoint"], OTHER)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        postgresql(end, json.loads(kept)["password"])
    rds.delete_db_instance(DBInstanceIdentifier="db", SkipFinalSnapshot=True)
    assert not listens(end)


def mysql(endpoint: dict[str, Any], password: str) -> None:
    clients.mysql({"host": endpoint["Address"], "port": endpoint["Port"], "user": "app", "password": password, "database": "shop", "tls": True})


@pytest.mark.usefixtures("trusting")
@pytest.mark.parametrize(("engine", "version"), [("mariadb", "11.4"), ("mysql", "8.4")])
def test_mysql(account: Account, engine: str, version: str) -> None:
    import pymysql

    rds = account("rds")
    rds.create_db_parameter_group(DBParameterGroupName=f"tls-{engine}", DBParameterGroupFamily=f"{engine}{version}", Description="d")
    rds.modify_db_parameter_group(DBParameterGroupName=f"tls-{engine}", Parameters=[
        {"ParameterName": "require_secure_transport", "ParameterValue": "1", "ApplyMethod": "immediate"}])
    end = account.database(Engine=engine, EngineVersion=version, MasterUserPassword=PASSWORD, DBParameterGroupName=f"tls-{engine}")["Endpoint"]
    assert end["Port"] == 3306
    mysql(end, PASSWORD)
    with pytest.raises(pymysql.OperationalError, match="Access denied|insecure transport"):
        pymysql.connect(host=end["Address"], user="app", password=PASSWORD, ssl_disabled=True)
    with pytest.raises(pymysql.OperationalError, match="Access denied"):
        pymysql.connect(host=end["Address"], user="root", ssl={"check_hostname": False})
    rds.modify_db_instance(DBInstanceIdentifier="db", MasterUserPassword=OTHER, ApplyImmediately=True)
    mysql(end, OTHER)
    with pytest.raises(pymysql.OperationalError, match="Access denied"):
        mysql(end, PASSWORD)
    rds.delete_db_instance(DBInstanceIdentifier="db", SkipFinalSnapshot=True)
    assert not listens(end)


@pytest.mark.usefixtures("trusting")
def test_rabbitmq(account: Account) -> None:
    import pika

    brokers = account("mq")
    made = [brokers.create_broker(BrokerName=name, EngineType="RABBITMQ", DeploymentMode="SINGLE_INSTANCE", PubliclyAccessible=False,
                                  HostInstanceType="mq.t3.micro", Users=[{"Username": name, "Password": PASSWORD}])["BrokerId"]
            for name in ("one", "two")]
    for name, user in zip(made, ("one", "two"), strict=True):
        found = until(lambda name=name: brokers.describe_broker(BrokerId=name), lambda found: found["BrokerState"] == "RUNNING")
        (place,) = found["BrokerInstances"][0]["Endpoints"]
        assert place.endswith(":5671")
        clients.amqp({"url": place.replace("://", f"://{user}:{quote(PASSWORD, safe='')}@") + "/%2F"})
        with pytest.raises(pika.exceptions.AMQPConnectionError):
            clients.amqp({"url": place.replace("://", "://guest:guest@") + "/%2F"})
        brokers.reboot_broker(BrokerId=name)
        brokers.delete_broker(BrokerId=name)
        host, _, port = place.removeprefix("amqps://").partition(":")
        assert not listens({"Address": host, "Port": int(port)})
    until(lambda: [line for line in processes(data(account.folder)) if "erl" in line or "epmd" in line], lambda found: not found)


@pytest.mark.usefixtures("trusting")
def test_redis(account: Account) -> None:
    from redis import Redis
    from redis.exceptions import AuthenticationError

    caches = account("elasticache")
    caches.create_cache_parameter_group(CacheParameterGroupName="mine", CacheParameterGroupFamily="redis7", Description="d")
    made = account.cache(Engine="redis", EngineVersion="7.1", NumCacheClusters=2, AuthToken=PASSWORD, TransitEncryptionEnabled=True,
                         CacheParameterGroupName="mine")
    end = made["NodeGroups"][0]["PrimaryEndpoint"]
    assert end["Port"] == 6379 and {node["ReadEndpoint"]["Address"] for node in made["NodeGroups"][0]["NodeGroupMembers"]} == {end["Address"]}
    redis(end, PASSWORD)
    caches.modify_cache_parameter_group(CacheParameterGroupName="mine", ParameterNameValues=[
        {"ParameterName": "maxmemory-policy", "ParameterValue": "allkeys-lru"}])
    with Redis(end["Address"], ssl=True, password=PASSWORD, decode_responses=True) as cache:
        assert cache.config_get("maxmemory-policy") == {"maxmemory-policy": "allkeys-lru"}
    caches.modify_replication_group(ReplicationGroupId="pages", AuthToken=OTHER, AuthTokenUpdateStrategy="ROTATE", ApplyImmediately=True)
    redis(end, OTHER)
    redis(end, PASSWORD)
    caches.modify_replication_group(ReplicationGroupId="pages", AuthToken=OTHER, AuthTokenUpdateStrategy="SET", ApplyImmediately=True)
    redis(end, OTHER)
    with pytest.raises(AuthenticationError):
        redis(end, PASSWORD)
    caches.delete_replication_group(ReplicationGroupId="pages")
    assert not listens(end)


def test_servers_end_with_the_simulator_and_leave_nothing(tmp_path: Path) -> None:
    account = Account(simulator.start(tmp_path), tmp_path)
    for number in (signal.SIGKILL, signal.SIGTERM):
        ends = [account.database(Engine="postgres", EngineVersion="15", MasterUserPassword=OTHER)["Endpoint"],
                account.cache(NumCacheClusters=1)["NodeGroups"][0]["PrimaryEndpoint"]]
        assert all(map(listens, ends))
        place = data(tmp_path)
        assert place.stat().st_mode & 0o077 == 0 and processes(place)
        os.kill(account.running.pid, number)
        until(lambda place=place: processes(place), lambda found: not found)
        until(lambda ends=ends: any(map(listens, ends)), lambda found: not found)
        if number == signal.SIGKILL:
            account.running = simulator.start(tmp_path)
        until(place.exists, lambda found: not found)


def test_one_that_does_not_start_is_in_the_log_and_its_address_leads_nowhere(account: Account) -> None:
    """PostgreSQL refuses the name, which RDS refuses as well."""
    made = account.database(Engine="postgres", MasterUsername="pg_app", MasterUserPassword=OTHER)
    assert made["Endpoint"]["Address"].startswith("db.") and not listens(made["Endpoint"])
    assert 'role name "pg_app" is reserved' in (account.folder / ".provision/simulator/server.log").read_text()


def test_without_the_program_an_address_leads_nowhere(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT, str(tmp_path)], capture_output=True, text=True, check=True,
                          env={**os.environ, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"})
    status, database, other, cache = done.stdout.split()
    assert (status, other) == ("available", "available") and database.startswith("db.") and cache.startswith("master.pages.")
