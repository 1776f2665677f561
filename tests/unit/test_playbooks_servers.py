"""What our modules write and store for MariaDB, Redis, RabbitMQ, backups and access by network: values in, text out."""

import base64

import pytest

import tests.unit.playbooks  # noqa: F401  isort: skip
from ansible.module_utils.provision import dumps, mariadb, portguard, rabbitmq, redis, roles
from ansible.module_utils.provision.context import Context
from ansible.module_utils.provision.failures import Failed

CONTEXT = Context("shop", "prod", "db@dc1", "db", "dc1", address="192.0.2.1")


# ------------------------------------------------------------------ passwords as they are stored
def test_a_password_as_mariadb_stores_it() -> None:
    assert mariadb.verifier("secret") == "*14E65567ABDB5135D0CFD9A70B3032C179A49EE7"
    assert mariadb.matches("secret", "*14e65567abdb5135d0cfd9a70b3032c179a49ee7")
    assert not mariadb.matches("other", mariadb.verifier("secret"))
    assert not mariadb.matches("secret", "")


def test_a_password_as_rabbitmq_stores_it() -> None:
    # the example of RabbitMQ's own manual
    assert rabbitmq.hashed("test12", bytes.fromhex("908DC60A")) == "kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR"
    user = {"password_hash": rabbitmq.fresh("test12"), "hashing_algorithm": rabbitmq.HASHING}
    assert rabbitmq.matches("test12", user)
    assert not rabbitmq.matches("test13", user)
    assert not rabbitmq.matches("test12", {**user, "hashing_algorithm": "rabbit_password_hashing_md5"})
    assert not rabbitmq.matches("test12", {})
    assert len(base64.b64decode(user["password_hash"])) == rabbitmq.SALT_BYTES + 32


@pytest.mark.parametrize(("tags", "found"), [("", []), ("administrator", ["administrator"]), ("a,b", ["a", "b"]), (["a"], ["a"]), (None, [])])
def test_tags_of_every_version(tags: object, found: list[str]) -> None:
    assert rabbitmq.tags({"tags": tags}) == found


@pytest.mark.parametrize("password", ["plain", 'a"b\\c', "x y#z", "tab\there", "äö€", ""])
def test_a_password_in_redis_file_is_read_back(password: str) -> None:
    text = f"# header\nrequirepass {redis.quoted(password)}\n"
    assert redis.password_in(text.encode()) == password


def test_no_file_no_password() -> None:
    assert redis.password_in(None) == ""


# ------------------------------------------------------------------ who may come from where
@pytest.mark.parametrize(("networks", "hosts"), [
    ([], []), (["10.0.0.0/8"], ["10.0.0.0/255.0.0.0"]), (["0.0.0.0/0"], ["0.0.0.0/0.0.0.0"]),
    (["192.0.2.7/32", "2001:db8::1/128"], ["192.0.2.7", "2001:db8::1"]),
    (["10.1.2.3/16", "10.1.0.0/16"], ["10.1.0.0/255.255.0.0"]),
])
def test_accounts_of_mariadb_by_network(networks: list[str], hosts: list[str]) -> None:
    assert mariadb.hosts_of(networks) == [*mariadb.HERE, *hosts]


def test_mariadb_tells_no_networks_of_ipv6_apart() -> None:
    with pytest.raises(Failed, match="IPv4 only"):
        mariadb.hosts_of(["2001:db8::/32"])


def test_a_name_in_a_grant_is_no_pattern() -> None:
    assert mariadb.pattern("my_stock") == "my\\_stock"


def test_rules_for_ports_that_others_may_reach_and_that_none_may() -> None:
    ports = portguard.Ports("rabbitmq-server", (5672,), (4369, 25672))
    text = portguard.rules_text("# header", "t", ports, ["10.1.0.0/16", "10.0.0.0/8", "2001:db8::/32"])
    rules = [line.strip() for line in text.splitlines() if "dport" in line or "lo" in line]
    assert rules == ["tcp dport != { 5672, 4369, 25672 } accept", "iif lo accept", "ip saddr { 10.0.0.0/8 } tcp dport { 5672 } accept",
                     "ip6 saddr { 2001:db8::/32 } tcp dport { 5672 } accept", "tcp dport { 5672, 4369, 25672 } drop"]
    assert "saddr" not in portguard.rules_text("# header", "t", ports, [])


# ------------------------------------------------------------------ users and databases of PostgreSQL
def test_further_users_and_databases() -> None:
    users = [{"name": "reader", "access": "readonly", "databases": ["two"]}, {"name": "writer"}]
    spec = {"user": "app", "database": "app", "databases": ["two", "app"], "users": users}
    wanted = roles.wanted_of(spec, {"password": "p", "users": {"reader": "r", "writer": "w"}})
    assert wanted.databases == ("app", "two")
    assert [(role.name, role.password, role.databases, role.grants) for role in wanted.roles] == [
        ("app", "p", ("app", "two"), ()), ("reader", "r", ("two",), ("pg_read_all_data",)),
        ("writer", "w", ("app", "two"), ("pg_read_all_data", "pg_write_all_data"))]


@pytest.mark.parametrize(("users", "words"), [
    ([{"name": "a", "databases": ["none"]}], "which this component does not have; it has app"), ([{"name": "app"}], "'app' is there twice"),
    ([{"name": "postgres"}], "none of PostgreSQL's own")])
def test_users_that_can_not_be(users: list[dict[str, object]], words: str) -> None:
    with pytest.raises(Failed, match=words):
        roles.wanted_of({"users": users}, {})


# ------------------------------------------------------------------ backups
def test_backups_of_a_database_oldest_first(tmp_path) -> None:
    found = dumps.Dumps(CONTEXT, "db", {"path": str(tmp_path)}, dumps.Dialect("dump", "true"))
    for name in ("app-20260102T030405Z.dump", "app-20260101T030405Z.dump", "app-20260101T030405Z.dump.part", "app_two-20260103T030405Z.dump",
                 "notes"):
        (tmp_path / name).touch()
    assert [path.rpartition("/")[2] for path in found.files_of("app")] == ["app-20260101T030405Z.dump", "app-20260102T030405Z.dump"]
    assert found.chosen("app", "").endswith("app-20260102T030405Z.dump")
    assert found.chosen("app", "app-20260101T030405Z.dump").endswith("app-20260101T030405Z.dump")
    assert found.chosen("app", str(tmp_path / "notes")) == str(tmp_path / "notes")
    with pytest.raises(Failed, match=r"there is no backup none.dump in .*; there is: app-20260101T030405Z.dump, app-20260102T030405Z.dump"):
        found.chosen("app", "none.dump")
    with pytest.raises(Failed, match="there is: none of database other"):
        found.chosen("other", "")


@pytest.mark.parametrize("path", ["backups", "/", "/a'b", "/../"])
def test_folders_that_no_backup_goes_to(path: str) -> None:
    with pytest.raises(Failed, match="absolute path"):
        dumps.Dumps(CONTEXT, "db", {"path": path}, dumps.Dialect("dump", "true"))
