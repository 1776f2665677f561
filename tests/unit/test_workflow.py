"""Conditions of workflow steps, the rules of a run, and when a workflow runs."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace

import pytest

from provisioner.errors import Exit
from provisioner.model import Change, Delivered, Flow, Plan, Step, StepEnded, Unit
from provisioner.planner.known import Known
from provisioner.planner.workflow import differs, with_workflow
from provisioner.runner.outcome import judge
from provisioner.runner.rules import Rules
from provisioner.runner.walk import Node, walk
from provisioner.store import StepRow


def flow(name: str, condition: str = "", *, after: tuple[str, ...] = (), members: tuple[str, ...] = (), **more: object) -> Step:
    unit = Unit(f"{name}@workflow", name, "suspend", "workflow", "workflow",
                flow=Flow(after, condition, members, inputs=more.get("inputs", {})))  # type: ignore[arg-type]
    return Step(unit.name, "workflow", unit, after=after)


def delivery(name: str) -> Step:
    return Step(name, "deliver", Unit(name, name.partition("@")[0], "bucket", "aws", "terraform"))


def rules(steps: list[Step], states: Mapping[str, str], outputs: Mapping[str, Mapping[str, object]] | None = None) -> Rules:
    known = Known()
    known.outputs = {name: dict(values) for name, values in (outputs or {}).items()}
    return Rules(Plan("p", "shop", "prod", "2", tuple(steps)), known, dict(states))


A, B = delivery("a@aws"), delivery("b@aws")


@pytest.mark.parametrize(("condition", "states", "why"), [
    ("", {"go@workflow": "done", "a@aws": "done"}, ""),
    ("", {"go@workflow": "done", "a@aws": "failed"}, "waits for a@aws"),
    ("", {"go@workflow": "skipped", "a@aws": "skipped"}, ""),
    ("always", {"go@workflow": "done", "a@aws": "failed"}, ""),
    ("status.go.failed", {"go@workflow": "done", "a@aws": "failed"}, ""),
    ("status.go.failed", {"go@workflow": "done", "a@aws": "done"}, "if: status.go.failed"),
    ('status["go"].phase == "succeeded" && context.version == "2"', {"go@workflow": "done", "a@aws": "done"}, ""),
    ("status.go.skipped", {"go@workflow": "skipped", "a@aws": "skipped"}, ""),
])
def test_a_step_is_carried_out_or_not(condition: str, states: dict[str, str], why: str) -> None:
    after = ("go@workflow", "a@aws")
    found = rules([flow("go", members=("a@aws",)), A, flow("next", condition, after=after)], states)
    assert found.refused("next@workflow") == why and not found.wrong


@pytest.mark.parametrize(("value", "condition", "refused", "wrong"), [
    ({"n": 3}, "inputs.n == 3", "", False), ({"n": 3}, "inputs.n > 3", "if: inputs.n > 3", False),
    ({}, "inputs.n == null", "", False), ({"n": "3"}, "inputs.n == 3", "", True), ({"n": [1]}, "inputs.n[7] == 1", "", True),
])
def test_inputs_in_a_condition(value: dict[str, object], condition: str, refused: str, wrong: bool) -> None:
    found = rules([flow("next", condition, inputs={"n": "${ask@workflow.n}"})], {}, {"ask@workflow": value})
    assert found.refused("next@workflow") == refused
    assert bool(found.wrong) == wrong


def test_a_removal_waits_for_failures_only() -> None:
    removal = Step("remove old@aws", "remove", A.unit, after=("b@aws", "told@workflow"))
    steps = [B, flow("told", "status.x.failed"), removal]
    assert rules(steps, {"b@aws": "done", "told@workflow": "skipped"}).refused(removal.name) == ""
    assert rules(steps, {"b@aws": "failed", "told@workflow": "done"}).refused(removal.name) == "waits for b@aws"


@pytest.mark.parametrize(("states", "expected"), [
    (["done", "skipped"], ("succeeded", Exit.OK)), (["done", "suspended", "waiting"], ("waiting", Exit.WAITING)),
    (["failed", "suspended"], ("failed", Exit.FAILED)),
])
def test_how_a_run_ended(states: list[str], expected: tuple[str, Exit]) -> None:
    assert judge([StepRow(str(index), state) for index, state in enumerate(states)]) == expected  # type: ignore[arg-type]


@pytest.mark.asyncio
async def test_a_suspended_step_holds_up_only_what_comes_after_it() -> None:
    ended: asyncio.Queue[StepEnded | None] = asyncio.Queue()
    begun: list[str] = []

    def start(batch: str, names: tuple[str, ...]) -> None:
        begun.extend(names)
        for name in names:
            ended.put_nowait(StepEnded(name, "suspended" if name == "gate" else "done"))

    nodes = [Node("gate"), Node("behind", ("gate",)), Node("beside"), Node("after", after=("gate",))]
    assert await walk(nodes, start, lambda name, why: None, ended) == {"beside": "done"}
    assert begun == ["gate", "beside"]


def test_a_workflow_runs_with_a_change_or_when_it_is_new() -> None:
    steps = [flow("go"), A]
    changed = [steps[0], Step(A.name, "deliver", A.unit, changes=(Change(A.name, "x", "create"),))]
    there = {A.name: Delivered(A.unit, "delivered")}
    assert [bool(step.changes) for step in with_workflow(steps, there, fresh=False)] == [False, False]
    assert [bool(step.changes) for step in with_workflow(changed, there, fresh=False)] == [True, True]
    assert [bool(step.changes) for step in with_workflow(steps, there, fresh=True)] == [True, False]
    before = Plan("p", "shop", "prod", "2", tuple(steps))
    units = [step.unit for step in steps]
    assert not differs("2", units, before)
    assert differs("2", [replace(units[0], source_digest="edited"), *units[1:]], before)
    assert differs("3", units, before) and differs("2", [flow("go", "always").unit], before) and differs("2", units, None)
