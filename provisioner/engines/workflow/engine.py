"""The engine of the workflow's steps: each by its kind, in a thread of its own, within its limit. Plans nothing: a step is shown, not previewed."""

import asyncio
import threading
from collections.abc import Callable
from functools import partial

from provisioner import durations, step_kinds
from provisioner.engine import BatchRequest, Planned, PlanRequest, Report, Site
from provisioner.errors import ProvisionError
from provisioner.model import Event, Flow, Step, StepEnded, Unit
from provisioner.planner.known import Known
from provisioner.step_kinds import Done, Stopped, Surroundings, Suspended, TimedOut, Work

GRACE = 20.0
"""Seconds after its limit in which a step may say itself how it ended."""


class WorkflowEngine:
    """Carries out what the kinds of steps do."""

    name = "workflow"

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._open: dict[str, tuple[Work, bool]] = {}
        """Steps that are carried out, with whether they mostly wait."""

    def plan(self, request: PlanRequest, site: Site) -> dict[str, Planned]:
        """Nothing is known of a step before it is carried out."""
        return {}

    async def deliver(self, request: BatchRequest, site: Site, report: Report) -> None:
        """Carry out the steps; one StepEnded for each."""
        for step in request.steps:
            report(await self._carry_out(step, site, report))

    async def adopt(self, request: BatchRequest, site: Site, report: Report) -> tuple[str, ...]:
        """A dead run leaves nothing: a step that had not ended is done again."""
        return ()

    async def cancel(self, hard: bool) -> None:
        """Soft: steps that wait end at once. Hard: all of them."""
        for work, waits in list(self._open.values()):
            if hard or waits:
                work.stop.set()

    async def _carry_out(self, step: Step, site: Site, report: Report) -> StepEnded:
        kind, flow = step_kinds.find(step.unit.type), step.unit.flow or Flow()
        if kind is None:
            return StepEnded(step.name, "failed", f'there is no kind of step "{step.unit.type}" any more')
        try:
            properties = site.reveal(step.unit.inputs)
        except ProvisionError as error:
            return StepEnded(step.name, "failed", error.message)
        said = ""

        def tell(text: str) -> None:
            nonlocal said
            said = text
            report(Event("note", step.name, text))

        work = Work(step.name, properties, site, self._around, tell, flow.timeout)
        self._open[step.name] = (work, kind.waits)
        try:
            done = await _in_thread(partial(_gate, flow) if flow.gate else partial(kind.run, work), flow.timeout + GRACE, work.stop)
        except Suspended as waits:
            return StepEnded(step.name, "suspended", waits.message, {"until": waits.until})
        except Stopped:
            return StepEnded(step.name, "interrupted", "stopped")
        except TimedOut:
            return StepEnded(step.name, "failed", f"timed out after {durations.words(flow.timeout)}{said and f': {said}'} (PRV-4402)")
        except ProvisionError as error:
            return StepEnded(step.name, "failed", f"{error.message} ({error.code})" + (f"; {error.hint}" if error.hint else ""))
        finally:
            del self._open[step.name]
        return StepEnded(step.name, "done", done.message, _outputs(step.unit, done), changed=done.changed)


def _gate(flow: Flow) -> Done:
    said = f"waits for a yes, {durations.words(flow.yes_within)} at most"
    raise Suspended(f"{said}: {flow.summary}" if flow.summary else said)


def _outputs(unit: Unit, done: Done) -> dict[str, object]:
    """The step's declared outputs; what it did not give is missing, and null in an `if`."""
    return dict(Known().publish(unit, dict(done.gives)))


async def _in_thread(work: Callable[[], Done], limit: float, stop: threading.Event) -> Done:
    """The result of a function in a thread that does not keep the process alive. Raises what it raises, TimedOut, Stopped."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Done] = loop.create_future()

    def settle(result: Done | None, error: BaseException | None) -> None:
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        elif result is not None:
            future.set_result(result)

    def run() -> None:
        result, error = None, None
        try:
            result = work()
        except BaseException as caught:
            error = caught
        try:
            loop.call_soon_threadsafe(settle, result, error)
        except RuntimeError:
            return  # the loop is closed: nobody waits for it any more

    threading.Thread(target=run, daemon=True).start()
    try:
        return await asyncio.wait_for(future, limit)
    except TimeoutError:
        stop.set()
        raise TimedOut from None
