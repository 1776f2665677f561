"""A certificate and its key as files on this host: given ones, or ones that the controller issues when they are missing, other or about to end."""

from __future__ import annotations

import time
from typing import Any

from ansible.module_utils.provision import accounts, commands, files, manifest
from ansible.module_utils.provision.context import Context, check_name, unknown_names
from ansible.module_utils.provision.pieces import OURS, Pieces
from ansible.module_utils.provision.probes import HEALTHY
from ansible.module_utils.provision.supervisor import Supervisor
from ansible.module_utils.provision.work import Work

CHAIN, KEY, AUTHORITY, BOTH = "fullchain.pem", "privkey.pem", "ca.pem", "combined.pem"
"""Certificate with its chain; its key; the authority's certificate; and the first two in one file, as HAProxy wants it."""
DAY = 86400


class _Certificate:
    """One certificate on this host."""

    def __init__(self, context: Context, spec: dict[str, Any], secrets: dict[str, Any]) -> None:
        self.context, self.spec, self.secrets = context, spec, secrets
        name = check_name(str(spec["name"]))
        self.folder = context.path(f"{OURS}/certificates/{context.app}/{name}")
        self.pieces = Pieces(context, "certificate", name)
        self.about = self.pieces.about
        self.given = bool(spec.get("given"))
        self.names = [str(spec["domain"]), *(str(name) for name in spec.get("names") or ())]
        self.group = str(spec.get("group") or "") if context.privileged else ""

    def deliver(self) -> Work:
        """What has to be done so that it is as wanted."""
        work = self.pieces.work
        work.unknown = [*unknown_names(self.spec, self.context.marker, "certificate_"), *(self.spec.get("waits") or ())]
        if self.group and files.group_id(self.group) is None:
            self.about["group"] = self.group
            work.add(f"create group {self.group}", lambda: accounts.make_group(self.group))
        self.pieces.tree(self.folder, 0o755)
        why = self._why()
        if why:
            work.add(why, lambda: None)
            work.missing_artifact = not self.secrets.get("pem_key") and not work.unknown
        changed = self._write(bool(why))
        self.pieces.leftovers()
        if changed or work.broken_off:
            self._reload()
        work.outputs = {"folder": self.folder, **({"ca": self.spec["ca"]} if self.spec.get("ca") else {})}
        work.health = self._health() if not why else ""
        work.verify = lambda: HEALTHY
        return self.pieces.record(self._after(bool(why)))

    def _why(self) -> str:
        """Why a certificate has to be written, as an act; empty when the one there is may stay."""
        shown, days = self.names[0], self.spec.get("days")
        if self.given:
            same = self.about.get("digest") == self.spec.get("digest") and self._intact()
            return "" if same else f"take the given certificate for {shown}"
        words = f"issue a certificate for {shown} ({days} days)"
        if not self.about.get("files"):
            return words
        if not self._intact():
            return f"{words}: the one there is was changed by hand"
        if self.about.get("names") != self.names or self.about.get("issuer") != self.spec.get("issuer"):
            return f"{words}: names or authority are others"
        left = float(self.about.get("end", 0)) - time.time()
        if left < int(self.spec.get("renew") or 0) * DAY:
            return f"{words}: the one there is {'ends' if left > 0 else 'ended'} on {day(self.about['end'])}"
        return ""

    def _intact(self) -> bool:
        """True when the files are those that the last delivery wrote."""
        noted = self.about.get("files") or {}
        return bool(noted) and all(files.digest(files.read(f"{self.folder}/{name}")) == digest for name, digest in noted.items())

    def _contents(self) -> dict[str, bytes]:
        chain, key = str(self.secrets.get("pem_chain") or ""), str(self.secrets.get("pem_key") or "")
        ca = {AUTHORITY: str(self.spec["ca"]).encode()} if self.spec.get("ca") else {}
        return {CHAIN: chain.encode(), **ca, KEY: key.encode(), BOTH: (chain + key).encode()}

    def _write(self, new: bool) -> bool:
        unknown = new and not self.secrets.get("pem_key")
        changed = False
        for name, data in self._contents().items():
            private = name in (KEY, BOTH)
            path = f"{self.folder}/{name}"
            if not new:
                data = files.read(path) or b""
            mode = (0o640 if self.group else 0o600) if private else 0o644
            wish = files.Wish(path, data, mode, "root" if self.group else "", self.group if private else "",
                              unknown=unknown and name != AUTHORITY, secret=private)
            changed |= self.pieces.file(wish, shown=self._shown(name))
        return changed

    def _shown(self, name: str) -> tuple[str | None, str | None]:
        there = files.read(f"{self.folder}/{name}") is not None
        if name in (KEY, BOTH):
            return "(secret)" if there else None, "(secret, new)"
        if name == AUTHORITY:
            return (files.read(f"{self.folder}/{name}") or b"").decode() if there else None, str(self.spec.get("ca") or "")
        before = f"(certificate for {', '.join(self.about.get('names', ()))} until {day(self.about.get('end', 0))})" if there else None
        after = f"until {day(self.spec['end'])}" if self.given and self.spec.get("end") else f"for {self.spec.get('days')} days"
        return before, f"(certificate for {', '.join(self.names)} {after})"

    def _reload(self) -> None:
        """Whoever serves with it reads it again."""
        users = [other for other in manifest.others(self.context) if other.about.get("certificate") == self.folder]
        for program in dict.fromkeys(str(other.about.get("program", "")) for other in users):
            self.pieces.work.add(f"reload {program}", _reloading(self.context, program))

    def _health(self) -> str:
        end = float(self.about.get("end", 0))
        return HEALTHY if end > time.time() else f"the certificate for {self.names[0]} ended on {day(end)}"

    def _after(self, new: bool) -> dict[str, Any]:
        if not new:
            return self.about
        made = {"group": self.about["group"]} if self.about.get("group") else {}
        digests = {name: files.digest(data) for name, data in self._contents().items()}
        return {"files": digests, "names": self.names, "issuer": self.spec.get("issuer"), "digest": self.spec.get("digest"),
                "end": self.secrets.get("end") or self.spec.get("end") or 0, **made}


def _reloading(context: Context, program: str) -> Any:
    def reload() -> None:
        if context.systemd:
            commands.run(["systemctl", "reload", f"{program}.service"])
        else:
            Supervisor(context).signal(program, "HUP")
    return reload


def day(seconds: float) -> str:
    """A moment as its day, UTC."""
    return time.strftime("%Y-%m-%d", time.gmtime(float(seconds or 0)))


def look(context: Context, params: dict[str, Any]) -> Work:
    """What has to be done so that the certificate is as wanted."""
    return _Certificate(context, params["spec"], params["secrets"]).deliver()


def look_away(context: Context, params: dict[str, Any]) -> Work:
    """What has to be done so that nothing of the certificate is left."""
    pieces = Pieces(context, "certificate", str(params["spec"]["name"]))
    group = str(pieces.about.get("group") or "")
    return pieces.leave(secret=True, then=[(f"remove group {group}", lambda: accounts.remove_group(group))] if group else [])
