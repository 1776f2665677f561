"""Which resources are made anew although Terraform would change them in place: by a resource-update policy. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from provisioner.engines.terraform import names
from provisioner.model import Json, Recreate, Unit


def recreated(entries: Iterable[dict[str, Any]], units: Mapping[str, Unit]) -> list[str]:
    """Addresses of resources that change in an attribute of which the unit's policy says so. `units`: by module name."""
    found = []
    for entry in entries:
        unit = units.get(names.module_of(entry["address"]))
        if unit and entry["change"]["actions"] == ["update"] and not names.is_ours(entry["address"]) and any(
                _means(rule, entry) for rule in unit.handling.recreate):
            found.append(entry["address"])
    return found


def _means(rule: Recreate, entry: Mapping[str, Any]) -> bool:
    if rule.resources and entry.get("type") not in rule.resources:
        return False
    before, after = entry["change"].get("before") or {}, entry["change"].get("after") or {}
    unknown = entry["change"].get("after_unknown") or {}
    return not rule.paths or any(_at(before, path) != _at(after, path) or _at(unknown, path) is True for path in rule.paths)


def _at(value: Json, path: str) -> Json:
    for part in path.split("."):
        if isinstance(value, list) and part.isdigit():
            value = value[int(part)] if int(part) < len(value) else None
        else:
            value = value.get(part) if isinstance(value, Mapping) else value if value is True else None
    return value
