"""Every definition, looked through before it ships: its file, its modules and playbooks, and its example on each kind of target."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from provisioner import references
from provisioner.catalog.named import is_named
from provisioner.compose import Context, compose
from provisioner.errors import Invalid, Problem, ProvisionError, Where
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

HOSTS = 3
VALUES: Mapping[str, Json] = {"integer": 1, "number": 1, "boolean": True, "array": ["example"], "object": {}}


class Definitions(Protocol):
    """What is asked of a catalog."""

    def component_names(self) -> list[str]: ...
    def trait_names(self) -> list[str]: ...
    def component(self, name: str) -> Definition | None: ...
    def trait(self, name: str) -> Definition | None: ...
    def context_for(self, application: Application, environment: Environment) -> Context: ...


def vet(catalog: Definitions, components: Iterable[str] | None = None, traits: Iterable[str] | None = None) -> list[Problem]:
    """All problems of the named definitions; of all without names."""
    problems: list[Problem] = []
    everything = components is None and traits is None
    chosen = list(_read(catalog.component, catalog.component_names() if everything else components or (), problems))
    named_traits = catalog.trait_names() if everything else traits or ()
    for definition in [*chosen, *_read(catalog.trait, named_traits, problems)]:
        where = Where(definition.file)
        if not definition.description:
            problems.append(Problem("PRV-1420", f'"{definition.name}" has no description', where))
        problems += _described(definition, where)
    for definition in chosen:
        problems += _sources(definition)
    if not problems:
        problems += _examples(catalog, chosen)
    return problems


def _read(read: Callable[[str], Definition | None], names: Iterable[str], problems: list[Problem]) -> Iterator[Definition]:
    for name in names:
        try:
            definition = read(name)
        except ProvisionError as error:
            problems += error.problems
        else:
            if definition:
                yield definition


def _described(definition: Definition, where: Where) -> Iterator[Problem]:
    for name, schema in definition.parameters.get("properties", {}).items():
        if not schema.get("description"):
            yield Problem("PRV-1420", f'"{definition.name}": parameter "{name}" has no description', where)
    for verb, action in ((verb, action) for entry in definition.implementations for verb, action in entry.actions.items()):
        lacking = [f'action "{verb}"'] if not action.description else []
        lacking += [f'parameter "{name}" of action "{verb}"' for name, schema in action.parameters.get("properties", {}).items()
                    if not schema.get("description")]
        for what in lacking:
            yield Problem("PRV-1420", f'"{definition.name}": {what} has no description', where)


def _sources(definition: Definition) -> Iterator[Problem]:
    where = Where(definition.file)
    for entry in () if is_named(definition) else definition.implementations:
        if entry.module and not Path(entry.module).is_dir():
            yield Problem("PRV-1430", f"no module {entry.module}", where)
        for playbook in filter(None, (entry.playbook, entry.remove, *(action.playbook for action in entry.actions.values()))):
            if not Path(playbook).is_file():
                yield Problem("PRV-1430", f"no playbook {playbook}", where)


def _examples(catalog: Definitions, chosen: list[Definition]) -> Iterator[Problem]:
    """Each example on each kind of target that the type has an implementation for, with what it refers to out of other examples."""
    own: dict[str, list[Component]] = {}
    for definition in chosen:
        try:
            own[definition.name] = _components(definition)
        except Invalid as error:
            yield from error.problems
            continue
        if not own[definition.name]:
            yield Problem("PRV-1435", f'"{definition.name}" has no example', Where(definition.file))
    every = {definition.name: definition for definition in [*_read(catalog.component, catalog.component_names(), []), *chosen]}
    pool = _pool(every.values())
    for definition in chosen:
        for entry in definition.implementations if own.get(definition.name) else ():
            yield from _compose(catalog, _with_referred(own[definition.name], pool), every, (definition, entry))


def _pool(definitions: Iterable[Definition]) -> dict[str, Component]:
    """Components of all examples by their names, for examples that refer to those of others."""
    found: dict[str, Component] = {}
    for definition in definitions:
        try:
            found |= {component.name: component for component in _components(definition)}
        except Invalid:
            continue  # told where that definition itself is vetted
    return found


def _components(definition: Definition) -> list[Component]:
    if not definition.example:
        return []
    value = yaml.parse(definition.example, f"{definition.file} (example)").value
    where = Where(definition.file)
    if not isinstance(value, list) or not all(isinstance(item, dict) and "name" in item and "type" in item for item in value):
        raise Invalid([Problem("PRV-1435", f'the example of "{definition.name}" is no list of components', where)])
    return [Component(item["name"], item["type"], item.get("properties", {}),
                      tuple(Trait(trait["type"], trait.get("properties", {}), where) for trait in item.get("traits", ())), where=where)
            for item in value]


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
             tried: tuple[Definition, Implementation]) -> Iterator[Problem]:
    definition, entry = tried
    application = Application("example", "1", tuple(components))
    rules = []
    for component in components:
        if component.type not in definitions:
            yield Problem("PRV-1435", f'the example of "{definition.name}": there is no type "{component.type}"', Where(definition.file))
            return
        chosen = entry if component.type == definition.name else definitions[component.type].implementations[0]
        if chosen.needs == "existing":
            outputs: dict[str, Any] = {name: VALUES.get(spec.type, "example") for name, spec in definitions[component.type].outputs.items()}
            rules.append(PlaceRule((component.name,), existing=outputs))
        else:
            rules.append(PlaceRule((component.name,), one={"target": chosen.needs}))
    needs = {choice.needs for found in definitions.values() for choice in found.implementations} - {"existing"}
    targets = tuple(_target(name) for name in sorted(needs))
    try:
        compose(catalog.context_for(application, Environment("example", targets, tuple(rules))))
    except Invalid as error:
        for problem in error.problems:
            yield Problem("PRV-1435", f'the example of "{definition.name}" on {entry.needs}: {problem.code} {problem.message}',
                          Where(definition.file), problem.hint)


def _target(offers: str) -> Target:
    hosts = Hosts(tuple(Host(f"host-{index}", f"192.0.2.{index}", offers) for index in range(1, HOSTS + 1))) if offers == "hosts" else None
    return Target(offers, offers=(offers,), hosts=hosts, terraform=None if hosts else {"provider": f"hashicorp/{offers}", "config": {}})
