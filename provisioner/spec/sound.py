"""A JSON Schema at a glance: is it surely a sound one? No opinion (False) where that is not clear. Pure.

jsonschema checks a schema against the metaschema of its draft, which takes 50 ms for the parameters of a type such as webservice;
nearly every definition is right, and that is seen here in less than one. The rules are those of draft 2020-12 for the keywords
that definitions use: https://json-schema.org/draft/2020-12/json-schema-validation
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

TYPES = frozenset(("string", "integer", "number", "boolean", "array", "object", "null"))


def surely_sound(schema: object) -> bool:
    """True for a schema that the metaschema surely accepts."""
    if isinstance(schema, bool):
        return True
    return isinstance(schema, dict) and all(key.startswith("x-") or key in KEYWORDS and KEYWORDS[key](value) for key, value in schema.items())


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _anything(value: Any) -> bool:
    return True


def _count(value: Any) -> bool:
    return type(value) is int and value >= 0


def _number(value: Any) -> bool:
    return type(value) in (int, float)


def _pattern(value: Any) -> bool:
    try:
        return isinstance(value, str) and re.compile(value) is not None
    except re.error:
        return False


def _names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value) and len(set(value)) == len(value)


def _kinds(value: Any) -> bool:
    return value in TYPES if isinstance(value, str) else _names(value) and bool(value) and TYPES.issuperset(value)


def _choices(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(map(surely_sound, value))


def _by_name(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(key, str) and surely_sound(below) for key, below in value.items())


KEYWORDS: Mapping[str, Callable[[Any], bool]] = {
    "type": _kinds, "properties": _by_name, "additionalProperties": surely_sound, "items": surely_sound, "not": surely_sound,
    **dict.fromkeys(("propertyNames", "if", "then", "else", "contains"), surely_sound),
    "anyOf": _choices, "oneOf": _choices, "allOf": _choices, "required": _names, "enum": lambda value: isinstance(value, list),
    "const": _anything, "default": _anything, "examples": lambda value: isinstance(value, list),
    "pattern": _pattern, "title": _text, "description": _text, "format": _text, "$comment": _text,
    "uniqueItems": lambda value: isinstance(value, bool), "writeOnly": lambda value: isinstance(value, bool),
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"), _count),
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), _number),
}
