"""One copy of a component as a Unit: its hosts, inputs, outputs, health and the passwords to be made. Pure; collects problems."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from provisioner import references
from provisioner.compose.handling import handling, taken_over
from provisioner.compose.naming import Names
from provisioner.compose.outputs import Views, outputs_of, secret_path
from provisioner.compose.patching import merge
from provisioner.compose.placing import Placed
from provisioner.compose.rules import Ruled, ruled, rules_of
from provisioner.compose.selection import Chosen, Wish, hosts_for, tested_first
from provisioner.errors import Problem
from provisioner.model import Application, ChangeRule, Definition, EngineName, Environment, Host, Implementation, Json, Secret, Trait, Unit
from provisioner.model.copying import copied
from provisioner.references import KEEP, Lookup, Reference


@dataclass(frozen=True)
class Workshop:
    """What every unit is made with."""

    application: Application
    environment: Environment
    names: Names
    views: Views
    placements: Mapping[str, Trait]
    """By unit."""
    fleets: Mapping[str, list[Placed]]
    """Target to the copies that make hosts there."""
    assigned: Mapping[str, tuple[str, ...]]
    digest_of: Callable[[str], str]
    problems: list[Problem] = field(default_factory=list)
    listed: dict[tuple[str, tuple[str, ...]], tuple[Host, ...]] = field(default_factory=dict)
    """Target and tested operating systems to its listed hosts: those that run one of them first."""
    rules: dict[int, tuple[Ruled, ...]] = field(default_factory=dict)
    """Identity of an implementation to its parameters with a rule: worked out once for all components."""
    fillings: dict[int, references.Filling] = field(default_factory=dict)
    """Identity of a template of a definition to what fills it."""
    patterns: dict[tuple[int, int, str], Unit] = field(default_factory=dict)
    """Identities of a definition and an implementation, and target, to a unit with all that these decide."""

    def pattern(self, copy: Placed, definition: Definition) -> Unit:
        """What all units have that one implementation of a definition makes on one target."""
        made, target = copy.implementation, copy.target.name if copy.target else "existing"
        key = (id(definition), id(made), target)
        if key not in self.patterns:
            source = made.module or made.playbook
            own: dict[str, Any] = {} if copy.existing is not None else {
                "source": source, "remove_source": made.remove, "source_digest": self.digest_of(source), "files": made.files,
                "artifacts": made.artifacts, "images": made.images, "tested": made.os}
            self.patterns[key] = Unit(
                name="", component="", type="", target=target, engine=engine_of(made), data=definition.data and copy.target is not None,
                holds=made.holds, check=made.check, hosts_output=made.hosts_output,
                definition=f"{definition.name} {definition.version} ({definition.origin})", **own)
        return self.patterns[key]

    def fill(self, template: Mapping[str, Json], lookup: Lookup) -> dict[str, Json]:
        """A template of a definition, filled."""
        filling = self.fillings.get(id(template))
        if filling is None:
            filling = self.fillings[id(template)] = references.prepared(template)
        found: dict[str, Json] = filling(lookup)
        return found


def make_unit(shop: Workshop, copy: Placed, definition: Definition) -> Unit | None:
    """The unit; None when something about it is wrong (a problem says what)."""
    properties = shop.names.properties(copy)
    try:
        values = _existing(shop, copy, definition, properties) if copy.existing is not None else _made(shop, copy, definition, properties)
    except references.Unknown as error:
        shop.problems.append(Problem("PRV-1505", f"{copy.component.name}: {error.message}", copy.component.where, error.hint))
        return None
    if values is None:
        return None
    component = copy.component
    explicit = [other.unit for name in component.depends_on for other in shop.names.copies.get(name, ())]
    unit = copied(
        shop.pattern(copy, definition), name=copy.unit, component=component.name, type=component.type,
        health=_health(shop, definition, values["outputs"], properties), needs=_needs(copy, values, explicit), explicit_needs=tuple(explicit),
        change_rules=_rules(shop, copy, definition), added_by=component.added_by, where=component.where, **values)
    policies = (*shop.environment.policies, *shop.application.policies)
    if not policies:
        return unit
    return replace(unit, handling=handling(policies, unit), imports=taken_over(policies, unit) if copy.implementation.module else {})


def engine_of(implementation: Implementation) -> EngineName:
    """The tool of an implementation."""
    return "terraform" if implementation.module else "ansible" if implementation.playbook else "existing"


def _existing(shop: Workshop, copy: Placed, definition: Definition, properties: Mapping[str, Json]) -> dict[str, Any]:
    outputs, sensitive = outputs_of(copy, definition, properties, "", shop.views.of(copy, ()))
    return {"outputs": outputs, "sensitive": sensitive}


def _made(shop: Workshop, copy: Placed, definition: Definition, properties: Mapping[str, Json]) -> dict[str, Any] | None:
    """The fields of a unit that a tool makes. Raises Unknown."""
    implementation = copy.implementation
    chosen = Chosen()
    if implementation.needs == "hosts" and not implementation.module:
        found = _hosts(shop, copy, properties)
        if found is None:
            return None
        chosen = found
    secret_root = secret_path(shop.application.name, shop.environment.name, copy.unit)
    views = shop.views.of(copy, chosen.hosts)
    outputs, sensitive = outputs_of(copy, definition, properties, secret_root, views)
    inside = shop.names.inside(copy, {**views, "parameters": properties, "outputs": outputs})
    inputs = shop.fill(implementation.variables, inside)
    if added := copy.component.variables.get(implementation.needs):
        inputs = merge(inputs, shop.names.resolved(copy, added))
    if implementation.module:
        inputs = {name: value for name, value in inputs.items() if value is not None}
    made = tuple(Secret(f"{secret_root}/{name}", int(value["generate"])) for name, value in implementation.outputs.items()
                 if isinstance(value, dict) and "generate" in value)
    return {"inputs": inputs, "outputs": outputs, "sensitive": sensitive, "secrets": made, "hosts": chosen.hosts,
            "claims": _claims(shop, implementation, inside), "host_source": chosen.source, "root": _root(shop.environment, copy)}


def _rules(shop: Workshop, copy: Placed, definition: Definition) -> tuple[ChangeRule, ...]:
    key = id(copy.implementation)
    if key not in shop.rules:
        shop.rules[key] = ruled(definition, copy.implementation)
    return rules_of(copy.component, shop.rules[key]) if shop.rules[key] else ()


def _claims(shop: Workshop, implementation: Implementation, inside: Lookup) -> tuple[str, ...]:
    """What the unit holds alone, as far as it is known."""
    if not implementation.claims:
        return ()
    found: list[str] = []
    for word, value in shop.fill(implementation.claims, inside).items():
        for item in value if isinstance(value, list) else [value]:
            if item not in (None, "") and references.is_known(item):
                found.append(f"{word} {references.as_text(references.unescape(item) if isinstance(item, str) else item)}")
    return tuple(dict.fromkeys(found))


def _needs(copy: Placed, values: Mapping[str, Any], explicit: list[str]) -> tuple[str, ...]:
    """The units that must be delivered before: by reference, by the hosts that one makes, by dependsOn."""
    found: dict[str, None] = {}
    _heads(values.get("inputs"), found)
    _heads(values["outputs"], found)
    if not copy.implementation.module:
        found.pop(copy.unit, None)  # its hosts are known before, so its own address is; Terraform calls that a cycle
    if source := values.get("host_source"):
        found[source.unit] = None
    return tuple({**found, **dict.fromkeys(explicit)})


def _heads(value: Json, found: dict[str, None]) -> None:
    """Units that a template refers to."""
    if isinstance(value, str):
        if "${" in value:
            found.update(dict.fromkeys(part.head for part in references.parts(value) if isinstance(part, Reference) and "@" in part.head))
    elif isinstance(value, (dict, list)):
        for item in value.values() if isinstance(value, dict) else value:
            # most items are without a reference: no call for each
            if item and not references.is_plain(item):
                _heads(item, found)


def _hosts(shop: Workshop, copy: Placed, properties: Mapping[str, Json]) -> Chosen | None:
    if copy.component.beside and not copy.component.apart:
        owner = next(other for other in shop.names.copies[copy.component.beside] if other.target == copy.target)
        return _hosts(shop, owner, shop.names.properties(owner))
    target, systems = copy.target, copy.implementation.os
    if target is None:
        return None
    if (target.name, systems) not in shop.listed:
        shop.listed[target.name, systems] = tested_first(target.hosts.listed if target.hosts else (), systems)
    wish = Wish(shop.placements.get(copy.unit), properties, shop.assigned.get(copy.unit, ()))
    chosen, wrong = hosts_for(copy, wish, shop.listed[target.name, systems], shop.fleets.get(target.name, []))
    shop.problems.extend(wrong)
    return None if wrong else chosen


def _root(environment: Environment, copy: Placed) -> str:
    component = copy.component
    if copy.target is None or not copy.implementation.module:
        return ""
    stack = component.stack or environment.stacks.get(component.name) or environment.stacks.get(component.type) or ""
    return f"{copy.target.name}-{stack}" if stack else copy.target.name


def _health(shop: Workshop, definition: Definition, outputs: Mapping[str, Json], properties: Mapping[str, Json]) -> dict[str, Json]:
    def lookup(reference: Reference) -> Json:
        if reference.head == "parameters":
            return references.dig(properties, reference.path, reference)
        if reference.head == "outputs":
            value = references.dig(outputs, reference.path, reference)
            return KEEP if isinstance(value, dict) else value
        return KEEP
    try:
        return shop.fill(definition.health, lookup)
    except references.Unknown:
        return {}
