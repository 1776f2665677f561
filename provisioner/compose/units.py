"""compose: application, environment and definitions to units. Pure; finds every problem before it gives up."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from provisioner import graph, references, step_kinds
from provisioner.collector import resting
from provisioner.compose import attach, unfit
from provisioner.compose.apart import apart
from provisioner.compose.bringing import Own, brought
from provisioner.compose.clashes import clashes
from provisioner.compose.idle import Idle
from provisioner.compose.lending import Neighbours, lent
from provisioner.compose.naming import Names
from provisioner.compose.outputs import Views
from provisioner.compose.placing import Placed, beside, choose, topologies, unknown_targets
from provisioner.compose.shape import place_of, shape
from provisioner.compose.traits import CheckProperties, Traits
from provisioner.compose.unit import Workshop, make_unit
from provisioner.compose.variants import Variant, variants
from provisioner.compose.workflow import Around, Kinds, Woven, weave
from provisioner.errors import Invalid, Problem, Where
from provisioner.model import WORKFLOW, Application, Component, Definition, Environment, Trait, Unit, predecessors
from provisioner.model.copying import copied
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
    neighbours: Neighbours | None = None
    """What other applications have delivered; None where nobody can tell."""
    step_kinds: Kinds = Kinds(step_kinds.find, step_kinds.names)
    """The kinds of steps of a workflow."""


@dataclass(frozen=True)
class Composition:
    """Units of components, and the steps of the workflow; each after what it needs in `everything`."""

    units: tuple[Unit, ...]
    warnings: tuple[Problem, ...] = ()
    deployed: Mapping[tuple[str, ...], tuple[str, ...]] = field(default_factory=dict)
    """The policies that a deploy step names to the units that it delivers; without deploy steps all policies to all units."""
    components: tuple[Component, ...] = ()
    """The components as they are delivered: after overrides and traits, with defaults."""
    everything: tuple[Unit, ...] = ()
    undelivered: tuple[str, ...] = ()
    """Units that no step of the workflow delivers: they stay as they are."""


@dataclass
class Found:
    """The copies of all variants of an application, and what is known of their components."""

    copies: dict[str, Placed] = field(default_factory=dict)
    """By unit; of several variants the last one counts."""
    components: dict[str, Component] = field(default_factory=dict)
    definitions: dict[str, Definition] = field(default_factory=dict)
    placements: dict[str, Trait] = field(default_factory=dict)
    """By unit."""
    broken: set[str] = field(default_factory=set)
    """Components whose properties are wrong."""
    deployed: dict[tuple[str, ...], tuple[str, ...]] = field(default_factory=dict)
    offers: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Target to what it offers, hosts that a component makes there included."""
    played: list[Own] = field(default_factory=list)
    """Playbooks that steps of the workflow play."""


@resting()
def compose(context: Context) -> Composition:
    """Units in an order in which each comes after what it needs. Raises Invalid with every problem that was found."""
    application, environment = context.application, context.environment
    problems: list[Problem] = []
    found = _found(context, problems)
    definitions, copies = found.definitions, list(found.copies.values())
    warnings = [warning for copy in copies for warning in unfit.ignored(copy, definitions[copy.component.name])]
    problems += unfit.amiss(copies, definitions)
    placed, attachments = attach.turned(copies)
    views = Views(application, environment)
    names = Names(views.app, environment, placed, definitions, set(found.components))
    shop = Workshop(application, environment, names, views, found.placements, _fleets(placed), context.assigned, context.digest_of, problems)
    sound = [copy for copy in placed if copy.component.name not in found.broken]
    units = _units(shop, sound, definitions, attachments)
    problems += clashes(units)
    by_unit = {unit.name: unit for unit in units}
    problems += [problem for copy in sound for problem in unfit.exposed(copy, definitions[copy.component.name], names, by_unit)]
    usable = {copy.component.name for copy in sound}
    for component in found.components.values():
        if component.name not in usable:
            names.check(component)
        problems += _unknown_needs(component, names.components)
    problems += _idle(context, found)
    woven = _woven(context, units, found, names, _played(context, shop, found, definitions))
    problems += [*woven.problems, *names.problems]
    everything = [*woven.steps, *woven.units]
    sequence = _sequence(everything, problems)
    _give_up(context.problems, problems)
    by_name = {unit.name: unit for unit in everything}
    warnings += dict.fromkeys(notice for definition in definitions.values() for notice in definition.notices)
    warnings += dict.fromkeys(problem for problem in problems if problem.severity == "warning")
    ordered = tuple(by_name[name] for name in sequence)
    return Composition(tuple(unit for unit in ordered if unit.flow is None), tuple(warnings), found.deployed, tuple(found.components.values()),
                       ordered, woven.undelivered)


