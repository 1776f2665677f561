"""compose: application, environment and definitions to units. Pure; finds every problem before it gives up."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from provisioner import graph, references
from provisioner.compose.naming import Names
from provisioner.compose.outputs import outputs_of, secret_path
from provisioner.compose.placing import Placed, choose
from provisioner.compose.selection import hosts_for
from provisioner.compose.shape import place_of, shape
from provisioner.suggest import suggestion
from provisioner.errors import Invalid, Problem
from provisioner.model import Application, Component, Definition, Environment, Json, Secret, Unit
from provisioner.references import KEEP, Reference

CheckParameters = Callable[[Component, Definition], tuple[dict[str, Json], list[Problem]]]


@dataclass(frozen=True)
class Context:
    """What compose must be told: looked-up things as functions, so that it does no I/O itself."""

    application: Application
    environment: Environment
    component_of: Callable[[str], Definition | None]
    trait_of: Callable[[str], Definition | None]
    component_names: Callable[[], list[str]]
    trait_names: Callable[[], list[str]]
    check: CheckParameters
    digest_of: Callable[[str], str]
    """Digest of a module folder or of a playbook and what it uses."""
    assigned: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Unit to the names of the hosts that it has now: kept where possible."""


@dataclass(frozen=True)
class Composition:
    units: tuple[Unit, ...]
    notes: tuple[str, ...] = ()


def compose(context: Context) -> Composition:
    """Units in an order in which each comes after what it needs. Raises Invalid with every problem that was found."""
    shaped = shape(context.application, context.environment, context.trait_of, context.trait_names)
    problems = shaped.problems
    definitions = _definitions(context, shaped.components, problems)
    components = _checked(context, [c for c in shaped.components if c.name in definitions], definitions, problems)
    placed = _placed(context, components, definitions, shaped.placements, problems)
    names = Names(context.application, context.environment, placed, definitions)
    units = [unit for copy in placed if (unit := _unit(context, copy, definitions[copy.component.name], names, shaped.placements, placed, problems))]
    problems += names.problems
    units = _with_needs(units, placed, {c.name for c in shaped.components}, problems)
    try:
        sequence = graph.order({unit.name: unit.needs for unit in units})
    except graph.Cycle as cycle:
        where = next(unit.where for unit in units if unit.name == cycle.path[0])
        path = " → ".join(name.partition("@")[0] for name in cycle.path)
        problems.append(Problem("PRV-1504", f"components need each other in a circle: {path}", where, "take one reference or dependsOn out"))
    if any(problem.severity == "error" for problem in problems):
        raise Invalid(sorted(set(problems), key=lambda p: (p.where.line, p.where.column, p.code) if p.where else (0, 0, p.code)))
    by_name = {unit.name: unit for unit in units}
    return Composition(tuple(by_name[name] for name in sequence))


def _definitions(context: Context, components: list[Component], problems: list[Problem]) -> dict[str, Definition]:
    found = {}
    for component in components:
        definition = context.component_of(component.type)
        if definition is None:
            problems.append(Problem("PRV-1401", f'unknown type "{component.type}"', component.places.get("type", component.where),
                                    suggestion(component.type, context.component_names())))
        else:
            found[component.name] = definition
    return found


def _checked(
    context: Context, components: list[Component], definitions: Mapping[str, Definition], problems: list[Problem],
) -> list[Component]:
    found = []
    for component in components:
        properties, wrong = context.check(component, definitions[component.name])
        problems += wrong
        found.append(replace(component, properties=properties))
    return found


def _placed(context: Context, components: list[Component], definitions: Mapping[str, Definition],
            placements: Mapping[str, object], problems: list[Problem]) -> list[Placed]:
    """Copies of all components; those that make hosts first, since they decide which targets offer hosts."""
    offers = {target.name: target.offers for target in context.environment.targets}
    makers = [c for c in components if any(entry.hosts_output for entry in definitions[c.name].implementations)]
    found: dict[str, list[Placed]] = {}
    for component in [*makers, *(c for c in components if c not in makers)] if makers else components:
        copies, wrong = choose(context.application, context.environment, component, definitions[component.name], offers,
                               component.name in placements)
        problems += wrong
        found[component.name] = copies
        for copy in copies:
            if copy.target and copy.implementation.hosts_output and "hosts" not in offers[copy.target.name]:
                offers[copy.target.name] = (*offers[copy.target.name], "hosts")
            problems += _refused(copy, definitions[component.name])
    return [copy for component in components for copy in found[component.name]]


