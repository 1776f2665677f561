"""A store that a team shares: a real PostgreSQL server, with two folders as two people's checkouts. Budget: 40 s."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import ROOT, Project
from tests.e2e.crashing import kill_at, none_left, said, steps
from tests.ports import free_port

PASSWORD = "canary-of-the-store"
SETTINGS = "-c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"


def programs() -> Path:
    """The folder of PostgreSQL's server programs; skips where there is none."""
    named = shutil.which("initdb")
    found = [Path(named)] if named else sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        pytest.skip("PostgreSQL's server is not installed (Debian: postgresql)")
    return found[-1].parent


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Address of an empty database, of a server of its own; it doesn't run as root, and what pytest makes only root may enter."""
    programs_in, folder = programs(), Path(tempfile.mkdtemp(prefix="provision-postgresql-"))
    (folder / "password").write_text(PASSWORD)
    user: dict[str, str] = {}
    if os.geteuid() == 0:
        user = {"user": "postgres", "group": "postgres"}
        for path in (folder, folder / "password"):
            shutil.chown(path, "postgres", "postgres")
    port = free_port()

    def run(program: str, *arguments: str) -> None:
        # the server keeps what it was given open: a pipe would never end
        with open(folder / "said", "ab") as log:
            done = subprocess.run([programs_in / program, *arguments], cwd=folder, check=False, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                  timeout=660, **user)  # type: ignore[call-overload]
        assert done.returncode == 0, (folder / "said").read_text()

    try:
        run("initdb", "-D", "data", "-U", "team", "-A", "scram-sha-256", "--pwfile", "password", "-E", "UTF8", "--no-sync")
        run("pg_ctl", "start", "-D", "data", "-w", "-t", "600", "-o", f"{SETTINGS} -p {port}")
        try:
            yield f"postgresql://team:{PASSWORD}@127.0.0.1:{port}/postgres"
        finally:
            run("pg_ctl", "stop", "-D", "data", "-t", "600", "-m", "fast")
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def people(server: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, Project]:
    """Two who share the store; the second one has the first one's files."""
    folder = tmp_path_factory.mktemp("team") / "shop"
    shutil.copytree(ROOT / "tests" / "data" / "shop", folder)
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "PROVISION_"))}
    environ = {**kept, "NO_COLOR": "1", "PROVISION_STORE": server}
    return Project(folder, environ), Project(folder, {**environ, "USER": "second", "LOGNAME": "second"})


def test_what_one_delivers_the_other_has_nothing_to_do_for(people: tuple[Project, Project]) -> None:
    first, second = people
    first.provision("apply", "--yes")
    assert "nothing to do" in second.provision("apply", "--yes").stdout.lower()
    second.provision("plan", "--detailed-exitcode")
    assert [run["state"] for run in second.json("runs")["runs"]] == ["succeeded"]
    assert not (first.folder / ".provision/store.db").exists()


def test_two_at_once_and_a_killed_run_that_the_other_resumes(people: tuple[Project, Project]) -> None:
    first, second = people
    begun, go = first.folder / "begun", first.folder / "go"
    first.edit('size: 1, command: "true"', f'size: 3, command: "touch {begun}; until test -e {go}; do sleep 0.1; done"')
    first.edit("size: 2", "size: 4")
    (first.folder / "modules/box/main.tf").write_text((first.folder / "modules/box/main.tf").read_text().replace(
        "input = {", "triggers_replace = var.size\n  input = {"))
    refused: list[str] = []

    def held(told: str) -> bool:
        if begun.exists() and not refused:
            refused.append(second.provision("apply", "--yes", exit=8).stderr)
        return bool(refused) and said("step=first@cloud")(told)

    kill_at(first, held, "apply", "--yes", "--reason", "the first one")
    assert "the first one" in refused[0] and "Next: provision show 2" in refused[0]
    go.touch()
    told = second.provision("resume").stderr
    assert "took over the lock" in told and "that process is gone" in told
    assert {name: state for name, (state, _) in steps(second).items()} == {"first@cloud": "done", "second@cloud": "done"}
    none_left(first)
    second.provision("plan", "--detailed-exitcode")


def test_the_stores_password_is_nowhere(people: tuple[Project, Project], server: str) -> None:
    first, _ = people
    away = Project(first.folder, {**first.environ, "PROVISION_STORE": server.replace(PASSWORD, "wrong-" + PASSWORD)})
    done = away.provision("runs", exit=1)
    assert PASSWORD not in done.stdout + done.stderr and "Traceback" not in done.stderr
    assert [path for path in first.folder.rglob("*") if path.is_file() and PASSWORD.encode() in path.read_bytes()] == []


def test_a_server_that_does_not_answer_is_an_error_with_a_cause(people: tuple[Project, Project], server: str) -> None:
    first, _ = people
    nobody = Project(first.folder, {**first.environ, "PROVISION_STORE": server.rpartition(":")[0] + ":1/postgres"})
    done = nobody.provision("apply", "--yes", exit=1)
    assert "PRV-60" in done.stderr and "127.0.0.1:1" in done.stderr and "Next: provision doctor" in done.stderr
