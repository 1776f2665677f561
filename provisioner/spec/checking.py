"""A value against a JSON Schema: every violation as a Problem with place, choices and the nearest name. Pure.

Serves documents (spec) and the properties of components and traits (catalog) alike.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from provisioner.errors import Problem, Where
from provisioner.model import Json
from provisioner.references import TOKEN
from provisioner.spec.document import Steps
from provisioner.spec.judging import Shape, Violation, shown
from provisioner.spec.relations import KEYWORDS
from provisioner.suggest import near, suggestion

Locate = Callable[[Steps, bool], Where | None]
"""Place of the value at a path, or of its last key (True)."""

NAMES: Mapping[str, str] = {"string": "text", "integer": "a whole number", "number": "a number", "boolean": "true or false", "array": "a list",
         "object": "a map", "null": "empty"}
LIMITS = {
    "minimum": "must be at least {}", "maximum": "must be at most {}",
    "exclusiveMinimum": "must be more than {}", "exclusiveMaximum": "must be less than {}",
    "minItems": "needs at least {} items", "maxItems": "takes at most {} items",
    "minLength": "needs at least {} characters", "maxLength": "takes at most {} characters",
    "minProperties": "needs at least {} keys", "maxProperties": "takes at most {} keys",
    "multipleOf": "must be a multiple of {}",
}


@dataclass(frozen=True)
class Codes:
    """The codes of one kind of document."""

    unknown: str
    missing: str
    type: str
    value: str
    noun: str = "field"


def check(shape: Shape, value: Json, codes: Codes, locate: Locate, *, label: str = "", references: bool = False) -> list[Problem]:
    """All problems of a value. With `references`, what a `${…}` will give is not judged before it is known."""
    if shape.surely_fits(value):
        return []
    reader = _Reader(codes, locate, label, references)
    errors = shape.violations(value)
    wrong_kind = {steps(error) for error in errors if error.validator == "type"}
    told: set[Steps] = set()
    problems: list[Problem] = []
    for error in errors:
        path, whole = steps(error), error.validator in ("additionalProperties", "required")
        if not whole and (path in told or path in wrong_kind and error.validator != "type"):
            continue  # one complaint for each value is enough
        if not whole:
            told.add(path)
        problems += reader.read(error)
    return problems


class _Reader:
    def __init__(self, codes: Codes, locate: Locate, label: str, references: bool) -> None:
        self.codes = codes
        self.locate = locate
        self.label = label
        self.references = references

    def read(self, error: Violation) -> Iterator[Problem]:
        """One violation as problems: a schema error of a map can name several keys."""
        if self.references and awaited(error):
            return
        read = _Reader.name if "propertyNames" in list(error.absolute_schema_path)[-2:] else READERS.get(str(error.validator))
        if read is not None:
            yield from read(self, error)
        else:
            yield self._problem(self.codes.value, error, _limit(error))

    def _problem(self, code: str, error: Violation, what: str, hint: str = "") -> Problem:
        path = steps(error)
        return Problem(code, f"{name_of(path, self.label)} {what}".strip(), self.locate(path, False), hint)

    def unknown(self, error: Violation) -> Iterator[Problem]:
        if error.schema.get("additionalProperties") is not False:
            return
        path = steps(error)
        known = set(error.schema.get("properties", ()))
        patterns = error.schema.get("patternProperties", ())
        for key in error.instance:
            if key not in known and not any(re.search(pattern, key) for pattern in patterns):
                place = f"{name}: " if (name := name_of(path, self.label)) else ""
                yield Problem(self.codes.unknown, f'{place}unknown {self.codes.noun} "{key}"', self.locate((*path, key), True),
                              error.schema.get("x-absent", {}).get(key) or suggestion(key, known))

    def missing(self, error: Violation) -> Iterator[Problem]:
        """Once for each missing key; not where a mistyped one is reported already."""
        key = _missing_key(error)
        known = error.schema.get("properties", {})
        if any(near(other, [key]) for other in error.instance if other not in known):
            return
        described = known.get(key, {}).get("description", "")
        place = f"{name}: " if (name := name_of(steps(error), self.label)) else ""
        yield Problem(self.codes.missing, f'{place}{self.codes.noun} "{key}" is missing', self.locate(steps(error), False),
                      f"{key}: {described}" if described else "")

    def type(self, error: Violation) -> Iterator[Problem]:
        wanted = error.validator_value if isinstance(error.validator_value, list) else [error.validator_value]
        hint = ""
        if wanted == ["string"] and isinstance(error.instance, int | float):
            hint = "put it in quotes"
        elif isinstance(error.instance, str) and "${" not in error.instance and wanted[0] in ("integer", "number", "boolean"):
            hint = "write it without quotes" if _reads_as(error.instance, wanted) else ""
        kinds = _or(NAMES.get(str(name), str(name)) for name in wanted)
        yield self._problem(self.codes.type, error, f"must be {kinds}, is {shown(error.instance)}", hint)

    def choice(self, error: Violation) -> Iterator[Problem]:
        choices = [error.validator_value] if error.validator == "const" else error.validator_value
        texts = [str(choice) for choice in choices]
        yield self._problem(self.codes.value, error, f"can't be {shown(error.instance)}", suggestion(str(error.instance), texts, 20))

    def pattern(self, error: Violation) -> Iterator[Problem]:
        says = error.schema.get("x-says") or f"must match {error.validator_value}"
        yield self._problem(self.codes.value, error, f"{says}, is {shown(error.instance)}")

    def said(self, error: Violation) -> Iterator[Problem]:
        """What says itself what it wants."""
        yield self._problem(self.codes.value, error, error.message)

    def twice(self, error: Violation) -> Iterator[Problem]:
        again = next(item for index, item in enumerate(error.instance) if item in error.instance[:index])
        yield self._problem(self.codes.value, error, f"has {shown(again)} twice")

    def name(self, error: Violation) -> Iterator[Problem]:
        """What is wrong with a key of a map."""
        path, says = steps(error), _limit(error).partition(", is ")[0]
        yield Problem(self.codes.value, f'{name_of(path, self.label)} has a key "{error.instance}", which {says}'.strip(),
                      self.locate((*path, str(error.instance)), True))

    def alternatives(self, error: Violation) -> Iterator[Problem]:
        """`anyOf`: the complaints of the branch that was meant, else the kinds of value that are possible."""
        branches: dict[int, list[Violation]] = {}
        for below in error.context or ():
            branches.setdefault(int(below.schema_path[0]), []).append(below)
        meant = [found for found in branches.values() if not any(_is_kind(below) for below in found)]
        if error.validator == "oneOf" and not branches:
            yield self._problem(self.codes.value, error, error.schema.get("x-says", "fits more than one alternative"))
        elif len(meant) == 1:
            for below in meant[0]:
                yield from self.read(below)
        else:
            kinds = [kind for found in branches.values() for below in found if _is_kind(below) for kind in _kinds(below)]
            known = dict.fromkeys(NAMES.get(kind, kind) for kind in kinds)
            says = error.schema.get("x-says") or (f"must be {_or(known)}" if known else "fits no alternative")
            clear = "x-says" in error.schema and isinstance(error.instance, dict)
            yield self._problem(self.codes.type, error, says if clear else f"{says}, is {shown(error.instance)}")


READERS: Mapping[str, Callable[[_Reader, Violation], Iterator[Problem]]] = {
    "additionalProperties": _Reader.unknown, "required": _Reader.missing, "type": _Reader.type, "enum": _Reader.choice,
    "const": _Reader.choice, "pattern": _Reader.pattern, "anyOf": _Reader.alternatives,
    "oneOf": _Reader.alternatives, "uniqueItems": _Reader.twice, **dict.fromkeys(("format", *KEYWORDS), _Reader.said),
}


def steps(error: Violation) -> Steps:
    """The path of the value that an error is about."""
    return tuple(error.absolute_path)


def name_of(path: Iterable[str | int], label: str = "") -> str:
    """`components[1].traits[0]`: the path in words that people write; `spec.` goes without saying."""
    name = label
    for part in path:
        name += f"[{part}]" if isinstance(part, int) else f".{part}" if name else part
    return name.removeprefix("spec.") if not label else name


def awaited(error: Violation) -> bool:
    """True when the value comes from a reference, so that only its kind can be wrong by now (text around a reference is text)."""
    if not isinstance(error.instance, str) or "${" not in error.instance:
        return False
    first = next((match for match in TOKEN.finditer(error.instance) if match[1] is not None), None)
    if first is None:
        return False
    return first[0] == error.instance or error.validator != "type"


def _missing_key(error: Violation) -> str:
    match = re.match(r"'(.*)' is a required property", error.message)
    return match[1] if match else str(error.validator_value)


def _limit(error: Violation) -> str:
    text = LIMITS.get(str(error.validator))
    if text is None:
        says = error.schema.get("x-says") if isinstance(error.schema, Mapping) else None
        return str(says or (f"must match {error.validator_value}" if error.validator == "pattern" else error.message))
    said = text.format(error.validator_value)
    if error.validator_value == 1:
        said = said.replace("items", "item").replace("characters", "character").replace("keys", "key")
    return said if isinstance(error.instance, dict | list) else f"{said}, is {shown(error.instance)}"


def _is_kind(error: Violation) -> bool:
    """The branch was not meant: the value itself is of another kind."""
    return error.validator == "type" and not error.path


def _kinds(error: Violation) -> list[str]:
    value: Any = error.validator_value
    return value if isinstance(value, list) else [value]


def _reads_as(text: str, wanted: list[str]) -> bool:
    return bool(re.fullmatch(r"-?\d+" if wanted[0] == "integer" else r"-?[\d.]+|true|false", text))


def _or(words: Iterable[str]) -> str:
    listed = list(words)
    return listed[0] if len(listed) == 1 else ", ".join(listed[:-1]) + f" or {listed[-1]}"
