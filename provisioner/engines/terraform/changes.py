"""A plan of Terraform to our list of changes: differing attributes only, secrets redacted by its own marks. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from provisioner.engines.terraform import names
from provisioner.model import Action, Change, Json

SENSITIVE = "(sensitive)"
REASONS = {
    "replace_because_tainted": "was left unfinished", "replace_by_request": "asked for", "replace_by_triggers": "its triggers changed",
    "delete_because_no_module": "", "delete_because_no_resource_config": "left its module",
}
ABSENT = object()


def changes(resource_changes: list[dict[str, Any]], units: Mapping[str, str]) -> list[Change]:
    """All changes of resources; `units` maps module names to units. What we add to a root ourselves is left out."""
    found = []
    for entry in resource_changes:
        action = action_of(entry)
        if action is None or names.is_ours(entry["address"]):
            continue
        name = names.module_of(entry["address"])
        found.append(_change(entry, action, units.get(name, name)))
    return found


def action_of(entry: dict[str, Any]) -> Action | None:
    """The action in our words; None when nothing is done, or only read."""
    actions = entry["change"]["actions"]
    if actions == ["no-op"] and entry["change"].get("importing"):
        return "update"
    if entry.get("mode") == "data" or actions in (["no-op"], ["read"]):
        return None
    if len(actions) == 2:
        return "replace"
    found: Action = actions[0]
    return found


def operations(entry: dict[str, Any]) -> list[tuple[str, str]]:
    """What Terraform will report while it carries an entry out: (address, create | update | delete | read)."""
    return [(entry["address"], action) for action in entry["change"]["actions"] if action in ("create", "update", "delete", "read")]


def resealed(resource_changes: list[dict[str, Any]]) -> frozenset[str]:
    """Names of modules whose sensitive outputs will be others."""
    return frozenset(names.module_of(entry["address"]) for entry in resource_changes
                     if entry["address"].startswith(names.SEALED) and entry["change"]["actions"] != ["no-op"])


def raw_outputs(resource_changes: list[dict[str, Any]]) -> dict[str, dict[str, Json]]:
    """Module name to its raw outputs as far as the plan knows them, from our `ready_` resources that change."""
    found: dict[str, dict[str, Json]] = {}
    for entry in resource_changes:
        after = entry["change"].get("after")
        if entry["address"].startswith(names.READY) and after:
            unknown = (entry["change"].get("after_unknown") or {}).get("input") or {}
            secret = (entry["change"].get("after_sensitive") or {}).get("input") or {}
            if unknown is True or secret is True:
                found[names.module_of(entry["address"])] = {}
                continue
            found[names.module_of(entry["address"])] = {
                name: value for name, value in (after.get("input") or {}).items()
                if not _any(unknown.get(name)) and not _any(secret.get(name))}
    return found


def _any(marks: Any) -> bool:
    if isinstance(marks, dict):
        return any(_any(item) for item in marks.values())
    if isinstance(marks, list):
        return any(_any(item) for item in marks)
    return bool(marks)


def _change(entry: dict[str, Any], action: Action, unit: str) -> Change:
    change = _marked(entry)
    before = redacted(change.get("before"), change.get("before_sensitive"))
    after = redacted(change.get("after"), change.get("after_sensitive"))
    after = _known(after, change.get("after_unknown"))
    unknown = tuple(_unknown(change.get("after_unknown")))
    if action in ("update", "replace"):
        before, after = _differing(before or {}, after or {}, unknown)
        hidden = _hidden_change(change, before, after)
        before, after = {**before, **hidden}, {**after, **hidden}
    address = entry["address"] + (f" (deposed {entry['deposed']})" if entry.get("deposed") else "")
    return Change(unit, address, action, _set(before), _set(after), unknown if action != "delete" else (), _reason(entry, action))


def _marked(entry: dict[str, Any]) -> dict[str, Any]:
    """What passes through a `terraform_data` loses its mark: its output is marked as its input is."""
    change: dict[str, Any] = dict(entry["change"])
    if entry.get("type") == "terraform_data":
        for side in ("before_sensitive", "after_sensitive"):
            marks = change.get(side)
            if isinstance(marks, dict) and marks.get("input"):
                change[side] = {**marks, "output": marks["input"]}
    return change


def _set(value: Any) -> dict[str, Json]:
    """The attributes of a whole resource that say something."""
    return {name: item for name, item in (value or {}).items() if item is not None and item != [] and item != {}} if isinstance(value, dict) else {}


def _reason(entry: dict[str, Any], action: Action) -> str:
    if action == "replace" and (paths := entry["change"].get("replace_paths")):
        return "forces replacement: " + ", ".join(".".join(map(str, path)) for path in paths)
    if importing := entry["change"].get("importing"):
        return f"is taken over: {importing.get('id', '')}".removesuffix(": ")
    return REASONS.get(entry.get("action_reason", ""), "")


def redacted(value: Json, marks: Any) -> Json:
    """The value with everything that is marked in the parallel tree replaced."""
    if marks is True:
        return None if value is None else SENSITIVE
    if isinstance(value, dict) and isinstance(marks, dict):
        return {name: redacted(item, marks.get(name)) for name, item in value.items()}
    if isinstance(value, list) and isinstance(marks, list):
        return [redacted(item, marks[index] if index < len(marks) else None) for index, item in enumerate(value)]
    return value


def _hidden_change(change: Mapping[str, Any], before: Mapping[str, Json], after: Mapping[str, Json]) -> dict[str, Json]:
    """Attributes that differ only in what must not be shown."""
    found = {}
    raw_before, raw_after = change.get("before") or {}, change.get("after") or {}
    for name in raw_after:
        if raw_after[name] != raw_before.get(name) and not any(path == name or path.startswith(name + ".") for path in [*before, *after]):
            found[name] = SENSITIVE
    return {name: value for name, value in found.items() if redacted(raw_before.get(name), _mark(change.get("before_sensitive"), name)) is not None
            and (_any(_mark(change.get("before_sensitive"), name)) or _any(_mark(change.get("after_sensitive"), name)))}


def _known(value: Json, marks: Any) -> Json:
    """The value without attributes that are not known yet; in a list they are null and keep their place."""
    if isinstance(value, dict) and isinstance(marks, dict):
        return {name: _known(item, marks.get(name)) for name, item in value.items() if marks.get(name) is not True}
    if isinstance(value, list) and isinstance(marks, list):
        return [_known(item, marks[index] if index < len(marks) else None) for index, item in enumerate(value)]
    return value


def _mark(marks: Any, name: str) -> Any:
    return marks.get(name) if isinstance(marks, dict) else marks


def _unknown(marks: Any, path: str = "") -> Iterator[str]:
    if marks is True:
        yield path
    elif isinstance(marks, dict):
        for name, item in marks.items():
            yield from _unknown(item, f"{path}.{name}" if path else name)
    elif isinstance(marks, list):
        for index, item in enumerate(marks):
            yield from _unknown(item, f"{path}.{index}")


def _differing(before: Json, after: Json, unknown: tuple[str, ...]) -> tuple[dict[str, Json], dict[str, Json]]:
    """The leaves that differ, by dotted path; an unknown one has only a before."""
    old: dict[str, Json] = {}
    new: dict[str, Json] = {}
    for path, was, will in _pairs(before, after, ""):
        if was is not ABSENT:
            old[path] = was
        if will is not ABSENT and path not in unknown and not any(other.startswith(path + ".") for other in unknown):
            new[path] = will
    return old, new


def _pairs(before: Any, after: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(before, dict) and isinstance(after, dict):
        for name in [*after, *(name for name in before if name not in after)]:
            yield from _pairs(before.get(name, ABSENT), after.get(name, ABSENT), f"{path}.{name}" if path else name)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (was, will) in enumerate(zip(before, after, strict=True)):
            yield from _pairs(was, will, f"{path}.{index}")
    elif before != after and not ((before is None or before is ABSENT) and (after is None or after is ABSENT)):
        yield path, before, after
