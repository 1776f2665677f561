"""What goes into a session and what comes out of it, as values. Nothing here does I/O."""

from collections.abc import Callable
from dataclasses import dataclass, field

from provisioner.errors import Exit
from provisioner.model import Json, Plan
from provisioner.planner.drift import Findings
from provisioner.store import Run, StepRow

Tell = Callable[[str], None]
"""One sentence of progress."""
Confirm = Callable[[Plan], bool]
"""Shown the plan; True to go on."""


@dataclass(frozen=True)
class Settings:
    """What the command line says beside the verb."""

    file: str = "app.yaml"
    application: str = ""
    """Which one, in a file that holds several."""
    given: bytes | None = None
    """What the application's file holds where it is no file but standard input: `file` says the folder then."""
    environment: str = ""
    """Empty: the only one that is configured, or the sandbox where none is."""
    promote_from: str = ""
    """The environment whose application is taken, as it was last delivered there, instead of the file's."""
    on: tuple[str, ...] = ()
    """Hosts instead of an environment: USER@ADDRESS[:PORT]."""
    store: str = ""
    terraform: str = ""
    """Path of terraform or tofu; empty: found on PATH."""
    mirrors: tuple[str, ...] = ()
    parallel: int = 10
    allow_destroy: frozenset[str] = frozenset()
    keep: frozenset[str] = frozenset()
    lock_wait: float = 0.0
    """Seconds."""
    timeout: float = 0.0
    """Seconds after which a run is ended; 0: never."""
    reason: str = ""
    accept_host_keys: bool = False
    ignore_unsupported: bool = False
    """Traits that are unknown or mean nothing here are warnings."""
    looking: bool = False
    """Documents and the store are read, and nothing is written: not even the folder of a store that is not there."""


@dataclass(frozen=True)
class Outcome:
    """How an apply, resume or destroy ended. `run` is None when there was nothing to do, or it was not confirmed."""

    plan: Plan
    exit: Exit
    run: Run | None = None
    steps: dict[str, StepRow] = field(default_factory=dict)
    seconds: float = 0.0
    revision: int = 0
    message: str = ""


@dataclass(frozen=True)
class StatusRow:
    """One unit: does it work (`health`), is it as declared (`sync`)."""

    unit: str
    component: str
    type: str
    target: str
    health: str
    """healthy, unhealthy, degraded, unknown, not checked (simulated)"""
    sync: str
    """in sync, drifted, changed (the spec was edited), not delivered, under way, failed, leaving, unknown"""
    detail: str = ""
    hosts: dict[str, str] = field(default_factory=dict)
    """Host name to its health, for units on hosts."""


@dataclass(frozen=True)
class Status:
    """An application in an environment, as it is now."""

    application: str
    environment: str
    health: str
    sync: str
    revision: int
    version: str
    delivered: str
    """When the newest revision was delivered, UTC."""
    rows: tuple[StatusRow, ...]
    outputs: dict[str, dict[str, Json]]
    """Unit to its outputs, sensitive ones as "(sensitive)"."""
    exit: Exit
    waiting: int = 0
    """The run that waits for a yes; 0: none."""


@dataclass(frozen=True)
class Drift:
    """What the world changed since an application was delivered."""

    application: str
    environment: str
    revision: int
    version: str
    delivered: str
    """When the newest revision was delivered, UTC."""
    units: int
    """How many were looked at."""
    found: Findings
    notes: tuple[str, ...]
    exit: Exit
