"""The examples of definitions, composed: those of components on each kind of target that they have an implementation for, those of traits on one."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from provisioner import references
from provisioner.catalog.modules import read_module
from provisioner.compose import Context, compose
from provisioner.errors import Invalid, Problem, Where
from provisioner.model import (
    Application,
    Component,
    Definition,
    Environment,
    Host,
    Hosts,
    Implementation,
    Json,
    PlaceRule,
    Target,
    Trait,
)
from provisioner.spec import yaml
from provisioner.suggest import suggestion

HOSTS = 3
VALUES: Mapping[str, Json] = {"integer": 1, "number": 1, "boolean": True, "array": ["example"], "object": {}}
BEARER = "webservice"
"""The type whose example carries a trait that applies to every type."""


class Definitions(Protocol):
    """What is asked of a catalog."""

    def component_names(self) -> list[str]: ...
    def trait_names(self) -> list[str]: ...
    def component(self, name: str) -> Definition | None: ...
    def trait(self, name: str) -> Definition | None: ...
    def context_for(self, application: Application, environment: Environment) -> Context: ...


def of_components(catalog: Definitions, chosen: list[Definition], every: Mapping[str, Definition]) -> Iterator[Problem]:
    """What is wrong with the examples of component types, with what they refer to out of other examples."""
    own: dict[str, list[Component]] = {}
    for definition in chosen:
        try:
            own[definition.name] = _components(definition)
        except Invalid as error:
            yield from error.problems
            continue
        if not own[definition.name]:
            yield Problem("PRV-1435", f'"{definition.name}" has no example', Where(definition.file))
    pool = _pool(every.values())
    for definition in chosen:
        for entry in definition.implementations if own.get(definition.name) else ():
            yield from _compose(catalog, _with_referred(own[definition.name], pool), every, (definition, entry), definition)


def of_traits(catalog: Definitions, chosen: list[Definition], every: Mapping[str, Definition]) -> Iterator[Problem]:
    """What is wrong with the examples of traits that have one, on the example of each type that they apply to; and with the variables they give."""
    pool = _pool(every.values())
    for trait in chosen:
        if not trait.example or trait.refused:
            continue
        try:
            traits = _traits(trait)
        except Invalid as error:
            yield from error.problems
            continue
        able = {name: definition for name, definition in every.items() if name in (*trait.applies_to, BEARER) and _example_of(definition)}
        bearers = [able[name] for name in trait.applies_to if name in able] or [able[name] for name in able if name == BEARER]
        if not bearers:
            yield Problem("PRV-1435", f'the example of trait "{trait.name}": no type that it applies to has an example', Where(trait.file))
        for bearer in bearers:
            yield from _carried(catalog, trait, traits, bearer, every, pool)
            yield from _variables(trait, bearer)


def _carried(catalog: Definitions, trait: Definition, traits: tuple[Trait, ...], bearer: Definition, every: Mapping[str, Definition],
             pool: Mapping[str, Component]) -> Iterator[Problem]:
    first, *others = _example_of(bearer)
    components = _with_referred([replace(first, traits=(*first.traits, *traits)), *others], pool)
    needs = {entry.needs for entry in trait.implementations}
    tries = [list(_compose(catalog, components, every, (bearer, entry), trait)) for entry in bearer.implementations
             if entry.needs != "existing" and (not needs or entry.needs in needs)]
    if all(tries):
        # a type may refuse on one kind of target what the trait asks for; on one of them it has to work
        yield from tries[0] if tries else [Problem("PRV-1435", f'the example of trait "{trait.name}": {bearer.name} goes to no target that '
                                                   f"the trait has an implementation for", Where(trait.file))]


def _variables(trait: Definition, bearer: Definition) -> Iterator[Problem]:
    """Variables that a trait gives to a module which has none of that name."""
    for entry in bearer.implementations if trait.applies_to else ():
        given = trait.variables.get(entry.needs)
        known = read_module(Path(entry.module)).variables if given and Path(entry.module).is_dir() and entry.module else given or {}
        for name in given or {}:
            if name not in known:
                yield Problem("PRV-1432", f'trait "{trait.name}": module {Path(entry.module).name} of {bearer.name} has no variable "{name}"',
                              Where(trait.file), suggestion(name, known))


def _example_of(definition: Definition) -> list[Component]:
    try:
        return _components(definition)
    except Invalid:
        return []  # told where that definition itself is vetted


def _pool(definitions: Iterable[Definition]) -> dict[str, Component]:
    """Components of all examples by their names, for examples that refer to those of others."""
    return {component.name: component for definition in definitions for component in _example_of(definition)}


def _components(definition: Definition) -> list[Component]:
    where = Where(definition.file)
    return [Component(item["name"], item["type"], item.get("properties", {}),
                      tuple(Trait(trait["type"], trait.get("properties", {}), where) for trait in item.get("traits", ())), where=where)
            for item in _items(definition, ("name", "type"), "components")]


def _traits(definition: Definition) -> tuple[Trait, ...]:
    return tuple(Trait(item["type"], item.get("properties", {}), Where(definition.file)) for item in _items(definition, ("type",), "traits"))


def _items(definition: Definition, keys: tuple[str, ...], what: str) -> list[dict[str, Any]]:
    if not definition.example:
        return []
    value = yaml.parse(definition.example, f"{definition.file} (example)").value
    if not isinstance(value, list) or not all(isinstance(item, dict) and all(key in item for key in keys) for item in value):
        raise Invalid([Problem("PRV-1435", f'the example of "{definition.name}" is no list of {what}', Where(definition.file))])
    return value


def _with_referred(components: list[Component], pool: Mapping[str, Component]) -> list[Component]:
    found = {component.name: component for component in components}
    queue = list(components)
    while queue:
        component = queue.pop()
        heads = [reference.head for _, reference in references.find(component.properties)]
        heads += [str(trait.properties["component"]) for trait in component.traits if "component" in trait.properties]
        for name in heads:
            if name in pool and name not in found:
                found[name] = pool[name]
                queue.append(pool[name])
    return list(found.values())


def _compose(catalog: Definitions, components: list[Component], definitions: Mapping[str, Definition],
             tried: tuple[Definition, Implementation], about: Definition) -> Iterator[Problem]:
    """What is wrong with components where a type is made by one of its implementations; told as a problem of the definition `about`."""
    definition, entry = tried
    application = Application("example", "1", tuple(components))
    rules = []
    for component in components:
        if component.type not in definitions:
            yield Problem("PRV-1435", f'the example of "{about.name}": there is no type "{component.type}"', Where(about.file))
            return
        chosen = entry if component.type == definition.name else definitions[component.type].implementations[0]
        if chosen.needs == "existing":
            outputs: dict[str, Any] = {name: VALUES.get(spec.type, "example") for name, spec in definitions[component.type].outputs.items()}
            rules.append(PlaceRule((component.name,), existing=outputs))
        else:
            rules.append(PlaceRule((component.name,), one={"target": chosen.needs}))
    needs = {choice.needs for found in definitions.values() for choice in found.implementations} - {"existing"}
    asked = {reference.path[1] for found in definitions.values() for choice in found.implementations
             for _, reference in references.find(choice.variables) if reference.head == "target" and reference.path[:1] == ("vars",)}
    targets = tuple(replace(_target(name), vars=dict.fromkeys(asked, "example")) for name in sorted(needs))
    try:
        compose(catalog.context_for(application, Environment("example", targets, tuple(rules))))
    except Invalid as error:
        for problem in error.problems:
            on = entry.needs if definition is about or about.kind != "trait" else f"{definition.name}, {entry.needs}"
            yield Problem("PRV-1435", f'the example of "{about.name}" on {on}: {problem.code} {problem.message}',
                          Where(about.file), problem.hint)


def _target(offers: str) -> Target:
    hosts = Hosts(tuple(Host(f"host-{index}", f"192.0.2.{index}", offers) for index in range(1, HOSTS + 1))) if offers == "hosts" else None
    return Target(offers, offers=(offers,), hosts=hosts, terraform=None if hosts else {"provider": f"hashicorp/{offers}", "config": {}})
