"""From the rows of a run to its state and exit code. Pure."""

from collections.abc import Iterable, Mapping

from provisioner import graph
from provisioner.errors import Exit
from provisioner.model import Plan, RunState
from provisioner.store import StepRow


def judge(rows: Iterable[StepRow], stopped: Exit | None = None) -> tuple[RunState, Exit]:
    """State and exit code of a run whose steps ended like this; `stopped` when somebody ended it before all had."""
    found = list(rows)
    if stopped is not None and any(row.state in ("waiting", "running", "interrupted") for row in found):
        return "interrupted", stopped
    failed = [row for row in found if row.state == "failed"]
    if not failed and any(row.state == "suspended" for row in found):
        return "waiting", Exit.WAITING
    if not failed and all(row.state in ("done", "skipped") for row in found):
        # without a failure a step is skipped because the workflow's `if` says so
        return "succeeded", Exit.OK
    return "failed", _failure(found, failed)


def _failure(rows: list[StepRow], failed: list[StepRow]) -> Exit:
    if any(row.stale for row in failed):
        return Exit.STALE
    if any(row.changed for row in rows):
        return Exit.PARTIAL
    if failed and all(row.missing for row in failed):
        return Exit.MISSING
    return Exit.FAILED


def needs_a_new_plan(plan: Plan, rows: Mapping[str, StepRow]) -> bool:
    """True when all that is left to do could not be planned, or waits for such a step: walking the same plan again can't help."""
    unplanned = {step.name for step in plan.steps if (step.unit.name if step.kind != "remove" else step.name) in dict(plan.failures)}
    blocked = unplanned | graph.dependents({step.name: step.needs for step in plan.steps}, unplanned)
    left = {name for name, row in rows.items() if row.state != "done"}
    return bool(unplanned) and left <= blocked
