"""A secret as a file that only its reader may open: one file for one value, a folder of files for several. Contents are never shown."""

from __future__ import annotations

import re
from typing import Any

from ansible.module_utils.provision import accounts, files, masks
from ansible.module_utils.provision.context import Context, check_name, holds, unknown_names
from ansible.module_utils.provision.failures import Failed
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
        return self.pieces.record()

    def _judge(self) -> None:
        if bool(self.value) == bool(self.values):
            raise Failed("a secret has either a `value` or `values`")
        wrong = next((name for name in self.values if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", name)), None)
        if wrong is not None:
            raise Failed(f"'{wrong}' can't be the name of a secret's file: letters, digits, dot, dash and underscore")
        if self.owner and not accounts.exists(self.owner) and not self.context.check:
            raise Failed(f"this host has no user '{self.owner}' that the secret could belong to")
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
    return Pieces(context, "secret", str(params["spec"]["name"])).leave(secret=True)
