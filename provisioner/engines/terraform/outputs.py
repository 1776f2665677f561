"""From a module's raw outputs to the unit's outputs and hosts, once it is delivered. Pure; secrets stay references."""

import contextlib
from collections.abc import Mapping

from provisioner import references
from provisioner.errors import ProvisionError
from provisioner.model import Host, Json, Target, Unit
from provisioner.planner.known import made_secret, with_self
from provisioner.references import KEEP, Reference

DEPTH = 8


def finish(unit: Unit, raw: Mapping[str, Json], published: Mapping[str, Mapping[str, Json]]) -> dict[str, Json]:
    """The outputs as templates in which only `${secret.…}` is left; an output that still needs something else is left out."""
    def look_up(reference: Reference) -> Json:
        if reference.head == "module":
            if reference.path and reference.path[0] in raw:
                return references.escape(references.dig(raw[reference.path[0]], reference.path[1:], reference))
            return references.escape(reference.default) if reference.has_default else KEEP
        if reference.head == unit.name and reference.path[:1] == ("_hosts",) and unit.hosts_output in raw:
            return references.escape(references.dig(raw[unit.hosts_output], reference.path[1:], reference))
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


def hosts(unit: Unit, raw: Mapping[str, Json], target: Target) -> tuple[Host, ...]:
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
