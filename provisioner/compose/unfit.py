"""What an implementation can't do, and what it takes no notice of. Pure.

Both are named by the path of a property: `highAvailability`, `env.valueFrom`, `volumeMounts.secret.secretName`; a list on
the way is gone through. What is not given, or is as its default says, was not asked for. `config with image`, `redirectFrom
without certificate` name a property that is asked for beside, or without, another one. `limits` refuse some of its values.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from provisioner import references
from provisioner.compose.placing import Placed
from provisioner.compose.shape import place_of
from provisioner.errors import Problem
from provisioner.model import Component, Definition, Implementation, Json
from provisioner.spec.checking import Validator, shown

WITH, WITHOUT = " with ", " without "


def refused(copy: Placed, definition: Definition) -> Iterator[Problem]:
    """What was asked for and can't be had."""
    where = copy.target.name if copy.target else "an existing one"
    for name, reason in copy.implementation.refused.items():
        for path in meant(copy.component, definition, name):
            beside = f' {"with" if WITH in name else "without"} "{other[0]}"' if (other := names_in(name)[1:]) else ""
            yield Problem("PRV-1516", f'{copy.component.name}: "{path}"{beside} can\'t be had on {where}: {reason}',
                          place_of(copy.component, f"properties.{path}"))


    for path, value, reason in beyond(copy.component, definition, copy.implementation):
        said = "empty" if value in ([], {}) else shown(value)
        yield Problem("PRV-1516", f'{copy.component.name}: "{path}" can\'t be {said} on {where}: {reason}',
                      place_of(copy.component, f"properties.{path}"))


def beyond(component: Component, definition: Definition, implementation: Implementation) -> Iterator[tuple[str, Json, str]]:
    """What was asked for and is outside of the limits: path, value and reason. What is not known yet is not judged."""
    for name, limit in implementation.limits.items():
        for path, value, _ in given(component.properties, definition.parameters, name):
            if not any(references.find(value)) and not Validator(limit).is_valid(value):
                yield ".".join(path), value, str(limit["reason"])


def can(component: Component, definition: Definition, implementation: Implementation) -> bool:
    """Whether an implementation refuses nothing of what is asked for."""
    return (not any(meant(component, definition, name) for name in implementation.refused)
            and not any(beyond(component, definition, implementation)))


def ignored(copy: Placed, definition: Definition) -> Iterator[Problem]:
    """What was asked for and makes no difference, as warnings."""
    where = copy.target.name if copy.target else "an existing one"
    for name, reason in copy.implementation.ignored.items():
        for path in meant(copy.component, definition, name):
            yield Problem("PRV-1517", f'{copy.component.name}: "{path}" makes no difference on {where}: {reason}',
                          place_of(copy.component, f"properties.{path}"), "", "warning")


def meant(component: Component, definition: Definition, name: str) -> list[str]:
    """Paths of the properties that a name of `refused` or `ignored` is about and that were asked for."""
    first, other = names_in(name)[0], names_in(name)[1:]
    if other and bool(asked(component.properties, definition.parameters, other[0])) != (WITH in name):
        return []
    return asked(component.properties, definition.parameters, first)


def names_in(name: str) -> tuple[str, ...]:
    """The properties that a name of `refused` or `ignored` consists of: one, or the second beside or without which the first is meant."""
    return tuple(name.split(WITH if WITH in name else WITHOUT))


def asked(properties: Mapping[str, Json], schema: Mapping[str, Any], name: str) -> list[str]:
    """Paths of the properties that are meant by a name and that were asked for: `env.0.valueFrom` for `env.valueFrom`."""
    if properties.get(name.partition(".")[0]) is None:
        return []
    if name in schema.get("properties", ()):
        # most are not below another one: no search for them
        return [name] if properties[name] != schema["properties"][name].get("default") else []
    return [".".join(path) for path, value, below in given(properties, schema, name) if value not in (None, below.get("default"))]


def given(properties: Mapping[str, Json], schema: Mapping[str, Any], name: str) -> Iterator[tuple[tuple[str, ...], Json, Mapping[str, Any]]]:
    """What is meant by a name: the path of each, its value and its schema."""
    return _found(properties, schema, tuple(name.split(".")), ())


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


