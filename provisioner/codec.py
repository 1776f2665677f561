"""Frozen dataclasses to JSON values and back, driven by their type hints. Pure; knows no table.

Unknown keys are ignored and missing ones take their default, so that rows written by another version can be read.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from provisioner.errors import ProvisionError
from provisioner.model import Json

T = TypeVar("T")
Convert = Callable[[Any], Any]
"""One value, one way."""
PLAIN = (dict, list, Mapping, Union, UnionType)
"""What is JSON when all its parts are."""


class Unreadable(ProvisionError):
    """Stored data does not have the shape that this version expects."""

    code = "PRV-6018"


def to_json(value: Any) -> Json:
    """The value as plain JSON; dataclasses become dicts, tuples lists. Dicts of JSON are not copied.

    Raises TypeError for what is neither a dataclass nor JSON.
    """
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, (list, tuple)):
        return [to_json(item) for item in value]
    if isinstance(value, dict):
        return {key: to_json(item) for key, item in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return _writer(type(value))(value)
    raise TypeError(f"{type(value).__name__} is no JSON")


def from_json(cls: type[T], data: Json) -> T:
    """The dataclass (or any type that a field of one may have) from what `to_json` made. Raises Unreadable."""
    try:
        hint: Any = cls
        built: T = _reader(hint)(data)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise Unreadable(
            f"the store holds no readable {getattr(cls, '__name__', cls)}: {error}",
            hint="it was written by another version, or by hand",
            next="provision version",
        ) from error
    return built


def dump(value: Any) -> str:
    """The text that a column holds. Only ASCII, so that every database takes it, whatever the value holds."""
    return json.dumps(to_json(value), separators=(",", ":"))


def load(cls: type[T], text: str) -> T:
    """The value from a column's text. Raises Unreadable."""
    try:
        data = json.loads(text)
    except ValueError as error:
        raise Unreadable(f"the store holds broken JSON: {error}", next="provision doctor") from error
    return from_json(cls, data)


# ------------------------------------------------------------------ writing
@cache
def _writer(cls: type) -> Convert:
    """How to write a value of this class: all its fields, of which some must be converted."""
    hints = get_type_hints(cls)
    names = tuple(field.name for field in fields(cls))
    rich = tuple((name, list if _is_plain_tuple(hints[name]) else to_json) for name in names if not _is_plain(hints[name]))

    def write(value: Any) -> Json:
        found = {name: getattr(value, name) for name in names}
        for name, convert in rich:
            item = found[name]
            found[name] = convert(item) if item else [] if item == () else to_json(item)
        return found

    return write


def _is_plain(hint: Any) -> bool:
    """True when a value of this type already is JSON."""
    if hint is Any or hint in (str, int, float, bool, NoneType) or get_origin(hint) is Literal:
        return True
    # dataclasses and tuples must be converted, and what is none of these must be refused
    return get_origin(hint) in PLAIN and all(_is_plain(argument) for argument in get_args(hint))


def _is_plain_tuple(hint: Any) -> bool:
    return get_origin(hint) is tuple and all(_is_plain(part) for part in get_args(hint) if part is not Ellipsis)


# ------------------------------------------------------------------ reading
@cache
def _reader(hint: Any) -> Convert:
    """How to read a value of this type. Nothing is converted: a wrong shape raises."""
    if hint is Any:
        return _same
    if is_dataclass(hint):
        return _dataclass_reader(hint)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return _choice(arguments)
    if origin in (Union, UnionType):
        return _optional(arguments)
    if origin in (tuple, list):
        return _sequence(origin, arguments)
    if origin in (dict, Mapping):
        return _mapping(_reader(arguments[1]))
    return _scalar(hint)


def _same(value: Any) -> Any:
    return value


def _scalar(hint: type) -> Convert:
    allowed: tuple[type, ...] = (int, float) if hint is float else (hint,)

    def read(value: Any) -> Any:
        if not isinstance(value, allowed):
            raise TypeError(f"{type(value).__name__} where {hint.__name__} belongs")
        return value

    return read


def _choice(choices: tuple[Any, ...]) -> Convert:
    def read(value: Any) -> Any:
        if value not in choices:
            raise ValueError(f"{value!r} is none of {', '.join(map(str, choices))}")
        return value

    return read


def _optional(arguments: tuple[Any, ...]) -> Convert:
    kinds = [_reader(argument) for argument in arguments if argument is not NoneType]
    if len(kinds) != 1:
        raise TypeError("only X | None can be read")
    inner = kinds[0]
    return lambda value: None if value is None else inner(value)


def _sequence(kind: type, arguments: tuple[Any, ...]) -> Convert:
    if kind is list or (len(arguments) == 2 and arguments[1] is Ellipsis):
        inner = _reader(arguments[0])
        return lambda value: kind(map(inner, _expect(list, value)))
    readers = [_reader(argument) for argument in arguments]
    return lambda value: tuple(read(item) for read, item in zip(readers, _expect(list, value), strict=True))


def _mapping(inner: Convert) -> Convert:
    if inner is _same:
        return lambda value: _expect(dict, value)
    return lambda value: {key: inner(item) for key, item in _expect(dict, value).items()}


def _expect(kind: type, value: Any) -> Any:
    if not isinstance(value, kind):
        raise TypeError(f"{type(value).__name__} where a {kind.__name__} belongs")
    return value


def _dataclass_reader(cls: Any) -> Convert:
    hints = get_type_hints(cls)
    given = [field for field in fields(cls) if field.init]
    # most fields are plain text or numbers: looking at their type here saves a call for each of them
    readers = [(field.name, hints[field.name], _reader(hints[field.name])) for field in given]
    required = [field.name for field in given if field.default is MISSING and field.default_factory is MISSING]

    def read(value: Any) -> Any:
        data = _expect(dict, value)
        for name in required:
            if name not in data:
                raise KeyError(f"{cls.__name__} without {name}")
        values = {}
        for name, hint, convert in readers:
            if name in data:
                item = data[name]
                values[name] = item if type(item) is hint else convert(item)
        return cls(**values)

    return read
