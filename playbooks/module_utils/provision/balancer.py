"""How one gateway that HAProxy is comes to be as wanted, and goes away: a process of its own, reloaded without dropping a request."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from typing import Any

from ansible.module_utils.provision import asking, commands, door, files, haproxy, manifest, packages, routing
from ansible.module_utils.provision.context import Context, check_name, unknown_names
from ansible.module_utils.provision.failures import Failed
from ansible.module_utils.provision.manifest import Manifest
from ansible.module_utils.provision.pieces import Pieces
from ansible.module_utils.provision.probes import HEALTHY
from ansible.module_utils.provision.systemd import UNITS, Systemd
from ansible.module_utils.provision.work import Work

BINARY = "/usr/sbin/haproxy"


class Balancer:
    """One gateway of HAProxy on this host."""

    def __init__(self, context: Context, spec: dict[str, Any]) -> None:
        self.context, self.spec = context, spec
        self.name = check_name(str(spec["name"]))
        self.program = f"provision-{context.app}-{self.name}-haproxy"
        self.config = f"/etc/haproxy/{self.program}.cfg"
        self.unit_file = f"{UNITS}/{self.program}.service"
        self.pieces = Pieces(context, "gateway", self.name)
        self.systemd = Systemd()
        self.first: list[tuple[str, Callable[[], None]]] = []
        """Acts by which another engine leaves before this one starts."""

    def deliver(self) -> Work:
        """What has to be done so that it is as wanted."""
        work, spec, context = self.pieces.work, self.spec, self.context
        if not context.systemd:
            raise Failed("HAProxy is run under systemd only: choose `engine: nginx` here")
        work.unknown = unknown_names(spec, context.marker, "gateway_")
        unknown = bool(work.unknown)
        self.port = 0 if unknown else int(spec.get("port") or 80)
        content, self.stamp = ("", "") if unknown else self._text()
        claims = [] if unknown else sorted({f"{port} {route.host}" for port in self._ports() for route in self.routes})
        door.judge_claims(context, self.name, claims, door.serving(context), alone=True)
        self._judge_certificate()
        self.state = self.systemd.state(self.program)
        work.facts["service"] = [self.state.known, self.state.enabled, self.state.running]
        installed = self._package()
        work.acts += self.first
        changed = self._file(files.Wish(self.config, content.encode(), unknown=unknown))
        loaded = self.pieces.file(files.Wish(self.unit_file, haproxy.unit(context.header, self.name, context.app, self.program,
                                                                         self.config).encode(), 0o644, "root", "root"))
        if not self.first:
            self.pieces.leftovers()
        self._run(changed, loaded, unknown)
        work.health = "" if unknown or work.new else self._question().health()
        work.verify = self._verify
        about: dict[str, Any] = {"engine": "haproxy", "claims": claims, "installed": self.pieces.about.get("installed", installed)}
        if spec.get("certificate"):
            about.update(certificate=str(spec["certificate"]), program=self.program)
        return self.pieces.record(about)

    def _text(self) -> tuple[str, str]:
        spec = self.spec
        self.routes = routing.routes(spec["routes"], str(spec.get("domain") or ""), tuple(map(str, spec.get("drain") or ())))
        front = haproxy.Front(re.sub(r"[^A-Za-z0-9]", "_", f"{self.context.app}_{self.name}"), self.program, self.port,
                              os.path.exists("/proc/net/if_inet6"), str(spec.get("health_path") or "/healthz"),
                              str(spec.get("certificate") or ""), int(spec.get("redirect_from") or 0))
        return haproxy.text(self.context.header, self.routes, front, haproxy.Check.of(spec.get("check") or {}))

    def _ports(self) -> list[int]:
        return [self.port, *([int(self.spec["redirect_from"])] if self.spec.get("redirect_from") else [])]

    def _judge_certificate(self) -> None:
        folder = str(self.spec.get("certificate") or "")
        if not folder and self.spec.get("redirect_from"):
            raise Failed("`redirectFrom` sends plain HTTP to HTTPS, which needs a `certificate`")
        if folder and not self.context.check and files.read(f"{folder}/combined.pem") is None:
            raise Failed(f"there is no certificate in {folder} on this host: the certificate component has to be on the same hosts")

    def _package(self) -> bool:
        """True when HAProxy has to be installed; the package's own service, which it starts, is not wanted then."""
        if os.path.exists(BINARY):
            return False
        packages.judge_possible("haproxy")
        self.pieces.work.add("install package haproxy", lambda: packages.install("haproxy"))
        self.pieces.work.add("stop the package's haproxy.service", lambda: self.systemd.stop("haproxy"))
        return True

    def _file(self, wish: files.Wish) -> bool:
        changed = self.pieces.file(wish)
        if changed:
            words, _ = self.pieces.work.acts.pop()
            self.pieces.work.add(words, lambda: self._write_tested(wish))
        return changed

    def _write_tested(self, wish: files.Wish) -> None:
        """Write the configuration; when HAProxy refuses it the old one stays."""
        beside = files.Wish(f"{wish.path}.new", wish.data, wish.mode)
        files.write(beside)
        try:
            code, output = commands.run([BINARY, "-c", "-q", "-f", beside.path], check=False)
            if code:
                raise Failed(f"HAProxy refuses the configuration, the old one is still in force:\n{commands.tail(output, 6)}")
            files.write(wish)
        finally:
            files.remove(beside.path)

    def _run(self, changed: bool, loaded: bool, unknown: bool) -> None:
        work, state = self.pieces.work, self.state
        unit = self.systemd.unit_name(self.program)
        if loaded or not state.known or not state.fresh:
            work.add(f"load {unit}", lambda: self.systemd.load(self.program))
        if not state.enabled:
            work.add(f"enable {unit}", lambda: self.systemd.enable(self.program))
        if not state.running or loaded:
            work.add(f"{'restart' if state.running else 'start'} {unit}", lambda: self.systemd.restart(self.program))
        elif changed or self.context.restart or not (unknown or self._question().ask()[1] == self.stamp):
            work.add(f"reload {unit}", lambda: self.systemd.reload(self.program))

    def _question(self) -> asking.Question:
        name = next((route.host for route in self.routes if route.host and "*" not in route.host), "localhost")
        return asking.Question("127.0.0.1", self.port, str(self.spec.get("health_path") or "/healthz"), name, bool(self.spec.get("certificate")))

    def _verify(self) -> str:
        self._question().judge(self.stamp, "HAProxy", lambda: self.systemd.log(self.program, 6))
        return HEALTHY

    # ------------------------------------------------------------------ removal
    def take_away(self, before: Manifest) -> None:
        """Acts after which HAProxy serves it no more."""
        work, unit = self.pieces.work, self.systemd.unit_name(self.program)
        state = self.systemd.state(self.program)
        work.facts["service"] = [state.known, state.enabled, state.running]
        if state.known:
            work.add(f"stop {unit}", lambda: self.systemd.stop(self.program))
        for path in before.files:
            work.want_gone(path)
        work.add(f"forget {unit}", lambda: self.systemd.forget(self.program))

    def remove(self) -> Work:
        """What has to be done so that nothing of it is left; the package stays."""
        work, before = self.pieces.work, self.pieces.before
        if before is None:
            return work
        self.take_away(before)
        work.add(f"remove {manifest.path_of(self.context)}", lambda: self._forget(before))
        return work

    def _forget(self, before: Manifest) -> None:
        manifest.discard(self.context)
        shutil.rmtree(f"/run/{self.program}", ignore_errors=True)
        for path in sorted(before.folders, key=len, reverse=True):
            files.remove_if_empty(path)
