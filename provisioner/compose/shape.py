"""The application as this environment wants it: traits expanded, overrides merged, OAM inputs written as references. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from provisioner.compose.bindings import bound
from provisioner.compose.overriding import overridden
from provisioner.compose.traits import Traits, dress
from provisioner.errors import Problem, Where
from provisioner.model import Application, Component, Environment, Json, Trait
from provisioner.suggest import suggestion


@dataclass
class Shaped:
    """The components to place, and what is wrong with their traits."""

    components: list[Component] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    placements: dict[str, Trait] = field(default_factory=dict)


def shape(application: Application, environment: Environment, traits: Traits) -> Shaped:
    """Components after overrides, traits, connection secrets and OAM inputs."""
    shaped = Shaped()
    names = {component.name for component in application.components}
    for component in application.components:
        component = overridden(component, application.name, environment.override)
        if not component.traits:
            shaped.components.append(component)
            continue
        dressed = dress(component, traits, names)
        shaped.problems += dressed.problems
        shaped.components += [*(overridden(added, application.name, environment.override) for added in dressed.added.values()), dressed.component]
        if dressed.placement:
            shaped.placements[component.name] = dressed.placement
    shaped.components = bound(shaped.components)
    if any(component.inputs for component in shaped.components):
        shaped.components = _inputs(shaped)
    return shaped


def _inputs(shaped: Shaped) -> list[Component]:
    """OAM outputs and inputs: `from: NAME` becomes the reference that NAME stands for."""
    published = {output.name: "${%s.%s}" % (component.name, output.value_from.removeprefix("output."))
                 for component in shaped.components for output in component.outputs}
    found = []
    for component in shaped.components:
        properties = component.properties
        for given in component.inputs:
            if given.source not in published:
                shaped.problems.append(Problem(
                    "PRV-1503", f'no component has an output named "{given.source}"', given.where, suggestion(given.source, published)))
                continue
            try:
                properties = put(properties, steps_of(given.parameter_key), published[given.source])
            except ValueError as error:
                shaped.problems.append(Problem("PRV-1507", f"{component.name}: parameterKey {given.parameter_key}: {error}", given.where))
        found.append(replace(component, properties=properties) if component.inputs else component)
    return found


def put(below: Json, steps: Sequence[str | int], value: Json) -> Json:
    """A copy with `value` at the path; maps, and the next item of a list, are made on the way. Raises ValueError."""
    if not steps:
        return value
    step, rest = steps[0], steps[1:]
    if isinstance(step, int):
        items = list(below) if isinstance(below, list) else []
        if step > len(items) or below and not isinstance(below, list):
            raise ValueError(f"there is no item {step}")
        return [*items[:step], put(items[step] if step < len(items) else None, rest, value), *items[step + 1:]]
    if below and not isinstance(below, Mapping):
        raise ValueError(f"there is no map to put {step} into")
    return {**(below or {}), step: put((below or {}).get(step), rest, value)}


def steps_of(key: str) -> list[str | int]:
    """OAM's parameterKey: `env.DB` or `env[0].value`, with or without `properties.` before it. Raises ValueError for none at all."""
    found: list[str | int] = []
    for part in key.removeprefix("properties.").split("."):
        name, *indices = part.split("[")
        found += [name] if name else []
        found += [int(index.removesuffix("]")) for index in indices if index.removesuffix("]").isdigit()]
    if not found or not isinstance(found[0], str):
        raise ValueError("it names no property")
    return found


def place_of(component: Component, path: str) -> Where:
    """Where a property stands in the document: the nearest place that is known."""
    while path:
        if (found := component.places.get(path)) is not None:
            return found
        path = path.rpartition(".")[0]
    return component.where
