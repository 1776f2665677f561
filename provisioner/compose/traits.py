"""The traits of one component, carried out: what they patch in it, which components they add beside it. Pure; collects problems."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from provisioner import references
from provisioner.compose.asked import asked
from provisioner.compose.patching import filled, patched
from provisioner.compose.sharing import share
from provisioner.errors import Problem, Where
from provisioner.model import Addition, Component, Definition, Json, Trait
from provisioner.references import Lookup, Reference
from provisioner.spec.oam import LONGEST, NAME
from provisioner.suggest import suggestion

CheckProperties = Callable[[Component | Trait, Definition], tuple[dict[str, Json], list[Problem]]]


@dataclass(frozen=True)
class Traits:
    """What is known of trait types. With `ignore` one that is unknown or has no meaning here is a warning."""

    of: Callable[[str], Definition | None]
    names: Callable[[], list[str]]
    check: CheckProperties
    ignore: bool = False


@dataclass
class Dressed:
    """A component while its traits are carried out: what they make of it, what they add, where it shall run."""

    component: Component
    names: set[str]
    """Names of all components, those that were added too."""
    added: dict[str, Component] = field(default_factory=dict)
    placement: Trait | None = None
    problems: list[Problem] = field(default_factory=list)


def dress(component: Component, traits: Traits, names: set[str]) -> Dressed:
    """Carry out all traits of a component, in their order; `names` grows by what they add."""
    dressed = Dressed(component, names)
    severity = "warning" if traits.ignore else "error"
    for trait in component.traits:
        definition = traits.of(trait.type)
        if definition is None:
            dressed.problems.append(Problem(
                "PRV-1411", f'unknown trait "{trait.type}"', trait.places.get("type", trait.where), suggestion(trait.type, traits.names()), severity))
            continue
        if definition.refused:
            dressed.problems.append(Problem(
                "PRV-1414", f'trait "{trait.type}" has no meaning here: {definition.refused}', trait.places.get("type", trait.where),
                "take it out, or go on without it: --ignore-unsupported", severity))
            continue
        if definition.later:
            dressed.problems.append(Problem("PRV-1212", f'trait "{trait.type}" is not acted on yet: {definition.later}',
                                            trait.places.get("type", trait.where), "", "warning"))
        properties, wrong = traits.check(trait, definition)
        dressed.problems += [*wrong, *_ignored(trait, definition)]
        if not wrong:
            _carry_out(dressed, replace(trait, properties=properties), definition, traits)
    return dressed


def _ignored(trait: Trait, definition: Definition) -> Iterator[Problem]:
    for name, reason in definition.ignored.items():
        for path in asked(trait.properties, definition.parameters, name):
            yield Problem("PRV-1517", f'trait "{trait.type}": "{path}" makes no difference: {reason}',
                          trait.places.get(f"properties.{path}", trait.where), "", "warning")


def _carry_out(dressed: Dressed, trait: Trait, definition: Definition, traits: Traits) -> None:
    component = dressed.component
    if definition.applies_to and component.type not in definition.applies_to:
        dressed.problems.append(Problem(
            "PRV-1412", f'trait "{trait.type}" does not apply to type "{component.type}"', trait.where,
            "it applies to: " + ", ".join(definition.applies_to)))
        return
    if trait.type == "placement":
        dressed.placement = trait
        return
    for properties in _by_container(trait, definition):
        _patch(dressed, trait, definition, properties)
    lookup = _lookup(dressed.component, trait.properties)
    for needs, variables in definition.variables.items():
        known = dressed.component.variables
        dressed.component = replace(dressed.component, variables={**known, needs: {**known.get(needs, {}), **filled(variables, lookup)}})
    for addition in definition.adds:
        if addition.when is None or filled(addition.when, lookup):
            _add(dressed, trait, addition, lookup)
    if definition.implementations:
        name = f"{component.name}-{trait.type}"
        _put(dressed, trait, Component(name, trait.type, trait.properties, depends_on=(component.name,), where=trait.where,
                                       beside=component.name, added_by=trait.type, of_trait=True))


def _by_container(trait: Trait, definition: Definition) -> list[Mapping[str, Json]]:
    """OAM's `containers`: the trait once for each of them, instead of once for the component's own."""
    listed = trait.properties.get("containers") if "containers" in definition.parameters.get("properties", {}) else None
    return [dict(item) for item in listed] if listed else [trait.properties]


def _patch(dressed: Dressed, trait: Trait, definition: Definition, properties: Mapping[str, Json]) -> None:
    """The operations on the component, or on the one that a trait before this one added as a container of that name."""
    if not definition.patch:
        return
    container = properties.get("containerName") or dressed.component.name
    if container == dressed.component.name:
        subject = dressed.component
    elif (beside := f"{dressed.component.name}-{container}") in dressed.added:
        subject = dressed.added[beside]
    else:
        known = [dressed.component.name, *(name.removeprefix(f"{dressed.component.name}-") for name in dressed.added)]
        dressed.problems.append(Problem("PRV-1415", f'trait "{trait.type}": there is no container "{container}"', trait.where,
                                        suggestion(str(container), known)))
        return
    after = patched(subject.properties, definition.patch, _lookup(subject, properties))
    subject = replace(subject, properties=after, places={**subject.places, **dict(_places(trait, "properties", subject.properties, after))})
    if subject.name == dressed.component.name:
        dressed.component = subject
    else:
        dressed.added[subject.name] = subject


def _places(trait: Trait, path: str, before: Json, after: Json) -> Iterator[tuple[str, Where]]:
    """Where what a trait changed stands in the document: at the trait's parameter of that name, or at the trait."""
    if before == after:
        return
    if path != "properties":
        value = trait.places.get(path, trait.where)
        yield path, value
        yield f"{path}:", trait.places.get(f"{path}:", value)
    if isinstance(after, dict):
        for name, item in after.items():
            yield from _places(trait, f"{path}.{name}", before.get(name) if isinstance(before, dict) else None, item)
    elif isinstance(after, list):
        for index, item in enumerate(after):
            yield from _places(trait, f"{path}.{index}", before[index] if isinstance(before, list) and index < len(before) else None, item)


