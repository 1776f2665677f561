"""Apply does nothing that the approved plan did not show: is what is planned now contained in what was shown? Pure."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from provisioner.engines.terraform import names
from provisioner.model import Change, Json

SMALLER: Mapping[str, tuple[str, ...]] = {
    "create": ("create",),
    "update": ("update",),
    "replace": ("replace", "update", "create", "delete"),
    "delete": ("delete", "forget"),
    "forget": ("forget",),
}
"""What may be done when an action was shown."""


def excess(planned: Iterable[Change], allowed: Iterable[Change], interrupted: frozenset[str] = frozenset()) -> dict[str, list[str]]:
    """Unit to what is planned for it and was not shown. `interrupted`: addresses that our own broken-off run began to create."""
    shown = {(change.unit, change.address): change for change in allowed}
    found: dict[str, list[str]] = {}
    for change in planned:
        problem = _problem(change, shown.get((change.unit, change.address)), change.address in interrupted)
        if problem:
            found.setdefault(change.unit, []).append(problem)
    return found


def _problem(now: Change, shown: Change | None, interrupted: bool) -> str:
    if shown is None:
        return f"{now.address}: {now.action}, of which the plan said nothing"
    begun = shown.action == "create" and (interrupted and now.action in ("replace", "delete", "update")
                                          or now.action == "replace" and names.only_runs(now.address))
    if now.action not in SMALLER.get(shown.action, ()) and not begun:
        return f"{now.address}: {now.action} instead of {shown.action}"
    if now.action in ("delete", "forget") or begun:
        return ""
    was = dict(_leaves(shown.after))
    for path, value in _leaves(now.after) if now.after else ():
        if not _allowed(path, value, was, shown, now):
            return f"{now.address}: {path} will be {_short(value)}" + (f" instead of {_short(was[path])}" if path in was else "")
    for path in now.unknown:
        if path in was and path not in shown.unknown:
            return f"{now.address}: {path} is not known any more"
    return ""


def _allowed(path: str, value: Json, was: Mapping[str, Json], shown: Change, now: Change) -> bool:
    if any(path == unknown or path.startswith(unknown + ".") or unknown.startswith(path + ".") for unknown in shown.unknown):
        return True
    if path in was:
        return bool(was[path] == value)
    # a whole resource also lists what the cloud sets by itself, and a replaced one was shown by its differences only
    return shown.action == "replace" and now.action == "create"


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Json]]:
    if isinstance(value, dict) and value:
        for name, item in value.items():
            yield from _leaves(item, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from _leaves(item, f"{path}.{index}")
    else:
        yield path, value


def _short(value: Json) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
