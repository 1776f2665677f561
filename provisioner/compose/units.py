"""compose: application, environment and definitions to units. Pure; finds every problem before it gives up."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from provisioner import graph
from provisioner.collector import resting
from provisioner.compose import attach, unfit
from provisioner.compose.apart import apart
from provisioner.compose.naming import Names
from provisioner.compose.outputs import Views
from provisioner.compose.placing import Placed, beside, choose, unknown_targets
from provisioner.compose.shape import place_of, shape
from provisioner.compose.traits import CheckProperties, Traits
from provisioner.compose.unit import Workshop, make_unit
from provisioner.errors import Invalid, Problem, Where
from provisioner.model import Application, Component, Definition, Environment, Trait, Unit
from provisioner.suggest import suggestion


@dataclass(frozen=True)
class Context:
    """What compose must be told: looked-up things as functions, so that it does no I/O itself."""

    application: Application
    environment: Environment
    component_of: Callable[[str], Definition | None]
    trait_of: Callable[[str], Definition | None]
    component_names: Callable[[], list[str]]
    trait_names: Callable[[], list[str]]
    check: CheckProperties
    """Properties of a component or trait with defaults, and what is wrong with them."""
    digest_of: Callable[[str], str]
    """Digest of a module folder or of a playbook and what it uses."""
    assigned: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Unit to the names of the hosts that it has now: kept where possible."""
    ignore_unsupported: bool = False
    """Whether a trait that is unknown or has no meaning here is a warning."""
    problems: tuple[Problem, ...] = ()
    """What is known to be wrong already: raised together with what compose finds."""
    fitted: Callable[[Component, Definition], tuple[Definition, tuple[Problem, ...]]] = lambda component, definition: (definition, ())
    """A definition as it is for one component, where that names its own module or playbook."""


@dataclass(frozen=True)
class Composition:
    units: tuple[Unit, ...]
    warnings: tuple[Problem, ...] = ()


@resting()
def compose(context: Context) -> Composition:
    """Units in an order in which each comes after what it needs. Raises Invalid with every problem that was found."""
    application, environment = context.application, context.environment
    shaped = shape(application, environment, Traits(context.trait_of, context.trait_names, context.check, context.ignore_unsupported))
    problems = [*shaped.problems, *unknown_targets(application, environment)]
    definitions = _definitions(context, shaped.components, problems)
    components, broken = _checked(context, [c for c in shaped.components if c.name in definitions], definitions, problems)
    placed = _placed(context, components, definitions, shaped.placements, problems)
    warnings = [warning for copy in placed for warning in unfit.ignored(copy, definitions[copy.component.name])]
    placed, attachments = attach.turned(placed)
    views = Views(application, environment)
    names = Names(views.app, environment, placed, definitions, {component.name for component in shaped.components})
    shop = Workshop(application, environment, names, views, shaped.placements, _fleets(placed), context.assigned, context.digest_of, problems)
    sound = [copy for copy in placed if copy.component.name not in broken]
    units = _units(shop, sound, definitions, attachments)
    usable = {copy.component.name for copy in sound}
    for component in shaped.components:
        if component.name not in usable:
            names.check(component)
        problems += _unknown_needs(component, names.components)
    problems += names.problems
    sequence = _sequence(units, problems)
    _give_up(context.problems, problems)
    by_name = {unit.name: unit for unit in units}
    warnings += dict.fromkeys(notice for definition in definitions.values() for notice in definition.notices)
    warnings += [problem for problem in problems if problem.severity == "warning"]
    return Composition(tuple(by_name[name] for name in sequence), tuple(warnings))


def _units(shop: Workshop, sound: list[Placed], definitions: Mapping[str, Definition], attachments: Mapping[str, list[str]]) -> list[Unit]:
    """The units; what concerns several of them (attachments, secrets out of another one) is done when all are there."""
    made = [(copy.implementation, unit) for copy in sound if (unit := make_unit(shop, copy, definitions[copy.component.name]))]
    by_name = {unit.name: unit for _, unit in made}
    return [attach.attached(apart(unit, implementation.secrets, by_name), implementation.attach, attachments.get(unit.name, []))
            for implementation, unit in made]


