"""The nouns, as frozen values. Imports only `errors`. Nothing here does I/O or knows a tool.

Templates: wherever a field is called a *template* it is JSON whose strings may hold `${…}` references in the
grammar of `references`; a literal `${` is written `$${`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from provisioner.errors import Where

Json = Any
"""None, bool, int, float, str, or lists and string-keyed dicts of them."""

EngineName = Literal["terraform", "ansible", "existing"]
Action = Literal["create", "update", "replace", "delete", "configure", "remove", "forget"]
StepKind = Literal["deliver", "remove"]

NOWHERE = Where("")


# ------------------------------------------------------------------ what the developer wrote
@dataclass(frozen=True)
class Trait:
    type: str
    properties: dict[str, Json] = field(default_factory=dict)
    where: Where = NOWHERE
    places: Mapping[str, Where] = field(default_factory=dict)
    """As in Component, below the trait."""


@dataclass(frozen=True)
class Input:
    """OAM `inputs`: the output named `source` goes into the property at `parameter_key` (dotted path)."""

    source: str
    parameter_key: str
    where: Where = NOWHERE


@dataclass(frozen=True)
class Output:
    """OAM `outputs`: `name` is visible in the whole application and stands for `value_from` (an output of the component)."""

    name: str
    value_from: str
    where: Where = NOWHERE


@dataclass(frozen=True)
class Component:
    name: str
    type: str
    properties: dict[str, Json] = field(default_factory=dict)
    traits: tuple[Trait, ...] = ()
    depends_on: tuple[str, ...] = ()
    inputs: tuple[Input, ...] = ()
    outputs: tuple[Output, ...] = ()
    stack: str = ""
    where: Where = NOWHERE
    places: Mapping[str, Where] = field(default_factory=dict)
    """Where each property stands in the document: dotted path below the component ("properties.env.PIN") to the place of its
    value; with a colon at the end ("properties.env.PIN:") the place of its key."""


@dataclass(frozen=True)
class Policy:
    name: str
    type: str
    properties: dict[str, Json] = field(default_factory=dict)
    where: Where = NOWHERE


@dataclass(frozen=True)
class Application:
    name: str
    version: str = ""
    components: tuple[Component, ...] = ()
    policies: tuple[Policy, ...] = ()
    workflow: Json = None
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)
    folder: str = "."
    """The project: the folder of app.yaml, absolute."""
    text: str = ""


# ------------------------------------------------------------------ what the operator wrote
@dataclass(frozen=True)
class Host:
    """One machine. Its identity is `target/name` (inventory name on premise, instance id of a cloud VM), not its address."""

    name: str
    address: str
    target: str
    user: str = ""
    port: int = 22
    connection: Literal["ssh", "local"] = "ssh"
    become: bool = False
    labels: dict[str, str] = field(default_factory=dict)
    groups: tuple[str, ...] = ()
    vars: dict[str, Json] = field(default_factory=dict)
    """Ansible variables of this host, group variables merged in; connection variables (ansible_*) too."""


@dataclass(frozen=True)
class Hosts:
    """The hosts of a target: listed ones, and how to reach those that a Terraform component will make."""

    listed: tuple[Host, ...] = ()
    inventory: str = ""
    """Path of the Ansible inventory they came from, or empty."""
    user: str = ""
    become: bool = False
    private_key: str = ""
    jump: str = ""
    ssh_args: str = ""
    known_hosts: str = ""
    """Path of a known_hosts file that pins keys by host name; empty: keys kept under .provision/."""
    host_keys: Literal["strict", "accept-new"] = "strict"
    ssh_wait: int = 120
    """Seconds to wait for SSH of a host that has just been made; listed hosts get 10."""


@dataclass(frozen=True)
class Target:
    name: str
    labels: dict[str, str] = field(default_factory=dict)
    offers: tuple[str, ...] = ()
    """What an implementation's `needs` is matched with: "aws", "hosts", …"""
    hosts: Hosts | None = None
    terraform: dict[str, Json] | None = None
    """{"provider": "hashicorp/aws", "version": "~> 5.0", "config": {…}, "env": {…}, "backend": {…}}"""
    vars: dict[str, Json] = field(default_factory=dict)
    simulated: bool = False
    where: Where = NOWHERE


@dataclass(frozen=True)
class PlaceRule:
    """First match by component ("app/name" or "name") or type; exactly one of `one`, `each`, `existing` is set."""

    components: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    one: dict[str, str] | None = None
    each: dict[str, str] | None = None
    existing: dict[str, Json] | None = None
    where: Where = NOWHERE


