"""Carries a plan out in this process: the walk, one task per batch, the journal. Decides nothing: the plan has everything."""

import asyncio
import signal
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, replace

from provisioner import durations
from provisioner.engine import Engine, Site
from provisioner.errors import Exit, ProvisionError, of_system
from provisioner.model import Event, Json, Plan, Secret, Step, StepEnded
from provisioner.runner.journal import Journal
from provisioner.runner.requests import batch_request, is_quiet, pools, surprise, turns
from provisioner.runner.rules import Rules
from provisioner.runner.walk import Node, walk

STOPS = {signal.SIGINT: Exit.INTERRUPTED, signal.SIGTERM: Exit.TERMINATED}


@dataclass(frozen=True)
class Means:
    """What a run works with; made by the composition root."""

    engines: Mapping[str, Engine]
    site: Callable[[str], Site]
    """Target name to the place where an engine works on it, for this run."""
    ensure: Callable[[Secret], None]
    """Make a password once. Raises ProvisionError."""
    forget: Callable[[str], None]
    """Forget a password of a unit that is gone."""
    parallel: int = 10
    timeout: float = 0.0
    """Seconds after which everything is stopped; 0: never."""


class Execution:
    """One walk of one plan. `settled` holds the states of steps that had ended in an earlier attempt."""

    def __init__(self, plan: Plan, journal: Journal, means: Means, settled: Mapping[str, str], attempt: int) -> None:
        self._plan, self._journal, self._means, self._settled, self._attempt = plan, journal, means, settled, attempt
        self._steps = {step.name: step for step in plan.steps}
        self._failures = dict(plan.failures)
        self._tasks: set[asyncio.Task[None]] = set()
        self._rules = Rules(plan, journal.known, dict(settled))
        self._timers: list[asyncio.TimerHandle] = []
        self._stops = 0
        self.stopped: Exit | None = None

    async def run(self) -> dict[str, str]:
        """Walk to the end; the state of each step that ended."""
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[StepEnded | None] = asyncio.Queue()
        handlers = {number: signal.getsignal(number) for number in STOPS}
        for number, code in STOPS.items():
            self._loop.add_signal_handler(number, self.stop, code)
        for name in self._settled:
            self._count_down(name)
        if self._means.timeout:
            self._timers.append(self._loop.call_later(self._means.timeout, self.stop, Exit.TIMEOUT))
        try:
            before = turns(self._plan)
            pool, limits = pools(self._plan)
            nodes = [Node(step.name, step.needs, step.batch, (*step.after, *before.get(step.name, ())), pool.get(step.name, ""))
                     for step in self._plan.steps]
            states = await walk(nodes, self._start, self._skip, self._queue, settled=self._settled, refused=self._rules.refused,
                                limit=self._means.parallel, pools=limits)
            if self._tasks:
                await asyncio.gather(*self._tasks, return_exceptions=True)
            return states
        finally:
            for timer in self._timers:
                timer.cancel()
            for number, handler in handlers.items():
                self._loop.remove_signal_handler(number)
                # asyncio puts back Python's default, not what was there
                signal.signal(number, handler)

    def _count_down(self, name: str) -> None:
        """From now on the time runs in which a step of the workflow may begin what it opens; what was begun goes on."""
        flow = self._steps[name].unit.flow
        if flow and flow.members and flow.expires and self._steps[name].changes:
            self._timers.append(self._loop.call_later(flow.expires, self._rules.expired.__setitem__, name, durations.words(flow.expires)))

    def stop(self, code: Exit) -> None:
        """First call: what runs may end, nothing new starts. Second call, SIGTERM or the time: the tools are interrupted and waited for."""
        self._stops += 1
        hard = self._stops > 1 or code is not Exit.INTERRUPTED
        self.stopped = code
        self._queue.put_nowait(None)
        self._journal.note(Event("note", message="interrupting the tools; their state is written before this ends" if hard
                                 else "stopping: running steps end, nothing new starts (again: interrupt them)"))
        for engine in self._means.engines.values():
            self._track(engine.cancel(hard))

    def _track(self, work: Coroutine[None, None, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _start(self, batch: str, names: tuple[str, ...]) -> None:
        self._track(self._batch(batch, names))

    def _skip(self, name: str, why: str) -> None:
        """`why`: the step that it needs, or a reason in words."""
        self._rules.states[name] = "skipped"
        self._journal.skipped(name, why if " " in why and why not in self._steps else f"waits for {why}")

    async def _batch(self, batch: str, names: tuple[str, ...]) -> None:
        """Steps that need no engine end at once; the others in one call of their engine."""
        open_steps = set(names)
        try:
            work = [step for name in names if (step := self._steps[name]) and not self._ends_at_once(step)]
            open_steps = {step.name for step in work}
            if work:
                await self._deliver(batch, work, open_steps)
        except ProvisionError as error:
            self._fail(open_steps, error.message + (f"; {error.hint}" if error.hint else ""), missing=error.exit == Exit.MISSING)
        except Exception as error:
            refused = of_system(error)
            self._fail(open_steps, f"{refused.message}; {refused.hint}" if refused else f"a bug in provision: {type(error).__name__}: {error}")
            raise
        finally:
            self._fail(open_steps, "its engine ended without saying how")

    def _ends_at_once(self, step: Step) -> bool:
        failure = self._failures.get(step.unit.name if step.kind != "remove" else step.name) or self._rules.wrong.get(step.name)
        surprised = "" if failure else surprise(step, self._steps, self._journal.known)
        if failure is None and not surprised and not is_quiet(step):
            return False
        if surprised:
            self._end(StepEnded(step.name, "failed", surprised, stale=True))
        elif failure is not None:
            # never begun, so never intended: there is nothing of it that a removal would have to take away
            self._end(StepEnded(step.name, "failed", failure, missing=step.unit.name in self._plan.missing))
        else:
            self._journal.started(step)
            self._end(StepEnded(step.name, "done", "unchanged", outputs=self._outputs(step)))
        return True

    def _outputs(self, step: Step) -> dict[str, Json]:
        if step.outputs is not None:
            return dict(step.outputs)
        return self._journal.known.publish(self._journal.known.filled(step.unit), {})

    async def _deliver(self, batch: str, steps: list[Step], open_steps: set[str]) -> None:
        for step in steps:
            self._journal.started(step)
            for secret in step.unit.secrets if step.kind == "deliver" else ():
                self._means.ensure(secret)
        request = batch_request(self._plan, batch, [step.name for step in steps], self._journal.known, self._journal.delivered,
                                attempt=self._attempt)
        # the journal shows what was really asked for: inputs filled, hosts found
        self._steps |= {step.name: replace(self._steps[step.name], unit=step.unit) for step in request.steps}

        def report(message: Event | StepEnded) -> None:
            if isinstance(message, Event):
                self._journal.note(message)
            elif message.step in open_steps:
                open_steps.discard(message.step)
                self._end(message)

        step = steps[0]
        limit = step.unit.flow.timeout if step.unit.flow and step.unit.engine != "workflow" else None
        try:
            async with asyncio.timeout(limit):
                await self._means.engines[step.unit.engine].deliver(request, self._means.site(step.unit.target), report)
        except TimeoutError:
            # the engine of the workflow keeps the limits of its steps itself
            self._fail(open_steps, f"timed out after {durations.words(limit or 0)} (PRV-4402)")

    def _fail(self, names: set[str], message: str, *, missing: bool = False) -> None:
        for name in sorted(names):
            self._end(StepEnded(name, "failed", message, missing=missing))
        names.clear()

    def _end(self, ended: StepEnded) -> None:
        """Into the journal first, then to the walk. Called from engines' threads too."""
        self._journal.ended(ended)
        self._rules.states[ended.step], self._rules.messages[ended.step] = ended.state, ended.message
        step = self._steps[ended.step]
        if step.kind == "remove" and ended.state == "done" and " on " not in step.name:
            for secret in step.unit.secrets:
                self._means.forget(secret.path)
        if ended.state == "done":
            self._loop.call_soon_threadsafe(self._count_down, ended.step)
        if self._journal.broken is not None:
            self._loop.call_soon_threadsafe(self._queue.put_nowait, None)
        self._loop.call_soon_threadsafe(self._queue.put_nowait, ended)
