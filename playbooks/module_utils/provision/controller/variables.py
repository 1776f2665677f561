"""The playbook's variables, taken as they are: they are final, so text with braces in it is never templated a second time."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from typing import Any

from ansible.module_utils.provision.failures import Failed


def with_prefix(task_vars: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """All variables with a prefix, under their names without it; plain JSON values."""
    return {name[len(prefix):]: plain(value) for name, value in task_vars.items() if name.startswith(prefix)}


def plain(value: Any) -> Any:
    """A value without Ansible's own types and tags."""
    return json.loads(json.dumps(value, default=str))


def context(task_vars: Mapping[str, Any], address: str, connection: str) -> dict[str, Any]:
    """What our module has to know about who asks and about this host."""
    given = with_prefix(task_vars, "provision_")
    host = str(task_vars["inventory_hostname"])
    return {
        "app": str(given.get("app") or "app"), "environment": str(given.get("environment") or ""),
        "component": str(given.get("component") or ""), "target": str(given.get("target") or ""),
        "unit": str(given.get("unit") or given.get("component") or "unit"),
        "seal": str((given.get("seals") or {}).get(host, "")), "marker": str(given.get("unknown") or ""),
        "root": str(given.get("root") or ""), "address": address, "supervisord": _supervisord() if connection == "local" else "",
        "secret_inputs": given.get("secret_inputs") or [], "restart": bool(given.get("restart")),
        "take_over": bool(given.get("take_over")), "leave": (given.get("leave") or {}).get(host, []),
    }


def lacking(task_vars: Mapping[str, Any]) -> str:
    """What is wrong when a variable that holds a secret was not given, as when a step is run by hand: without it we would deliver another value."""
    paths = [str(path) for path in task_vars.get("provision_secret_inputs") or ()]
    names = sorted({name for name in (path.partition(".")[0] for path in paths) if name not in task_vars})
    return f"{', '.join(names)}: holds a secret, which is on no disk; give it with -e @FILE" if names else ""


def judge_complete(task_vars: Mapping[str, Any]) -> None:
    """Raises Failed when a variable that holds a secret was not given."""
    if message := lacking(task_vars):
        raise Failed(message)


def _supervisord() -> str:
    """The one that was installed with the controller; it serves this machine only."""
    path = os.path.join(os.path.dirname(sys.executable), "supervisord")
    return path if os.access(path, os.X_OK) else ""


def split(values: Mapping[str, Any], secret_inputs: list[str] | None, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """A map of values in two: plain ones, and those that the list of dotted paths calls secret. No list: all are."""
    if secret_inputs is None:
        return {}, dict(values)
    hidden = {key for key in values if any(path in (name, f"{name}.{key}") or path.startswith(f"{name}.{key}.") for path in secret_inputs)}
    return {key: value for key, value in values.items() if key not in hidden}, {key: values[key] for key in hidden}


def by_name(env: Any, secret_inputs: list[str] | None, name: str) -> tuple[dict[str, Any], list[str] | None]:
    """OAM's list of {name, value} as a map, and the secret paths in it rewritten to the map's names."""
    if isinstance(env, Mapping):
        return dict(env), secret_inputs
    items = list(env or ())
    numbered = {f"{name}.{number}": f"{name}.{item['name']}" for number, item in enumerate(items)}
    values = {str(item["name"]): item.get("value") for item in items}
    if secret_inputs is None:
        return values, None
    return values, [next((new for old, new in numbered.items() if path == old or path.startswith(old + ".")), path) for path in secret_inputs]
