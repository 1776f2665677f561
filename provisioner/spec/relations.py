"""What a JSON Schema can't say of amounts, and of values that belong together, as keywords of our own. Pure.

- `x-least: 4Mi`, `x-most: 120Gi`: an amount such as 500m or 2Gi is at least, at most that.
- `x-order: [[min, max]]`: of a map, the first is at most the second; numbers, amounts, or how many a list has (an empty one is not given).
- `x-below: [[renewBeforeDays, days]]`: the same, and they are not equal.
- `x-differ: [[key, sortKey]]`: of a map, the two are not the same. `x-equal: [[port, containerPort]]`: where both are given, they are.
- `x-among: [[users.databases, database, databases]]`: of a map, each value at the first name, through lists, is one of those at the others;
  `x-not-among: [[users.name, user]]`: it is none of them.
- `x-apart: [[packages, absentPackages]]`: of a map, the two lists have nothing in common.
- `x-distinct: [[port, protocol]]`: of a list, or of all lists of a map, no two items have the same of these.

A dot leads into a map (`limits.cpu`). A slash at the end of a path makes no difference. What is not given is as its default says. What is a
reference is judged by nobody: its value is not known.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from provisioner.model import Json

UNITS: Mapping[str, float] = {"": 1, "m": 0.001, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
AMOUNT = re.compile(r"([0-9]+(?:\.[0-9]+)?)([A-Za-z]*)")
Keys = list[list[str]]
Path = Sequence[str | int]
Found = Iterator[tuple[str, Path]]
"""What is wrong, and the path below the value at which it is."""
Rule = Callable[[Any, Json, Mapping[str, Any]], Found]
"""From what the keyword says, a value and its schema."""


def _order(pairs: Keys, value: Json, schema: Mapping[str, Any], *, equal: bool = True) -> Found:
    for low, high in pairs if isinstance(value, dict) else ():
        first, last = _of(value, low, schema), _of(value, high, schema)
        if (small := _amount(first)) is None or (large := _amount(last)) is None or small < large or equal and small == large:
            continue
        if isinstance(last, list):
            yield f"must have at least as many as {low} ({first}), has {len(last)}", high.split(".")
        elif _given(value, low):
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


def _equal(pairs: Keys, value: Json, schema: Mapping[str, Any]) -> Found:
    for one, other in pairs if isinstance(value, dict) else ():
        first, second = _of(value, one, schema), _of(value, other, schema)
        if None not in (first, second) and _known(first) and _known(second) and first != second:
            yield f"must be as {one} ({first}), is {second}", other.split(".")


def _among(named: Keys, value: Json, schema: Mapping[str, Any], *, wanted: bool = True) -> Found:
    for name, *others in named if isinstance(value, dict) else ():
        pool = [item for other in others for _, item in _through(value, other.split("."), schema)]
        if wanted and not all(map(_known, pool)):
            continue
        for path, item in _through(value, name.split("."), schema):
            if _known(item) and item is not None and (_cut(item) in map(_cut, pool)) is not wanted:
                said = f"one of {' and '.join(others)} ({', '.join(map(str, pool))})" if wanted else f"another one than {' and '.join(others)}"
                yield f"must be {said}, is {item}", path


def _not_among(named: Keys, value: Json, schema: Mapping[str, Any]) -> Found:
    return _among(named, value, schema, wanted=False)


def _most(limit: Json, value: Json, schema: Mapping[str, Any], *, least: bool = False) -> Found:
    bound, amount = _amount(limit), _amount(value)
    if isinstance(value, list) or bound is None or amount is None:
        return
    if amount < bound if least else amount > bound:
        yield f"must be {'at least' if least else 'at most'} {limit}, is {value}", []


def _least(limit: Json, value: Json, schema: Mapping[str, Any]) -> Found:
    return _most(limit, value, schema, least=True)


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
            found = [_cut(_of(item, name, shape)) for name in names]
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


def _through(value: Json, names: list[str], schema: Mapping[str, Any], path: tuple[str | int, ...] = ()) -> Iterator[tuple[Path, Json]]:
    """All values at a dotted name, through lists, each with its path."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _through(item, names, schema.get("items", {}), (*path, index))
    elif not names:
        yield path, value
    elif isinstance(value, dict):
        below = schema.get("properties", {}).get(names[0], {})
        if (found := value.get(names[0], below.get("default"))) is not None:
            yield from _through(found, names[1:], below, (*path, names[0]))


def _cut(value: Json) -> Json:
    """A path without a slash at its end."""
    return value.rstrip("/") or "/" if isinstance(value, str) and value.startswith("/") else value


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
    if isinstance(value, list):
        return len(value) or None
    match = AMOUNT.fullmatch(value) if isinstance(value, str) else None
    return float(match[1]) * UNITS[match[2]] if match and match[2] in UNITS else None


AMOUNTS = frozenset(("x-least", "x-most"))
"""Keywords about a value alone, which name no others."""
KEYWORDS: Mapping[str, Rule] = {
    "x-order": _order, "x-below": _below, "x-differ": _differ, "x-equal": _equal, "x-among": _among, "x-not-among": _not_among,
    "x-least": _least, "x-most": _most, "x-apart": _apart, "x-distinct": _distinct}
"""Keyword to what finds its violations."""
