"""From a module's raw outputs to the unit's outputs and hosts, once it is delivered. Pure; secrets stay references."""

import contextlib
from collections.abc import Mapping
from typing import Any

from provisioner import references
from provisioner.engines.terraform import changes
from provisioner.engines.terraform.state import State
from provisioner.errors import ProvisionError
from provisioner.model import Host, Json, Target, Unit
from provisioner.planner.known import made_secret, raw_template, with_self
from provisioner.references import KEEP, Reference
from provisioner.secret_paths import Sealed

DEPTH = 8


def handed_off(state: State, module: str, target: str, root: str) -> dict[str, Json | Sealed] | None:
    """The raw outputs of a module that a state holds, sensitive ones as references to it; None when it is not there yet."""
    if module not in state.outputs:
        return None
    return {**state.outputs[module], **{name: Sealed(target, root, module, name) for name in state.sealed.get(module, ())}}


def expected(entries: list[dict[str, Any]], state: State, module: str, target: str, root: str) -> dict[str, Json | Sealed]:
    """The raw outputs that a module will have after a plan (`entries`: its resource changes), as far as they are known before."""
    before = handed_off(state, module, target, root) or {}
    plain = changes.raw_outputs(entries).get(module)
    known = before if plain is None else {**{name: value for name, value in before.items() if isinstance(value, Sealed)}, **plain}
    new = module in changes.resealed(entries)
    return {name: value for name, value in known.items() if not (new and isinstance(value, Sealed))}


def finish(unit: Unit, raw: Mapping[str, Json | Sealed], published: Mapping[str, Mapping[str, Json]]) -> dict[str, Json]:
    """The outputs as templates in which only `${secret.…}` is left; an output that still needs something else is left out."""
    def look_up(reference: Reference) -> Json:
        if reference.head == "module":
            if reference.path and reference.path[0] in raw:
                return raw_template(raw[reference.path[0]], reference)
            return references.escape(reference.default) if reference.has_default else KEEP
        if reference.head == unit.name and reference.path[:1] == ("_hosts",) and unit.hosts_output in raw:
            return raw_template(raw[unit.hosts_output], reference)
        outputs = published.get(reference.head, {})
        return references.dig(outputs[reference.path[0]], reference.path[1:], reference) if reference.path and reference.path[0] in outputs else KEEP

    found: dict[str, Json] = {}
    for name, value in unit.outputs.items():
        # a path that leads nowhere costs this output, not the unit: its resources are there
        with contextlib.suppress(ProvisionError):
            found[name] = made_secret(unit.target, references.substitute(value, look_up))
    for _ in range(DEPTH):
        before, found = found, with_self(found)
        if found == before:
            break
    return {name: value for name, value in found.items() if references.is_known(value) and not _is_secret(value)}


def _is_secret(value: Json) -> bool:
    return isinstance(value, dict) and "secret" in value


def hosts(unit: Unit, raw: Mapping[str, Json | Sealed], target: Target) -> tuple[Host, ...]:
    """The hosts that a unit made: its output `hosts_output` lists {name, address} with id, user, labels where it likes."""
    listed = raw.get(unit.hosts_output) if unit.hosts_output else None
    if not isinstance(listed, list):
        return ()
    access = target.hosts
    found = []
    for item in listed:
        if not isinstance(item, dict) or not item.get("name") or not item.get("address"):
            continue
        variables: dict[str, Json] = {"instance_id": item["id"]} if item.get("id") else {}
        found.append(Host(str(item["name"]), str(item["address"]), target.name, str(item.get("user") or (access.user if access else "")),
                          int(item.get("port") or 22), become=access.become if access else False,
                          labels={**target.labels, **{str(key): str(value) for key, value in (item.get("labels") or {}).items()}}, vars=variables))
    return tuple(found)
