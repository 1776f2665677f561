"""What an implementation can't do, and what it takes no notice of. Pure.

Both are named by the path of a property: `highAvailability`, `env.valueFrom`, `volumeMounts.secret.secretName`; a list on
the way is gone through. What is not given, or is as its default says, was not asked for. `config with image`, `redirectFrom
without certificate` name a property that is asked for beside, or without, another one. `limits` refuse some of its values, `*` among
them what all properties are together.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import inf
from typing import Any

from provisioner import references
from provisioner.compose.apart import sensitive
from provisioner.compose.asked import asked, given
from provisioner.compose.naming import Names
from provisioner.compose.placing import Placed
from provisioner.compose.shape import place_of
from provisioner.errors import Problem
from provisioner.model import Component, Definition, Implementation, Json, Target, Unit
from provisioner.spec.judging import Shape, shown
from provisioner.spec.relations import KEYWORDS

WITH, WITHOUT = " with ", " without "
ALL = "*"
"""All properties together, as a name of `limits`; `target` beside them is what the environment says of their target: its `vars`."""

ROOT = "provision_root"
"""The variable of a host that is used without root: the folder that stands for `/` there."""

_SHAPES: dict[int, tuple[Mapping[str, Json], Shape]] = {}
"""Identity of a limit to itself, which keeps the identity its own, and its schema."""


@dataclass(frozen=True)
class Fault:
    """Something that was asked for and can't be had of an implementation on a target."""

    path: str
    """Of the property; empty for all of them together, or for the type as such."""
    says: str
    reason: str
    hint: str = ""
    whole: bool = False
    """The type as such can't be had."""


class Judge:
    """What can't be had, asked once for each component, implementation and target: when it is placed, and when that is told."""

    def __init__(self, definitions: Mapping[str, Definition]) -> None:
        """`definitions` by component."""
        self._definitions = definitions
        self._found: dict[tuple[str, int, str], tuple[Fault, ...]] = {}

    def misfit(self, component: Component, implementation: Implementation, target: Target) -> float:
        """How many things that are asked for can't be had; infinite where the type as such can't."""
        found = self._faults(component, implementation, target)
        return inf if any(fault.whole for fault in found) else len(found)

    def refused(self, copy: Placed) -> Iterator[Problem]:
        """What can't be had of a copy, each at its place."""
        where = copy.target.name if copy.target else "an existing one"
        for fault in self._faults(copy.component, copy.implementation, copy.target):
            yield Problem("PRV-1516", f"{copy.component.name}: {fault.says} on {where}: {fault.reason}",
                          place_of(copy.component, f"properties.{fault.path}"), fault.hint)

    def _faults(self, component: Component, implementation: Implementation, target: Target | None) -> tuple[Fault, ...]:
        key = component.name, id(implementation), target.name if target else ""
        if key not in self._found:
            self._found[key] = tuple(_faults(component, self._definitions[component.name], implementation, target))
        return self._found[key]


def _faults(component: Component, definition: Definition, implementation: Implementation, target: Target | None) -> Iterator[Fault]:
    """What was asked for and can't be had."""
    for path, reason in _rootless(component, definition, implementation, target):
        what = f'"{path}"' if path else component.type
        yield Fault(path, f"{what} can't be had", reason, "its hosts are used without root and systemd (provision_root)", whole=not path)
    for name, reason in implementation.refused.items():
        for path in meant(component, definition, name):
            beside = f' {"with" if WITH in name else "without"} "{other[0]}"' if (other := names_in(name)[1:]) else ""
            yield Fault(path, f'"{path}"{beside} can\'t be had', reason)
    for path, value, reason in beyond(component, definition, implementation, target):
        yield Fault(path, f'"{path}" can\'t {_said(value)}' if path else "it can't be had", reason)


def _said(value: Json) -> str:
    if isinstance(value, list) and value:
        return f"have {len(value)} item{'s' if len(value) > 1 else ''}"
    return f"be {'missing' if value is None else 'empty' if value in ([], {}) else shown(value)}"


def beyond(
    component: Component, definition: Definition, implementation: Implementation, target: Target | None = None,
) -> Iterator[tuple[str, Json, str]]:
    """What was asked for and is outside of the limits: path, value and reason. What is not known yet is not judged."""
    for name, limits in implementation.limits.items():
        if name != ALL and component.properties.get(_parts(name)[0]) is None:
            continue
        for path, value in _limited(component, definition, name, target):
            for limit in limits:
                yield from ((where, what, str(limit["reason"])) for where, what in _outside(limit, path, value).items())


def _limited(component: Component, definition: Definition, name: str, target: Target | None) -> Iterator[tuple[tuple[str, ...], Json]]:
    """What a name of `limits` is about: the path of each, and its value."""
    if name == ALL:
        yield (), {**component.properties, **({"target": {"vars": target.vars}} if target else {})}
        return
    for path, value, _ in given(component.properties, definition.parameters, name):
        yield path, value


