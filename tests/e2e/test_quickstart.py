"""examples/quickstart on the sandbox: what `make demo` shows, and what a user does next. Budget: 2 minutes."""

import json
import socket
import urllib.request
from collections.abc import Callable, Iterator

import pytest

from tests.e2e.conftest import Project


def free_port() -> int:
    """A port that nobody listens on: two runs of this file must not meet."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def delivered(example: Callable[..., Project]) -> Iterator[Project]:
    """The example, delivered once; everything is taken away at the end."""
    project = example("quickstart")
    for port in ("8700", "8701"):
        project.edit(port, str(free_port()))
    try:
        project.provision("apply", "--yes")
        yield project
    finally:
        project.provision("destroy", "--yes", "--allow-destroy", "visits", "--allow-destroy", "notes", exit=None)
        project.end()


def visit(project: Project) -> dict[str, object]:
    with urllib.request.urlopen(project.outputs("web-gateway")["url"], timeout=20) as answer:
        content: dict[str, object] = json.loads(answer.read())
    return content


def test_the_service_uses_what_terraform_made(delivered: Project) -> None:
    first, second = visit(delivered), visit(delivered)
    assert int(str(second["visits"])) == int(str(first["visits"])) + 1
    assert second["note"] == f"visit number {second['visits']}"
    assert second["table"] == delivered.outputs("visits")["name"]
    assert second["bucket"] == delivered.outputs("notes")["name"]
    assert second["queue"] == delivered.outputs("jobs")["url"]


def test_a_second_apply_has_nothing_to_do(delivered: Project) -> None:
    files = {path: path.stat().st_mtime_ns for path in (delivered.folder / ".provision" / "host").rglob("*")
             if path.is_file() and path.suffix != ".log"}
    done = delivered.provision("apply", "--yes")
    assert "nothing to do" in (done.stdout + done.stderr).lower()
    assert {path: path.stat().st_mtime_ns for path in files} == files
    delivered.provision("plan", "--detailed-exitcode")


def test_a_change_of_one_property_touches_that_component_only(delivered: Project) -> None:
    delivered.edit("Hello from provision", "Good morning")
    plan = delivered.provision("plan", "--detailed-exitcode", exit=2)
    assert "Good morning" in plan.stdout
    delivered.provision("apply", "--yes")
    assert visit(delivered)["message"] == "Good morning"
    delivered.provision("plan", "--detailed-exitcode")


@pytest.mark.parametrize("damaged", ["notes", "web"])
def test_damage_is_shown_and_healed(delivered: Project, damaged: str) -> None:
    delivered.provision("sandbox", "break", damaged)
    plan = delivered.provision("plan", "--detailed-exitcode", exit=2)
    assert damaged in plan.stdout
    delivered.provision("apply", "--yes")
    delivered.provision("plan", "--detailed-exitcode")
    assert visit(delivered)["bucket"] == delivered.outputs("notes")["name"]


def test_data_does_not_go_unasked(delivered: Project) -> None:
    done = delivered.provision("destroy", "--yes", exit=5)
    assert "--allow-destroy" in done.stderr
    visit(delivered)
