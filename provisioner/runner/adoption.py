"""After a crash: what the dead run left of its engines is ended or followed to its end, before anything else may start."""

import asyncio

from provisioner.errors import StepFailed
from provisioner.model import Event, Plan, StepEnded
from provisioner.runner.execution import Means
from provisioner.runner.journal import Journal
from provisioner.runner.requests import batch_request
from provisioner.store import StepRow


def adopt(plan: Plan, rows: dict[str, StepRow], journal: Journal, means: Means) -> None:
    """Settle the steps that ran when the run died; those that an engine saw ending are recorded as it saw them."""
    batches: dict[str, list[str]] = {}
    for step in plan.steps:
        if rows[step.name].state == "running":
            batches.setdefault(step.batch or step.name, []).append(step.name)
    if batches:
        asyncio.run(_adopt_all(plan, batches, journal, means))


async def _adopt_all(plan: Plan, batches: dict[str, list[str]], journal: Journal, means: Means) -> None:
    await asyncio.gather(*(_adopt(plan, batch, names, journal, means) for batch, names in batches.items()))


async def _adopt(plan: Plan, batch: str, names: list[str], journal: Journal, means: Means) -> None:
    try:
        request = batch_request(plan, batch, names, journal.known, journal.delivered, attempt=2)
    except StepFailed as error:
        journal.note(Event("note", names[0], f"nothing to take over: {error.message}"))
        return

    def report(message: Event | StepEnded) -> None:
        if isinstance(message, Event):
            journal.note(message)
        elif message.state == "done":
            journal.ended(message)

    unit = request.steps[0].unit
    adopted = await means.engines[unit.engine].adopt(request, means.site(unit.target), report) if unit.engine in means.engines else ()
    for name in adopted:
        journal.note(Event("note", name, f"{name} had gone on by itself and was taken over"))
