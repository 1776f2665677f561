"""The workflow as it was written, and what makes a unit a step of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from provisioner.errors import Where
from provisioner.model.words import NOWHERE, Json

Mode = Literal["StepByStep", "DAG"]


@dataclass(frozen=True)
class StepInput:
    """The output named `source` of another step or component; it goes into the property at `parameter_key` where one is named."""

    source: str
    parameter_key: str = ""
    where: Where = NOWHERE


@dataclass(frozen=True)
class StepOutput:
    """`name` is visible in the whole workflow and stands for `value_from`, a path in what the step gives."""

    name: str
    value_from: str
    where: Where = NOWHERE


@dataclass(frozen=True)
class WorkflowStep:
    """One step as it was written; `steps` are the sub-steps of a step-group."""

    name: str
    type: str
    properties: dict[str, Json] = field(default_factory=dict)
    condition: str = ""
    timeout: float | None = None
    """Seconds."""
    depends_on: tuple[str, ...] = ()
    inputs: tuple[StepInput, ...] = ()
    outputs: tuple[StepOutput, ...] = ()
    steps: tuple["WorkflowStep", ...] = ()
    mode: Mode | None = None
    alias: str = ""
    where: Where = NOWHERE
    places: Mapping[str, Where] = field(default_factory=dict)
    """As in Component."""


@dataclass(frozen=True)
class Workflow:
    """Steps in the order of the document."""

    steps: tuple[WorkflowStep, ...] = ()
    mode: Mode = "StepByStep"
    sub_mode: Mode = "DAG"
    ref: str = ""
    """Name of the Workflow document that holds the steps."""
    where: Where = NOWHERE


def every(workflow: Workflow | None) -> list[WorkflowStep]:
    """All steps, each before its sub-steps."""
    return [one for top in (workflow.steps if workflow else ()) for one in (top, *top.steps)]


PATIENCE = 7 * 86400.0
"""Seconds that a step waits for a yes where neither it nor the environment says how long."""


@dataclass(frozen=True)
class Flow:
    """What makes a unit a step of the workflow: when it is carried out, and which steps are its own."""

    after: tuple[str, ...] = ()
    """Steps that have ended before, however they ended."""
    condition: str = ""
    """A CEL expression; "always"; empty: nothing in `after` failed."""
    members: tuple[str, ...] = ()
    """Steps that this one opens: the units that it delivers, the sub-steps of a group with theirs."""
    gate: bool = False
    """It waits for a yes before it opens."""
    inputs: Mapping[str, Json] = field(default_factory=dict)
    """Templates of what `inputs.NAME` in the condition stands for."""
    timeout: float = 0
    """Seconds that carrying it out may take."""
    expires: float = 0
    """Seconds after which a yes comes too late (0: `patience`), and after which none of its members is begun any more (0: never)."""
    patience: float = 0
    """Seconds that the environment lets a yes take; 0: PATIENCE."""
    summary: str = ""
    """What it does, in a few words of its kind."""
    parallel: int = 0
    """How many batches of its members are carried out at one time; 0: as many as the run may."""

    @property
    def yes_within(self) -> float:
        """Seconds after which a yes comes too late."""
        return self.expires or self.patience or PATIENCE
