"""The outputs of a unit as templates: what its implementation gives, and what the contract derives from that. Pure."""

from collections.abc import Mapping

from provisioner import references
from provisioner.compose.placing import Placed
from provisioner.model import Application, Definition, Environment, Host, Json, Target
from provisioner.references import KEEP, Reference


def secret_path(application: str, environment: str, unit: str) -> str:
    """Where passwords that are made for a unit live in the environment's secret backend."""
    return f"generated/{application}/{environment}/{unit}"


def host_view(host: Host) -> dict[str, Json]:
    """What `${hosts.0.…}` can see of a host."""
    return {"name": host.name, "address": host.address, "labels": host.labels}


def outputs_of(copy: Placed, definition: Definition, properties: Mapping[str, Json], secret_root: str,
               views: Mapping[str, Json]) -> tuple[dict[str, Json], tuple[str, ...]]:
    """Templates by name, and the names of the sensitive ones (by declaration, or because they contain a sensitive one).

    `views` are what `${app.…}`, `${target.…}` and, where they are known, `${hosts.…}` can see. References that are left:
    `${module.…}`, `${self.NAME}` (an output that is a cloud's secret), `${UNIT._hosts.…}` (hosts that are not made yet),
    `${UNIT.…}` out of properties, `${secret.…}`. Raises Unknown for a reference that leads nowhere.
    """
    outputs = _Outputs(copy, definition, secret_root, {"parameters": properties, **views})
    found = {name: value for name in [*definition.outputs, *outputs.given] if outputs.known(name) and (value := outputs.value(name)) is not None}
    return found, tuple(name for name in found if name in outputs.sensitive)


class _Outputs:
    """The outputs of one copy, worked out as they are asked for: one may be derived from another."""

    def __init__(self, copy: Placed, definition: Definition, secret_root: str, views: Mapping[str, Json]) -> None:
        self.copy = copy
        self.definition = definition
        self.secret_root = secret_root
        self.given: Mapping[str, Json] = copy.existing if copy.existing is not None else copy.implementation.outputs
        self.views = views
        self.sensitive = {name for name, spec in definition.outputs.items() if spec.sensitive}
        self._found: dict[str, Json] = {}
        self._open: list[str] = []

    def known(self, name: str) -> bool:
        """False for what can't be derived because the environment does not give a part of it for an existing component."""
        return self.copy.existing is None or not lacking(self.definition, self.given, name)

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
        if isinstance(value, dict) and "secret" in value or holds_secret(value):
            self.sensitive.add(name)
        return references.substitute(value, lambda reference: self._look_up(name, reference))

    def _look_up(self, name: str, reference: Reference) -> Json:
        if reference.head == "outputs" and reference.path:
            other = reference.path[0]
            value = self.value(other)
            if value is None:
                raise references.Unknown(f"{reference}: there is no output {other}")
            if other in self.sensitive:
                self.sensitive.add(name)
            if isinstance(value, dict) and "secret" in value:
                return "${self.%s}" % other
            return references.dig(value, reference.path[1:], reference)
        if reference.head == "hosts" and "hosts" not in self.views:
            return "${%s._hosts.%s}" % (self.copy.unit, ".".join(reference.path))
        if reference.head in self.views:
            value = references.dig(self.views[reference.head], reference.path, reference)
            if reference.head == "parameters" and holds_secret(value):
                self.sensitive.add(name)
            return value
        return KEEP


def holds_secret(value: Json) -> bool:
    """Whether a template refers to a secret."""
    if isinstance(value, str) and "secret" not in value:
        return False
    return any(reference.head == "secret" for _, reference in references.find(value))


def lacking(definition: Definition, given: Mapping[str, Json], name: str, above: tuple[str, ...] = ()) -> str:
    """The output that is missing before this one can be had of an existing component; empty when it can be."""
    spec = definition.outputs.get(name)
    if name in given or name in above:
        return ""
    if spec is None or spec.value is None:
        return name
    parts = [reference.path[0] for _, reference in references.find(spec.value) if reference.head == "outputs" and reference.path]
    return next((found for part in parts if (found := lacking(definition, given, part, (*above, name)))), "")


class Views:
    """What `${app.…}`, `${environment.…}`, `${target.…}` and `${hosts.…}` can see, as templates. Each is worked out once."""

    def __init__(self, application: Application, environment: Environment) -> None:
        self.app: Json = references.escape({"name": application.name, "version": application.version,
                                            "labels": application.labels, "annotations": application.annotations})
        self.environment: Json = {"name": environment.name}
        self._targets: dict[str, Json] = {}
        self._hosts: dict[int, tuple[tuple[Host, ...], Json]] = {}

    def of(self, copy: Placed, hosts: tuple[Host, ...]) -> dict[str, Json]:
        """The views of one copy; without `hosts` while those are not made yet."""
        found = {"app": self.app, "environment": self.environment}
        if copy.target:
            if copy.target.name not in self._targets:
                self._targets[copy.target.name] = references.escape(target_view(copy.target))
            found["target"] = self._targets[copy.target.name]
        if hosts:
            if id(hosts) not in self._hosts:
                self._hosts[id(hosts)] = (hosts, references.escape([host_view(host) for host in hosts]))
            found["hosts"] = self._hosts[id(hosts)][1]
        return found


def target_view(target: Target) -> dict[str, Json]:
    """What `${target.…}` can see."""
    config = (target.terraform or {}).get("config") or {}
    return {"name": target.name, "vars": target.vars, "labels": target.labels, "region": config.get("region", ""),
            "endpoint": target.vars.get("endpoint", ""), "simulated": target.simulated}
