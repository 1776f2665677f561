"""A JSON Schema as one quick question: does the value surely fit? No opinion (False) where that is not clear. Pure.

jsonschema finds and explains violations, at some 20 µs for each value. Nearly every value of nearly every document is right,
and that can be seen thirty times faster; whatever is not seen here is asked of jsonschema.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from provisioner.model import Json
from provisioner.spec.formats import fault
from provisioner.spec.relations import KEYWORDS

Fits = Callable[[Json], bool]
KINDS: Mapping[str, Fits] = {
    "string": lambda value: type(value) is str, "integer": lambda value: type(value) is int, "boolean": lambda value: type(value) is bool,
    "number": lambda value: type(value) in (int, float), "array": lambda value: type(value) is list, "object": lambda value: type(value) is dict,
    "null": lambda value: value is None,
}
SILENT = frozenset(("description", "default", "title", "examples", "$comment", "type", "writeOnly"))
"""Keywords that say nothing about a value, and the one that is looked at first."""


TOGETHER = frozenset(("properties", "required", "additionalProperties", "if", "then", "else"))
"""Keywords that are looked at with others."""


def never(value: Json) -> bool:
    """The question that is left to jsonschema."""
    return False


def fitting(schema: Json) -> Fits:
    """The question for a schema; `never` where the schema has a keyword that is not known here."""
    if schema is True or schema == {}:
        return lambda value: True
    if not isinstance(schema, dict):
        return never
    kind = schema.get("type")
    rules: list[Fits] = []
    if kind is not None:
        kinds = [KINDS[name] for name in ([kind] if isinstance(kind, str) else kind) if name in KINDS]
        rules.append(kinds[0] if len(kinds) == 1 else lambda value: any(fits(value) for fits in kinds))
    if schema.keys() & {"properties", "required", "additionalProperties"}:
        rules.append(_map(schema))
    if "if" in schema:
        rules.append(_either(schema))
    for key, wanted in schema.items():
        if key in SILENT or key in TOGETHER or key.startswith("x-") and key not in KEYWORDS:
            continue
        if key in KEYWORDS:
            rules.append(_related(key, wanted, schema))
            continue
        if key not in RULES:
            return never
        rules.append(RULES[key](wanted))
    return rules[0] if len(rules) == 1 else _all(rules)


def _all(rules: list[Fits]) -> Fits:
    if len(rules) == 2:
        first, second = rules
        return lambda value: first(value) and second(value)
    return lambda value: all(fits(value) for fits in rules)


def _map(schema: Mapping[str, Any]) -> Fits:
    below = {name: fitting(part) for name, part in schema.get("properties", {}).items()}
    required = frozenset(schema.get("required", ()))
    rest = schema.get("additionalProperties", True)
    other = fitting(rest) if rest is not False else never

    def fits_named(value: Json) -> bool:
        if type(value) is not dict:
            return True
        return value.keys() >= required and all([part(value[name]) for name, part in below.items() if name in value])

    def fits(value: Json) -> bool:
        if type(value) is not dict:
            return True
        return value.keys() >= required and all([below.get(name, other)(item) for name, item in value.items()])

    return fits_named if rest is True else fits


def _either(schema: Mapping[str, Any]) -> Fits:
    """`if`: what fits both ways fits; else only where the condition surely holds, or surely does not."""
    holds, fails, then, other = fitting(schema["if"]), failing(schema["if"]), fitting(schema.get("then", True)), fitting(schema.get("else", True))
    return lambda value: other(value) and fails(value) if not then(value) else other(value) or holds(value)


def failing(schema: Json) -> Fits:
    """The question turned round: does the value surely not fit? Of the keywords that conditions are made of."""
    if not isinstance(schema, dict):
        return never
    required, below = frozenset(schema.get("required", ())), {name: failing(part) for name, part in schema.get("properties", {}).items()}
    pattern, choices = _pattern(schema.get("pattern", "")), [failing(choice) for choice in schema.get("anyOf", ())]

    def fails(value: Json) -> bool:
        if type(value) is dict and (not value.keys() >= required or any(name in value and part(value[name]) for name, part in below.items())):
            return True
        return not pattern(value) or bool(choices) and all(choice(value) for choice in choices)

    return fails


def _names(schema: Json) -> Fits:
    fits = fitting(schema)
    return lambda value: type(value) is not dict or all(map(fits, value))


def _items(schema: Json) -> Fits:
    fits = fitting(schema)
    return lambda value: type(value) is not list or all(map(fits, value))


def _pattern(pattern: str) -> Fits:
    found = re.compile(pattern)
    return lambda value: type(value) is not str or found.search(value) is not None


def _any_of(schemas: list[Json]) -> Fits:
    choices = [fitting(schema) for schema in schemas]
    return lambda value: any(fits(value) for fits in choices)


def _one_of(choices: list[Json]) -> Fits:
    """Only texts: `1`, `1.0` and `True` are equal in Python and not in JSON."""
    texts = frozenset(choice for choice in choices if isinstance(choice, str))
    return lambda value: type(value) is str and value in texts


def _size(kind: type[Any], bound: Callable[[int], bool]) -> Fits:
    return lambda value: type(value) is not kind or bound(len(value))


def _number(bound: Callable[[float], bool]) -> Fits:
    return lambda value: type(value) not in (int, float) or bound(value)


def _format(name: str) -> Fits:
    return lambda value: type(value) is not str or not value or not fault(name, value)


def _unique(value: Json) -> bool:
    """Only texts: `1`, `1.0` and `True` are equal in Python and not in JSON."""
    return type(value) is not list or all(type(item) is str for item in value) and len(set(value)) == len(value)


def _related(keyword: str, wanted: Any, schema: Mapping[str, Any]) -> Fits:
    return lambda value: next(KEYWORDS[keyword](wanted, value, schema), None) is None


RULES: Mapping[str, Callable[[Any], Fits]] = {
    "items": _items, "propertyNames": _names, "pattern": _pattern, "format": _format, "uniqueItems": lambda wanted: _unique if wanted else _all([]),
    "anyOf": _any_of, "allOf": lambda schemas: _all([fitting(schema) for schema in schemas]),
    "enum": _one_of, "const": lambda choice: _one_of([choice]),
    "minLength": lambda least: _size(str, lambda size: size >= least), "maxLength": lambda most: _size(str, lambda size: size <= most),
    "minItems": lambda least: _size(list, lambda size: size >= least), "maxItems": lambda most: _size(list, lambda size: size <= most),
    "minProperties": lambda least: _size(dict, lambda size: size >= least), "maxProperties": lambda most: _size(dict, lambda size: size <= most),
    "minimum": lambda least: _number(lambda value: value >= least), "maximum": lambda most: _number(lambda value: value <= most),
}
