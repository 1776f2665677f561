"""Reads Terraform's state (version 4): which modules are in it, what `ready_` hands off, what is tainted. Never writes it."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from provisioner.engines.terraform import names
from provisioner.model import Json

T = TypeVar("T")
PATIENCE = 20.0
"""Seconds for which a file may be half-written."""


@dataclass(frozen=True)
class State:
    """What we look at in a state."""

    modules: frozenset[str] = frozenset()
    """Names of root modules that have something in it; their `ready_` counts."""
    outputs: dict[str, dict[str, Json]] = field(default_factory=dict)
    """Module name to its raw outputs, without sensitive ones."""
    sealed: dict[str, frozenset[str]] = field(default_factory=dict)
    """Module name to the names of its sensitive outputs that are kept in this state."""
    tainted: frozenset[str] = frozenset()
    addresses: frozenset[str] = frozenset()
    providers: frozenset[str] = frozenset()
    """Source addresses of providers whose root configuration it refers to."""
    serial: int = 0
    attributes: dict[str, frozenset[str]] = field(default_factory=dict)
    """Type of resource to the names of its attributes."""
    lineage: str = ""


EMPTY = State()


def read(file: Path) -> State | None:
    """The state of a file; None while it is half-written. A file that is not there is an empty state."""
    try:
        return parse(file.read_text())
    except FileNotFoundError:
        return EMPTY
    except (OSError, ValueError, KeyError, TypeError):
        return None


def read_patiently(file: Path) -> State:
    """The state of a file that may be half-written at this moment; empty when it stays so."""
    return _patiently(lambda: read(file)) or EMPTY


def unseal_patiently(file: Path) -> dict[str, dict[str, Json]]:
    """The sensitive outputs in such a file, in clear: module name to output to value."""
    def look() -> dict[str, dict[str, Json]] | None:
        try:
            return unseal(file.read_text())
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, TypeError):
            return None

    return _patiently(look) or {}


def _patiently(look: Callable[[], T | None]) -> T | None:
    end = time.monotonic() + PATIENCE
    while (found := look()) is None and time.monotonic() < end:
        time.sleep(0.05)
    return found


def parse(text: str) -> State:
    """Raises ValueError, KeyError or TypeError for what is no state."""
    if not text.strip():
        return EMPTY
    content = json.loads(text)
    modules: set[str] = set()
    outputs: dict[str, dict[str, Json]] = {}
    sealed: dict[str, frozenset[str]] = {}
    tainted: set[str] = set()
    addresses: set[str] = set()
    providers: set[str] = set()
    attributes: dict[str, frozenset[str]] = {}
    for resource in content.get("resources") or []:
        if not resource["instances"]:
            continue
        place = _address(resource)
        if name := names.module_of(place):
            modules.add(name)
        providers |= _provider(resource)
        if place.startswith(names.READY):
            outputs[names.module_of(place)] = _handed_off(resource["instances"][0])
        elif place.startswith(names.SEALED):
            sealed[names.module_of(place)] = frozenset(_kept(resource["instances"][0]))
        if resource["mode"] == "managed":
            attributes[str(resource["type"])] = frozenset(resource["instances"][0].get("attributes") or ())
            for instance in resource["instances"]:
                addresses.add(address := place + _index(instance))
                if instance.get("status") == "tainted":
                    tainted.add(address)
    return State(frozenset(modules), outputs, sealed, frozenset(tainted), frozenset(addresses), frozenset(providers), int(content.get("serial", 0)),
                 attributes, str(content.get("lineage", "")))


def _address(resource: dict[str, Any]) -> str:
    module = f"{resource['module']}." if resource.get("module") else ""
    data = "data." if resource["mode"] == "data" else ""
    return f"{module}{data}{resource['type']}.{resource['name']}"


def _index(instance: dict[str, Any]) -> str:
    key = instance.get("index_key")
    return "" if key is None else f"[{json.dumps(key)}]"


def _provider(resource: dict[str, Any]) -> set[str]:
    text = str(resource.get("provider", ""))
    if not text.startswith('provider["'):
        return set()
    source = text.split('"')[1]
    return set() if source.startswith("terraform.io/builtin/") else {source}


def unseal(text: str) -> dict[str, dict[str, Json]]:
    """The sensitive outputs in a state, in clear: module name to output to value. Raises as `parse`."""
    content = json.loads(text) if text.strip() else {}
    found = ((_address(resource), resource["instances"]) for resource in content.get("resources") or [])
    return {names.module_of(place): _kept(instances[0]) for place, instances in found if place.startswith(names.SEALED) and instances}


def _kept(instance: dict[str, Any]) -> dict[str, Json]:
    output = instance["attributes"].get("output")
    values = output["value"] if isinstance(output, dict) and "value" in output else output
    return values if isinstance(values, dict) else {}


def _handed_off(instance: dict[str, Any]) -> dict[str, Json]:
    values = _kept(instance)
    # what passes through loses its mark; the mark of `input` is still there
    marked = [[step.get("value") for step in path] for path in instance.get("sensitive_attributes") or []]
    if ["input"] in marked:
        return {}
    secret = {path[1] for path in marked if len(path) > 1 and path[0] == "input"}
    return {name: value for name, value in values.items() if name not in secret}
