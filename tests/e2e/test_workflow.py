"""A workflow on the sandbox, with a web server of the test: every kind of step acts for real, waits, is killed, fails. Two minutes."""

import json
import os
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests import clients
from tests.e2e.conftest import Project

DATA = Path(__file__).parents[1] / "data"


class Server(ThreadingHTTPServer):
    """Answers as the things that a workflow asks, and remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[tuple[str, Any, str]] = []
        """Path, body and token of each question."""

    def bodies(self, path: str) -> list[Any]:
        return [body for asked, body, _ in self.asked if asked == path]


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._answer(None)

    def do_POST(self) -> None:
        self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def _answer(self, body: Any) -> None:
        server, path = self.server, self.path.partition("?")[0]
        assert isinstance(server, Server)
        flaky = path == "/flaky" and len(server.bodies("/flaky")) < 2
        server.asked.append((path, body, self.headers.get("Token", "")))
        answer: Any = "all is well"
        if path == "/version":
            answer = {"version": "7"}
        elif path == "/api/v1/query":
            answer = {"status": "success", "data": {"result": [{"value": [0, "1"]}]}}
        content = json.dumps(answer).encode()
        self.send_response(503 if flaky else 200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Tests tell nothing."""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server of this test on a free port of this machine."""
    with Server() as opened:
        threading.Thread(target=opened.serve_forever, daemon=True).start()
        yield opened
        opened.shutdown()


@pytest.fixture(scope="module")
def shop(example: Callable[..., Project], server: Server) -> Iterator[Project]:
    """The application, with one run that waits for a yes."""
    project = example("workflow", folder=DATA)
    address = f"://127.0.0.1:{server.server_port}"
    project.edit("SERVER", "http" + address)
    project.edit("ADDRESS", address)
    subprocess.run([*project.command, "secrets", "set", "ci"], cwd=project.folder, env=project.environ, input="token-1", text=True, check=True)
    try:
        project.provision("apply", "--yes", exit=6)
        yield project
    finally:
        project.provision("destroy", "--yes", "--allow-destroy", "files", "--allow-destroy", "logs", exit=None)
        project.end()


def states(project: Project) -> dict[str, str]:
    return {step["step"].removesuffix("@workflow"): step["state"] for step in project.json("show")["steps"]}


def test_a_run_waits_and_has_done_all_that_comes_before(shop: Project, server: Server) -> None:
    found = states(shop)
    done = ("storage", "files@aws", "asked", "checks", "answers", "numbers", "command", "chat", "where", "export")
    assert {found[name] for name in done} == {"done"}
    assert (found["alarm"], found["approve"], found["logs@aws"], found["told"]) == ("skipped", "suspended", "waiting", "waiting")
    outputs = shop.outputs("files")
    assert [(path, body, token) for path, body, token in server.asked if path == "/version"] == [
        ("/version", {"bucket": outputs["name"]}, "token-1")]
    assert server.bodies("/chat")[0]["message"] == "1 on its way"
    assert len(server.bodies("/flaky")) == 3 and not server.bodies("/alarm")
    wanted = {"name": outputs["name"], "seen": outputs["name"], "endpoint": outputs["url"]}
    assert json.loads((shop.folder / "out" / "shop.json").read_text()) == wanted


def test_data_was_handed_to_parameters_and_secrets(shop: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    outputs = shop.outputs("files")
    parameter = clients.client("ssm", outputs).get_parameter(Name="/shop/name", WithDecryption=True)["Parameter"]
    assert (parameter["Value"], parameter["Type"]) == (outputs["name"], "SecureString")
    assert "exported/name" in shop.provision("secrets", "list").stdout
    assert all(b"token-1" not in path.read_bytes() for path in (shop.folder / ".provision").rglob("*") if path.is_file())


def test_it_is_waiting_everywhere_and_apply_does_not_go_past(shop: Project, server: Server) -> None:
    assert shop.json("runs")["runs"][0]["state"] == "waiting"
    assert "run 1 waits" in shop.provision("status", exit=None).stdout
    again = shop.provision("apply", "--yes", exit=6)
    assert "provision resume 1" in again.stdout and not server.bodies("/told")


def test_resume_is_the_yes(shop: Project, server: Server) -> None:
    shop.provision("resume", "--reason", "looks good")
    assert states(shop)["logs@aws"] == "done" and len(server.bodies("/told")) == 1
    assert "looks good" in shop.provision("show").stdout
    assert "Nothing to do" in shop.provision("apply", "--yes").stdout
    assert len(server.bodies("/version")) == 1
    assert shop.json("diff")["differences"] == []


def test_killed_while_it_waits_and_gone_on_with(shop: Project, server: Server) -> None:
    shop.edit('publishVersion: "1"', 'publishVersion: "2"')
    shop.edit("properties: {message: Look at it}", "properties: {duration: 20s}")
    running = subprocess.Popen([*shop.command, "apply", "--yes"], cwd=shop.folder, env=shop.environ, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    # asked of the store itself: a command takes longer than the wait on a busy machine
    with closing(sqlite3.connect(next(shop.folder.glob(".provision/*.db")), timeout=60)) as store:
        while not store.execute("SELECT 1 FROM steps WHERE run = 2 AND name LIKE 'approve%' AND state = 'running'").fetchone():
            assert running.poll() is None
            time.sleep(0.1)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    assert states(shop)["approve"] == "running"
    shop.provision("resume")
    assert states(shop)["told"] == "done" and len(server.bodies("/version")) == 2


def test_going_back_runs_the_workflow_of_then(shop: Project, server: Server) -> None:
    """Its approval, its smoke tests and its messages hold for a rollback, too."""
    shop.provision("rollback", "--to", "1", "--yes", exit=6)
    assert states(shop)["approve"] == "suspended" and len(server.bodies("/version")) == 3 and len(server.bodies("/told")) == 2
    with closing(sqlite3.connect(next(shop.folder.glob(".provision/*.db")))) as store, store:
        store.execute("UPDATE steps SET started = ? WHERE state = 'suspended'", ((datetime.now(UTC) - timedelta(days=8)).isoformat(),))
    assert "no yes came within 7d" in shop.provision("resume", exit=1).stderr
    assert (shop.json("show")["state"], states(shop)["approve"], states(shop)["told"]) == ("failed", "failed", "waiting")
    shop.provision("resume", exit=6)
    shop.provision("resume")
    assert states(shop)["told"] == "done" and shop.json("history")["revisions"][0]["version"] == "1"


def test_a_failed_step_is_told_of_and_ends_the_run(shop: Project, server: Server) -> None:
    shop.edit('publishVersion: "2"', 'publishVersion: "3"')
    shop.edit("type: request\n        properties: {url", "type: depends-on-app\n        timeout: 3s\n        properties: {name: base}\n        #{url")
    shop.edit("        inputs: [{from: bucket, parameterKey: body.bucket}]\n", "")
    shop.edit("        outputs: [{name: version, valueFrom: response.body.version}]\n", "")
    shop.edit('if: inputs.version == "7", inputs: [{from: version}], ', "")
    shop.edit("if: status.checks.failed", 'if: status.asked.failed && status.checks.skipped')
    shop.provision("apply", "--yes", exit=1)
    found = states(shop)
    assert (found["asked"], found["checks"], found["alarm"], found["rest"], found["told"]) == ("failed", "skipped", "done", "skipped", "done")
    assert len(server.bodies("/alarm")) == 1 and len(server.bodies("/told")) == 4
    assert "base is not delivered" in shop.provision("show").stdout
