"""The state of a run that is being watched, fed with its events one by one. Pure; constant work per event."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from provisioner.model import Event, Plan

ENDED = ("done", "failed", "skipped", "interrupted", "suspended")


@dataclass
class StepProgress:
    """One step as it stands."""

    name: str
    type: str = ""
    needs: tuple[str, ...] = ()
    hosts: int = 0
    state: str = "waiting"
    changed: bool = False
    started: float = 0.0
    ended: float = 0.0
    doing: str = ""
    message: str = ""
    hosts_ended: set[str] = field(default_factory=set)
    order: int = 0
    """Position in the order of the last change of state."""

    def waits_for(self, all_steps: Mapping[str, "StepProgress"]) -> str:
        """The first needs that have not ended, by name."""
        open_needs = [need for need in self.needs if need in all_steps and all_steps[need].state not in ENDED]
        return ", ".join(open_needs[:3]) + (f" and {len(open_needs) - 3} more" if len(open_needs) > 3 else "")


class Progress:
    """A run as it stands. Not thread-safe: the caller holds a lock."""

    def __init__(self, plan: Plan, settled: Iterable[str] = ()) -> None:
        """`settled` are the steps that had ended well in an earlier attempt."""
        self.steps = {step.name: StepProgress(step.name, step.unit.type, step.needs, len(step.unit.hosts)) for step in plan.steps}
        self.unchanged = {step.name for step in plan.steps if step.kind == "deliver" and not step.changes and not step.unpreviewed}
        self.notes: list[str] = []
        self._moves = 0
        for name in settled:
            if name in self.steps:
                self.steps[name].state = "done"

    def take(self, event: Event, now: float) -> None:
        """Learn from one event; `now` in seconds of any clock that only grows."""
        if event.kind == "note":
            self.notes = [*self.notes[-4:], event.message]
        step = self.steps.get(event.step)
        if step is None:
            return
        if event.kind == "step-started":
            self._move(step, "running")
            step.started, step.hosts = now, int(event.data.get("hosts", 0) or step.hosts)
        elif event.kind == "step-ended":
            self._move(step, str(event.data.get("state", "done")))
            step.ended, step.message, step.changed = now, event.message, bool(event.data.get("changed"))
        else:
            _busy(step, event)

    def _move(self, step: StepProgress, state: str) -> None:
        self._moves += 1
        step.state, step.order = state, self._moves

    def counts(self) -> dict[str, int]:
        """How many steps are in each state."""
        found: dict[str, int] = {}
        for step in self.steps.values():
            found[step.state] = found.get(step.state, 0) + 1
        return found


def _busy(step: StepProgress, event: Event) -> None:
    """What the step is doing right now, in a few words."""
    if event.kind == "host" and event.data.get("state") in ("done", "failed", "unreachable"):
        step.hosts_ended.add(event.host)
    words = event.message.splitlines()[0] if event.message else ""
    if words and event.kind in ("resource", "task", "host", "diagnostic", "note"):
        step.doing = f"{event.host} {words}" if event.host and event.host not in words else words
