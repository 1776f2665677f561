"""Which program a server of the sandbox is, and how names and passwords are written for each: values in, text out."""

from collections.abc import Callable
from pathlib import Path

import pytest

from provisioner.sandbox.servers import programs, recipes
from provisioner.sandbox.servers.recipes import Command, Place, Wanted

PLACE = Place(Path("/data"), "127.1.2.3", Path("/bin/server"), (4, 5))
ODD = Wanted(1, user='a"b', password="o'x\\\"y", database="shop")


@pytest.mark.parametrize(("there", "version", "chosen"), [
    ((), "15", None), (("15", "17"), "15", "15"), (("15", "17"), "15.4", "15"), (("9.6", "15", "17"), "16", "17"), (("15",), "", "15")])
def test_postgresql_of_the_version_that_is_asked_for_or_the_newest(
    there: tuple[str, ...], version: str, chosen: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(programs, "POSTGRESQL", (f"{tmp_path}/*/bin",))
    monkeypatch.setattr("sys.platform", "linux")
    (tmp_path / "18" / "bin").mkdir(parents=True)
    for name in there:
        (tmp_path / name / "bin").mkdir(parents=True)
        for program in ("postgres", "initdb", "psql"):
            (tmp_path / name / "bin" / program).touch()
    found = programs.found("postgresql", version)
    assert found == (tmp_path / chosen / "bin" / "postgres" if chosen else None), "a folder without the programs is none"


def test_elsewhere_than_on_linux_there_are_no_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    assert programs.missing() == programs.KINDS


@pytest.mark.parametrize(("make", "written"), [
    (lambda: recipes.postgresql_password(PLACE, ODD), """ALTER ROLE "a""b" PASSWORD 'o''x\\"y';\n"""),
    (lambda: recipes.mariadb_password(PLACE, ODD), """ALTER USER 'a"b'@'%' IDENTIFIED BY 'o''x\\\\"y';\n"""),
    (lambda: recipes.redis_password(PLACE, Wanted(1, password="old"), ODD, both=True),
     """AUTH "old"\nACL SETUSER default resetpass ">old" ">o'x\\\\\\"y"\n"""),
    (lambda: recipes.redis_password(PLACE, Wanted(1), ODD, both=False), """ACL SETUSER default resetpass ">o'x\\\\\\"y"\n"""),
])
def test_what_may_be_taken_for_something_else_is_quoted(make: Callable[[], Command], written: str) -> None:
    command = make()
    assert command.stdin == written and not any("o'x" in word for word in command.words), "no password on a command line"


def test_a_broker_s_settings_are_terms_of_erlang() -> None:
    settings = recipes.rabbitmq(PLACE, ODD).files["advanced.config"]
    assert r"""{default_user, <<"a\"b">>}, {default_pass, <<"o'x\\\"y">>}""" in settings and '{ssl_listeners, [{"127.1.2.3", 1}]}' in settings


@pytest.mark.parametrize(("tls", "rule"), [(True, "hostssl all all"), (False, "host all all")])
def test_clear_connections_are_taken_only_where_the_parameters_let_them(tls: bool, rule: str) -> None:
    assert recipes.postgresql(PLACE, Wanted(1, user="app", tls=tls)).files["hba"].splitlines()[1].startswith(rule)
    assert f"--require-secure-transport={int(tls)}" in recipes.mariadb(PLACE, Wanted(1, user="app", tls=tls)).serve.words
    assert ("port 0\n" in recipes.redis(PLACE, Wanted(1, tls=tls)).files["redis.conf"]) is tls
