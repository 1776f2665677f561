"""What is known of units' outputs and hosts: while planning (predicted) and while delivering (real). Pure.

A lookup answers templates, so that a secret stays a reference on its way through any number of units.
"""

from collections.abc import Collection, Mapping

from provisioner import references
from provisioner.compose.outputs import host_view
from provisioner.compose.selection import from_source
from provisioner.model import Host, Json, Unit
from provisioner.model.copying import copied
from provisioner.references import KEEP, Reference
from provisioner.secret_paths import Sealed, cloud_path


class Known:
    """Outputs (templates) and hosts by unit; what is not in here is not known yet."""

    def __init__(self) -> None:
        self.outputs: dict[str, dict[str, Json]] = {}
        self.hosts: dict[str, tuple[Host, ...]] = {}
        self.made: dict[str, tuple[Host, ...]] = {}
        """Hosts that a unit makes, by that unit."""

    def hosts_of(self, unit: Unit) -> tuple[Host, ...] | None:
        """The hosts that a unit runs on; None when they are not made yet."""
        if unit.host_source is None:
            return unit.hosts
        made = self.made.get(unit.host_source.unit)
        return None if made is None else from_source(made, unit.host_source)

    def look_up(self, reference: Reference) -> Json:
        """The template that stands for `${UNIT.OUTPUT…}` or `${UNIT._hosts.…}`, or KEEP."""
        if "@" not in reference.head:
            return KEEP
        name, *path = reference.path
        if name == "_hosts":
            hosts = self.hosts.get(reference.head)
            if hosts is None:
                return KEEP
            return references.escape(references.dig([host_view(host) for host in hosts], tuple(path), reference))
        outputs = self.outputs.get(reference.head, {})
        if name not in outputs:
            return KEEP
        if isinstance(outputs[name], dict) and "secret" in outputs[name]:
            return KEEP
        return references.dig(outputs[name], tuple(path), reference)

    def fill(self, value: Json, native: Collection[str] = ()) -> Json:
        """Replace what is known; outputs may themselves refer to others, so again until nothing moves."""
        if references.is_plain(value):
            return value
        moved = True

        def look_up(reference: Reference) -> Json:
            nonlocal moved
            found = KEEP if reference.head in native else self.look_up(reference)
            moved = moved or (found is not KEEP and not (isinstance(found, str) and "${" not in found))
            return found

        for _ in range(8):
            if not moved:
                break
            moved = False
            value = references.substitute(value, look_up)
        return value

    def filled(self, unit: Unit, native: Collection[str] = ()) -> Unit:
        """The unit with its inputs and outputs filled and its hosts set as far as known; references to the units `native` stay in its inputs."""
        hosts = self.hosts.get(unit.name)
        return copied(unit, inputs=self.fill(unit.inputs, native), outputs=self.fill(unit.outputs), hosts=unit.hosts if hosts is None else hosts)

    def publish(self, unit: Unit, raw: Mapping[str, Json | Sealed] | None) -> dict[str, Json]:
        """The outputs of a unit that are known, given its raw outputs (`${module.…}`); remembered for others."""
        def raw_value(reference: Reference) -> Json:
            if reference.head == "module" and raw is not None and reference.path[0] in raw:
                return raw_template(raw[reference.path[0]], reference)
            return KEEP

        found = {name: value if references.is_plain(value) else made_secret(unit.target, self.fill(references.substitute(value, raw_value)))
                 for name, value in unit.outputs.items()}
        found = with_self(found)
        self.outputs[unit.name] = {name: value for name, value in found.items() if references.is_known(value)}
        return self.outputs[unit.name]


def raw_template(value: Json | Sealed, reference: Reference) -> Json:
    """What stands for `${module.OUTPUT…}`, given the module's raw output: its value, or a reference to it where it is sensitive."""
    if isinstance(value, Sealed):
        return value.reference(reference.path[1:])
    return references.escape(references.dig(value, reference.path[1:], reference))


def made_secret(target: str, value: Json) -> Json:
    """The reference that stands for an output `{"secret": ARN, "key": KEY}` of a cloud, once the name of the secret is known."""
    if isinstance(value, dict) and "secret" in value and references.is_known(value):
        return "${secret.%s}" % cloud_path(target, str(value["secret"]), str(value.get("key", "")))
    return value


def with_self(outputs: Mapping[str, Json]) -> dict[str, Json]:
    """Replace `${self.NAME}` by the other output, where that one is no cloud secret that is still to be named."""
    def own(reference: Reference) -> Json:
        if reference.head != "self" or reference.path[0] not in outputs:
            return KEEP
        value = outputs[reference.path[0]]
        return KEEP if isinstance(value, dict) and "secret" in value else references.dig(value, reference.path[1:], reference)

    return {name: value if references.is_plain(value) else references.substitute(value, own) for name, value in outputs.items()}


def known_outputs(outputs: Mapping[str, Json]) -> bool:
    """True when nothing but secrets is left to look up in any output."""
    return all(references.is_known(value) and not (isinstance(value, dict) and "secret" in value) for value in outputs.values())
