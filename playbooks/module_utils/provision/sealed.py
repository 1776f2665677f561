"""A secret as a file that only its reader may open: one file for one value, a folder of files for several. Contents are never shown."""

from __future__ import annotations

import os
import re
from typing import Any

from ansible.module_utils.provision import accounts, files, manifest, masks
from ansible.module_utils.provision.context import Context, check_name, holds, unknown_names
from ansible.module_utils.provision.failures import Failed
from ansible.module_utils.provision.manifest import Manifest
from ansible.module_utils.provision.pieces import OURS, Pieces
from ansible.module_utils.provision.work import Work


class _Sealed:
    """One secret on this host."""

    def __init__(self, context: Context, spec: dict[str, Any], secrets: dict[str, Any]) -> None:
        self.context = context
        name = check_name(str(spec["name"]))
        self.folder = context.path(f"{OURS}/secrets/{context.app}")
        self.path = f"{self.folder}/{name}"
        self.key_file = f"{self.folder}/.{name}.key"
        self.pieces = Pieces(context, "secret", name, masks.read_key(self.key_file))
        self.owner = str(spec.get("owner") or "") if context.privileged else ""
        self.value, self.values = str(secrets.get("value") or ""), dict(secrets.get("values") or {})

    def deliver(self) -> Work:
        """What has to be done so that it is as wanted."""
        work, marker = self.pieces.work, self.context.marker
        self._judge()
        made = self._user()
        work.unknown = unknown_names({"value": self.value, "values": self.values}, marker, "secret_")
        if work.key is None:
            wish = files.Wish(self.key_file, masks.new_key(), 0o600)
            self.pieces.keep(self.key_file)
            for folder in files.missing_parents(self.key_file):
                work.want_folder(folder, shared=True)
            work.add(f"write {self.key_file}", lambda: files.write(wish))
        else:
            self.pieces.keep(self.key_file)
        if self.values:
            self.pieces.tree(self.path, 0o500, self.owner)
            for name, value in sorted(self.values.items()):
                self._file(f"{self.path}/{name}", str(value))
        else:
            self._file(self.path, self.value)
        self.pieces.leftovers(secret=True)
        work.outputs = {"path": self.path}
        return self.pieces.record(user=made)

    def _user(self) -> str:
        """The user that is ours to remove: a secret comes before the service that reads it, so it may be the first to need its user."""
        before, owner = self.pieces.before, self.owner
        there = not owner or accounts.exists(owner)
        if not there:
            self.pieces.work.add(f"create user {owner}", lambda: accounts.make(owner, self.context.path(f"/var/lib/{owner}")))
        return before.user if before is not None and before.user else "" if there else owner

    def _judge(self) -> None:
        if bool(self.value) == bool(self.values):
            raise Failed("a secret has either a `value` or `values`")
        wrong = next((name for name in self.values if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", name)), None)
        if wrong is not None:
            raise Failed(f"'{wrong}' can't be the name of a secret's file: letters, digits, dot, dash and underscore")
        before = self.pieces.before
        if before is not None and (self.path in before.trees) != bool(self.values):
            raise Failed("a secret can't turn from one value to several, or back: programs look for a file where a folder would be. "
                         "Give it another name")

    def _file(self, path: str, value: str) -> None:
        self.pieces.file(files.Wish(path, value.encode(), 0o400, self.owner, unknown=holds(value, self.context.marker), secret=True))


def look(context: Context, params: dict[str, Any]) -> Work:
    """What has to be done so that the secret is as wanted."""
    return _Sealed(context, params["spec"], params["secrets"]).deliver()


def look_away(context: Context, params: dict[str, Any]) -> Work:
    """What has to be done so that nothing of the secret is left."""
    pieces = Pieces(context, "secret", str(params["spec"]["name"]))
    user = pieces.before.user if pieces.before is not None else ""
    if not user or not accounts.exists(user):
        return pieces.leave(secret=True)
    heir = next((other for other in manifest.others(context) if _owns(user, other)), None)
    if heir is not None:
        return pieces.leave(secret=True, then=[(f"leave user {user} to {heir.unit}", lambda: manifest.hand_over(context, heir, {}, user))])
    return pieces.leave(secret=True, then=[(f"remove user {user}", lambda: accounts.remove(user))])


def _owns(user: str, other: Manifest) -> bool:
    """True when something of another unit belongs to the user."""
    return any(os.stat(path).st_uid == files.user_id(user) for path in (*other.files, *other.trees) if os.path.exists(path))
