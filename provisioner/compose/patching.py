"""What a trait changes in the properties of a component: its `patch` operations, one after the other. Pure.

Each operation is a map: `merge` (a map laid on the properties), `add` (path to items, `by` a key where items have one), `remove`
(path to items, or to what `by` names), `clear` (paths); `when` says whether it is done at all.
"""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from provisioner.model import Json
from provisioner.references import Lookup, dig, substitute


def patched(properties: Mapping[str, Json], operations: Iterable[Mapping[str, Json]], lookup: Lookup) -> dict[str, Json]:
    """The properties after all operations; their templates are filled by `lookup`."""
    found: dict[str, Json] = dict(properties)
    for operation in operations:
        if "when" in operation and not filled(operation["when"], lookup):
            continue
        by = operation.get("by", "")
        found = merge(found, _without_empty(filled(operation.get("merge", {}), lookup)))
        for path in operation.get("clear", ()):
            found = _at(found, path.split("."), lambda value: None)
        for path, items in operation.get("remove", {}).items():
            found = _at(found, path.split("."), partial(_less, gone=filled(items, lookup) or [], by=by))
        for path, items in operation.get("add", {}).items():
            if more := filled(items, lookup):
                found = _at(found, path.split("."), partial(_more, more=more, by=by))
    return found


def filled(template: Json, lookup: Lookup) -> Json:
    """A trait's template with its references filled.

    `{for: LIST, if: CONDITION, do: TEMPLATE}` is a list with one entry for each `${item}` (a map gives `${item.key}` and
    `${item.value}`), `{first: [TEMPLATE, …]}` the first that is not empty.
    """
    if isinstance(template, dict) and {"for", "do"} <= template.keys() <= {"for", "if", "do"}:
        lookups = [_with_item(item, lookup) for item in _items(filled(template["for"], lookup))]
        return [filled(template["do"], each) for each in lookups if "if" not in template or filled(template["if"], each)]
    if isinstance(template, dict) and template.keys() == {"first"}:
        return next((value for choice in template["first"] if (value := filled(choice, lookup)) not in (None, "")), None)
    if isinstance(template, dict):
        return {key: filled(value, lookup) for key, value in template.items()}
    if isinstance(template, list):
        return [filled(value, lookup) for value in template]
    return substitute(template, lookup)


def _items(value: Json) -> list[Json]:
    """What `for` goes through: a list, or a map as a list of {key, value}."""
    if isinstance(value, Mapping):
        return [{"key": key, "value": item} for key, item in value.items()]
    return list(value) if isinstance(value, list | tuple) else []


def _with_item(item: Json, lookup: Lookup) -> Lookup:
    return lambda reference: dig(item, reference.path, reference) if reference.head == "item" else lookup(reference)


def merge(below: Mapping[str, Json], above: Mapping[str, Json]) -> dict[str, Json]:
    """Maps are merged key by key, everything else is replaced."""
    found = dict(below)
    for key, value in above.items():
        found[key] = merge(found[key], value) if isinstance(value, Mapping) and isinstance(found.get(key), Mapping) else value
    return found


def _without_empty(value: Json) -> Any:
    """A map without the keys that have no value: a parameter that was not given leaves the property as it is."""
    if not isinstance(value, dict):
        return value
    kept = {key: _without_empty(item) for key, item in value.items() if item is not None}
    return {key: item for key, item in kept.items() if item != {} or value[key] == {}}


def _at(value: Json, path: list[str], change: Any) -> Any:
    """A copy with what lies at the path changed; maps are made on the way, and what becomes None is taken out.

    A value of another kind on the way stays as it is: whoever checks the properties complains about it.
    """
    if not path:
        return change(value)
    if value is not None and not isinstance(value, Mapping):
        return value
    below = dict(value or {})
    changed = _at(below.get(path[0]), path[1:], change)
    if changed is None:
        below.pop(path[0], None)
    else:
        below[path[0]] = changed
    return below


def _more(value: Json, more: Json, by: str) -> Json:
    """The list with further items; one that has the same key as another takes its place. A map takes and gives `{name, value}`."""
    if isinstance(value, Mapping) and by == "name":
        value = _named(value)
    if value is not None and not isinstance(value, list | tuple):
        return value
    found = list(value or ())
    for item in _named(more) if isinstance(more, Mapping) else more:
        item = _without_empty(item)
        same = [index for index, other in enumerate(found) if by and _key(other, by) is not None and _key(other, by) == _key(item, by)]
        if same:
            found[same[0]] = {**found[same[0]], **item}
        else:
            found.append(item)
    return found


def _less(value: Json, gone: list[Json], by: str) -> Json:
    """The list, or the map, without the items that are named."""
    if isinstance(value, Mapping):
        return {key: item for key, item in value.items() if key not in gone}
    if not isinstance(value, list | tuple):
        return value
    return [item for item in value if (_key(item, by) if by else item) not in gone]


def _named(values: Mapping[str, Json]) -> list[Json]:
    return [{"name": name, "value": value} for name, value in values.items()]


def _key(item: Json, by: str) -> Json:
    return item.get(by) if isinstance(item, Mapping) else None