def _idle(context: Context, found: Found) -> Iterable[Problem]:
    """What policies say of nobody; who has left the document but is delivered is somebody."""
    application = context.application
    there = {*found.components, *(one.name for one in application.components), *(name.partition("@")[0] for name in context.assigned)}
    elsewhere = context.neighbours.has if context.neighbours else lambda name: False
    return Idle(there, (context.component_of, context.component_names()), (context.trait_of, context.trait_names()), elsewhere).problems(
        application, context.environment)


def _woven(context: Context, units: list[Unit], found: Found, names: Names, played: Mapping[str, Unit]) -> Woven:
    """The units as the workflow orders them."""
    owners = {component.name: component.beside for component in found.components.values() if component.beside}
    return weave(Around(context.application, context.environment, {unit.name: unit for unit in units}, owners, found.deployed, names,
                        context.step_kinds, context.ignore_unsupported, played))


def _played(context: Context, shop: Workshop, found: Found, definitions: dict[str, Definition]) -> dict[str, Unit]:
    """Step to the unit of the playbook that it plays; its notices count as those of any definition."""
    units = {}
    for own in found.played:
        alone = Found(offers=found.offers)
        _add_own(context, own, alone, shop.problems)
        definitions |= alone.definitions
        own_shop = replace(shop, placements=alone.placements)
        for copy in alone.copies.values() if not alone.broken else ():
            if unit := make_unit(own_shop, copy, alone.definitions[copy.component.name]):
                units[copy.component.name] = unit
    return units


def _found(context: Context, problems: list[Problem]) -> Found:
    """All copies, each as the deploy step that delivers it wants it."""
    found = Found(offers={target.name: target.offers for target in context.environment.targets})
    told, own = variants(context.application), brought(context.application, context.step_kinds.bringing())
    problems += [*told.problems, *own.problems]
    for variant in told.all:
        delivered = _add(context, variant, found, problems)
        if not variant.only:
            found.deployed[variant.policies] = delivered
    for one in own.all:
        if one.plays:
            found.played.append(one)
        else:
            _add_own(context, one, found, problems)
    return found


def _add_own(context: Context, own: Own, found: Found, problems: list[Problem]) -> None:
    """Add what a step of the workflow brings; where it could go to several targets the step itself may say which."""
    told: list[Problem] = []
    _add(context, own.variant, found, told)
    problems += [replace(problem, hint="say which: `target` of the step") if problem.code == "PRV-1514" else problem for problem in told]


def _add(context: Context, variant: Variant, found: Found, problems: list[Problem]) -> tuple[str, ...]:
    """Add what one variant delivers; the names of its units."""
    problems += unknown_targets(variant.application, context.environment)
    traits = Traits(context.trait_of, context.trait_names, context.check, context.ignore_unsupported)
    shaped = shape(variant.application, context.environment, traits)
    problems += shaped.problems
    definitions = _definitions(context, shaped.components, problems)
    components, broken = _checked(context, [c for c in shaped.components if c.name in definitions], definitions, problems)
    if variant.only:
        components = [component for component in components if {component.name, component.beside} & variant.only]
    placed = _placed(replace(context, application=variant.application), components, definitions, (shaped.placements, found.offers), problems)
    _keep(found, placed, definitions, problems)
    found.broken |= broken
    found.placements |= {copy.unit: shaped.placements[copy.component.name] for copy in placed if copy.component.name in shaped.placements}
    found.components |= {component.name: component for component in [*shaped.components, *components]}
    return tuple(copy.unit for copy in placed)


def _keep(found: Found, placed: list[Placed], definitions: Mapping[str, Definition], problems: list[Problem]) -> None:
    """Add the copies of one variant; a unit that is there already is delivered once, as the later step wants it."""
    for copy in placed:
        before = found.copies.get(copy.unit)
        if before is not None and before.component != copy.component:
            problems.append(Problem("PRV-1533", f"two deploy steps deliver {copy.unit} differently: it is delivered once, as the later one says",
                                    copy.component.where, "let their topology policies name different targets", "warning"))
        found.copies[copy.unit] = copy
    for name, definition in definitions.items():
        if found.definitions.setdefault(name, definition) != definition:
            problems.append(Problem("PRV-1534", f'"{name}" is a {found.definitions[name].name} in one deploy step, a {definition.name} in another',
                                    _place_of(placed, name), "name it otherwise there: an override can add components"))


