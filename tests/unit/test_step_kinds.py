"""Kinds of workflow steps by themselves: what waits, what is late, what fails, and that each is registered and shown."""

import asyncio
import json
import re
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from provisioner import durations, step_kinds
from provisioner.engine import BatchRequest, Site
from provisioner.engines.workflow.engine import WorkflowEngine
from provisioner.errors import ProvisionError
from provisioner.model import Event, Flow, Step, StepEnded, Target, Unit
from provisioner.spec import yaml
from provisioner.step_kinds import Done, Stopped, Suspended, TimedOut, Work
from tests.vault_server import SECRET_ID, TOKEN, vault


class Surroundings:
    """A project in which one application after another is delivered."""

    def __init__(self, *states: str) -> None:
        self.states = list(states)
        self.kept: dict[str, str] = {}

    def aws(self, service: str, target: str) -> Any:
        raise AssertionError("no cloud here")

    def keep_secret(self, path: str, value: str) -> None:
        self.kept[path] = value

    def state_of(self, application: str) -> str:
        return self.states.pop(0) if len(self.states) > 1 else self.states[0]


def run(kind: str, properties: Mapping[str, Any], folder: Path, *, limit: float = 600, around: Surroundings | None = None,
        stop: threading.Event | None = None) -> Done:
    found = step_kinds.find(kind)
    assert found is not None
    site = Site("shop", "prod", Target("workflow"), folder, folder, folder, lambda value: value, run=3)
    return found.run(Work("s@workflow", properties, site, around or Surroundings(""), lambda text: None, limit, stop or threading.Event()))


@pytest.mark.parametrize("name", step_kinds.names())
def test_each_kind_has_a_schema_and_an_example_that_fits(name: str) -> None:
    kind = step_kinds.find(name)
    assert kind is not None and kind.name == name and kind.description.endswith(".")
    schema = {"type": "object", "additionalProperties": False, **kind.parameters}
    Draft202012Validator.check_schema(schema)
    example = yaml.parse(kind.example, "example").value
    assert example["type"] == name
    assert [error.message for error in Draft202012Validator(schema).iter_errors(example.get("properties", {}))] == []
    kind.summary(example.get("properties", {}))


def test_suspend_waits_for_a_person_or_for_a_time(tmp_path: Path) -> None:
    with pytest.raises(Suspended, match="Look"):
        run("suspend", {"message": "Look"}, tmp_path)
    with pytest.raises(Suspended) as suspended:
        run("suspend", {"duration": "2h"}, tmp_path)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", suspended.value.until)
    assert run("suspend", {"duration": "0s"}, tmp_path).message == "waited 0s"
    stop = threading.Event()
    stop.set()
    with pytest.raises(Stopped):
        run("suspend", {"duration": "60s"}, tmp_path, stop=stop, limit=90)


def test_depends_on_app(tmp_path: Path) -> None:
    assert run("depends-on-app", {"name": "base"}, tmp_path, around=Surroundings("running", "succeeded")).message == "base is delivered"
    with pytest.raises(ProvisionError, match="base is failed"):
        run("depends-on-app", {"name": "base"}, tmp_path, limit=0.1, around=Surroundings("failed"))


def test_a_command_that_fails_is_late_or_is_not_there(tmp_path: Path) -> None:
    assert run("run-command", {"command": ["printf", "%s", "a b"]}, tmp_path).gives["stdout"] == "a b"
    with pytest.raises(ProvisionError, match=r"ended with 3\n  told"):
        run("run-command", {"command": "echo told >&2; exit 3"}, tmp_path)
    with pytest.raises(ProvisionError, match="can't be started"):
        run("run-command", {"command": ["no-such-program"]}, tmp_path)
    with pytest.raises(TimedOut):
        run("run-command", {"command": "sleep 60"}, tmp_path, limit=0.3)


def test_data_goes_to_the_places_that_are_named(tmp_path: Path) -> None:
    data = {"url": "http://x", "n": 3}
    run("export-data", {"data": data, "file": "out/a.env"}, tmp_path)
    assert (tmp_path / "out" / "a.env").read_text() == "url=http://x\nn=3\n"
    run("export-data", {"data": data, "file": "a.yaml"}, tmp_path)
    assert yaml.parse((tmp_path / "a.yaml").read_text(), "a").value == data
    run("export-data", {"data": data}, tmp_path)
    assert (tmp_path / "exports" / "shop.json").exists()
    around = Surroundings("")
    run("export-data", {"data": data, "kind": "Secret", "name": "out"}, tmp_path, around=around)
    assert around.kept == {"out/url": "http://x", "out/n": "3"}


