"""OAM's connection secrets: what a component writes by `writeConnectionSecretToRef`, others read from it. Here both are references. Pure.

KubeVela writes the outputs of a cloud component into a Kubernetes Secret, and containers take single keys of it. There is no Secret
here: a key of it is the output of that name.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from provisioner.model import Component, Json

WRITES = "writeConnectionSecretToRef"


def bound(components: Iterable[Component]) -> list[Component]:
    """The components with every `valueFrom: {secretKeyRef: {name, key}}` of a secret that one of them writes as its output."""
    listed = list(components)
    writers = {name: component.name for component in listed if (name := _written(component))}
    return [replace(component, properties=_bound(component.properties, writers)) for component in listed] if writers else listed


def _written(component: Component) -> str:
    given = component.properties.get(WRITES)
    name = given.get("name") if isinstance(given, Mapping) else given
    return name if isinstance(name, str) else ""


def _bound(value: Json, writers: Mapping[str, str]) -> Json:
    if isinstance(value, list):
        return [_bound(item, writers) for item in value]
    if not isinstance(value, Mapping):
        return value
    source = value.get("valueFrom")
    asked = source.get("secretKeyRef") if isinstance(source, Mapping) else None
    if isinstance(asked, Mapping) and asked.get("name") in writers:
        kept = {key: item for key, item in value.items() if key != "valueFrom"}
        return {**kept, "value": "${%s.%s}" % (writers[asked["name"]], asked.get("key") or value.get("name"))}
    return {key: _bound(item, writers) for key, item in value.items()}
