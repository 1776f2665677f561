"""The Terraform engine in less common places: a remote state, ephemeral variables, a module that can't be looked at. Budget: 20 s."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from provisioner.errors import ProvisionError
from provisioner.model import Target
from tests.integration.terraform_world import World, change, unit


class States(BaseHTTPRequestHandler):
    """Terraform's http backend, without locks: keeps what it is given, by path."""

    kept: dict[str, bytes] = {}

    def do_GET(self) -> None:
        content = self.kept.get(self.path)
        self._answer(200 if content else 404, content or b"")

    def do_POST(self) -> None:
        self.kept[self.path.partition("?")[0]] = self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(200, b"")

    def do_DELETE(self) -> None:
        self.kept.pop(self.path, None)
        self._answer(200, b"")

    def _answer(self, code: int, content: bytes) -> None:
        self.send_response(code)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: object) -> None:
        return


@pytest.fixture
def backend() -> Iterator[str]:
    States.kept.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), States) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/states"
        server.shutdown()
        thread.join()


def test_a_remote_state(tmp_path: Path, backend: str) -> None:
    world = World(tmp_path, target=Target("t", terraform={"backend": {"http": {"address": backend}}}))
    units = (unit("first", "plain", name="alpha"), unit("second", "plain", "first", name="${first@t.name}-b"))
    ended = world.apply(*units)
    assert ended["second@t"].outputs == {"name": "alpha-b"} and list(States.kept) == ["/states/app/env/t"]
    assert not list(tmp_path.rglob("terraform.tfstate*")) or not world.state_file.exists()
    world.plan(*units)
    assert all(not answer.changes and answer.outputs for answer in world.planned.values())
    world.plan(removed=("first@t", "second@t"))
    ended = world.deliver(world.request(*reversed(units), root=(), kind="remove", rank="remove:0"))
    assert {one.state for one in ended.values()} == {"done"}


def test_a_backend_that_was_changed_is_refused(tmp_path: Path, backend: str) -> None:
    world = World(tmp_path)
    one = unit("first", "plain", name="alpha")
    world.apply(one)
    world.target = Target("t", terraform={"backend": {"http": {"address": backend}}})
    with pytest.raises(ProvisionError, match="its state lies in the file") as raised:
        world.plan(one)
    assert raised.value.code == "PRV-4108"
    ended = world.deliver(world.request(one))
    assert ended["first@t"].state == "failed" and "its state lies in" in ended["first@t"].message


def test_an_ephemeral_variable_is_given_at_plan_and_at_apply_and_kept_nowhere(tmp_path: Path) -> None:
    folder = tmp_path / "modules" / "once"
    folder.mkdir(parents=True)
    (folder / "main.tf").write_text(
        'variable "pin" {\n  type      = string\n  ephemeral = true\n  sensitive = true\n}\n'
        'resource "terraform_data" "this" {\n  input = "x"\n\n  provisioner "local-exec" {\n'
        f'    command = "printf %s \\"$PIN\\" | wc -c > {tmp_path}/given"\n    environment = {{\n      PIN = var.pin\n    }}\n  }}\n}}\n')
    world = World(tmp_path / "project")
    world.apply(unit("once", str(folder), outputs={}, pin="${secret.pw}"))
    assert (tmp_path / "given").read_text().strip() == str(len("c4nary-value"))
    assert not any(b"c4nary" in file.read_bytes() for file in world.folder.rglob("*") if file.is_file()), "not even in the state"


def test_a_module_that_can_not_be_looked_at_is_left_out_and_its_dependents_too(tmp_path: Path) -> None:
    folder, file = tmp_path / "modules" / "looks", tmp_path / "file.tfstate"
    folder.mkdir(parents=True)
    (folder / "main.tf").write_text(
        f'data "terraform_remote_state" "other" {{\n  backend = "local"\n  config = {{\n    path = "{file}"\n  }}\n}}\n'
        'resource "terraform_data" "this" {\n  input = "x"\n}\noutput "name" {\n  value = terraform_data.this.output\n}\n')
    world = World(tmp_path / "project")
    units = (unit("good", "plain", name="g"), unit("looks", str(folder)), unit("after", "plain", "looks", name="${looks@t.name}"))
    world.plan(*units)
    assert "Unable to find remote state" in world.planned["looks@t"].failure
    assert world.planned["after@t"].failure.startswith("waits for looks@t, which") and world.planned["good@t"].changes
    file.write_text('{"version": 4, "terraform_version": "1.5.0", "serial": 1, "lineage": "x", "outputs": {}, "resources": []}')
    world.apply(*units)
    file.unlink()
    world.plan(change(units[0], size=2), *units[1:])
    assert world.planned["looks@t"].health[""] and [found.action for found in world.planned["good@t"].changes] == ["update"]
    ended = world.deliver(world.request(change(units[0], size=2), root=(change(units[0], size=2), *units[1:]), failures=("looks@t", "after@t")))
    assert ended["good@t"].state == "done" and "module.looks.terraform_data.this" in world.state()


def test_explicit_needs_come_in_order(tmp_path: Path) -> None:
    world = World(tmp_path)
    log = tmp_path / "log"
    ended = world.apply(unit("one", "slow", name="a", seconds=1, log=str(log)),
                        unit("two", "slow", name="b", seconds=0, log=str(log), explicit=("one",)))
    assert log.read_text() == "begun\ndone\nbegun\ndone\n" and list(ended) == ["one@t", "two@t"]


def test_a_source_that_is_edited_or_gone_after_the_plan_does_not_slip_in(tmp_path: Path) -> None:
    folder = tmp_path / "modules" / "m"
    folder.mkdir(parents=True)
    (folder / "main.tf").write_text('resource "terraform_data" "this" {\n  input = "shown"\n}\n')
    world = World(tmp_path / "project")
    one = replace(unit("m", str(folder), outputs={}), source_digest="d1")
    world.plan(one)
    (folder / "main.tf").unlink()
    ended = world.deliver(world.request(one, as_planned=True))
    assert ended["m@t"].state == "done" and world.state()["module.m.terraform_data.this"][0]["attributes"]["input"]["value"] == "shown"
    world.plan(removed=("m@t",))
    assert world.deliver(world.request(one, root=(), kind="remove", rank="remove:0"))["remove m@t"].state == "done"