def test_data_goes_to_vault_as_a_new_version_where_it_differs(tmp_path: Path) -> None:
    with vault() as server:
        def export(data: Mapping[str, Any], **more: Any) -> Done:
            place = {"address": server.address, "path": "/shop/outputs", "token": {"value": TOKEN}, **more}
            return run("export-data", {"data": data, "vault": {name: value for name, value in place.items() if value is not None}}, tmp_path)

        assert export({"url": "http://x", "n": 3}).message == "2 values to Vault (secret/shop/outputs)"
        export({"url": "http://x", "n": 3})
        assert server.secrets == {"secret/shop/outputs": [{"url": "http://x", "n": "3"}]}
        role = {"roleId": "shop", "secretId": {"value": SECRET_ID}}
        export({"url": "http://y"}, token=None, appRole=role, mount="kv")
        export({"url": "http://z"})
        assert server.secrets["kv/shop/outputs"] == [{"url": "http://y"}] and server.secrets["secret/shop/outputs"][1:] == [{"url": "http://z"}]
        for wrong in ({"token": {"value": "s3cret"}}, {"token": None, "appRole": {**role, "secretId": {"value": "s3cret"}}}):
            with pytest.raises(ProvisionError, match="Vault did not take secret/shop/outputs: permission denied") as error:
                export({"url": "http://w"}, **wrong)
            assert error.value.code == "PRV-4408" and "s3cret" not in f"{error.value.message}{error.value.hint}"
    with pytest.raises(ProvisionError, match="no answer from http"):
        export({})


def test_endpoints(tmp_path: Path) -> None:
    collected = {"web@dc": {"url": "https://web.example/shop"}, "db@dc": {"host": "10.0.0.1", "port": 5432}, "files@aws": {}}
    found = run("collect-service-endpoints", {"collected": collected}, tmp_path).gives
    assert [entry["endpoint"] for entry in found["endpoints"]] == [
        {"protocol": "tcp", "host": "10.0.0.1", "port": 5432, "path": ""},
        {"protocol": "https", "host": "web.example", "port": 443, "path": "/shop"}]
    with pytest.raises(ProvisionError):
        run("collect-service-endpoints", {"collected": {}}, tmp_path)


def test_a_metric_is_waited_for_while_prometheus_starts(tmp_path: Path) -> None:
    """It does not answer at first; a value that is wrong for too long is told with what was seen."""
    answers = [503, 503, "1", "1"]

    class Prometheus(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
            content = json.dumps({"status": "success", "data": {"result": [{"value": [0, answer]}]}}).encode()
            self.send_response(answer if isinstance(answer, int) else 200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *arguments: Any) -> None:
            """Tests tell nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Prometheus) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        asked = {"query": "up", "metricEndpoint": f"http://127.0.0.1:{server.server_port}", "duration": "200ms", "failDuration": "20s"}
        assert run("check-metrics", {**asked, "condition": ">=1"}, tmp_path, limit=60).gives == {"value": 1.0}
        with pytest.raises(ProvisionError, match=r"the value is 1.0, not >1, for 1s"):
            run("check-metrics", {**asked, "condition": ">1", "failDuration": "1s"}, tmp_path, limit=60)
        server.shutdown()


def test_nothing_of_a_secret_address_is_told(tmp_path: Path) -> None:
    with pytest.raises(ProvisionError) as error:
        run("webhook", {"url": {"value": "http://127.0.0.1:1/s3cret"}}, tmp_path)
    assert "s3cret" not in error.value.message and error.value.code == "PRV-4403"
    with pytest.raises(ProvisionError) as error:
        run("notification", {"to": ["json://127.0.0.1:1/s3cret"], "message": "x"}, tmp_path)
    assert "s3cret" not in error.value.message and error.value.code == "PRV-4407"


@pytest.mark.parametrize(("text", "seconds"), [("90", 90), ("1h30m", 5400), ("500ms", 0.5), ("2d", 172800), ("1.5m", 90)])
def test_durations(text: str, seconds: float) -> None:
    assert durations.seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "5 minutes", "-3s", "1h 30x"])
def test_no_durations(text: str) -> None:
    with pytest.raises(ValueError):
        durations.seconds(text)


def test_a_step_that_is_too_late_says_what_it_waited_for(tmp_path: Path) -> None:
    """A Prometheus that is not there is no time-out without a cause."""
    asked = {"query": "up", "metricEndpoint": "http://127.0.0.1:1", "condition": ">=1", "duration": "1h", "failDuration": "1h"}
    unit = Unit("fine@workflow", "fine", "check-metrics", "workflow", "workflow", inputs=asked, flow=Flow(timeout=2))
    told: list[Event | StepEnded] = []
    site = Site("shop", "prod", Target("workflow"), tmp_path, tmp_path, tmp_path, lambda value: value, run=3)
    request = BatchRequest("fine@workflow", (Step("fine@workflow", "workflow", unit),))
    asyncio.run(WorkflowEngine(Surroundings("")).deliver(request, site, told.append))
    assert isinstance(told[-1], StepEnded) and re.fullmatch(r"timed out after .*: no answer: Connection refused \(PRV-4402\)", told[-1].message)
