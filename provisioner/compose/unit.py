"""One copy of a component as a Unit: its hosts, inputs, outputs, health and the passwords to be made. Pure; collects problems."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from provisioner import references
from provisioner.compose.naming import Names
from provisioner.compose.outputs import Views, outputs_of, secret_path
from provisioner.compose.placing import Placed
from provisioner.compose.selection import Chosen, Wish, hosts_for, running
from provisioner.errors import Problem
from provisioner.model import Application, Definition, Environment, Host, Json, Secret, Trait, Unit
from provisioner.references import KEEP, Reference


@dataclass(frozen=True)
class Workshop:
    """What every unit is made with."""

    application: Application
    environment: Environment
    names: Names
    views: Views
    placements: Mapping[str, Trait]
    fleets: Mapping[str, list[Placed]]
    """Target to the copies that make hosts there."""
    assigned: Mapping[str, tuple[str, ...]]
    digest_of: Callable[[str], str]
    problems: list[Problem] = field(default_factory=list)
    listed: dict[tuple[str, tuple[str, ...]], tuple[Host, ...]] = field(default_factory=dict)
    """Target and operating systems to the listed hosts that run one of them."""


def make_unit(shop: Workshop, copy: Placed, definition: Definition) -> Unit | None:
    """The unit without its needs; None when something about it is wrong (a problem says what)."""
    implementation = copy.implementation
    properties = shop.names.properties(copy)
    unit = _outline(copy, definition)
    if copy.existing is not None:
        outputs, sensitive = outputs_of(copy, definition, properties, "", shop.views.of(copy, ()))
        return replace(unit, outputs=outputs, sensitive=sensitive, health=_health(definition, outputs, properties))
    if implementation.needs == "hosts" and not implementation.module:
        chosen = _hosts(shop, copy, properties)
        if chosen is None:
            return None
        unit = replace(unit, hosts=chosen.hosts, host_source=chosen.source)
    secret_root = secret_path(shop.application.name, shop.environment.name, unit.name)
    views = shop.views.of(copy, unit.hosts)
    try:
        outputs, sensitive = outputs_of(copy, definition, properties, secret_root, views)
        inside = shop.names.inside(copy, {**views, "parameters": properties, "outputs": outputs})
        inputs = {name: references.substitute(value, inside) for name, value in implementation.variables.items()}
    except references.Unknown as error:
        shop.problems.append(Problem("PRV-1505", f"{copy.component.name}: {error.message}", copy.component.where, error.hint))
        return None
    made = tuple(Secret(f"{secret_root}/{name}", int(value["generate"])) for name, value in implementation.outputs.items()
                 if isinstance(value, dict) and "generate" in value)
    return replace(
        unit, inputs={name: value for name, value in inputs.items() if value is not None or unit.engine != "terraform"},
        outputs=outputs, sensitive=sensitive, secrets=made, source_digest=shop.digest_of(unit.source),
        health=_health(definition, outputs, properties), root=_root(shop.environment, copy, unit))


def _outline(copy: Placed, definition: Definition) -> Unit:
    """What is known of a unit before any value is worked out."""
    component, implementation, target = copy.component, copy.implementation, copy.target
    return Unit(
        name=copy.unit, component=component.name, type=component.type, target=target.name if target else "existing",
        engine="terraform" if implementation.module else "ansible" if implementation.playbook else "existing",
        source=implementation.module or implementation.playbook, remove_source=implementation.remove,
        data=definition.data and target is not None, check=implementation.check, hosts_output=implementation.hosts_output,
        definition=f"{definition.name} {definition.version} ({definition.origin})", where=component.where)


def _hosts(shop: Workshop, copy: Placed, properties: Mapping[str, Json]) -> Chosen | None:
    target, systems = copy.target, copy.implementation.os
    if target is None:
        return None
    if (target.name, systems) not in shop.listed:
        shop.listed[target.name, systems] = running(target.hosts.listed if target.hosts else (), systems)
    wish = Wish(shop.placements.get(copy.component.name), properties, shop.assigned.get(copy.unit, ()))
    chosen, wrong = hosts_for(copy, wish, shop.listed[target.name, systems], shop.fleets.get(target.name, []))
    shop.problems.extend(wrong)
    return None if wrong else chosen


def _root(environment: Environment, copy: Placed, unit: Unit) -> str:
    if unit.engine != "terraform":
        return ""
    stack = copy.component.stack or environment.stacks.get(unit.component) or environment.stacks.get(unit.type) or ""
    return f"{unit.target}-{stack}" if stack else unit.target


def _health(definition: Definition, outputs: Mapping[str, Json], properties: Mapping[str, Json]) -> dict[str, Json]:
    def lookup(reference: Reference) -> Json:
        if reference.head == "parameters":
            return references.dig(properties, reference.path, reference)
        if reference.head == "outputs":
            value = references.dig(outputs, reference.path, reference)
            return KEEP if isinstance(value, dict) else value
        return KEEP
    try:
        found: dict[str, Json] = references.substitute(definition.health, lookup)
    except references.Unknown:
        return {}
    return found
