"""What an engine is. The runner and the planner know engines by these types only; `api` wires the real ones.

An engine is asked three things: `plan` (read only: what would change), `deliver` (do exactly that, reporting each step
as it ends), `adopt` (a run died: end or wait for what it left, and say which steps had ended).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from provisioner.model import Change, Delivered, Event, Host, Json, Step, StepEnded, Target, Unit

Report = Callable[[Event | StepEnded], None]
"""Called from the engine's own thread or task, in order; must be quick. Writes the journal."""

Reveal = Callable[[Json], Json]
"""A template in which only `${secret.…}` is left, to its final value. Called at the last moment; raises ProvisionError."""


@dataclass(frozen=True)
class Site:
    """Where an engine works: one target of one environment, for one application."""

    application: str
    environment: str
    target: Target
    project: Path
    """Folder of app.yaml; relative artefacts are looked up here."""
    state: Path
    """Kept between plans: `.provision/APP/ENV`. Terraform state, known_hosts."""
    work: Path
    """The plan's own folder; a run of that plan goes on in it."""
    reveal: Reveal
    environ: Mapping[str, str] = field(default_factory=dict)
    """Added to the environment of children of this target (the simulator's endpoint, assumed credentials)."""
    run: int = 0
    """0 while planning."""
    parallel: int = 10


@dataclass(frozen=True)
class Providers:
    """What a unit's module asks of Terraform's providers."""

    constraints: tuple[tuple[str, str], ...] = ()
    """(source, version constraint)"""
    own: bool = False
    """It configures providers by itself: it needs a root of its own, and its block is needed for its removal."""


@dataclass(frozen=True)
class PlanRequest:
    """What is wanted of one Terraform root, of the units on the hosts of one target, or of one unit of another engine."""

    key: str
    """Terraform: the root's key. Others: the name of the target or unit."""
    units: tuple[Unit, ...]
    """Inputs filled as far as known. References that are left: `${UNIT.OUTPUT…}` to a unit of the same request (native in
    Terraform), to any other unit (unknown until that one is delivered), and `${secret.…}`."""
    removed: tuple[Delivered, ...] = ()
    delivered: Mapping[str, Delivered] = field(default_factory=dict)
    hosts: Mapping[str, tuple[Host, ...]] = field(default_factory=dict)
    """Unit to its hosts; a unit with a host_source that is not known yet is missing here."""
    ranks: Mapping[str, int] = field(default_factory=dict)
    """Unit to rank (Terraform); 0 for all when empty."""


@dataclass(frozen=True)
class Planned:
    """What an engine would do to one unit."""

    changes: tuple[Change, ...] = ()
    outputs: Mapping[str, Json] = field(default_factory=dict)
    """Raw outputs (`${module.X}` of the unit's output templates) that are known already; missing = known after apply."""
    failure: str = ""
    """Why the unit can't be delivered (the tool's own message), or empty."""
    unpreviewed: str = ""
    missing: bool = False
    """The failure is a missing tool, provider or host (exit 12)."""
    failed_hosts: Mapping[str, str] = field(default_factory=dict)
    """Hosts that could not be looked at, with the reason; the others were planned."""
    seals: Mapping[str, str] = field(default_factory=dict)
    """What the answer was read from beside the request, in words ("state of cloud"), to a serial or digest."""
    health: Mapping[str, str] = field(default_factory=dict)
    """Host name (Terraform: "") to "healthy", or to why it is not; what was not looked at is missing here."""
    follows: Mapping[str, tuple[Change, ...]] = field(default_factory=dict)
    """Other units on the same hosts to what has to be done beside where that one changes, such as the restart of a program that reads it."""
    notes: tuple[str, ...] = ()
    """Sentences for whoever reads the plan, such as that hosts run what nobody has tested."""


@dataclass(frozen=True)
class BatchRequest:
    """Steps to carry out in one engine call. Inputs of `steps` are filled: only `${secret.…}` and, within a Terraform root,
    references to units of the same root are left."""

    batch: str
    steps: tuple[Step, ...]
    root_units: tuple[Unit, ...] = ()
    """Terraform: all wanted units of the root, the steps' own included; those of later ranks may hold unknown references."""
    delivered: Mapping[str, Delivered] = field(default_factory=dict)
    hosts: Mapping[str, tuple[Host, ...]] = field(default_factory=dict)
    allowed: tuple[Change, ...] = ()
    """All changes that the plan showed for these units: more than that is refused (`StepEnded.stale`)."""
    as_planned: bool = False
    """The preview's plan file of this root is this batch exactly (one rank, no removal): apply it as it is when it exists."""
    last_in_root: bool = True
    """Removal only: no other removal batch of this root follows, so it needs no targets."""
    failures: tuple[str, ...] = ()
    """Units of the root that could not be planned: left out of the targets, last good block kept."""
    attempt: int = 1


class Engine(Protocol):
    """One tool that delivers units."""

    name: str

    def plan(self, request: PlanRequest, site: Site) -> dict[str, Planned]:
        """What would change, for each unit of the request and each removed one. Changes nothing. Raises Missing."""

    async def deliver(self, request: BatchRequest, site: Site, report: Report) -> None:
        """Carry out the steps; exactly one StepEnded for each. Raises nothing for a step's own failure."""

    async def adopt(self, request: BatchRequest, site: Site, report: Report) -> tuple[str, ...]:
        """After a crash: wait for or end what the dead run left of this batch; names of the steps reported as ended."""

    async def cancel(self, hard: bool) -> None:
        """Soft: nothing new is started inside the batch. Hard: interrupt the tool and wait until its state is written."""
