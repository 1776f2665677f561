"""What is mounted into a program: OAM's `volumeMounts` and its older `volumes` as one list. Pure."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

from ansible.module_utils.provision.failures import Failed

KINDS = ("pvc", "emptyDir", "hostPath", "configMap", "secret")
FILES = ("configMap", "secret")


@dataclass(frozen=True)
class Mount:
    """One thing that is mounted."""

    kind: str
    name: str
    path: str
    """Where the program finds it."""
    source: str = ""
    """pvc: name of the claim; hostPath: path on the host."""
    sub: str = ""
    """Only this file or folder of it."""
    memory: bool = False
    """emptyDir: in memory."""
    read_only: bool = False
    files: dict[str, str] = field(default_factory=dict)
    """configMap and secret: name of the file to its content."""
    mode: int = 0o644
    secret: bool = False

    @staticmethod
    def of(value: dict[str, Any], files: dict[str, str]) -> Mount:
        """From one of `listed`, with the contents of its files that are secret."""
        return Mount(**{**value, "files": {**value.get("files", {}), **files}})


def listed(volume_mounts: dict[str, Any], volumes: list[Any]) -> list[tuple[str, dict[str, Any]]]:
    """Every mount as plain JSON, with the dotted path of its `data` below the two (`mounts.secret.0.data`, `volumes.2.data`)."""
    found = [(f"mounts.{kind}.{index}.data", kind, item) for kind in KINDS for index, item in enumerate(volume_mounts.get(kind) or ())]
    found += [(f"volumes.{index}.data", str(item.get("type") or "emptyDir"), item) for index, item in enumerate(volumes)]
    mounts = [(path, _mount(kind, item)) for path, kind, item in found]
    names = [mount["name"] for _, mount in mounts]
    paths = [mount["path"] for _, mount in mounts]
    for what, values in (("mounts have the name", names), ("mounts have the mountPath", paths)):
        twice = next((value for value in values if values.count(value) > 1), "")
        if twice:
            raise Failed(f"two {what} '{twice}'")
    return mounts


def _mount(kind: str, item: dict[str, Any]) -> dict[str, Any]:
    source = str(item.get("claimName") or "") if kind == "pvc" else str(item.get("path") or "") if kind == "hostPath" else ""
    if kind in ("pvc", "hostPath") and not source:
        raise Failed(f"the mount '{item['name']}' of kind {kind} has no {'claimName' if kind == 'pvc' else 'path'}")
    return {"kind": kind, "name": _safe(str(item["name"])), "path": os.path.normpath(str(item["mountPath"])), "source": source,
            "sub": _inside(str(item.get("subPath") or ""), item), "memory": item.get("medium") == "Memory",
            "read_only": bool(item.get("readOnly")) or kind in FILES, "files": _chosen(item) if kind in FILES else {},
            "mode": int(item.get("defaultMode") or 0o644), "secret": kind == "secret"}


def _chosen(item: dict[str, Any]) -> dict[str, str]:
    """The files of `data`, under the names that `items` gives them where it chooses some."""
    data = {str(name): str(content) for name, content in (item.get("data") or {}).items()}
    for name in data:
        _inside(name, item)
    if not item.get("items"):
        return data
    return {_inside(str(one.get("path") or one["key"]), item): data[str(one["key"])] for one in item["items"] if str(one.get("key")) in data}


def _safe(name: str) -> str:
    if not name or "/" in name or name in (".", ".."):
        raise Failed(f"'{name}' can't be the name of a mount")
    return name


def _inside(path: str, item: dict[str, Any]) -> str:
    normal = os.path.normpath(path) if path else ""
    if os.path.isabs(normal) or normal.startswith(".."):
        raise Failed(f"the mount '{item['name']}': '{path}' leads out of it")
    return normal
