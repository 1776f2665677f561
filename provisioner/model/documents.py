"""What people wrote: the application, the environment, the definitions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from provisioner.errors import Problem, Where
from provisioner.model.policies import Override, Policy, PolicyRule
from provisioner.model.words import NOWHERE, Json
from provisioner.model.workflow import Workflow


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
    replica_key: str = ""
    """Which copy it is, where a replication policy makes several of one."""
    beside: str = ""
    """The component whose trait added this one: it runs on the same targets and hosts, unless `apart`."""
    apart: bool = False
    """With `beside`: it has a place of its own, and is put beside the other only where nothing else is said."""
    added_by: str = ""
    """With `beside`: the type of the trait that added it."""
    of_trait: bool = False
    """`type` is a trait's name: its implementations are what the trait itself runs."""
    variables: Mapping[str, dict[str, Json]] = field(default_factory=dict)
    """What an implementation needs to what traits give it beyond its own variables (needs, variable, template)."""
    where: Where = NOWHERE
    places: Mapping[str, Where] = field(default_factory=dict)
    """Where each property stands in the document: dotted path below the component ("properties.env.PIN") to the place of its
    value; with a colon at the end ("properties.env.PIN:") the place of its key."""


@dataclass(frozen=True)
class Application:
    name: str
    version: str = ""
    components: tuple[Component, ...] = ()
    policies: tuple[Policy, ...] = ()
    workflow: Workflow | None = None
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
    passwords: Mapping[str, str] = field(default_factory=dict, repr=False)
    """HOST/NAME to the passwords that the variables of listed hosts refer to. In memory only: a target is never stored."""


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
    override: tuple[Override, ...] = ()
    policies: tuple[Policy, ...] = ()
    """How units are handled here, whatever the application says."""
    rules: tuple[PolicyRule, ...] = ()
    """What no application may do here."""
    vars: dict[str, Json] = field(default_factory=dict)
    secrets: dict[str, Json] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    stacks: dict[str, str] = field(default_factory=dict)
    drift: dict[str, Json] = field(default_factory=dict)
    """{"ignore": [PATTERN of paths], "schedule": CRON LINE in UTC}"""
    yes_within: float = 0
    """Seconds that a step of a workflow waits for a yes where it has no `timeout`; 0: as long as ever."""
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
class ActionSpec:
    """What can be done with a delivered component beside delivering it: backup, restore …"""

    playbook: str = ""
    """Absolute path; it gets the variables that the component was delivered with."""
    description: str = ""
    parameters: dict[str, Json] = field(default_factory=dict)
    """A JSON Schema of type object; each is a variable `action_NAME` of the playbook."""
    outputs: tuple[str, ...] = ()
    """Names of raw outputs of the playbook that are told at the end."""
    call: dict[str, Json] = field(default_factory=dict)
    """In place of a playbook, a call of AWS' API: {service, operation, arguments, wait: {for, arguments}}; arguments are templates over
    `${module.…}`, the outputs of the delivered module."""
    restart: bool = False
    """The component's own playbook, told to start anew what runs, one host after the other."""


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
    """Templates over `${parameters.…}`, `${target.…}`, `${component.…}`, `${app.…}`, `${environment.name}`; variables of
    Terraform or of the playbook."""
    outputs: dict[str, Json] = field(default_factory=dict)
    """Templates over `${module.…}`, `${hosts.…}`, `${parameters.…}`; or {"secret": TEMPLATE, "key": K}; or {"generate": LENGTH}."""
    check: Literal["exact", "partial"] = "exact"
    actions: dict[str, ActionSpec] = field(default_factory=dict)
    hosts_output: str = ""
    """Name of the module output that lists hosts ([{name, address}, …]) which join the target's inventory."""
    claims: dict[str, Json] = field(default_factory=dict)
    """What can be held once on a host (playbook) or in a target (module): a word ("port") to a template of one value or several."""
    files: dict[str, str] = field(default_factory=dict)
    """Variables of the module that are paths beside app.yaml: to `zip` (packed as one archive), `folder`, or `files` (each by itself)."""
    artifacts: dict[str, str] = field(default_factory=dict)
    """Variables of the playbook that name an artefact (path, URL, s3://…) to the variable that takes its sha256."""
    images: dict[str, str] = field(default_factory=dict)
    """Variables of the playbook that name an image of a registry to the variable that takes its digest, which the playbook tells by this name."""
    holds: tuple[str, ...] = ()
    """Types of the module's resources that hold data; empty: all of it does, where the definition bears data at all."""
    attach: dict[str, str] = field(default_factory=dict)
    """{variable, targets}: the variable that takes what gateways give for it, where those must be there before; and what it
    announces there, in the gateway's own word (`ip`, `instance`)."""
    attaches: dict[str, str] = field(default_factory=dict)
    """{parameter, key}: the list of items, and their key, whose components are attached by references that are turned round."""
    secrets: dict[str, str] = field(default_factory=dict)
    """Variable (a map, or a list of {name, value}) to the one that gets those of its entries that hold a secret."""
    refused: dict[str, str] = field(default_factory=dict)
    """Path of a parameter (`env.valueFrom`) to the reason why this implementation cannot do it."""
    limits: dict[str, tuple[dict[str, Json], ...]] = field(default_factory=dict)
    """Path of a parameter, or `*` for all of them together, to JSON Schemas that are narrower than the definition's, each with its `reason`."""
    others: dict[str, tuple[dict[str, Json], ...]] = field(default_factory=dict)
    """Path of a parameter to what the components it refers to have to be: JSON Schemas of their properties, ours as `self`, with a `reason`."""
    open: dict[str, str] = field(default_factory=dict)
    """Path of a parameter that others can read where it is delivered, so that it can't hold a secret, to the reason."""
    ignored: dict[str, str] = field(default_factory=dict)
    """Path of a parameter to the reason why it makes no difference here: a warning."""
    rootless: dict[str, str] = field(default_factory=dict)
    """Path of a parameter, or `*` for the type as such, to the reason why it can't be had on a host that is used without root and systemd."""
    replaces: tuple[str, ...] = ()
    """Parameters whose change makes it anew here; `x-change: replace` says that of every implementation."""


