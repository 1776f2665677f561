"""The small pure pieces of the console: looks, names, values, effects, shapes held against their schemas."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from provisioner.api import Drift, Status, StatusRow
from provisioner.api.comparing import Compared, Live
from provisioner.console import shapes
from provisioner.console.catalogue import actions_json, type_json
from provisioner.console.differences import differences_json
from provisioner.console.drawing import graph_json
from provisioner.console.drift import drift_json
from provisioner.console.effects import data_losses, effects, has_changes
from provisioner.console.errors import error_json, problem_text
from provisioner.console.events import event_line
from provisioner.console.findings import findings_json
from provisioner.console.grouping import alike, names_text
from provisioner.console.look import ASCII, Cell, Look, cut, seconds_text, table, width_of
from provisioner.console.progress import Progress
from provisioner.console.revisions import revision_json
from provisioner.console.schemas import SCHEMAS
from provisioner.console.status import outputs_lines, status_json, status_text, urls
from provisioner.console.tree import tree_lines
from provisioner.console.values import KNOWN_LATER, attribute_text, attributes, file_lines, sensitive, value_text
from provisioner.errors import Exit, Problem, ProvisionError, Where
from provisioner.model import Acceptance, ActionSpec, Change, Event, FileDiff, Json, Origin, Plan, Step
from provisioner.planner.drift import Difference, Findings
from tests.unit.console_shop import DELIVERED, EVENTS, PLAN, QUIET, ROWS, RUN, STEPS, cloud
from tests.unit.test_console_golden import DEFINITION, DIFFERENCES, FINDINGS, REVISION, TRAIT

STATUS = Status("shop", "prod", "degraded", "drifted", 42, "2.5.0", "2026-10-01T20:04:11Z", (
    StatusRow("db@aws", "db", "postgres", "aws", "healthy", "in sync"),
    StatusRow("web@dc1", "web", "webservice", "dc1", "degraded", "drifted", "11/12 hosts", {
        "web-01": "healthy", "web-06": "http 502", "web-07": "http 502", "web-08": "not checked (simulated)"}),
), {"web@dc1": {"url": "https://shop.example"}, "db@aws": {"url": "(sensitive)", "port": 5432}}, Exit.FAILED)


@pytest.mark.parametrize(("names", "text"), [
    ([], ""), (["a"], "a"), (["web-1", "web-2"], "web-1, web-2"), (["web-2", "web-10", "web-1", "web-3"], "web-1 … web-3, web-10"),
    ([f"web-{n:02d}" for n in range(1, 13)], "web-01 … web-12"), (["web-09", "web-10", "web-11"], "web-09 … web-11"),
    (["web-9", "web-10", "web-11"], "web-9 … web-11"), (["a-1", "b-2", "c-3", "d-4", "e-5"], "a-1, b-2, c-3 and 2 more"),
    (["1", "2", "3"], "1 … 3"), (["w-009", "w-10"], "w-009, w-10"), (["a", "a"], "a"), (["12a", "b1"], "12a, b1"),
])
def test_names(names: list[str], text: str) -> None:
    assert names_text(names) == text


def test_what_is_alike_is_grouped_biggest_first() -> None:
    assert alike({"b": 1, "a": 2, "w-10": 2, "w-9": 2}) == [(2, ["a", "w-9", "w-10"]), (1, ["b"])]


@pytest.mark.parametrize(("value", "text"), [
    (None, "none"), (True, "true"), (20, "20"), ("x", "x"), ("", '""'), ("a b", '"a b"'), ("(sensitive)", "(sensitive)"), ([1, "ä"], '[1, "ä"]'),
])
def test_values(value: Json, text: str) -> None:
    assert value_text(value) == text


def test_attributes_name_only_what_differs() -> None:
    change = Change("a@b", "x", "update", {"size": 1, "tags": {"a": 1, "b": 2}, "same": 3, "gone": 1, "key": "(sensitive)"},
                    {"size": 2, "tags": {"a": 1, "b": 3, "c": 4}, "same": 3, "key": "(sensitive)"}, ("arn",))
    said = [attribute_text(*found) for found in attributes(change)]
    assert said == ["size 1 → 2", "tags.b 2 → 3", "tags.c 4", "gone 1 → none", "key (sensitive) changed", f"arn {KNOWN_LATER}"]


@pytest.mark.parametrize(("before", "after", "lines"), [
    (None, "a\nb\n", ["+ a", "+ b"]), ("a\n", None, ["- (file is removed)"]),
    ("a\nb\n", "(known after apply)", ["- (2 lines)", "+ (known after apply)"]),
    (None, "(secret, 12)", ["+ (secret, 12)"]), ("a", "a\n", ["(only the end of the last line differs)"]), ("a\n\n", "a\nb\n", ["  a", "-", "+ b"]),
])
def test_files(before: str | None, after: str | None, lines: list[str]) -> None:
    assert file_lines(FileDiff("/x", before, after)) == lines


def test_far_apart_pieces_of_a_file_have_heads() -> None:
    before = "\n".join(map(str, range(30)))
    lines = file_lines(FileDiff("/x", before, before.replace("\n3\n", "\nx\n").replace("\n25\n", "\ny\n")))
    assert sum(line.startswith("@@") for line in lines) == 2


def test_foreign_text_cannot_steer_the_terminal() -> None:
    assert Look().words("a\x1b[31mb\r\n\x07\u202ec") == "a\\x1b[31mb\n\\x07\\u202ec"
    assert Look(ascii=True).words("".join(map(chr, ASCII)) + "ü").isascii()


@pytest.mark.parametrize(("text", "width", "expected"), [("abc", 3, "abc"), ("abcd", 3, "ab…"), ("日本語", 5, "日本…"), ("e\u0301a", 2, "e\u0301a")])
def test_cut(text: str, width: int, expected: str) -> None:
    assert cut(text, width) == expected and width_of(cut(text, width)) <= width


def test_a_table_is_aligned_and_fits() -> None:
    lines = table([["a", Cell("日本", "bold"), "x" * 50], ["long", "b", "y"]], Look(color=True, width=40))
    assert [width_of(line) <= 40 for line in lines] == [True, True]
    assert width_of(lines[0].split("x")[0]) == width_of(lines[1].split("y")[0])


@pytest.mark.parametrize(("seconds", "text"), [(0.04, "0.0 s"), (0.42, "0.4 s"), (12, "12 s"), (59.6, "1m00s"), (187, "3m07s"), (3725, "1h02m")])
def test_durations(seconds: float, text: str) -> None:
    assert seconds_text(seconds) == text


def test_effects_of_the_shop() -> None:
    found = effects(PLAN)
    assert [one.kind for one in found.all] == ["none", "create", "update", "replace", "update", "unknown", "failed", "destroy"]
    assert found.hosts == 12 and data_losses(found.all) == ["cache@aws"] and has_changes(PLAN) and not has_changes(QUIET)


@pytest.mark.parametrize(("actions", "kind", "loses"), [
    (["create"], "create", False), (["create", "update"], "update", False), (["delete"], "destroy", True), (["update", "delete"], "update", True),
    (["replace", "create"], "replace", True), (["forget"], "destroy", True),
])
def test_the_effect_of_mixed_changes(actions: list[Any], kind: str, loses: bool) -> None:
    unit = cloud("x", "bucket", data=True)
    step = Step("x@aws", "deliver", unit, changes=tuple(Change("x@aws", str(index), action) for index, action in enumerate(actions)))
    found = effects(Plan("p", "a", "e", "", (step,))).all[0]
    assert (found.kind, found.data_loss) == (kind, loses)


def test_sensitive_outputs_are_never_shown() -> None:
    found = sensitive(DELIVERED["db@aws"].outputs, DELIVERED["db@aws"].unit.sensitive)
    assert found == {"host": "db.example", "port": 5432, "password": "(sensitive)", "url": "(sensitive)"}


OWNER = Difference("files@aws/aws_s3_bucket.this/tags.Owner", "files@aws", "terraform", "aws_s3_bucket.this", "tags.Owner", None, "eve")
DRIFT = Drift("shop", "prod", 3, "1", "2026-11-24T10:15:00.000Z", 2, Findings(
    (OWNER,), ((OWNER, Acceptance(OWNER.path, OWNER.digest, "maya", "fine")),), (OWNER,), {}, (("db@aws", "AccessDenied"),)), (), Exit.CHANGES)
RESULTS: dict[str, Any] = {
    "plan": shapes.plan_json(PLAN, Origin("maya", "v1.2-3-gabc1234", 41)),
    "run": shapes.run_json(RUN, ROWS), "runs": {**shapes.head("runs"), "runs": [shapes.run_json(RUN)]},
    "policy-test": {**shapes.head("policy-test"), "failed": 1, "tests": [{"file": "org.yaml", "name": "a", "passed": False, "differences": ["no"]}]},
    "status": status_json(STATUS), "outputs": shapes.outputs_json("shop", "prod", DELIVERED), "doctor": findings_json(FINDINGS),
    "graph": graph_json("shop", "prod", [step.unit for step in STEPS]), "type": type_json(TRAIT),
    "types": {**shapes.head("types"), "types": [type_json(DEFINITION)]},
    "error": error_json(ProvisionError("no", code="PRV-1001", where=Where("app.yaml", 1, 2)), Exit.INVALID),
    "result": {**shapes.head("result"), "exit": 0, "message": "", "seconds": 1.5, "revision": 3, "run": None, "summary": effects(PLAN).counts,
               "outputs": {}},
    "validate": {**shapes.head("validate"), "valid": True, "application": "a", "environment": "e", "units": [], "problems": []},
    "event": shapes.event_json(483, 1, EVENTS[2]),
    "eject": {**shapes.head("eject"), "folder": "/plain", "roots": ["aws"], "units": ["web@dc"], "notes": []},
    "history": {**shapes.head("history"), "revisions": [revision_json(REVISION, RUN), revision_json(REVISION, None)]},
    "revision": revision_json(REVISION, RUN),
    "diff": differences_json(Compared(("shop@41", "app.yaml"), DIFFERENCES, Live(PLAN, DRIFT.found, 2))),
    "drift": drift_json(DRIFT),
    "drifts": {**shapes.head("drifts"), "drifts": [drift_json(DRIFT)]},
    "drift-judged": {**shapes.head("drift-judged"), "what": "accepted", "paths": ["db@aws"]},
    "actions": {**shapes.head("actions"), "component": "db", "actions": actions_json({"backup": ActionSpec("backup.yml", "Dump it")}, "hosts")},
}


def test_every_kind_has_a_schema() -> None:
    assert set(RESULTS) == set(SCHEMAS)


@pytest.mark.parametrize("kind", ["plan", "history", "revision", "diff", "drift"])
def test_what_others_build_upon_is_published(kind: str) -> None:
    published = Path(__file__).parents[2] / f"docs/{kind}.schema.json"
    assert json.loads(published.read_text()) == SCHEMAS[kind], f"provision schema --of {kind} > docs/{published.name}"


@pytest.mark.parametrize("kind", RESULTS)
def test_results_are_as_their_schema_says(kind: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[kind])
    assert [error.message for error in Draft202012Validator(SCHEMAS[kind]).iter_errors(RESULTS[kind])] == []
    assert set(RESULTS[kind]) == set(SCHEMAS[kind]["required"]) | ({"steps"} if kind == "run" else set())


def test_a_plan_as_data_holds_references_order_and_no_secret() -> None:
    found = shapes.plan_json(PLAN, Origin("maya"))
    web = next(unit for unit in found["units"] if unit["unit"] == "web@dc1")
    assert found["order"] == [step.name for step in STEPS]
    assert {"path": "service_env.DATABASE", "reference": "${db@aws.host}"} in web["references"]
    db = next(unit for unit in found["units"] if unit["unit"] == "db@aws")
    assert db["outputs"] == {"host": "${module.address}", "password": "(sensitive)", "url": "(sensitive)"}


def test_status_names_sick_hosts_and_the_next_command() -> None:
    text = status_text(STATUS, Look())
    assert "DEGRADED  DRIFTED" in text and "web-06, web-07: http 502" in text and "web-01" not in text and "web.url = https://shop.example" in text
    assert text.endswith("Next: provision plan   then   provision apply")
    sick = replace(STATUS, rows=(replace(STATUS.rows[1], sync="in sync"),))
    assert "provision logs" in status_text(sick, Look()).splitlines()[-1]
    assert "Next" not in status_text(replace(STATUS, rows=STATUS.rows[:1], exit=Exit.OK), Look())


def test_outputs_of_copies_are_told_apart() -> None:
    found = outputs_lines({"web@a": {"port": 1}, "web@b": {"port": 2}, "db@a": {"x": 3}}, Look())
    assert found[1:] == ["  web@a.port = 1", "  web@b.port = 2", "  db.x       = 3"]
    assert urls({"q": {"url": "http://q"}, "g": {"url": "s3://x"}}, {"q": "queue", "g": "gateway"}) == {}


def test_a_problem_on_a_long_line_keeps_its_caret_in_sight() -> None:
    line = "x" * 300 + "HERE" + "y" * 50
    where = Where("app.yaml", 1, 301, ((1, line),), 4)
    shown = problem_text(Problem("PRV-1203", "odd", where), Look(width=100)).splitlines()
    assert all(width_of(text) <= 100 for text in shown) and shown[1].index("HERE") == shown[2].index("^^^^")


def calls_of(count: int) -> int:
    """How many functions are called to follow a run of `count` steps, two events each."""
    steps = tuple(Step(f"s{index}", "deliver", cloud(f"s{index}", "table"), (f"s{index - 1}",) if index else ()) for index in range(count))
    progress = Progress(Plan("p", "a", "e", "", steps))
    calls = 0

    def seen(frame: FrameType, kind: str, argument: object) -> None:
        nonlocal calls
        calls += kind in ("call", "c_call")

    sys.setprofile(seen)
    try:
        for index in range(count):
            for event in (Event("step-started", f"s{index}", time=EVENTS[0].time), Event("step-ended", f"s{index}", data={"state": "done"})):
                progress.take(event, float(index))
                event_line(event, 1, Look())
    finally:
        sys.setprofile(None)
    assert len(tree_lines(progress, Look(width=100), 1.0, 30)) == 30
    return calls


def test_work_per_event_is_constant() -> None:
    assert calls_of(5000) < 11 * calls_of(500)