def _outside(limit: Mapping[str, Json], path: tuple[str, ...], value: Json) -> dict[str, Json]:
    """The dotted paths of what is outside of a limit, each with its value; of a key of a map that is the key."""
    shape = _shape_of(limit)
    if shape.accepts(value):
        return {}
    found: dict[str, Json] = {}
    for violation in shape.violations(value):
        below = (*path, *map(str, violation.absolute_path))
        if "propertyNames" in list(violation.absolute_schema_path)[-2:]:
            found[".".join((*below, violation.instance))] = violation.instance
        elif violation.validator == "required":
            found |= {".".join((*below, key)): None for key in violation.validator_value if key not in violation.instance}
        elif str(violation.validator) in KEYWORDS or not any(references.find(violation.instance)):
            found[".".join(below)] = _at(value, tuple(violation.absolute_path))
    return found


def _shape_of(limit: Mapping[str, Json]) -> Shape:
    """The schema of a limit, worked out once for all components."""
    kept = _SHAPES.get(id(limit))
    if kept is None:
        kept = _SHAPES[id(limit)] = limit, Shape({key: rule for key, rule in limit.items() if key != "reason"})
    return kept[1]


def _at(value: Json, path: tuple[Any, ...]) -> Json:
    for part in path:
        value = value.get(part) if isinstance(value, dict) else value[part] if isinstance(value, list) else None
    return value


def exposed(copy: Placed, definition: Definition, names: Names, units: Mapping[str, Unit]) -> Iterator[Problem]:
    """What holds a secret and would be seen by others."""
    where = copy.target.name if copy.target else "an existing one"
    for name, reason in copy.implementation.open.items():
        if not copy.component.properties.get(_parts(name)[0]):
            continue
        for path, value, _ in given(copy.component.properties, definition.parameters, name):
            for below, reference in references.find(value):
                inside = ".".join((*path, *([below] if below else [])))
                if sensitive(names.resolved(copy, {f"properties.{inside}": str(reference)}), units):
                    yield Problem("PRV-1516", f'{copy.component.name}: "{inside}" can\'t hold a secret on {where}: {reason}',
                                  place_of(copy.component, f"properties.{inside}"))


def amiss(copies: Sequence[Placed], definitions: Mapping[str, Definition]) -> Iterator[Problem]:
    """Components that are referred to and are not as the one that does needs them."""
    made = {copy.component.name: copy.component for copy in copies if copy.existing is None}
    for copy in (copy for copy in copies if copy.implementation.others):
        where = copy.target.name if copy.target else "an existing one"
        for name, limits in copy.implementation.others.items():
            for path, value, _ in given(copy.component.properties, definitions[copy.component.name].parameters, name):
                for below, reference in references.find(value):
                    inside = ".".join((*path, *([below] if below else [])))
                    if reference.head not in made:
                        continue
                    beside = {**_around(copy.component.properties, inside), "output": ".".join(reference.path)}
                    all_of_them = {**made[reference.head].properties, "self": copy.component.properties, "reference": beside}
                    for limit in limits:
                        if _outside(limit, (), all_of_them):
                            yield Problem("PRV-1516", f'{copy.component.name}: "{inside}" can\'t be "{reference.head}" on {where}: {limit["reason"]}',
                                          place_of(copy.component, f"properties.{inside}"))


def _around(value: Json, path: str) -> dict[str, Json]:
    """What stands beside a reference in the items of lists that it is in; the inner one counts."""
    found: dict[str, Json] = {}
    for part in path.split("."):
        value = value[int(part)] if isinstance(value, list | tuple) else value.get(part) if isinstance(value, dict) else None
        found |= value if part.isdigit() and isinstance(value, dict) else {}
    return found


def _rootless(component: Component, definition: Definition, implementation: Implementation, target: Target | None) -> Iterator[tuple[str, str]]:
    """What was asked for and needs root, with the reason, where all hosts of the target are used without; the path of the type itself is empty."""
    listed = target.hosts.listed if target and target.hosts else ()
    if not implementation.rootless or not listed or not all(host.vars.get(ROOT) for host in listed):
        return
    for name, reason in implementation.rootless.items():
        yield from ((path, reason) for path in ([""] if name == ALL else meant(component, definition, name)))


def ignored(copy: Placed, definition: Definition) -> Iterator[Problem]:
    """What was asked for and makes no difference, as warnings."""
    where = copy.target.name if copy.target else "an existing one"
    for name, reason in copy.implementation.ignored.items():
        for path in meant(copy.component, definition, name):
            yield Problem("PRV-1517", f'{copy.component.name}: "{path}" makes no difference on {where}: {reason}',
                          place_of(copy.component, f"properties.{path}"), "", "warning")


def meant(component: Component, definition: Definition, name: str) -> list[str]:
    """Paths of the properties that a name of `refused` or `ignored` is about and that were asked for."""
    head, first, *other = _parts(name)
    if component.properties.get(head) is None:
        return []  # nearly all
    if other and bool(asked(component.properties, definition.parameters, other[0])) != (WITH in name):
        return []
    return asked(component.properties, definition.parameters, first)


@cache
def _parts(name: str) -> tuple[str, ...]:
    """The property that a name is in, and the names that it consists of."""
    found = names_in(name)
    return found[0].partition(".")[0], *found


def names_in(name: str) -> tuple[str, ...]:
    """The properties that a name of `refused` or `ignored` consists of: one, or the second beside or without which the first is meant."""
    return tuple(name.split(WITH if WITH in name else WITHOUT))