@dataclass(frozen=True)
class Addition:
    """A component that a trait adds; templates over `${parameters.…}` and `${component.…}` of the one that it is attached to."""

    name: str
    type: str
    properties: dict[str, Json] = field(default_factory=dict)
    beside: bool = True
    """On the same targets and hosts; otherwise where the environment places it."""
    before: bool = False
    """Delivered before the component instead of after it."""
    shares: Json = None
    """Volumes that both have: [{name, path, ownerPath}]."""
    when: Json = None


@dataclass(frozen=True)
class Definition:
    name: str
    kind: Literal["component", "trait", "policy", "step"] = "component"
    version: str = ""
    description: str = ""
    provides: str = ""
    data: bool = False
    parameters: dict[str, Json] = field(default_factory=dict)
    """A JSON Schema of type object."""
    outputs: dict[str, OutputSpec] = field(default_factory=dict)
    health: dict[str, Json] = field(default_factory=dict)
    implementations: tuple[Implementation, ...] = ()
    patch: tuple[dict[str, Json], ...] = ()
    """Traits only: what it changes in the component's properties: operations merge, add, remove, clear."""
    applies_to: tuple[str, ...] = ()
    """Traits: the component types that it can be attached to; empty is all. Policies and steps: the documents that they stand in."""
    adds: tuple[Addition, ...] = ()
    """Traits only: components that it adds. Its own `implementations` are delivered beside the component, too."""
    variables: dict[str, dict[str, Json]] = field(default_factory=dict)
    """Traits only: what an implementation needs ("aws") to further variables for its module or playbook."""
    refused: str = ""
    """Traits only: why it has no meaning here."""
    ignored: dict[str, str] = field(default_factory=dict)
    """Traits only: path of a parameter to the reason why it makes no difference: a warning."""
    elsewhere: str = ""
    """Why it can't be had where it has no implementation; of a trait: why it makes no difference there."""
    later: str = ""
    """Traits only: what is accepted and not acted on yet."""
    same_as: str = ""
    """The type that this is another name of."""
    notices: tuple[Problem, ...] = ()
    """Warnings for whoever uses it."""
    unavailable: str = ""
    """Why its module can't be had: then its parameters are not known, and nothing can be delivered."""
    example: str = ""
    origin: str = "built-in"
    file: str = ""
