"""What a JSON Schema can't say of values that belong together, as keywords of our own. Pure.

- `x-order: [[min, max]]`: of a map, the first is at most the second; numbers, or amounts such as 500m and 2Gi.
- `x-below: [[renewBeforeDays, days]]`: the same, and they are not equal.
- `x-differ: [[key, sortKey]]`: of a map, the two are not the same.
- `x-apart: [[packages, absentPackages]]`: of a map, the two lists have nothing in common.
- `x-distinct: [[port, protocol]]`: of a list, or of all lists of a map, no two items have the same of these.

A dot leads into a map (`limits.cpu`). What is not given is as its default says. What is a reference is judged by nobody: its value is not known.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from provisioner.model import Json

UNITS: Mapping[str, float] = {"": 1, "m": 0.001, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
AMOUNT = re.compile(r"([0-9]+(?:\.[0-9]+)?)([A-Za-z]*)")
Keys = list[list[str]]
Found = Iterator[tuple[str, Sequence[str | int]]]
"""What is wrong, and the path below the value at which it is."""
Rule = Callable[[Keys, Json, Mapping[str, Any]], Found]
"""From what the keyword says, a value and its schema."""


def _order(pairs: Keys, value: Json, schema: Mapping[str, Any], *, equal: bool = True) -> Found:
    for low, high in pairs if isinstance(value, dict) else ():
        first, last = _of(value, low, schema), _of(value, high, schema)
        if (small := _amount(first)) is None or (large := _amount(last)) is None or small < large or equal and small == large:
            continue
        if _given(value, low):
            yield f"must be {'at most' if equal else 'less than'} {high} ({last}), is {first}", low.split(".")
        else:
            yield f"must be {'at least' if equal else 'more than'} {low} ({first}), is {last}", high.split(".")


def _below(pairs: Keys, value: Json, schema: Mapping[str, Any]) -> Found:
    return _order(pairs, value, schema, equal=False)


def _differ(pairs: Keys, value: Json, schema: Mapping[str, Any]) -> Found:
    for one, other in pairs if isinstance(value, dict) else ():
        first, second = _of(value, one, schema), _of(value, other, schema)
        if _known(first) and first == second and first not in (None, ""):
            yield f'must be another one than {one}, is {second} as well', [other if other in value else one]


def _apart(pairs: Keys, value: Json, schema: Mapping[str, Any]) -> Found:
    for one, other in pairs if isinstance(value, dict) else ():
        first, second = value.get(one), value.get(other)
        if isinstance(first, list) and isinstance(second, list) and (both := [item for item in second if item in first and _known(item)]):
            yield f'can\'t have "{both[0]}", which is in {one} too', [other, second.index(both[0])]


def _distinct(keys: Keys, value: Json, schema: Mapping[str, Any]) -> Found:
    if isinstance(value, list) and len(value) < 2:
        return
    for names in keys:
        seen: dict[str, str] = {}
        for path, item, shape in _items(value, schema):
            found = [_of(item, name, shape) for name in names]
            if all(one in (None, "") for one in found) or not all(map(_known, found)):
                continue
            place = "".join(f"[{part}]" if isinstance(part, int) else part for part in path)
            if (first := seen.setdefault(repr(found), place)) != place:
                said = " and ".join(f"{name} {one}" for name, one in zip(names, found, strict=True) if one not in (None, ""))
                yield f"has the same {said} as {first}", path


def _items(value: Json, schema: Mapping[str, Any]) -> Iterator[tuple[list[str | int], dict[str, Json], Mapping[str, Any]]]:
    """The maps of a list, or of all lists of a map, each with its path and schema."""
    if isinstance(value, dict):
        for name, listed in value.items():
            for path, item, shape in _items(listed, schema.get("properties", {}).get(name, {})) if isinstance(listed, list) else ():
                yield [name, *path], item, shape
    elif isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, dict):
                yield [index], item, schema.get("items", {})


def _of(value: Mapping[str, Json], name: str, schema: Mapping[str, Any]) -> Json:
    """The value at a dotted name, or its default."""
    head, _, rest = name.partition(".")
    below = schema.get("properties", {}).get(head, {})
    found = value.get(head, below.get("default"))
    return (_of(found, rest, below) if isinstance(found, dict) else None) if rest else found


def _given(value: Json, name: str) -> bool:
    head, _, rest = name.partition(".")
    return isinstance(value, dict) and head in value and (not rest or _given(value[head], rest))


def _known(value: Json) -> bool:
    return not (isinstance(value, str) and "${" in value)


def _amount(value: Json) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    match = AMOUNT.fullmatch(value) if isinstance(value, str) else None
    return float(match[1]) * UNITS[match[2]] if match and match[2] in UNITS else None


KEYWORDS: Mapping[str, Rule] = {
    "x-order": _order, "x-below": _below, "x-differ": _differ, "x-apart": _apart, "x-distinct": _distinct}
"""Keyword to what finds its violations."""
