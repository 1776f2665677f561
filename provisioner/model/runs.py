"""What happens in a run, and what is out there after it."""

from dataclasses import dataclass, field
from typing import Literal

from provisioner.model.documents import Host
from provisioner.model.plans import Unit
from provisioner.model.words import Json

# ------------------------------------------------------------------ what happens in a run
StepState = Literal["waiting", "running", "done", "failed", "skipped", "interrupted", "suspended"]
RunState = Literal["running", "succeeded", "failed", "interrupted", "superseded", "waiting"]

STEP_MOVES: dict[str, tuple[str, ...]] = {
    "waiting": ("running", "skipped", "failed"),
    "running": ("done", "failed", "skipped", "interrupted", "suspended"),
    "suspended": ("done", "failed", "waiting"),
    "failed": ("waiting",),
    "interrupted": ("waiting",),
    "skipped": ("waiting",),
    "done": (),
}
RUN_MOVES: dict[str, tuple[str, ...]] = {
    "running": ("succeeded", "failed", "interrupted", "superseded", "waiting"),
    "waiting": ("running", "failed", "superseded"),
    "failed": ("running", "superseded"),
    "interrupted": ("running", "superseded"),
    "succeeded": (),
    "superseded": (),
}


@dataclass(frozen=True)
class Event:
    """Something that happened in a run, in the order of the journal. `data` never holds a secret."""

    kind: str
    """step-started, step-ended, resource, host, task, diagnostic, output, note, command, artifact (an image and the digest that it had)"""
    step: str = ""
    message: str = ""
    host: str = ""
    data: dict[str, Json] = field(default_factory=dict)
    time: str = ""
    """UTC, ISO 8601 with milliseconds."""


@dataclass(frozen=True)
class StepEnded:
    """How a step ended, as its engine reports it."""

    step: str
    state: Literal["done", "failed", "skipped", "interrupted", "suspended"]
    message: str = ""
    outputs: dict[str, Json] = field(default_factory=dict)
    """The unit's outputs as templates: only `${secret.…}` is left in them."""
    changed: bool = False
    hosts: tuple[Host, ...] = ()
    """Hosts that this unit made (a Terraform fleet)."""
    failed_hosts: dict[str, str] = field(default_factory=dict)
    """Host name to reason."""
    stale: bool = False
    """True when it stopped because doing it would have broken the contract (exit 11)."""
    missing: bool = False
    """True when it failed because a tool or every host is missing (exit 12)."""


@dataclass(frozen=True)
class Delivered:
    """What the store knows of a unit that is, or may be, out there."""

    unit: Unit
    state: Literal["intended", "delivered"]
    outputs: dict[str, Json] = field(default_factory=dict)
    hosts: tuple[Host, ...] = ()
    run: int = 0
    time: str = ""


@dataclass(frozen=True)
class Acceptance:
    """Somebody's word that a difference from what was delivered is fine, as it was then (`digest`)."""

    path: str
    digest: str
    who: str
    why: str
    time: str = ""