def _definitions(context: Context, components: list[Component], problems: list[Problem]) -> dict[str, Definition]:
    """Component to the definition of its type. A component without a type was reported by whoever read it."""
    found = {}
    for component in components:
        read = context.trait_of if component.of_trait else context.component_of
        definition = read(component.type) if component.type else None
        if definition is not None and definition.unavailable:
            problems.append(Problem("PRV-1452", f'{component.name}: the module of type "{component.type}" can\'t be had: {definition.unavailable}',
                                    component.places.get("type", component.where), f"{definition.file} names it"))
        elif definition is not None:
            found[component.name], wrong = context.fitted(component, definition)
            problems += wrong
        elif component.type:
            problems.append(Problem("PRV-1401", f'{component.name}: unknown type "{component.type}"', component.places.get("type", component.where),
                                    suggestion(component.type, context.component_names())))
    return found


def _checked(
    context: Context, components: list[Component], definitions: Mapping[str, Definition], problems: list[Problem],
) -> tuple[list[Component], set[str]]:
    """The components with their defaults, and the names of those whose properties are wrong."""
    found, broken = [], set()
    for component in components:
        properties, wrong = context.check(component, definitions[component.name])
        if wrong:
            problems += wrong
            broken.add(component.name)
        found.append(replace(component, properties=properties))
    return found, broken


def _placed(context: Context, components: list[Component], definitions: Mapping[str, Definition],
            placements: Mapping[str, Trait], problems: list[Problem]) -> list[Placed]:
    """Copies of all components; those that make hosts first, since they decide which targets offer hosts."""
    offers = {target.name: target.offers for target in context.environment.targets}
    found: dict[str, list[Placed]] = {}

    def makes_hosts(component: Component) -> bool:
        return any(entry.hosts_output for entry in definitions[component.name].implementations)

    for component in sorted(components, key=lambda component: (bool(component.beside), not makes_hosts(component))):
        definition = definitions[component.name]
        if component.beside and not component.apart:
            copies, wrong = beside(component, definition, found.get(component.beside, []))
        else:
            near = [copy.target for copy in found.get(component.beside, []) if copy.target]
            copies, wrong = choose(context.application, context.environment, component, definition, offers, component.name in placements,
                                   near=near, can=partial(unfit.can, component, definition))
        problems += wrong
        found[component.name] = copies
        for copy in copies:
            if copy.target and copy.implementation.hosts_output and "hosts" not in offers[copy.target.name]:
                offers[copy.target.name] = (*offers[copy.target.name], "hosts")
    placed = attach.preferred([copy for component in components for copy in found[component.name]], definitions)
    problems += [problem for copy in placed for problem in unfit.refused(copy, definitions[copy.component.name])]
    return placed


def _fleets(placed: Iterable[Placed]) -> dict[str, list[Placed]]:
    found: dict[str, list[Placed]] = {}
    for copy in placed:
        if copy.target and copy.implementation.hosts_output:
            found.setdefault(copy.target.name, []).append(copy)
    return found


def _unknown_needs(component: Component, known: set[str]) -> list[Problem]:
    return [Problem("PRV-1502", f'{component.name}: dependsOn: no component "{name}"', place_of(component, f"dependsOn.{index}"),
                    suggestion(name, known - {component.name}))
            for index, name in enumerate(component.depends_on) if name not in known]


def _sequence(units: list[Unit], problems: list[Problem]) -> list[str]:
    """The order of the units; a circle is a problem that shows the way around."""
    try:
        return graph.order({unit.name: unit.needs for unit in units})
    except graph.Cycle as cycle:
        where = next(unit.where for unit in units if unit.name == cycle.path[0])
        path = " → ".join(name.partition("@")[0] for name in cycle.path)
        problems.append(Problem("PRV-1504", f"components need each other in a circle: {path}", where, "take one reference or dependsOn out"))
        return []


def _give_up(known: Iterable[Problem], found: Iterable[Problem]) -> None:
    """Raise Invalid with all problems in the order of their places; nothing new about a place that is known to be wrong."""
    told = [problem for problem in known if problem.severity == "error"]
    spots = {_spot(problem.where) for problem in told if problem.where and problem.where.line}
    everything = [*known, *(problem for problem in found if not (problem.where and _spot(problem.where) in spots))]
    if any(problem.severity == "error" for problem in everything):
        raise Invalid(sorted(dict.fromkeys(everything), key=lambda problem: (*(_spot(problem.where) if problem.where else ("", 0, 0)), problem.code)))


def _spot(where: Where) -> tuple[str, int, int]:
    return where.file, where.line, where.column
