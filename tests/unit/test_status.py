"""The status of units: health and sync are two words, from what the engines say; a look at services that others made, with real sockets."""

import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from provisioner import health
from provisioner.api.status import SIMULATED, outputs, status
from provisioner.api.values import Status
from provisioner.engine import Planned
from provisioner.errors import Exit
from provisioner.model import Change, Delivered, Environment, Target, Unit
from provisioner.store import Revision
from tests.unit.planning import World, hosts, on, unit

PLACE = Environment("prod", (Target("aws"), Target("dc")))


def look(world: World, *units: Unit, place: Environment = PLACE, asked: str = "") -> Status:
    return status(world.look(*units), world.delivered, place, None, lambda check: asked)


def words(found: Status) -> dict[str, tuple[str, str]]:
    return {row.unit: (row.health, row.sync) for row in found.rows}


def change(name: str, action: str = "update", **more: Any) -> Change:
    return Change(name, "it", action, **more)  # type: ignore[arg-type]


DB, API = unit("db@aws"), unit("api@dc", "db@aws", hosts=hosts("h1", "h2"))
WELL = {"db@aws": Planned((), {"id": "id-db@aws"}), "api@dc": Planned(health={"h1": "healthy", "h2": "healthy"})}


def delivered(**answers: Planned) -> World:
    world = World(answers={**WELL, **{name.replace("_at_", "@"): answer for name, answer in answers.items()}})
    world.deliver(DB, API)
    return world


def test_all_is_well() -> None:
    found = look(delivered(), DB, API)
    assert words(found) == {"db@aws": ("healthy", "in sync"), "api@dc": ("healthy", "in sync")}
    assert (found.health, found.sync, found.exit, found.revision) == ("healthy", "in sync", Exit.OK, 0)
    assert [row.detail for row in found.rows] == ["", "2 hosts"]


def test_the_revision_is_shown() -> None:
    found = status(delivered().look(DB, API), {}, PLACE, Revision(7, "p", 1, "2.4.0", "d", "2024-01-01", ""), lambda check: "")
    assert (found.revision, found.version, found.delivered) == (7, "2.4.0", "2024-01-01")


def test_what_a_run_has_begun_is_under_way_and_without_one_it_failed() -> None:
    world = delivered()
    world.delivered["api@dc"] = replace(world.delivered["api@dc"], state="intended")
    found = {running: status(world.look(DB, API), world.delivered, PLACE, None, lambda check: "", running=running) for running in (True, False)}
    assert [words(found[running])["api@dc"][1] for running in (True, False)] == ["under way", "failed"]
    assert [found[running].exit for running in (True, False)] == [Exit.OK, Exit.FAILED]


def test_nothing_is_delivered_yet() -> None:
    found = look(World(), DB, API)
    assert words(found) == {"db@aws": ("unknown", "not delivered"), "api@dc": ("unknown", "not delivered")}
    assert (found.health, found.sync, found.exit) == ("unknown", "not delivered", Exit.OK)


@pytest.mark.parametrize(("answer", "health_word", "detail"), [
    (Planned(health={"h1": "healthy", "h2": "http 502"}), "degraded", "h2: http 502"),
    (Planned(health={"h1": "http 502\nmore", "h2": "http 503"}), "unhealthy", "h1: http 502 (and 1 more)"),
    (Planned(health={"h1": "healthy"}, failed_hosts={"h2": "timed out"}), "degraded", "h2: timed out"),
    (Planned(failed_hosts={"h1": "down", "h2": "down"}), "unhealthy", "h1: down (and 1 more)"),
    (Planned(failure="no ssh\nto any host"), "unhealthy", "no ssh"),
    (Planned(failure="\n"), "unhealthy", "it did not say why"),
    (Planned(health={"h1": "", "h2": "healthy"}), "degraded", "h1: it did not say why"),
    (Planned(), "unknown", ""),
])
def test_health_of_hosts(answer: Planned, health_word: str, detail: str) -> None:
    found = look(delivered(api_at_dc=answer), DB, API)
    assert (found.rows[1].health, found.rows[1].detail) == (health_word, detail)
    assert found.exit == (Exit.OK if health_word == "unknown" else Exit.FAILED) and found.health == health_word


@pytest.mark.parametrize(("answer", "health_word"), [
    (Planned(), "healthy"), (Planned((change("db@aws", "create"),)), "unhealthy"), (Planned((change("db@aws", "update"),)), "healthy"),
    (Planned(failure="no region"), "unhealthy")])
def test_health_of_clouds(answer: Planned, health_word: str) -> None:
    assert look(delivered(db_at_aws=answer), DB, API).rows[0].health == health_word


def test_a_simulated_cloud_gates_nothing() -> None:
    place = Environment("sandbox", (Target("aws", simulated=True), Target("dc")))
    world = delivered(db_at_aws=Planned((change("db@aws", "create"),)))
    found = look(world, DB, API, place=place)
    assert words(found)["db@aws"] == (SIMULATED, "drifted") and found.health == "healthy" and found.exit == Exit.OK
    world.delivered.pop("api@dc")
    assert look(world, DB, place=place).health == SIMULATED


@pytest.mark.parametrize(("host", "asked", "health"), [
    ("127.3.4.5", "healthy", "healthy"), ("127.3.4.5", "127.3.4.5:5432: refused", "unhealthy"), ("db.rds.amazonaws.com", "healthy", SIMULATED)])
