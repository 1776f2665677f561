"""A volume that two containers of one component have in common: named for both, since each is a component of its own here. Pure."""

from collections.abc import Mapping
from dataclasses import replace

from provisioner.model import Component, Json


def share(owner: Component, properties: Mapping[str, Json], volume: Mapping[str, Json]) -> tuple[Component, dict[str, Json]]:
    """The owner, and the properties of what is added beside it, with one named volume for both.

    `volume` is {name, path, ownerPath}: the owner's volume of that name, or a new one at `ownerPath`.
    """
    name = str(volume["name"])
    claim, own_path = f"{owner.name}-{name}", volume.get("ownerPath")
    kept: dict[str, Json] = dict(owner.properties)
    volumes = kept.get("volumes") or []
    for item in _maps(volumes):
        if item.get("name") == name and item.get("type", "emptyDir") == "emptyDir":
            own_path = own_path or item.get("mountPath")
            kept["volumes"] = [other for other in volumes if other is not item]
        elif item.get("name") == name:
            return owner, _mounted(properties, {**item, "mountPath": volume["path"]}, "volumes")
    mounts = kept.get("volumeMounts")
    for kind, listed in mounts.items() if isinstance(mounts, Mapping) else ():
        for item in _maps(listed):
            if item.get("name") != name:
                continue
            if kind != "emptyDir":
                return owner, _mounted(properties, {**item, "mountPath": volume["path"]}, kind)
            own_path = own_path or item.get("mountPath")
            kept["volumeMounts"] = {**kept["volumeMounts"], kind: [other for other in listed if other is not item]}
    if own_path:
        kept = _mounted(kept, {"name": name, "mountPath": own_path, "claimName": claim}, "pvc")
    return replace(owner, properties=kept), _mounted(properties, {"name": name, "mountPath": volume["path"], "claimName": claim}, "pvc")


def _maps(value: Json) -> list[dict[str, Json]]:
    """The items of a list that are maps; what is no such thing is complained about by whoever checks the properties."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _mounted(properties: Mapping[str, Json], mount: Json, kind: str) -> dict[str, Json]:
    if not isinstance(properties.get("volumeMounts") or {}, Mapping):
        return dict(properties)
    if kind == "volumes":
        return {**properties, "volumes": [*properties.get("volumes", ()), mount]}
    mounts = properties.get("volumeMounts") or {}
    return {**properties, "volumeMounts": {**mounts, kind: [*mounts.get(kind, ()), mount]}}
