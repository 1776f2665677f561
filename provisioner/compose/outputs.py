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
    are not made yet), `${UNIT.…}` out of properties, `${secret.…}`. Raises Unknown for a reference that leads nowhere.
    """
    outputs = _Outputs(copy, definition, secret_root)
    outputs.views = {"parameters": properties, "app": references.escape(application_view(application))}
    if hosts:
        outputs.views["hosts"] = references.escape([host_view(host) for host in hosts])
    if copy.target:
        outputs.views["target"] = references.escape(target_view(copy))
    found = {name: value for name in [*definition.outputs, *outputs.given] if (value := outputs.value(name)) is not None}
    return found, tuple(name for name in found if name in outputs.sensitive)


class _Outputs:
    """The outputs of one copy, worked out as they are asked for: one may be derived from another."""

    def __init__(self, copy: Placed, definition: Definition, secret_root: str) -> None:
        self.copy = copy
        self.definition = definition
        self.secret_root = secret_root
        self.given: Mapping[str, Json] = copy.existing if copy.existing is not None else copy.implementation.outputs
        self.views: dict[str, Json] = {}
        self.sensitive = {name for name, spec in definition.outputs.items() if spec.sensitive}
        self._found: dict[str, Json] = {}
        self._open: list[str] = []

    def value(self, name: str) -> Json:
        """The template of an output; None when there is none."""
        if name not in self._found:
            if name in self._open:
                raise references.Unknown(f"output {name} is derived from itself: {' → '.join([*self._open, name])}")
            self._open.append(name)
            self._found[name] = self._build(name)
            self._open.pop()
        return self._found[name]

    def _build(self, name: str) -> Json:
        spec = self.definition.outputs.get(name)
        value = self.given.get(name, spec.value if spec else None)
        if isinstance(value, dict) and "generate" in value:
            self.sensitive.add(name)
            return "${secret.%s/%s}" % (self.secret_root, name)
        if isinstance(value, dict) and "secret" in value or any(reference.head == "secret" for _, reference in references.find(value)):
            self.sensitive.add(name)
        return references.substitute(value, lambda reference: self._look_up(name, reference))

    def _look_up(self, name: str, reference: Reference) -> Json:
        if reference.head == "outputs" and reference.path:
            other = reference.path[0]
            value = self.value(other)
            if other in self.sensitive:
                self.sensitive.add(name)
            if isinstance(value, dict) and "secret" in value:
                return "${self.%s}" % other
            return references.dig(value, reference.path[1:], reference)
        if reference.head == "hosts" and "hosts" not in self.views:
            return "${%s._hosts.%s}" % (self.copy.unit, ".".join(reference.path))
        if reference.head in self.views:
            value = references.dig(self.views[reference.head], reference.path, reference)
            if reference.head == "parameters" and any(below.head == "secret" for _, below in references.find(value)):
                self.sensitive.add(name)
            return value
        return KEEP


def target_view(copy: Placed) -> dict[str, Json]:
    """What `${target.…}` can see."""
    target = copy.target
    if target is None:
        return {}
    config = (target.terraform or {}).get("config") or {}
    return {"name": target.name, "vars": target.vars, "labels": target.labels, "region": config.get("region", ""),
            "endpoint": target.vars.get("endpoint", ""), "simulated": target.simulated}


def application_view(application: Application) -> dict[str, Json]:
    """What `${app.…}` can see, as it is."""
    return {"name": application.name, "version": application.version, "labels": application.labels, "annotations": application.annotations}


def app_view(application: Application, reference: Reference) -> Json:
    """What `${app.…}` stands for. Raises Unknown."""
    return references.escape(references.dig(application_view(application), reference.path, reference))
