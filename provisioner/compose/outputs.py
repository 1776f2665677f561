"""The outputs of a unit as templates: what its implementation gives, and what the contract derives from that. Pure."""

from collections.abc import Mapping

from provisioner import references
from provisioner.compose.placing import Placed
from provisioner.model import Application, Definition, Host, Json
from provisioner.references import KEEP, Reference


def secret_path(application: str, environment: str, unit: str) -> str:
    """Where passwords that are made for a unit live in the environment's secret backend."""
    return f"generated/{application}/{environment}/{unit}"


def host_view(host: Host) -> dict[str, Json]:
    """What `${hosts.0.…}` can see of a host."""
    return {"name": host.name, "address": host.address, "labels": host.labels}


def outputs_of(application: Application, copy: Placed, definition: Definition, properties: Mapping[str, Json],
               secret_root: str, hosts: tuple[Host, ...] = ()) -> tuple[dict[str, Json], tuple[str, ...]]:
    """Templates by name, and the names of the sensitive ones (by declaration, or because they contain a sensitive one).

    References that are left: `${module.…}`, `${self.NAME}` (an output that is a cloud's secret), `${UNIT._hosts.…}` (hosts that
    are not made yet), `${UNIT.…}` out of properties, `${secret.…}`.
    """
    given = dict(copy.existing) if copy.existing is not None else copy.implementation.outputs
    sensitive = {name for name, spec in definition.outputs.items() if spec.sensitive}
    found: dict[str, Json] = {}

    def lookup(reference: Reference) -> Json:
        if reference.head == "parameters":
            return references.dig(dict(properties), reference.path, reference)
        if reference.head == "hosts":
            if hosts:
                return references.escape(references.dig([host_view(host) for host in hosts], reference.path, reference))
            return "${%s._hosts.%s}" % (copy.unit, ".".join(reference.path))
        if reference.head == "target" and copy.target:
            return references.escape(references.dig(target_view(copy), reference.path, reference))
        if reference.head == "outputs":
            name = reference.path[0]
            if name not in found:
                found[name] = build(name)
            if isinstance(found[name], dict) and "secret" in found[name]:
                return "${self.%s}" % name
            return references.dig(found[name], reference.path[1:], reference)
        if reference.head == "app":
            return app_view(application, reference)
        return KEEP

    def build(name: str) -> Json:
        spec = definition.outputs.get(name)
        value = given.get(name, spec.value if spec else None)
        if isinstance(value, dict) and "generate" in value:
            return "${secret.%s/%s}" % (secret_root, name)
        return references.substitute(value, lookup)

    for name in [*definition.outputs, *given]:
        if name not in found:
            found[name] = build(name)
    found = {name: value for name, value in found.items() if value is not None}
    return found, tuple(name for name in found if name in sensitive)


def target_view(copy: Placed) -> dict[str, Json]:
    """What `${target.…}` can see."""
    target = copy.target
    if target is None:
        return {}
    config = (target.terraform or {}).get("config") or {}
    return {"name": target.name, "vars": target.vars, "labels": target.labels, "region": config.get("region", ""),
            "endpoint": target.vars.get("endpoint", ""), "simulated": target.simulated}


def app_view(application: Application, reference: Reference) -> Json:
    """What `${app.…}` can see."""
    view = {"name": application.name, "version": application.version, "labels": application.labels, "annotations": application.annotations}
    return references.escape(references.dig(view, reference.path, reference))
