"""Whether a step whose time has come is carried out: the `if` of the workflow, and what failed before it. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from provisioner import conditions, references
from provisioner.compose.steps import status_of
from provisioner.model import Json, Plan, Step
from provisioner.planner.known import Known

FAILED = ("failed", "interrupted")


@dataclass
class Rules:
    """The rules of one plan. `states` and `messages` are how its steps ended so far; kept by the run."""

    plan: Plan
    known: Known
    states: dict[str, str] = field(default_factory=dict)
    messages: dict[str, str] = field(default_factory=dict)
    wrong: dict[str, str] = field(default_factory=dict)
    """Steps whose condition could not be judged, or whose time is over, with the reason: they fail."""
    expired: dict[str, str] = field(default_factory=dict)
    """Steps that opened others, to the time that was theirs, in words: it is over."""

    def __post_init__(self) -> None:
        self._steps = {step.name: step for step in self.plan.steps}
        self._openers: dict[str, list[str]] = {}
        for step in self.plan.steps:
            for member in step.unit.flow.members if step.unit.flow else ():
                self._openers.setdefault(member, []).append(step.name)
        self._context = {"name": self.plan.application, "appName": self.plan.application, "environment": self.plan.environment,
                         "version": self.plan.version, "publishVersion": self.plan.version}

    def refused(self, name: str) -> str:
        """Why the step is left out, or nothing."""
        step = self._steps[name]
        late = next((opener for opener in self._openers.get(name, ()) if opener in self.expired), "")
        if late:
            self.wrong[name] = f"timed out after {self.expired[late]} of {late} (PRV-4402)"
            return ""
        if step.kind == "remove":
            failed = self._first_failed(other.name for other in self.plan.steps if other.kind != "remove") if step.after else ""
            return f"waits for {failed}" if failed else ""
        flow = step.unit.flow
        if flow is None or flow.condition == conditions.ALWAYS:
            return ""
        if not flow.condition:
            failed = self._first_failed(step.after)
            return f"waits for {failed}" if failed else ""
        return self._judged(step, flow.condition, flow.inputs)

    def _first_failed(self, names: Iterable[str]) -> str:
        return next((name for name in names if self.states.get(name) in FAILED), "")

    def _judged(self, step: Step, condition: str, inputs: Mapping[str, Json]) -> str:
        try:
            values = {"status": self._statuses(), "inputs": {name: self._value(value) for name, value in inputs.items()}, "context": self._context}
            return "" if conditions.holds(condition, values) else f"if: {condition}"
        except conditions.Wrong as error:
            self.wrong[step.name] = f"if: {condition}: {error} (PRV-4401)"
            return ""

    def _value(self, template: Json) -> Json:
        """The value of an input; null where there is none."""
        try:
            return references.render(self.known.fill(template), references.no_lookup)
        except references.Unknown:
            return None

    def _statuses(self) -> dict[str, Json]:
        return {step.unit.component: self._status(step) for step in self.plan.steps if step.kind == "workflow"}

    def _status(self, step: Step) -> dict[str, Json]:
        """The status of a step with all that it delivers."""
        members = step.unit.flow.members if step.unit.flow else ()
        states = {name: self.states.get(name, "waiting") for name in (step.name, *members) if name in self._steps}
        failed = next((name for name, state in states.items() if state in FAILED), "")
        if failed:
            return status_of("failed", self.messages.get(failed, ""))
        if states.pop(step.name) == "skipped" or (states and set(states.values()) == {"skipped"}):
            return status_of("skipped", self.messages.get(step.name, ""))
        ended = self.states.get(step.name) == "done" and all(state in ("done", "skipped") for state in states.values())
        return status_of("done" if ended else "waiting", self.messages.get(step.name, ""))
