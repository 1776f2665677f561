"""Caches, brokers, databases and shared files on the sandbox's simulated AWS, through the command line. 7 minutes.

The client of each protocol uses what the simulator has a server for, as it does on hosts (test_servers.py); of the rest the cloud's own
account is looked at.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from provisioner.api import Settings, open_session
from provisioner.sandbox import simulator
from tests import clients
from tests.e2e.conftest import ROOT, Project

DATA = [part for name in ("ledger", "stock", "jobs", "shared") for part in ("--allow-destroy", name)]


PROTOCOLS = {"ledger": "postgresql", "stock": "mysql", "sessions": "redis", "jobs": "amqp"}


@pytest.fixture(scope="module")
def delivered(example: Callable[..., Project]) -> Iterator[Project]:
    """The application, delivered once; everything is taken away at the end."""
    project = example("stores", folder=ROOT / "tests" / "data")
    try:
        project.provision("apply", "--yes")
        yield project
    finally:
        project.provision("destroy", "--yes", *DATA, exit=None)
        project.end()


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """The keys of the simulated account, where every SDK looks for keys."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


def cloud(project: Project, service: str) -> Any:
    """A client of the simulated cloud."""
    running = simulator.find(project.folder)
    assert running is not None
    return clients.client(service, {"region": simulator.REGION, "endpoint": running.endpoint})


def test_a_program_gets_urls_with_passwords_in_them(delivered: Project) -> None:
    """The function really runs and says what it was given."""
    given = clients.invoke(delivered.outputs("show"))
    cache, broker, files = (delivered.outputs(name) for name in ("sessions", "jobs", "shared"))
    scheme, _, rest = given["REDIS_URL"].partition("://:")
    password, _, place = rest.partition("@")
    assert scheme == "rediss" and len(password) == 32 and place == f"{cache['host']}:6379/0"
    user, _, rest = given["AMQP_URL"].removeprefix("amqps://").partition(":")
    assert user == "app" and len(rest.partition("@")[0]) == 32 and rest.endswith(f"@{broker['host']}:5671/%2F")
    assert given["MYSQL_HOST"] == delivered.outputs("stock")["host"] and given["NFS"] == files["source"] == f"{files['host']}:/"
    shown = delivered.provision("outputs").stdout + delivered.provision("outputs", "-o", "json").stdout
    assert password not in shown and rest.partition("@")[0] not in shown


@pytest.mark.parametrize("component", PROTOCOLS)
def test_the_protocol_s_client_works_with_the_outputs_alone(delivered: Project, component: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Secrets in clear, as a program gets them: RDS's own comes from Secrets Manager."""
    running = simulator.find(delivered.folder)
    assert running is not None
    monkeypatch.setenv("AWS_ENDPOINT_URL", running.endpoint)
    monkeypatch.setenv("SSL_CERT_FILE", str(simulator.trusted(delivered.folder)))
    with open_session(Settings(file=str(delivered.folder / "app.yaml")), lambda text: None) as session:
        given = session.secrets.reveal(session.delivered[f"{component}@aws"].outputs)
    clients.CLIENTS[PROTOCOLS[component]](given)
    listed = {(server["address"], server["port"], server["state"]) for server in delivered.json("sandbox", "status")["servers"]}
    assert (given["host"], given["port"], "running") in listed


def test_a_second_apply_has_nothing_to_do(delivered: Project) -> None:
    """And the servers that the sandbox runs are asked for their health; of the rest it is not known."""
    delivered.provision("plan", "--detailed-exitcode")
    health = {row["component"]: row["health"] for row in delivered.json("status")["components"]}
    assert health == dict.fromkeys(health, "not checked (simulated)") | dict.fromkeys(PROTOCOLS, "healthy")


def test_a_change_is_made_in_place(delivered: Project) -> None:
    delivered.edit("memoryMB: 512", "memoryMB: 2000")
    assert delivered.planned() == {"sessions@aws": "update"}
    delivered.provision("apply", "--yes")
    (group,) = cloud(delivered, "elasticache").describe_replication_groups()["ReplicationGroups"]
    assert group["CacheNodeType"] == "cache.t4g.medium"
    delivered.provision("plan", "--detailed-exitcode")


REFUSED = [
    ("{name: jobs, type: broker}", "{name: jobs, type: broker, properties: {vhosts: [shop]}}", 'jobs: "vhosts" can\'t be had on aws: Amazon MQ'),
    ("memoryMB: 2000", "memoryMB: 2000, persistence: true", 'sessions: "persistence" can\'t be had on aws: ElastiCache keeps data in memory only'),
    ("{name: shared, type: filesystem}", '{name: shared, type: filesystem, properties: {mode: "0770"}}', 'shared: "mode" can\'t be had on aws'),
]


@pytest.mark.parametrize(("before", "after", "said"), REFUSED, ids=["broker", "cache", "filesystem"])
def test_what_a_cloud_can_not_do_is_refused_with_the_reason(delivered: Project, before: str, after: str, said: str) -> None:
    delivered.edit(before, after)
    try:
        assert said in delivered.provision("validate", exit=3).stderr
    finally:
        delivered.edit(after, before)


def test_destroy_leaves_nothing(delivered: Project) -> None:
    delivered.provision("destroy", "--yes", exit=5)
    delivered.provision("destroy", "--yes", *DATA)
    left = {
        "databases": cloud(delivered, "rds").describe_db_instances()["DBInstances"],
        "caches": cloud(delivered, "elasticache").describe_replication_groups()["ReplicationGroups"],
        "brokers": cloud(delivered, "mq").list_brokers()["BrokerSummaries"],
        "file systems": cloud(delivered, "efs").describe_file_systems()["FileSystems"],
        "functions": cloud(delivered, "lambda").list_functions()["Functions"],
        "groups": [group for group in cloud(delivered, "ec2").describe_security_groups()["SecurityGroups"] if group["GroupName"] != "default"],
    }
    assert {kind: things for kind, things in left.items() if things} == {}
