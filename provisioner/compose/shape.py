"""The application as this environment wants it: traits expanded, overrides merged, OAM inputs written as references. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from provisioner import references
from provisioner.errors import Problem, Where
from provisioner.model import Application, Component, Definition, Environment, Json, Trait
from provisioner.suggest import suggestion

CheckProperties = Callable[[Component | Trait, Definition], tuple[dict[str, Json], list[Problem]]]


@dataclass(frozen=True)
class Traits:
    """What is known of trait types."""

    of: Callable[[str], Definition | None]
    names: Callable[[], list[str]]
    check: CheckProperties


@dataclass
class Shaped:
    """The components to place, and what is wrong with their traits. `added` tells which component a trait made from which."""

    components: list[Component] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    placements: dict[str, Trait] = field(default_factory=dict)


def shape(application: Application, environment: Environment, traits: Traits) -> Shaped:
    """Components after overrides, traits and OAM inputs."""
    shaped = Shaped()
    names = {component.name for component in application.components}
    for component in application.components:
        component = override(component, application.name, environment.override) if environment.override else component
        for trait in component.traits:
            definition = traits.of(trait.type)
            if definition is None:
                shaped.problems.append(Problem(
                    "PRV-1411", f'unknown trait "{trait.type}"', trait.places.get("type", trait.where), suggestion(trait.type, traits.names())))
                continue
            properties, wrong = traits.check(trait, definition)
            shaped.problems += wrong
            if not wrong:
                component = _apply(shaped, component, replace(trait, properties=properties), definition, names)
        shaped.components.append(component)
    if any(component.inputs for component in shaped.components):
        shaped.components = _inputs(shaped)
    return shaped


def _apply(shaped: Shaped, component: Component, trait: Trait, definition: Definition, names: set[str]) -> Component:
    if definition.applies_to and component.type not in definition.applies_to:
        shaped.problems.append(Problem(
            "PRV-1412", f'trait "{trait.type}" does not apply to type "{component.type}"', trait.where,
            "it applies to: " + ", ".join(definition.applies_to)))
        return component
    if trait.type == "placement":
        shaped.placements[component.name] = trait
        return component
    if definition.adds == "gateway":
        added = _gateway(component, trait)
        if added.name in names:
            shaped.problems.append(Problem("PRV-1413", f'the trait adds a component "{added.name}", but there is one', trait.where,
                                           "one gateway trait for each component, and no component of that name"))
        else:
            names.add(added.name)
            shaped.components.append(added)
    if definition.patch is not None:
        patch = references.substitute(definition.patch, lambda reference: _parameter(reference, trait.properties))
        return replace(component, properties=merge(component.properties, patch))
    return component


def _parameter(reference: references.Reference, properties: Mapping[str, Json]) -> Json:
    return references.dig(dict(properties), reference.path, reference) if reference.head == "parameters" else references.KEEP


def _gateway(component: Component, trait: Trait) -> Component:
    """OAM's gateway trait as a component of its own: one route for each path, to all hosts of the component."""
    http = trait.properties.get("http", {})
    backends = "${%s.hosts}" % component.name
    routes = [{"path": path, "backends": backends, "port": port} for path, port in http.items()]
    properties = {"routes": routes, "domain": trait.properties.get("domain", "")}
    if "port" in trait.properties:
        properties["port"] = trait.properties["port"]
    return Component(f"{component.name}-gateway", "gateway", properties, where=trait.where)


def override(component: Component, application: str, rules: tuple[Json, ...]) -> Component:
    """Merge the environment's overrides: by component ("app/name" or "name") or by type; later rules win."""
    names = (component.name, f"{application}/{component.name}")
    for rule in rules:
        if not any(name in rule.get("components", ()) for name in names) and component.type not in rule.get("types", ()):
            continue
        properties = merge(component.properties, rule.get("properties", {}))
        traits = list(component.traits)
        for entry in rule.get("traits", ()):
            given = Trait(entry["type"], entry.get("properties", {}), component.where)
            same = [index for index, trait in enumerate(traits) if trait.type == given.type]
            if same:
                traits[same[0]] = replace(traits[same[0]], properties=merge(traits[same[0]].properties, given.properties))
            else:
                traits.append(given)
        component = replace(component, properties=properties, traits=tuple(traits))
    return component


def merge(below: Mapping[str, Json], above: Mapping[str, Json]) -> dict[str, Json]:
    """Maps are merged key by key, everything else is replaced."""
    found = dict(below)
    for key, value in above.items():
        found[key] = merge(found[key], value) if isinstance(value, Mapping) and isinstance(found.get(key), Mapping) else value
    return found


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
    """OAM's parameterKey: `env.DB` or `env[0].value`, with or without `properties.` before it."""
    found: list[str | int] = []
    for part in key.removeprefix("properties.").split("."):
        name, *indices = part.split("[")
        found += [name] if name else []
        found += [int(index.removesuffix("]")) for index in indices if index.removesuffix("]").isdigit()]
    return found


def place_of(component: Component, path: str) -> Where:
    """Where a property stands in the document: the nearest place that is known."""
    while path:
        if path in component.places:
            return component.places[path]
        path = path.rpartition(".")[0]
    return component.where
