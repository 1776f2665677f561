"""Whether the steps of the workflow run in this plan: only together with a change, or when the workflow or the version is new. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from provisioner.engine import Planned
from provisioner.model import Change, Delivered, Plan, Step, Unit

Played = Callable[[Sequence[Unit]], Mapping[str, Planned]]
"""Asks what the playbooks of steps would do."""


def with_workflow(steps: Sequence[Step], delivered: Mapping[str, Delivered], *, fresh: bool, played: Played = lambda units: {}) -> list[Step]:
    """The steps, those of the workflow with a change where they will be carried out. `played` is asked only then."""
    runs = fresh or any(is_work(step, delivered) for step in steps if step.kind != "workflow")
    if not runs or not any(step.kind == "workflow" for step in steps):
        return list(steps)
    answers = played([step.unit for step in steps if step.kind == "workflow" and step.unit.engine == "ansible"])
    return [_running(step, answers.get(step.unit.name, Planned())) if step.kind == "workflow" else step for step in steps]


def _running(step: Step, answer: Planned) -> Step:
    """The step as it will be carried out; a playbook with what check mode says of it."""
    changes = tuple(replace(change, action="run", reason="" if change.reason in ("drift", "new host") else change.reason)
                    for change in answer.changes)
    return replace(step, changes=changes or (_run(step),), unpreviewed=answer.unpreviewed)


def _run(step: Step) -> Change:
    return Change(step.unit.name, "", "run", tasks=(step.unit.flow.summary,) if step.unit.flow and step.unit.flow.summary else ())


def is_work(step: Step, delivered: Mapping[str, Delivered]) -> bool:
    """True when something is to be done in a step, or was not finished before."""
    if step.kind == "remove" or step.changes or step.unpreviewed:
        return True
    entry = delivered.get(step.unit.name)
    return step.kind != "workflow" and (entry is None or entry.state != "delivered")


def differs(version: str, units: Iterable[Unit], before: Plan | None) -> bool:
    """True when the workflow, or the application's version, is another one than in the plan of the newest revision."""
    if before is None or before.version != version:
        return True
    return [_said(unit) for unit in units if unit.flow] != [_said(step.unit) for step in before.steps if step.kind == "workflow"]


def _said(unit: Unit) -> tuple[object, ...]:
    return unit.name, unit.type, unit.source_digest, unit.inputs, unit.outputs, sorted(unit.needs), unit.flow