def _refused(copy: Placed, definition: Definition) -> list[Problem]:
    defaults = definition.parameters.get("properties", {})
    return [Problem("PRV-1516", f'"{name}" can not be had on {copy.target.name if copy.target else "an existing one"}: {reason}',
                    place_of(copy.component, f"properties.{name}"))
            for name, reason in copy.implementation.refused.items()
            if copy.component.properties.get(name) not in (None, defaults.get(name, {}).get("default"))]


def _unit(context: Context, copy: Placed, definition: Definition, names: Names, placements: Mapping[str, object],
          placed: list[Placed], problems: list[Problem]) -> Unit | None:
    component, implementation, target = copy.component, copy.implementation, copy.target
    properties = names.properties(copy)
    unit = Unit(
        name=copy.unit, component=component.name, type=component.type, target=target.name if target else "existing",
        engine="terraform" if implementation.module else "ansible" if implementation.playbook else "existing",
        source=implementation.module or implementation.playbook, remove_source=implementation.remove,
        data=definition.data and target is not None, check=implementation.check, hosts_output=implementation.hosts_output,
        definition=f"{definition.name} {definition.version} ({definition.origin})", where=component.where)
    if copy.existing is not None:
        outputs, sensitive = outputs_of(context.application, copy, definition, properties, "")
        return replace(unit, outputs=outputs, sensitive=sensitive, health=_health(definition, outputs, properties))
    if implementation.needs == "hosts" and not implementation.module:
        chosen, wrong = hosts_for(copy, placements.get(component.name), placed, properties, context.assigned.get(unit.name, ()))  # type: ignore[arg-type]
        if wrong or chosen is None:
            problems += wrong
            return None
        unit = replace(unit, hosts=chosen.hosts, host_source=chosen.source)
    secret_root = secret_path(context.application.name, context.environment.name, unit.name)
    outputs, sensitive = outputs_of(context.application, copy, definition, properties, secret_root, unit.hosts)
    made = tuple(Secret(f"{secret_root}/{name}", int(value["generate"])) for name, value in implementation.outputs.items()
                 if isinstance(value, dict) and "generate" in value)
    try:
        inputs = {name: references.substitute(value, names.inside(copy, properties, outputs, unit.hosts))
                  for name, value in implementation.variables.items()}
    except references.Unknown as error:
        problems.append(Problem("PRV-1505", f"{component.name}: {error.message}", component.where, error.hint))
        return None
    stack = component.stack or context.environment.stacks.get(component.name) or context.environment.stacks.get(component.type) or ""
    return replace(
        unit, inputs={name: value for name, value in inputs.items() if value is not None or unit.engine != "terraform"}, outputs=outputs, sensitive=sensitive, secrets=made,
        source_digest=context.digest_of(unit.source), health=_health(definition, outputs, properties),
        root=(f"{unit.target}-{stack}" if stack else unit.target) if unit.engine == "terraform" else "")


def _health(definition: Definition, outputs: Mapping[str, Json], properties: Mapping[str, Json]) -> dict[str, Json]:
    def lookup(reference: Reference) -> Json:
        if reference.head == "parameters":
            return references.dig(dict(properties), reference.path, reference)
        if reference.head == "outputs":
            value = references.dig(dict(outputs), reference.path, reference)
            return KEEP if isinstance(value, dict) else value
        return KEEP
    try:
        found: dict[str, Json] = references.substitute(definition.health, lookup)
    except references.Unknown:
        return {}
    return found


def _with_needs(units: list[Unit], placed: list[Placed], known: set[str], problems: list[Problem]) -> list[Unit]:
    """Fill `needs`: by reference, by dependsOn (all copies), by the hosts that another unit makes."""
    copies: dict[str, list[str]] = {}
    components: dict[str, Component] = {}
    for copy in placed:
        copies.setdefault(copy.component.name, []).append(copy.unit)
        components[copy.component.name] = copy.component
    found = []
    for unit in units:
        explicit: list[str] = []
        for name in components[unit.component].depends_on:
            if name not in known:
                problems.append(Problem("PRV-1502", f'dependsOn: no component "{name}"',
                                        place_of(components[unit.component], "dependsOn"), suggestion(name, known - {unit.component})))
            explicit += copies.get(name, [])
        by_reference = [reference.head for _, reference in references.find([unit.inputs, unit.outputs])
                        if "@" in reference.head and reference.head != unit.name]
        source = [unit.host_source.unit] if unit.host_source else []
        found.append(replace(unit, needs=tuple(dict.fromkeys([*by_reference, *source, *explicit])), explicit_needs=tuple(explicit)))
    return found