def _add(dressed: Dressed, trait: Trait, addition: Addition, lookup: Lookup) -> None:
    name = str(filled(addition.name, lookup))
    properties = patched({}, [{"merge": addition.properties}], lookup)
    owner = dressed.component
    for volume in _flat(filled(addition.shares, lookup) or []):
        if not isinstance(volume, dict):
            dressed.problems.append(Problem("PRV-1405", f"{trait.type}: a volume must be written out, is {volume}", trait.where))
        elif volume.get("path"):
            owner, properties = share(owner, properties, volume)
    if addition.before:
        dressed.component = replace(owner, depends_on=(*owner.depends_on, name))
    else:
        dressed.component = owner
    needs = (owner.name,) if addition.beside and not addition.before else ()
    _put(dressed, trait, Component(name, addition.type, properties, depends_on=needs, where=trait.where,
                                   beside=owner.name, apart=not addition.beside, added_by=trait.type))


def _flat(values: list[Json]) -> Iterator[Json]:
    for value in values:
        if isinstance(value, list):
            yield from _flat(value)
        else:
            yield value


def _put(dressed: Dressed, trait: Trait, component: Component) -> None:
    if component.name in dressed.names:
        dressed.problems.append(Problem("PRV-1413", f'the trait adds a component "{component.name}", but there is one', trait.where,
                                        f"one {trait.type} trait of that name for each component, and no component of that name"))
        return
    if not re.fullmatch(NAME, component.name) or len(component.name) > LONGEST:
        dressed.problems.append(Problem("PRV-1413", f'the trait adds a component "{component.name}", and a name has at most {LONGEST} small letters, '
                                        "digits and hyphens", trait.where, "give the component a shorter name"))
        return
    dressed.names.add(component.name)
    dressed.added[component.name] = component


def _lookup(component: Component, parameters: Mapping[str, Json]) -> Lookup:
    """What a trait's templates can see: `${parameters.…}`, `${component.name}`, `.type`, `.properties.…`, `.outputs.…`."""
    def lookup(reference: Reference) -> Json:
        if reference.head == "parameters" and reference.path == ("*",):
            return dict(parameters)
        if reference.head == "parameters":
            return references.dig(dict(parameters), reference.path, reference)
        if reference.head == "component" and reference.path[:1] == ("outputs",):
            return "${%s.%s}" % (component.name, ".".join(reference.path[1:]))
        if reference.head == "component":
            seen = {"name": component.name, "type": component.type, "properties": component.properties}
            return references.dig(seen, reference.path, reference)
        return references.KEEP
    return lookup
