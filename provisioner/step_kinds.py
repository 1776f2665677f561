"""What a kind of workflow step is, and the registry of them: entry points of `provision.workflow_steps`, loaded when a workflow names them.

A kind checks its properties by a JSON Schema and does its work in `run`; it knows nothing of plans, stores or the terminal.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import entry_points
from typing import Any, Literal, Protocol

from provisioner.engine import Site
from provisioner.model import Json

GROUP = "provision.workflow_steps"
REFUSED = {
    **dict.fromkeys(("apply-object", "read-object", "apply-deployment", "clean-jobs", "export-service", "list-config", "create-config", "read-config",
                     "delete-config", "predownloadimage"), "it works on Kubernetes objects"),
    **dict.fromkeys(("export2config", "export2secret", "export-config", "export-secret"),
                    "it makes a Kubernetes object; export-data writes files and parameters"),
    **dict.fromkeys(("deploy2env", "deploy-cloud-resource", "share-cloud-resource"),
                    "it needs the env-binding policy; use deploy with a topology policy"),
    "apply-terraform-provider": "an environment's targets name providers",
    "build-push-image": "images are built by CI; run-command can start that",
    "vela-cli": "there is no vela here; use run-command",
    "restart-workflow": "provision has no process that waits for a time; let cron run `provision apply`",
}
"""KubeVela's kinds that mean nothing here, with the reason."""
ALIKE = dict.fromkeys(("apply-application", "apply-application-in-parallel", "apply-remaining", "deploy2runtime"), "deploy")
"""Kinds of older documents, and what is meant by them."""


SECRET_VALUE: dict[str, Json] = {
    "type": "object", "additionalProperties": False, "minProperties": 1, "maxProperties": 1, "properties": {
        "value": {"type": "string", "minLength": 1, "description": "The value; a secret one as ${secret.PATH}"},
        "secretRef": {"type": "object", "additionalProperties": False, "required": ["name", "key"], "description": "The secret NAME#KEY",
                      "properties": {"name": {"type": "string"}, "key": {"type": "string"}}}}}
"""KubeVela's form of a value that may be secret; a `secretRef` is a `value` when the step is carried out."""


class Suspended(Exception):
    """The step waits for a yes, or until a time (UTC, ISO 8601)."""

    def __init__(self, message: str, until: str = "") -> None:
        super().__init__(message)
        self.message, self.until = message, until


class Stopped(Exception):
    """The run was stopped while the step waited."""


class TimedOut(Exception):
    """The step's limit is over."""


class Surroundings(Protocol):
    """What kinds may ask of the project that they run in."""

    def aws(self, service: str, target: str) -> Any:
        """A boto3 client that reaches a target."""

    def keep_secret(self, path: str, value: str) -> None:
        """Keep a value in the environment's secret backend. Raises ProvisionError."""

    def state_of(self, application: str) -> str:
        """The state of an application's newest run in this store and environment: succeeded, running, waiting …; empty without one."""


@dataclass(frozen=True)
class Work:
    """One step that is carried out."""

    step: str
    properties: Mapping[str, Any]
    """Final values, secrets included: never to be told."""
    site: Site
    around: Surroundings
    tell: Callable[[str], None]
    """What it is doing now, in a few words, for whoever looks."""
    limit: float
    """Seconds."""
    stop: threading.Event = field(default_factory=threading.Event)
    begun: float = field(default_factory=time.monotonic)

    @property
    def left(self) -> float:
        """Seconds until the limit. Raises TimedOut after it."""
        left = self.limit - (time.monotonic() - self.begun)
        if left <= 0:
            raise TimedOut
        return left

    def pause(self, seconds: float) -> None:
        """Wait a little. Raises Stopped, or TimedOut."""
        if self.stop.wait(min(seconds, self.left)):
            raise Stopped
        _ = self.left


@dataclass(frozen=True)
class Done:
    """How a step ended well: what it gives (`valueFrom`), a sentence, and whether it changed anything out there."""

    gives: Mapping[str, Json] = field(default_factory=dict)
    message: str = ""
    changed: bool = False


def _nothing(work: Work) -> Done:
    return Done()


def _plain(properties: Mapping[str, Json]) -> str:
    return ""


@dataclass(frozen=True)
class Brought:
    """A component that a step itself brings; it has the step's name."""

    type: str
    properties: Mapping[str, Json]
    """References in them are templates as in any component."""
    names: Mapping[str, str] = field(default_factory=dict)
    """Its properties to the step's, where they are called otherwise: for the places of errors."""
    target: str = ""
    """The only target that is meant."""
    placement: Mapping[str, Json] = field(default_factory=dict)
    """As in the trait placement: the only hosts that are meant."""
    inputs: str = ""
    """The step's property whose values are the inputs of the unit."""


@dataclass(frozen=True)
class StepKind:
    """One kind of step."""

    name: str
    description: str
    parameters: Mapping[str, Json]
    """JSON Schema of its properties, of type object."""
    run: Callable[[Work], Done] = _nothing
    """Called in a thread of its own. Raises ProvisionError, Suspended, Stopped, TimedOut."""
    summary: Callable[[Mapping[str, Json]], str] = _plain
    """What it does, in a few words out of its properties as they were written."""
    gives: tuple[str, ...] = ()
    """Names that `valueFrom` may begin with."""
    limit: float = 60
    """Seconds that it may take, unless the step says so."""
    waits: bool = False
    """Mostly it waits: Ctrl-C ends it at once."""
    asks: bool = False
    """Without a `duration` it waits for a yes."""
    delivers: Literal["", "policies", "component", "steps"] = ""
    """What it opens: the components under its policies, one component, its sub-steps."""
    brings: Callable[[Mapping[str, Json]], Brought] | None = None
    """The component that it brings, out of properties that fit its schema."""
    plays: bool = False
    """The component that it brings is not kept: its engine carries out the step itself, each time."""
    ignored: Mapping[str, str] = field(default_factory=dict)
    """Properties that have no effect here, with the reason: a warning."""
    collects: tuple[str, ...] = ()
    """Outputs of components that it gets as the property `collected`: unit to output to value."""
    example: str = ""


def find(name: str) -> StepKind | None:
    """The kind of this name."""
    found = _points().get(ALIKE.get(name, name))
    kind: StepKind | None = found.load() if found is not None else None
    return kind


def names() -> list[str]:
    """The names of all kinds, sorted."""
    return sorted(_points())


def module_of(name: str) -> str:
    """The module that a kind comes from."""
    return str(_points()[name].module)


@cache
def _points() -> dict[str, Any]:
    return {point.name: point for point in entry_points(group=GROUP)}