def test_a_server_of_the_sandbox_behind_a_simulated_service_is_asked(host: str, asked: str, health: str) -> None:
    database = replace(DB, health={"tcp": "${module.address}:5432"}, outputs={"host": "${module.address}", "port": 5432, "name": ""})
    world = World(answers=WELL)
    world.deliver(database)
    world.delivered["db@aws"] = replace(world.delivered["db@aws"], outputs={"host": host, "port": 5432, "name": ""})
    seen: list[Any] = []

    def ask(check: Any) -> str:
        seen.append(check)
        return asked
    found = status(world.look(database), world.delivered, Environment("sandbox", (Target("aws", simulated=True),)), None, ask)
    assert words(found)["db@aws"][0] == health
    assert seen == ([] if health == SIMULATED else [{"tcp": f"{host}:5432"}])


@pytest.mark.parametrize(("edit", "answer", "sync"), [
    ({}, Planned((change("db@aws"),)), "drifted"),
    ({"inputs": {"of": [], "size": 2}}, Planned((change("db@aws"),)), "changed"),
    ({"source_digest": "other"}, Planned((change("db@aws"),)), "changed"),
    ({"inputs": {"of": [], "size": 2}}, Planned(), "in sync"),
    ({}, Planned(unpreviewed="waits"), "unknown"),
    ({}, Planned(failure="no region"), "unknown"),
    ({}, Planned(failed_hosts={"h1": "down"}), "unknown"),
])
def test_sync(edit: dict[str, Any], answer: Planned, sync: str) -> None:
    found = look(delivered(db_at_aws=answer), replace(DB, **edit), API)
    assert found.rows[0].sync == sync


def test_inputs_that_were_filled_at_delivery_are_no_edit() -> None:
    world = delivered(db_at_aws=Planned((change("db@aws", "replace"),)), api_at_dc=Planned((change("api@dc"),)))
    assert {name: sync for name, (_, sync) in words(look(world, DB, API)).items()} == {"db@aws": "drifted", "api@dc": "drifted"}


def test_a_change_that_did_not_succeed_is_failed() -> None:
    world = delivered()
    world.delivered["api@dc"] = replace(world.delivered["api@dc"], state="intended")
    found = look(world, DB, API)
    assert found.rows[1].sync == found.sync == "failed" and found.exit == Exit.FAILED


def test_what_leaves_is_seen() -> None:
    found = look(delivered(), DB)
    assert [(row.unit, row.sync) for row in found.rows] == [("db@aws", "in sync"), ("api@dc", "leaving")] and found.sync == "leaving"


@pytest.mark.parametrize(("asked", "word"), [("healthy", "healthy"), ("", "unknown"), ("refused", "unhealthy")])
def test_services_of_others_are_asked(asked: str, word: str) -> None:
    found = look(World(), unit("cache@x", engine="existing"), asked=asked)
    assert words(found) == {"cache@x": (word, "in sync")}


def test_hosts_that_are_not_made_yet_have_no_status() -> None:
    found = look(World(), unit("fleet@aws", hosts_output="hosts"), unit("api@dc", "fleet@aws", host_source=on("fleet@aws")))
    assert words(found)["api@dc"] == ("unknown", "not delivered")


def test_outputs_hide_what_is_sensitive() -> None:
    entry = Delivered(unit("db@aws", sensitive=("token",)), "delivered", {
        "host": "h", "token": "t", "url": "x://${secret.p}@h", "deep": {"a": ["${secret.p}"]}, "port": 5432})
    hidden = "(sensitive)"
    assert outputs({"db@aws": entry}) == {"db@aws": {"host": "h", "token": hidden, "url": hidden, "deep": hidden, "port": 5432}}


# ------------------------------------------------------------------ asking from here
class Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/ok?x=1" else 503)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing into the tests' output."""


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


def test_asking_a_service(port: int) -> None:
    assert health.ask({"tcp": f"127.0.0.1:{port}"}) == "healthy"
    assert health.ask({"http": f"http://127.0.0.1:{port}/ok?x=1"}) == "healthy"
    assert health.ask({"http": f"http://127.0.0.1:{port}"}) == f"http://127.0.0.1:{port}: HTTP 503"


@pytest.mark.parametrize("check", [{}, {"tcp": ""}, {"tcp": "${db@dc.host}:1"}, {"tcp": 5}, {"http": "https://${secret.x}@h"}, {"command": "true"}])
def test_nothing_to_ask(check: dict[str, Any]) -> None:
    assert health.ask(check) == ""


def test_what_does_not_answer_is_said() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        at = f"127.0.0.1:{closed.getsockname()[1]}"
        assert "refused" in health.ask({"tcp": at}) and "refused" in health.ask({"http": f"http://{at}/"})
    for odd in ({"tcp": "no-port"}, {"tcp": "127.0.0.1:99999"}, {"http": "http://127.0.0.1:x/"}, {"tcp": "::1"}):
        assert health.ask(odd) not in ("", "healthy")


def test_an_address_of_version_six() -> None:
    try:
        listening = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        assert health.ask({"tcp": "[::1]:1"})
        return
    with listening:
        assert health.ask({"tcp": f"[::1]:{listening.getsockname()[1]}"}) == "healthy"
