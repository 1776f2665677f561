"""A secret as a file that only its reader may open: one file for one value, a folder of files for several. Contents are never shown.

With systemd's credentials the disk holds it encrypted, and the file in clear is in memory; where the host has none, the file itself is on the disk.
"""

from __future__ import annotations

import os
import re
from typing import Any

from ansible.module_utils.provision import accounts, credentials, files, manifest, masks
from ansible.module_utils.provision.context import Context, check_name, holds, unknown_names
from ansible.module_utils.provision.credentials import Credential, Opening
from ansible.module_utils.provision.failures import Failed
from ansible.module_utils.provision.manifest import Manifest
from ansible.module_utils.provision.pieces import MEMORY, OURS, Pieces
from ansible.module_utils.provision.systemd import UNITS, Systemd
from ansible.module_utils.provision.work import Work

UNSEEN = (None, None)
"""What is shown of files that hold nothing but what another one shows, or paths: who reads the secret need not start anew for them."""
IN_CLEAR = "this host has no systemd-creds (systemd 250 or newer): the secret lies on its disk in clear, at another path than on hosts that have it"


class _Sealed:
    """One secret on this host."""

    def __init__(self, context: Context, spec: dict[str, Any], secrets: dict[str, Any]) -> None:
        self.context = context
        self.name = check_name(str(spec["name"]))
        self.encrypted = credentials.offered(context)
        self.stored = context.path(f"{OURS}/secrets/{context.app}")
        self.folder = context.path(f"{MEMORY}/secrets/{context.app}") if self.encrypted else self.stored
        self.path = f"{self.folder}/{self.name}"
        self.key_file = f"{self.stored}/.{self.name}.key"
        self.pieces = Pieces(context, "secret", self.name, masks.read_key(self.key_file))
        self.owner = str(spec.get("owner") or "") if context.privileged else ""
        self.value, self.values = str(secrets.get("value") or ""), dict(secrets.get("values") or {})

    def deliver(self) -> Work:
        """What has to be done so that it is as wanted."""
        work, marker = self.pieces.work, self.context.marker
        self._judge()
        made = self._user()
        work.unknown = unknown_names({"value": self.value, "values": self.values}, marker, "secret_")
        self._key(work)
        if self.encrypted:
            self._at_rest()
        elif self.context.privileged:
            work.notes.append(IN_CLEAR)
        if self.values:
            self.pieces.tree(self.path, 0o500, self.owner)
        for credential, value in self._credentials():
            self.pieces.file(self._wish(credential.clear, value, 0o400, self.owner))
        self.pieces.leftovers(secret=True)
        work.outputs = {"path": self.path}
        return self.pieces.record({"path": self.path}, user=made)

    def _key(self, work: Work) -> None:
        self.pieces.keep(self.key_file)
        if work.key is None:
            wish = files.Wish(self.key_file, masks.new_key(), 0o600)
            for folder in files.missing_parents(self.key_file):
                work.want_folder(folder, shared=True)
            work.add(f"write {self.key_file}", lambda: files.write(wish))

    def _credentials(self) -> list[tuple[Credential, str]]:
        """What it consists of, with the values."""
        name, stored = f"{self.context.app}.{self.name}", f"{self.stored}/{self.name}"
        if not self.values:
            return [(Credential(name, f"{stored}.cred", self.path), self.value)]
        return [(Credential(f"{name}.{key}", f"{stored}/{key}.cred", f"{self.path}/{key}"), str(value)) for key, value in sorted(self.values.items())]

    def _wish(self, path: str, value: str, mode: int, owner: str, coding: files.Coding | None = None) -> files.Wish:
        return files.Wish(path, value.encode(), mode, owner, unknown=holds(value, self.context.marker), secret=True, coding=coding)

    def _at_rest(self) -> None:
        """The encrypted files, and the unit that decrypts them at boot. It is started here, too: what does not work is known now."""
        work, job = self.pieces.work, job_of(self.context, self.name)
        if self.values:
            self.pieces.tree(f"{self.stored}/{self.name}", 0o700, "root")
        changed = [self.pieces.file(self._wish(one.stored, value, 0o600, "root", credentials.coding(one.name)), shown=UNSEEN)
                   for one, value in self._credentials()]
        above = self.context.path(MEMORY)
        opening = Opening(self.context.app, self.name, self.owner, tuple(one for one, _ in self._credentials()),
                          (above, f"{above}/secrets", self.folder), self.path if self.values else "")
        text = credentials.service_text(self.context.header, opening, tpm=os.path.exists(credentials.TPM))
        loads = self.pieces.file(files.Wish(f"{UNITS}/{job}.service", text.encode(), 0o644, "root", "root"), shown=UNSEEN)
        state = Systemd().state(job)
        work.facts["unit"] = [state.enabled, state.running]
        if loads or work.broken_off or not state.fresh:
            work.add("daemon-reload", lambda: Systemd().load(job))
        if loads or not state.enabled:
            work.add(f"enable {job}.service", lambda: Systemd().enable(job))
        if loads or work.broken_off or not state.running or any(changed):
            work.add(f"restart {job}.service", lambda: Systemd().restart(job))

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
        if self.encrypted and any(len(value.encode()) > credentials.LARGEST for _, value in self._credentials()):
            raise Failed("a secret is larger than 1 MiB, which is the most that systemd encrypts")
        before = self.pieces.before
        if before is not None and bool(before.trees) != bool(self.values):
            raise Failed("a secret can't turn from one value to several, or back: programs look for a file where a folder would be. "
                         "Give it another name")


def job_of(context: Context, name: str) -> str:
    """The unit that decrypts a secret at boot."""
    return f"provision-secret-{context.app}.{name}"


def look(context: Context, params: dict[str, Any]) -> Work:
    """What has to be done so that the secret is as wanted."""
    return _Sealed(context, params["spec"], params["secrets"]).deliver()


def look_away(context: Context, params: dict[str, Any]) -> Work:
    """What has to be done so that nothing of the secret is left."""
    name = str(params["spec"]["name"])
    pieces, job = Pieces(context, "secret", name), job_of(context, name)
    then = []
    if pieces.before is not None and f"{UNITS}/{job}.service" in pieces.before.files:
        pieces.work.add(f"stop {job}.service", lambda: Systemd().stop(job))
        then.append((f"forget {job}.service", lambda: Systemd().forget(job)))
    user = pieces.before.user if pieces.before is not None else ""
    if user and accounts.exists(user):
        heir = next((other for other in manifest.others(context) if _owns(user, other)), None)
        if heir is not None:
            then.append((f"leave user {user} to {heir.unit}", lambda: manifest.hand_over(context, heir, {}, user)))
        else:
            then.append((f"remove user {user}", lambda: accounts.remove(user)))
    return pieces.leave(secret=True, then=then)


def _owns(user: str, other: Manifest) -> bool:
    """True when something of another unit belongs to the user."""
    return any(os.stat(path).st_uid == files.user_id(user) for path in (*other.files, *other.trees) if os.path.exists(path))