@dataclass(frozen=True)
class Environment:
    name: str
    targets: tuple[Target, ...] = ()
    place: tuple[PlaceRule, ...] = ()
    override: tuple[Json, ...] = ()
    vars: dict[str, Json] = field(default_factory=dict)
    secrets: dict[str, Json] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    stacks: dict[str, str] = field(default_factory=dict)
    folder: str = "."
    sandbox: bool = False


# ------------------------------------------------------------------ what the platform engineer wrote
@dataclass(frozen=True)
class OutputSpec:
    type: str = "string"
    sensitive: bool = False
    value: Json = None
    """Template over `${outputs.…}` and `${parameters.…}`, for an output that every implementation derives in one way."""
    description: str = ""


@dataclass(frozen=True)
class Implementation:
    """How one kind of target fulfils a definition. Exactly one of `module`, `playbook`, or needs == "existing"."""

    needs: str
    when: str = ""
    os: tuple[str, ...] = ()
    count: int | None = None
    """How many hosts one copy takes when nothing else says so; None: `replicas`, or one."""
    module: str = ""
    """Absolute folder of the Terraform module."""
    playbook: str = ""
    remove: str = ""
    variables: dict[str, Json] = field(default_factory=dict)
    """Templates over `${parameters.…}`, `${target.…}`, `${component.…}`, `${app.…}`, `${environment.name}`; Terraform variables or playbook variables."""
    outputs: dict[str, Json] = field(default_factory=dict)
    """Templates over `${module.…}`, `${hosts.…}`, `${parameters.…}`; or {"secret": TEMPLATE, "key": K}; or {"generate": LENGTH}."""
    check: Literal["exact", "partial"] = "exact"
    actions: dict[str, str] = field(default_factory=dict)
    hosts_output: str = ""
    """Name of the module output that lists hosts ([{name, address}, …]) which join the target's inventory."""
    refused: dict[str, str] = field(default_factory=dict)
    """Parameter name to the reason why this implementation cannot do it."""


@dataclass(frozen=True)
class Definition:
    name: str
    kind: Literal["component", "trait"] = "component"
    version: str = ""
    description: str = ""
    provides: str = ""
    data: bool = False
    parameters: dict[str, Json] = field(default_factory=dict)
    """A JSON Schema of type object."""
    outputs: dict[str, OutputSpec] = field(default_factory=dict)
    health: dict[str, Json] = field(default_factory=dict)
    implementations: tuple[Implementation, ...] = ()
    patch: Json = None
    """Traits only: what it merges into the component, a template over `${parameters.…}`."""
    applies_to: tuple[str, ...] = ()
    """Traits only: the component types that it can be attached to; empty is all."""
    adds: str = ""
    """Traits only: the kind of component that it adds ("gateway")."""
    example: str = ""
    origin: str = "built-in"
    file: str = ""


# ------------------------------------------------------------------ what is delivered
@dataclass(frozen=True)
class HostSource:
    """Hosts that are an output of another unit: all of them, or the first `count`."""

    unit: str
    count: int | None = None
    names: tuple[str, ...] = ()
    """Only these, by name or by the end of their name after a dash ("fleet-1" is also "shop-fleet-1")."""


@dataclass(frozen=True)
class Secret:
    """A password that provision makes once: `path` in the environment's secret backend, `length` in characters."""

    path: str
    length: int


@dataclass(frozen=True)
class Unit:
    """One component on one target, fully resolved: the smallest thing that is planned, delivered or removed."""

    name: str
    """COMPONENT@TARGET"""
    component: str
    type: str
    target: str
    engine: EngineName
    source: str = ""
    """Absolute folder of the Terraform module, or path of the playbook."""
    source_digest: str = ""
    remove_source: str = ""
    inputs: dict[str, Json] = field(default_factory=dict)
    """Template; its references are `${UNIT.OUTPUT…}` and `${secret.PATH}` only."""
    outputs: dict[str, Json] = field(default_factory=dict)
    """Template over `${module.…}` (raw outputs), `${UNIT.…}`, `${secret.…}`; {"secret": T, "key": K} for a secret made by a cloud."""
    sensitive: tuple[str, ...] = ()
    """Names of the sensitive outputs."""
    hosts: tuple[Host, ...] = ()
    host_source: HostSource | None = None
    hosts_output: str = ""
    secrets: tuple[Secret, ...] = ()
    needs: tuple[str, ...] = ()
    """Units that must be delivered before: by reference, by dependsOn, by host_source."""
    explicit_needs: tuple[str, ...] = ()
    """The part of `needs` that comes from dependsOn (becomes depends_on between modules of one root)."""
    root: str = ""
    """Key of the Terraform root: target, or target and stack; empty for other engines."""
    data: bool = False
    health: dict[str, Json] = field(default_factory=dict)
    check: Literal["exact", "partial"] = "exact"
    definition: str = ""
    """NAME VERSION ORIGIN, for the revision."""
    where: Where = NOWHERE