def _place_of(placed: list[Placed], name: str) -> Where | None:
    """Where the component of a name stands."""
    return next((copy.component.where for copy in placed if copy.component.name == name), None)


def _units(shop: Workshop, sound: list[Placed], definitions: Mapping[str, Definition], attachments: Mapping[str, list[str]]) -> list[Unit]:
    """The units; what concerns several of them (attachments, secrets out of another one) is done when all are there."""
    made = [(copy.implementation, unit) for copy in sound if (unit := make_unit(shop, copy, definitions[copy.component.name]))]
    by_name = {unit.name: unit for _, unit in made}
    return [attach.attached(apart(unit, implementation.secrets, by_name), implementation.attach.get("variable", ""), attachments.get(unit.name, []))
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
        found.append(copied(component, properties=properties))
    return found, broken


def _placed(context: Context, components: list[Component], definitions: Mapping[str, Definition],
            where: tuple[Mapping[str, Trait], dict[str, tuple[str, ...]]], problems: list[Problem]) -> list[Placed]:
    """Copies of all components; those that make hosts first, since they decide which targets offer hosts (`where`: placements, offers)."""
    placements, offers = where
    wanted = topologies(context.application, context.environment)
    found: dict[str, list[Placed]] = {}

    judge = unfit.Judge(definitions)
    roles: dict[int, tuple[bool, frozenset[str]]] = {}

    def role(definition: Definition) -> tuple[bool, frozenset[str]]:
        """Whether a type makes hosts, and by which parameters it passes requests on; worked out once for all components."""
        if id(definition) not in roles:
            made = definition.implementations
            roles[id(definition)] = any(one.hosts_output for one in made), frozenset(one.attaches["parameter"] for one in made if one.attaches)
        return roles[id(definition)]

    def order(component: Component) -> tuple[bool, bool, bool]:
        makes_hosts, passes_on = role(definitions[component.name])
        return bool(component.beside), not makes_hosts, bool(passes_on)

    for component in sorted(components, key=order):
        definition = definitions[component.name]
        if component.beside and not component.apart:
            copies, wrong = beside(component, definition, found.get(component.beside, []))
        elif context.neighbours and (borrowed := lent(context.application, context.environment, component, context.neighbours)):
            copies, wrong = borrowed
        else:
            names = {component.beside, *_backends(component, role(definition)[1])}
            near = [copy.target for name in names for copy in found.get(name, []) if copy.target]
            copies, wrong = choose(context.application, context.environment, component, definition, offers, near=near,
                                   wants_hosts=component.name in placements, wanted=wanted(component),
                                   misfit=partial(judge.misfit, component))
        problems += wrong
        found[component.name] = copies
        for copy in copies:
            if copy.target and copy.implementation.hosts_output and "hosts" not in offers[copy.target.name]:
                offers[copy.target.name] = (*offers[copy.target.name], "hosts")
    placed = attach.preferred([copy for component in components for copy in found[component.name]], definitions)
    told = {problem.where for problem in problems}
    problems += [problem for copy in placed for problem in judge.refused(copy)
                 if problem.where == copy.component.where or problem.where not in told]
    return placed


def _backends(component: Component, passes_on: Iterable[str]) -> set[str]:
    """The components that a gateway passes requests on to."""
    return {reference.head for name in passes_on for _, reference in references.find(component.properties.get(name))}


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
        return graph.order({unit.name: predecessors(unit) for unit in units})
    except graph.Cycle as cycle:
        where = next(unit.where for unit in units if unit.name == cycle.path[0])
        steps = any(name.endswith(f"@{WORKFLOW}") for name in cycle.path)
        path = " → ".join(f"step {name.partition('@')[0]}" if name.endswith(f"@{WORKFLOW}") else name.partition("@")[0] for name in cycle.path)
        what = "components and steps of the workflow" if steps else "components"
        hint = "deliver what is needed in an earlier step" if steps else "take one reference or dependsOn out"
        problems.append(Problem("PRV-1504", f"{what} need each other in a circle: {path}", where, hint))
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
