"""What is delivered and what a plan says: units, changes, steps."""

from dataclasses import dataclass, field
from typing import Literal

from provisioner.errors import Where
from provisioner.model.documents import Host
from provisioner.model.policies import Handling, Once
from provisioner.model.words import NOWHERE, Action, EngineName, Json, Rule, StepKind
from provisioner.model.workflow import Flow


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
class ChangeRule:
    """What a definition says of changing one parameter (`x-change`), by the input that takes its value."""

    input: str
    """Dotted path in the unit's inputs."""
    parameter: str
    rule: Rule
    where: Where = NOWHERE


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
    files: dict[str, str] = field(default_factory=dict)
    """Inputs that are paths beside app.yaml, of which the module gets a kept copy: to `zip`, `folder` or `files`."""
    artifacts: dict[str, str] = field(default_factory=dict)
    """Inputs that name an artefact to the input that holds its sha256: filled before the unit is planned, and delivered as sealed."""
    images: dict[str, str] = field(default_factory=dict)
    """Inputs that name an image of a registry to the input that holds its digest: empty, and the name counts, unless it was promoted
    or, for what a cloud pulls, a registry said it when it was planned."""
    outputs: dict[str, Json] = field(default_factory=dict)
    """Template over `${module.…}` (raw outputs), `${UNIT.…}`, `${secret.…}`; {"secret": T, "key": K} for a secret made by a cloud."""
    sensitive: tuple[str, ...] = ()
    """Names of the sensitive outputs."""
    hosts: tuple[Host, ...] = ()
    host_source: HostSource | None = None
    hosts_output: str = ""
    secrets: tuple[Secret, ...] = ()
    change_rules: tuple[ChangeRule, ...] = ()
    needs: tuple[str, ...] = ()
    """Units that must be delivered before: by reference, by dependsOn, by host_source."""
    explicit_needs: tuple[str, ...] = ()
    """The part of `needs` that comes from dependsOn (becomes depends_on between modules of one root)."""
    root: str = ""
    """Key of the Terraform root: target, or target and stack; empty for other engines."""
    claims: tuple[str, ...] = ()
    """What it alone holds on each of its hosts, or in its target: "port 8080"."""
    data: bool = False
    holds: tuple[str, ...] = ()
    """Types of resources that hold data; empty: with `data` all of them, else none."""
    health: dict[str, Json] = field(default_factory=dict)
    tested: tuple[str, ...] = ()
    """Operating systems that the implementation was run on (debian-12, …); empty: it does not say."""
    check: Literal["exact", "partial"] = "exact"
    definition: str = ""
    """NAME VERSION ORIGIN, for the revision."""
    added_by: str = ""
    """The type of the trait that added its component, or empty."""
    handling: Handling = Handling()
    """What policies say of it."""
    imports: dict[str, str] = field(default_factory=dict)
    """Address of a resource in its module to the identifier of what is out there and becomes that resource; on hosts one empty pair: it takes
    the place of what runs there."""
    ignore: tuple[Once, ...] = ()
    """What of it is left alone in this plan."""
    flow: Flow | None = None
    """Set for a step of the workflow."""
    where: Where = NOWHERE

    @property
    def pins(self) -> dict[str, str]:
        """Inputs that name what is delivered, to those that hold its digest: artefacts and images."""
        return {**self.artifacts, **self.images}


def predecessors(unit: Unit) -> tuple[str, ...]:
    """Units that come before this one: those that it needs, and those that a step of the workflow comes after."""
    return (*unit.needs, *unit.flow.after) if unit.flow else unit.needs


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

    @property
    def place(self) -> str:
        """The address without the module that we put around it."""
        return self.address.removeprefix("module.").partition(".")[2] or self.address if self.address.startswith("module.") else self.address


@dataclass(frozen=True)
class Step:
    """One node of a plan. `name` is unique in it and stable between plans: the unit's name, "remove UNIT", or "VERB UNIT"."""

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
    after: tuple[str, ...] = ()
    """Names of steps that have ended before, however they ended."""


@dataclass(frozen=True)
class Purpose:
    """What a plan was asked for: enough to ask the same again later."""

    kind: Literal["deliver", "destroy", "rollback", "heal"] = "deliver"
    """What app.yaml says; nothing; what a revision delivered; what is delivered, as it was delivered."""
    revision: int = 0
    """Of a rollback."""
    file: str = ""
    """The document, as it was named."""
    on: tuple[str, ...] = ()
    """Hosts in place of an environment."""
    keep: tuple[str, ...] = ()
    allow_destroy: tuple[str, ...] = ()
    imports: tuple[tuple[str, str, str], ...] = ()
    """(unit, address inside its module, id) of what is taken over; address and id are empty for a unit on hosts."""
    undelivered: tuple[str, ...] = ()
    """Units that the document has and that no step of its workflow delivers: they stay as they are."""


@dataclass(frozen=True)
class Commit:
    """One commit of the document's repository."""

    id: str
    subject: str
    author: str


@dataclass(frozen=True)
class Commits:
    """What was committed since the newest revision, newest first."""

    since: str = ""
    """The commit of that revision, in full; empty where it is not known."""
    listed: tuple[Commit, ...] = ()
    more: int = 0
    """How many there are beside the listed ones."""
    note: str = ""
    """What the list does not say."""


@dataclass(frozen=True)
class Origin:
    """Where a plan comes from: who asked for it, the commit of its document (empty where nobody knows), and the newest revision (0: none)."""

    who: str
    commit: str = ""
    against: int = 0
    head: str = ""
    """The commit of the document in full."""
    commits: Commits = Commits()


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
    seals: dict[str, str] = field(default_factory=dict)
    """Of a saved plan: what it was made from, in words ("component db", "definition of postgres", "state of cloud"), to a digest or serial."""
    partial: bool = False
    """Changes that the engines saw were taken out: what they prepared holds more than is shown, and is not carried out as it is."""
    missing: tuple[str, ...] = ()
    """Those of them that failed because a tool, a provider or every host is missing (exit 12)."""
    notes: tuple[str, ...] = ()
    purpose: Purpose = Purpose()

    @property
    def units(self) -> tuple[Unit, ...]:
        """The units that it delivers, as they are wanted: also those to which nothing happens."""
        return tuple(step.unit for step in self.steps if step.kind == "deliver")
