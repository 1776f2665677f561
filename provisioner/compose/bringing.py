"""Components that steps of the workflow bring themselves: each a variant of the application with nothing else in it. Pure."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

from provisioner.compose.shape import put, steps_of
from provisioner.compose.variants import Variant
from provisioner.errors import Problem, Where
from provisioner.model import Application, Component, Json, Policy, Trait, WorkflowStep
from provisioner.model.workflow import every
from provisioner.references import RESERVED
from provisioner.spec.checking import Codes, check
from provisioner.spec.document import Steps
from provisioner.spec.judging import Shape
from provisioner.spec.policies import OF_APPLICATIONS
from provisioner.step_kinds import Brought, StepKind

AWAITED = "${secret.awaited}"
"""Stands for the value of an input until the workflow is woven."""
CODES = Codes("PRV-1403", "PRV-1404", "PRV-1405", "PRV-1406", "property")


@dataclass(frozen=True)
class Own:
    """The component of one step. `plays`: it is the step itself that is carried out, so it has no unit of its own."""

    variant: Variant
    plays: bool


@dataclass
class Bringing:
    """All of them, and what is wrong with their steps."""

    all: list[Own] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def brought(application: Application, kinds: Mapping[str, StepKind]) -> Bringing:
    """What the steps of the workflow bring; `kinds`: type to kind, of those that bring something."""
    found = Bringing()
    taken = {component.name for component in application.components}
    for step in every(application.workflow):
        kind = kinds.get(step.type)
        if kind is None or kind.brings is None:
            continue
        wrong = [*_misfits(step, kind), *_misnamed(step, taken)]
        found.problems += [*wrong, *_ignored(step, kind)]
        if not wrong:
            found.all.append(Own(_variant(application, step, kind.brings(step.properties)), kind.plays))
    return found


def _misfits(step: WorkflowStep, kind: StepKind) -> list[Problem]:
    def locate(path: Steps, key: bool) -> Where:
        text = ".".join(map(str, ("properties", *path)))
        return step.places.get(f"{text}:" if key else text, step.where)

    return check(Shape({"type": "object", "additionalProperties": False, **kind.parameters}), step.properties, CODES, locate, label=step.name,
                 references=True)


def _misnamed(step: WorkflowStep, taken: set[str]) -> Iterator[Problem]:
    if step.name in taken or step.name in RESERVED:
        what = "there is a component of this name already" if step.name in taken else "references use this name"
        yield Problem("PRV-1709", f"{step.name}: {step.type} brings a component of the step's name: {what}", step.places.get("name", step.where),
                      "name the step otherwise")


def _ignored(step: WorkflowStep, kind: StepKind) -> Iterator[Problem]:
    for name in kind.ignored.keys() & step.properties.keys():
        yield Problem("PRV-1210", f'{step.name}: "{name}" has no effect here', step.places.get(f"properties.{name}:", step.where),
                      kind.ignored[name], "warning")


def _variant(application: Application, step: WorkflowStep, own: Brought) -> Variant:
    places = _Places(step.places, own.names)
    placement = (Trait("placement", dict(own.placement), step.where, step.places),) if own.placement else ()
    component = Component(step.name, own.type, _awaiting(step, own), placement, where=step.where, places=places)
    policies = [policy for policy in application.policies if policy.type not in OF_APPLICATIONS]
    if own.target:
        policies.append(Policy(step.name, "topology", {"targets": [own.target]}, step.places.get("properties.target", step.where)))
    return Variant(replace(application, components=(component,), workflow=None, policies=tuple(policies)))


def _awaiting(step: WorkflowStep, own: Brought) -> dict[str, Json]:
    """The properties, with a reference for each value that an input of the step will put in: what is required is there."""
    found = dict(own.properties)
    values = next((name for name, called in own.names.items() if called == own.inputs), own.inputs)
    for given in step.inputs:
        first, _, path = given.parameter_key.partition(".")
        if first == own.inputs and path:
            with suppress(ValueError):
                # what can't be put there is said where the input is read
                found = put(found, [values, *steps_of(path)], AWAITED)
    return found


@dataclass(frozen=True)
class _Places(Mapping[str, Where]):
    """Places of a component's properties where the step calls them otherwise."""

    step: Mapping[str, Where]
    names: Mapping[str, str]

    def __getitem__(self, path: str) -> Where:
        head, _, rest = path.removeprefix("properties.").partition(".")
        if not path.startswith("properties.") or head.rstrip(":") not in self.names:
            return self.step[path]
        end = ":" if head.endswith(":") else ""
        return self.step[f"properties.{self.names[head.rstrip(':')]}" + (f".{rest}" if rest else end)]

    def __iter__(self) -> Iterator[str]:
        return iter(self.step)

    def __len__(self) -> int:
        return len(self.step)
