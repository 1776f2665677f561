"""What a plan does, in few words: one effect per step, and the counts. Pure; no layout."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from provisioner.model import Plan, Step

Kind = Literal["create", "update", "replace", "destroy", "forget", "unknown", "run", "none", "failed"]
SYMBOLS: dict[Kind, str] = {
    "create": "+", "update": "~", "replace": "±", "destroy": "-", "forget": "-", "unknown": "?", "run": ">", "none": "=", "failed": "✗",
}
STYLES: dict[Kind, str] = {
    "create": "green", "update": "yellow", "replace": "magenta", "destroy": "red", "forget": "yellow",
    "unknown": "yellow", "run": "cyan", "none": "dim", "failed": "red",
}
MARKS = {"terraform": "tf", "ansible": "an", "existing": "ex", "aws": "aw", "workflow": "wf"}
ON_HOSTS = ("configure", "remove", "run")


@dataclass(frozen=True)
class Effect:
    """What one step will do."""

    step: Step
    kind: Kind
    data_loss: bool = False
    failure: str = ""

    @property
    def hosts(self) -> tuple[str, ...]:
        """Hosts that are touched."""
        return touched(self.step)


@dataclass(frozen=True)
class Effects:
    """All steps' effects in the plan's order, and how many there are of each kind."""

    all: tuple[Effect, ...]
    counts: dict[Kind, int] = field(default_factory=dict)
    hosts: int = 0

    def waits_for(self, one: Effect) -> tuple[str, ...]:
        """The steps with something to do that a step with something to do comes after."""
        if one.kind == "none" or one.step.kind == "remove":
            return ()
        busy = {other.step.name for other in self.all if other.kind != "none"}
        return tuple(need for need in one.step.needs if need in busy)

    @property
    def changes(self) -> bool:
        """True when an apply would do anything, as far as it is known."""
        return any(effect.kind not in ("none", "failed") for effect in self.all)


def effects(plan: Plan) -> Effects:
    """The effects of a plan."""
    failures = dict(plan.failures)
    found = tuple(effect(step, failures.get(step.unit.name, "")) for step in plan.steps)
    counts: dict[Kind, int] = dict.fromkeys(SYMBOLS, 0)
    for one in found:
        counts[one.kind] += 1
    hosts = {f"{one.step.unit.target}/{host}" for one in found for host in one.hosts}
    return Effects(found, counts, len(hosts))


def effect(step: Step, failure: str = "") -> Effect:
    """What one step does; `failure` is why it could not be planned."""
    kind: Kind = "failed" if failure and step.kind != "remove" else kind_of(step)
    loses = step.unit.data and (kind in ("replace", "destroy") or any(change.action == "delete" for change in step.changes))
    return Effect(step, kind, loses, failure)


def kind_of(step: Step) -> Kind:
    """The kind of a step, from its changes."""
    if step.kind == "remove":
        return "forget" if step.unit.handling.orphan else "destroy"
    if step.kind == "action":
        return "run"
    if step.kind == "workflow":
        return "run" if step.changes else "none"
    actions = {change.action for change in step.changes}
    if not actions:
        return "unknown" if step.unpreviewed else "none"
    if "replace" in actions:
        return "replace"
    if actions == {"create"}:
        return "create"
    if actions <= {"delete", "remove", "forget"}:
        return "destroy"
    return "update"


def touched(step: Step) -> tuple[str, ...]:
    """The hosts whose state a step changes."""
    if step.unit.engine != "ansible":
        return ()
    named = tuple(change.address for change in step.changes)
    return named or (tuple(host.name for host in step.unit.hosts) if step.kind != "deliver" else ())


def has_changes(plan: Plan) -> bool:
    """True when the plan would change something: `--detailed-exitcode` is 2 then."""
    return effects(plan).changes


def all_missing(plan: Plan) -> bool:
    """True when nothing but missing tools, providers or hosts keeps units from being planned."""
    return bool(plan.failures) and all(name in plan.missing for name, _ in plan.failures)


def data_losses(found: Iterable[Effect]) -> list[str]:
    """Units that lose data, by name."""
    return [one.step.unit.name for one in found if one.data_loss]
