"""Whether the steps of the workflow run in this plan: only together with a change, or when the workflow or the version is new. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from provisioner.model import Change, Delivered, Plan, Step, Unit


def with_workflow(steps: Sequence[Step], delivered: Mapping[str, Delivered], *, fresh: bool) -> list[Step]:
    """The steps, those of the workflow with a change where they will be carried out."""
    if not any(step.kind == "workflow" for step in steps):
        return list(steps)
    runs = fresh or any(is_work(step, delivered) for step in steps if step.kind != "workflow")
    return [replace(step, changes=(_run(step),)) if runs and step.kind == "workflow" else step for step in steps]


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
    return unit.name, unit.type, unit.inputs, unit.outputs, sorted(unit.needs), unit.flow
