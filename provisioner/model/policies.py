"""What policies say: what is different in components (before they become units), and how a unit is handled (which travels with it)."""

from dataclasses import dataclass, field
from typing import Literal

from provisioner.errors import Where
from provisioner.model.words import NOWHERE, Json


@dataclass(frozen=True)
class PolicyRule:
    """Something that must not be: a condition in CEL over what is wanted and planned, and what is said where it is true."""

    name: str
    each: Literal["component", "unit", "change", "plan"]
    """What it is judged for, one after the other."""
    condition: str
    message: str
    """May hold `${…}` with the names that the condition can use."""
    denies: bool = True
    """False: a warning."""
    where: Where = NOWHERE


@dataclass(frozen=True)
class Policy:
    """One policy as it was written."""

    name: str
    type: str
    properties: dict[str, Json] = field(default_factory=dict)
    where: Where = NOWHERE
    rules: tuple[PolicyRule, ...] = ()
    """Of type `rules`."""


@dataclass(frozen=True)
class TraitPatch:
    """A trait that is changed or, where there is none of its type, added; `disable` takes it out."""

    type: str
    properties: dict[str, Json] = field(default_factory=dict)
    disable: bool = False


@dataclass(frozen=True)
class Override:
    """What is different in the components of these names (`*` stands for anything) or types; in all of them where both are empty."""

    names: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    properties: dict[str, Json] = field(default_factory=dict)
    traits: tuple[TraitPatch, ...] = ()
    new_type: str = ""
    """With names: components of another type are replaced, and where no component has that name there will be one."""
    below: bool = False
    """Defaults: what the component says itself comes first."""
    where: Where = NOWHERE


@dataclass(frozen=True)
class Once:
    """Attributes or files that are left alone once they are delivered; everything where there are no paths."""

    paths: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    """Only of resources of these types."""
    affect: Literal["always", "onUpdate", "onStateKeep"] = "always"
    """When: always, only when the documents were edited, or only when they were not (drift)."""
    places: tuple[str, ...] = ()
    """Only of these resources (TYPE.NAME), or on these hosts: what people accepted of drift says where."""


@dataclass(frozen=True)
class Recreate:
    """Attributes whose change makes a resource anew; any change does where there are no paths."""

    paths: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    """Only resources of these types."""


@dataclass(frozen=True)
class Handling:
    """How a unit is handled beyond being delivered: what its policies say of it."""

    collect: Literal["onAppUpdate", "onAppDelete", "never"] = "onAppUpdate"
    """When it is removed: as soon as nothing wants it, only with the whole application, or never."""
    orphan: bool = False
    """Removing it means forgetting it: what is out there stays."""
    protected: str = ""
    """Name of the policy that forbids to destroy or replace it; empty: none does."""
    destroyers: tuple[str, ...] = ()
    """Who may all the same, with --allow-destroy."""
    once: tuple[Once, ...] = ()
    recreate: tuple[Recreate, ...] = ()
    read_only: bool = False
    """It is looked at, and never changed."""
    shared: bool = False
    """Other applications of the environment may have it as theirs, too."""