# ------------------------------------------------------------------ what a plan says
@dataclass(frozen=True)
class FileDiff:
    """One file on hosts; None is absent. Content that must not be shown is replaced by a word in parentheses."""

    path: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Change:
    """What will happen to one cloud resource or one host of a unit. Only differing attributes are kept, secrets redacted."""

    unit: str
    address: str
    """Terraform resource address, or host name."""
    action: Action
    before: dict[str, Json] = field(default_factory=dict)
    after: dict[str, Json] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    """Attribute paths that are known after apply."""
    reason: str = ""
    """For replace: the attributes that force it. For hosts: "new host", "drift" …"""
    files: tuple[FileDiff, ...] = ()
    tasks: tuple[str, ...] = ()
    """For hosts: what will be done, in the module's words ("restart ledger.service")."""
    seal: str = ""
    """Digest of the state that "before" was read from; delivery touches nothing where it differs."""


@dataclass(frozen=True)
class Step:
    """One node of a plan. `name` is unique in it and stable between plans: the unit's name, or "remove UNIT"."""

    name: str
    kind: StepKind
    unit: Unit
    needs: tuple[str, ...] = ()
    """Names of steps."""
    batch: str = ""
    """Steps with the same batch are carried out by one engine call: "terraform:ROOT:RANK"; otherwise the step's own name."""
    changes: tuple[Change, ...] = ()
    outputs: dict[str, Json] | None = None
    """The unit's outputs as templates when all of them are known already; such a step without changes needs no engine."""
    unpreviewed: str = ""
    """Why this step's changes could not be worked out ("waits for fleet@aws"), or empty."""


@dataclass(frozen=True)
class Plan:
    """The whole graph of steps, complete before the first one starts; it is saved and only this is walked."""

    id: str
    application: str
    environment: str
    version: str
    steps: tuple[Step, ...]
    digest: str = ""
    spec_digest: str = ""
    """What was wanted: application, environment and every unit with its source, without what is delivered already."""
    folder: str = ""
    """Work folder of this plan: roots, plan files, inventories."""
    created: str = ""
    """UTC, ISO 8601."""
    text: str = ""
    """The spec as it was written."""
    failures: tuple[tuple[str, str], ...] = ()
    """(unit, message) of units that could not be planned: they and their dependents are not delivered."""
    missing: tuple[str, ...] = ()
    """Those of them that failed because a tool, a provider or every host is missing (exit 12)."""
    notes: tuple[str, ...] = ()


# ------------------------------------------------------------------ what happens in a run
StepState = Literal["waiting", "running", "done", "failed", "skipped", "interrupted"]
RunState = Literal["running", "succeeded", "failed", "interrupted", "superseded"]

STEP_MOVES: dict[str, tuple[str, ...]] = {
    "waiting": ("running", "skipped", "failed"),
    "running": ("done", "failed", "interrupted"),
    "failed": ("waiting",),
    "interrupted": ("waiting",),
    "skipped": ("waiting",),
    "done": (),
}
RUN_MOVES: dict[str, tuple[str, ...]] = {
    "running": ("succeeded", "failed", "interrupted", "superseded"),
    "failed": ("running", "superseded"),
    "interrupted": ("running", "superseded"),
    "succeeded": (),
    "superseded": (),
}


@dataclass(frozen=True)
class Event:
    """Something that happened in a run, in the order of the journal. `data` never holds a secret."""

    kind: str
    """step-started, step-ended, resource, host, task, diagnostic, output, note, command"""
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
    state: Literal["done", "failed", "skipped", "interrupted"]
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


def project_path(folder: str) -> Path:
    """Where provision keeps its own files: `.provision/` beside app.yaml."""
    return Path(folder) / ".provision"
