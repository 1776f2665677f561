"""What an implementation can't do, and what it takes no notice of. Pure.

Both are named by the path of a property: `highAvailability`, `env.valueFrom`, `volumeMounts.secret.secretName`; a list on
the way is gone through. What is not given, or is as its default says, was not asked for.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from provisioner.compose.placing import Placed
from provisioner.compose.shape import place_of
from provisioner.errors import Problem
from provisioner.model import Component, Definition, Implementation, Json


def refused(copy: Placed, definition: Definition) -> Iterator[Problem]:
    """What was asked for and can't be had."""
    where = copy.target.name if copy.target else "an existing one"
    for name, reason in copy.implementation.refused.items():
        for path in asked(copy.component.properties, definition.parameters, name):
            yield Problem("PRV-1516", f'{copy.component.name}: "{path}" can\'t be had on {where}: {reason}',
                          place_of(copy.component, f"properties.{path}"))


def can(component: Component, definition: Definition, implementation: Implementation) -> bool:
    """Whether an implementation refuses nothing of what is asked for."""
    return not any(asked(component.properties, definition.parameters, name) for name in implementation.refused)


def ignored(copy: Placed, definition: Definition) -> Iterator[Problem]:
    """What was asked for and makes no difference, as warnings."""
    where = copy.target.name if copy.target else "an existing one"
    for name, reason in copy.implementation.ignored.items():
        for path in asked(copy.component.properties, definition.parameters, name):
            yield Problem("PRV-1517", f'{copy.component.name}: "{path}" makes no difference on {where}: {reason}',
                          place_of(copy.component, f"properties.{path}"), "", "warning")


def asked(properties: Mapping[str, Json], schema: Mapping[str, Any], name: str) -> list[str]:
    """Paths of the properties that are meant by a name and that were asked for: `env.0.valueFrom` for `env.valueFrom`."""
    if properties.get(name.partition(".")[0]) is None:
        return []
    if name in schema.get("properties", ()):
        # most are not below another one: no search for them
        return [name] if properties[name] != schema["properties"][name].get("default") else []
    found = _found(properties, schema, tuple(name.split(".")), ())
    return [".".join(path) for path, value, below in found if value not in (None, below.get("default"))]


def declared(schema: Mapping[str, Any], name: str) -> bool:
    """True when there is a parameter of this name in a definition's parameters."""
    found = [schema]
    for part in name.split("."):
        found = [shape["properties"][part] for one in found for shape in _shapes(one) if part in shape.get("properties", {})]
    return bool(found)


def _found(
    value: Json, schema: Mapping[str, Any], names: tuple[str, ...], path: tuple[str, ...],
) -> Iterator[tuple[tuple[str, ...], Json, Mapping[str, Any]]]:
    if not names:
        yield path, value, schema
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _found(item, schema, names, (*path, str(index)))
    elif isinstance(value, dict) and names[0] in value:
        shapes = (shape["properties"][names[0]] for shape in _shapes(schema) if names[0] in shape.get("properties", {}))
        below: Mapping[str, Any] = next(shapes, {})
        yield from _found(value[names[0]], below, names[1:], (*path, names[0]))


def _shapes(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """A schema, the schemas of its items, and its alternatives."""
    yield schema
    if isinstance(schema.get("items"), dict):
        yield from _shapes(schema["items"])
    for other in schema.get("anyOf", ()):
        yield from _shapes(other)


