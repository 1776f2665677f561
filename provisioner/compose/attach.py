"""A gateway that must be there before what it passes requests on to: the reference is turned round. Pure.

Where copies come and go by themselves, they are announced to a load balancer by whoever starts them (an ECS service names its
target groups), so the load balancer comes first. In app.yaml the route still names the component: `backends: ${api.hosts}`.
An implementation that can be told says by which variable, and what it announces (`attach`); one that needs that says in which list its backends
stand (`attaches: {parameter: routes, key: backends}`). Its output `attachments` has a list for each item of that list, with an
entry for each part of the backends.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from provisioner import references
from provisioner.compose.placing import CONDITION, Placed
from provisioner.model import Definition, Json, Unit

OUTPUT = "attachments"
Take = Callable[[Json, int], Placed | None]
"""Backends and the number of their part, to the copy that attaches itself there."""


def preferred(placed: list[Placed], definitions: Mapping[str, Definition]) -> list[Placed]:
    """The copies, each by the implementation that attaches others where it has such to attach and nobody chose another one."""
    told = {(copy.component.name, copy.target.name) for copy in placed if copy.target and copy.implementation.attach}
    return [_by_attaching(copy, definitions[copy.component.name], told) if copy.target else copy for copy in placed]


def _by_attaching(copy: Placed, definition: Definition, told: set[tuple[str, str]]) -> Placed:
    target = copy.target.name if copy.target else ""
    for other in definition.implementations:
        if not other.attaches or other.needs != copy.implementation.needs or copy.implementation.attaches:
            continue
        chosen = CONDITION.match(other.when)
        default = definition.parameters.get("properties", {}).get(chosen[1], {}).get("default") if chosen else None
        items = copy.component.properties.get(other.attaches["parameter"])
        names = {_component(value) for item in items if isinstance(item, dict) for value in _values(item.get(other.attaches["key"]))} \
            if isinstance(items, list) else set()
        if any((name, target) in told for name in names) and (not chosen or copy.component.properties.get(chosen[1], default) == default):
            return replace(copy, implementation=other)
    return copy


def _values(backends: Json) -> list[Json]:
    """The backends of each part."""
    parts = [part.get("to") for part in backends if isinstance(part, dict)] if isinstance(backends, list) else []
    return parts or [backends]


def turned(placed: list[Placed]) -> tuple[list[Placed], dict[str, list[str]]]:
    """The copies, those that attach others without the references to these; and unit to references that it takes in their place."""
    told = {(copy.component.name, copy.target.name): copy for copy in placed if copy.target and copy.implementation.attach}
    found: dict[str, list[str]] = {}
    return [_without(copy, told, found) if copy.implementation.attaches else copy for copy in placed], found


def _without(copy: Placed, told: Mapping[tuple[str, str], Placed], found: dict[str, list[str]]) -> Placed:
    parameter, key = copy.implementation.attaches["parameter"], copy.implementation.attaches["key"]
    items = copy.component.properties.get(parameter)
    target = copy.target
    if target is None or not isinstance(items, list):
        return copy

    def take(index: int) -> Take:
        def at(value: Json, part: int) -> Placed | None:
            other = told.get((_component(value), target.name))
            if other is not None:
                found.setdefault(other.unit, []).append("${%s.%s.%d.%d}" % (copy.unit, OUTPUT, index, part))
            return other
        return at

    kept = [_item(item, key, take(index)) if isinstance(item, dict) else item for index, item in enumerate(items)]
    return replace(copy, component=replace(copy.component, properties={**copy.component.properties, parameter: kept}))


def _item(item: Mapping[str, Json], key: str, take: Take) -> Json:
    """An item whose backends are parts: {to, weight, port, probe, targets}. What attaches itself has no addresses, but its probe."""
    backends = item.get(key)
    given = backends if isinstance(backends, list) and any(isinstance(part, dict) for part in backends) else [{"to": backends}]
    parts: list[Json] = []
    for number, part in enumerate(given):
        other = take(part.get("to"), number)
        addresses, probe = ([], other.component.properties.get("readinessProbe")) if other else (part.get("to"), None)
        parts.append({"to": addresses, "weight": part.get("weight", 1), "port": part.get("port") or item.get("port"), "probe": probe,
                      **({"targets": other.implementation.attach["targets"]} if other else {})})
    return {**item, key: parts}


def _component(value: Json) -> str:
    """The component all of whose hosts, or whose first, these backends are; else empty."""
    value = value[0] if isinstance(value, list) and len(value) == 1 else value
    split = references.parts(value) if isinstance(value, str) and "${" in value else []
    if len(split) == 1 and isinstance(split[0], references.Reference) and split[0].path in (("hosts",), ("hosts", "0")):
        return split[0].head
    return ""


def attached(unit: Unit, variable: str, given: list[str]) -> Unit:
    """The unit with what it is attached to."""
    needs = dict.fromkeys([*unit.needs, *(reference.head for _, reference in references.find(given))])
    return replace(unit, inputs={**unit.inputs, variable: given}, needs=tuple(needs)) if given else unit
