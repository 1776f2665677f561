"""The host's own record of a unit: what we made there, so that removal takes away exactly that. One JSON file for each unit, 0600.

It is written before the first change (with `pending`), so a crash at any moment leaves a true record.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from ansible.module_utils.provision import files
from ansible.module_utils.provision.context import Context
from ansible.module_utils.provision.failures import Failed

LARGEST_ORIGINAL = 1_000_000
SKELETON = ("/opt", "/etc", "/var/log/provision", "/var/log", "/var/lib", "/var", "/run", "/")


@dataclass(frozen=True)
class Manifest:
    """What one unit has on this host."""

    app: str
    environment: str
    unit: str
    kind: str
    name: str
    files: tuple[str, ...] = ()
    """Files and links that are ours."""
    trees: tuple[str, ...] = ()
    """Folders that we made and that go away with all that is in them."""
    folders: tuple[str, ...] = ()
    """Folders that we made and that go away when they are empty."""
    originals: dict[str, str] = field(default_factory=dict)
    """Files of others that we replaced: path to their content (base64), put back by removal."""
    user: str = ""
    """System user that we made."""
    about: dict[str, Any] = field(default_factory=dict)
    """What the kind of unit needs to know again: names of plain variables, release, claims …"""
    pending: tuple[str, ...] = ()
    """What still has to be done after the files are written ("restart"): survives a crash and a failed health check."""
    origin: str = ""
    """Seal of the state that the last delivery began with."""
    wanted: str = ""
    """Digest of what the last delivery was to make."""

    def lasting(self) -> dict[str, Any]:
        """The part that only a real change of the unit changes."""
        return {key: value for key, value in _plain(self).items() if key not in ("pending", "origin", "wanted")}

    def digest(self) -> str:
        """sha256 over the lasting part."""
        return hashlib.sha256(json.dumps(self.lasting(), sort_keys=True).encode()).hexdigest()

    def owns(self, path: str) -> bool:
        """True when the path is one that we made."""
        return path in self.files or path in self.trees or path in self.folders


def _plain(manifest: Manifest) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(json.dumps(asdict(manifest)))
    return values


def path_of(context: Context) -> str:
    """Where the manifest of the context's unit lies."""
    return os.path.join(context.units, f"{context.app}.{context.unit}.json".replace("/", "_"))


def load(context: Context) -> Manifest | None:
    """The manifest of this unit, None when it has none. Raises Failed when it belongs to another environment."""
    found = _read(path_of(context))
    if found is not None and found.environment != context.environment:
        raise Failed(f"{context.unit} of {context.app} is on this host for environment '{found.environment}'; two environments of one "
                     "application can't share a host")
    if found is not None and context.restart:
        # the way on which a restart that a crash kept from happening is made up for
        return replace(found, pending=tuple(dict.fromkeys((*found.pending, "restart"))))
    return found


def others(context: Context) -> list[Manifest]:
    """The manifests of all other units on this host."""
    mine = os.path.basename(path_of(context))
    names = sorted(os.listdir(context.units)) if os.path.isdir(context.units) else []
    found = [_read(os.path.join(context.units, name)) for name in names if name.endswith(".json") and name != mine]
    return [manifest for manifest in found if manifest is not None]


def save(context: Context, manifest: Manifest) -> None:
    """Write the manifest, durable before the call returns."""
    path = path_of(context)
    os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
    files.write(files.Wish(path, (json.dumps(_plain(manifest), indent=1, sort_keys=True) + "\n").encode(), 0o600))


def discard(context: Context) -> None:
    """Remove the manifest, and the folders of manifests when it was the last one."""
    files.remove(path_of(context))
    files.remove_if_empty(context.units)
    files.remove_if_empty(os.path.dirname(context.units))
    # below a folder of our own even the skeleton is ours
    for path in SKELETON if context.below else ():
        files.remove_if_empty(context.path(path))


def hand_over(context: Context, other: Manifest, about: dict[str, Any], user: str = "") -> None:
    """Write into another unit's manifest what it has to undo in the place of this one; `user`: that it has to remove."""
    name = f"{other.app}.{other.unit}.json".replace("/", "_")
    changed = replace(other, about={**other.about, **about}, user=other.user or user)
    files.write(files.Wish(os.path.join(context.units, name), (json.dumps(_plain(changed), indent=1, sort_keys=True) + "\n").encode(), 0o600))


def original(path: str) -> str:
    """The content of a file of others, to be put back by removal."""
    data = files.read(path) or b""
    if len(data) > LARGEST_ORIGINAL:
        raise Failed(f"{path} was not made by provision and is too large ({len(data)} bytes) to be kept for its return; move it away first")
    return base64.b64encode(data).decode()


def restore(path: str, content: str) -> None:
    """Put a file of others back."""
    files.write(files.Wish(path, base64.b64decode(content), 0o644))


def restoring(path: str, content: str) -> Callable[[], None]:
    """An act that puts a file of others back."""
    return lambda: restore(path, content)


def joined(old: Manifest | None, new: Manifest) -> Manifest:
    """While a delivery is under way both what was and what will be is ours."""
    if old is None:
        return new

    def both(before: tuple[str, ...], after: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(before + after))

    return replace(new, files=both(old.files, new.files), trees=both(old.trees, new.trees), folders=both(old.folders, new.folders),
                   originals={**new.originals, **old.originals}, user=new.user or old.user)


def _read(path: str) -> Manifest | None:
    data = files.read(path)
    if data is None:
        return None
    try:
        values = json.loads(data)
        known: dict[str, Any] = {key: values[key] for key in values if key in Manifest.__dataclass_fields__}
        known.update({key: tuple(value) for key, value in known.items() if isinstance(value, list)})
        return Manifest(**known)
    except (ValueError, TypeError) as error:
        raise Failed(f"{path} can't be read ({error}); it is the record of what provision made here: restore it, or delete it and apply "
                     "again") from None
