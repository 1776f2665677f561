"""Which properties were asked for, by a name: `highAvailability`, `env.valueFrom`; a list on the way is gone through. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from provisioner.model import Json


def asked(properties: Mapping[str, Json], schema: Mapping[str, Any], name: str) -> list[str]:
    """Paths of the properties that are meant by a name and that were asked for: `env.0.valueFrom` for `env.valueFrom`."""
    if name in schema.get("properties", ()):
        # most are not below another one: no search for them
        value = properties.get(name)
        return [] if value is None or value == schema["properties"][name].get("default") else [name]
    if not properties.get(name.partition(".")[0]):
        return []
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
