"""What traits put beside a component on its hosts: logs, monitoring, firewall. Each is a handful of files and what follows from them."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from ansible.module_utils.provision import attached_text, commands, files, manifest, packages, system
from ansible.module_utils.provision.context import Context, unknown_names
from ansible.module_utils.provision.failures import Failed
from ansible.module_utils.provision.pieces import OURS, Pieces
from ansible.module_utils.provision.portguard import Portguard, Ports
from ansible.module_utils.provision.systemd import Systemd
from ansible.module_utils.provision.work import Work

JOURNAL = "systemd-journald.service"


class _Beside:
    """One thing of a trait on this host."""

    def __init__(self, context: Context, kind: str, spec: dict[str, Any]) -> None:
        if not context.systemd:
            raise Failed(f"the {kind} trait needs root and systemd on the host; this one is used without: take the trait out here, "
                         "or place the component on other hosts")
        self.context, self.spec = context, spec
        self.label = f"{context.app}.{context.unit}"
        self.pieces = Pieces(context, f"trait-{kind}", str(spec["of"]))
        self.work = self.pieces.work
        self.work.unknown = unknown_names(spec, context.marker, "attached_")

    def package(self, name: str, program: str) -> None:
        """An act where the program is missing."""
        if not os.path.exists(program):
            packages.judge_possible(name)
            self.work.add(f"install package {name}", lambda: packages.install(name))


class _Logs(_Beside):
    """Rotation of log files, and limits of the journal."""

    def deliver(self) -> Work:
        header, work = self.context.header, self.work
        if self.spec.get("paths"):
            self.package("logrotate", "/usr/sbin/logrotate")
            path = f"/etc/logrotate.d/provision-{self.label}"
            if self.pieces.file(files.Wish(path, attached_text.rotation(header, self.spec).encode())):
                work.add(f"check {path}", lambda: self._check(path))
        changed = False
        if text := attached_text.journal(header, self.spec.get("journal") or {}):
            changed = self.pieces.file(files.Wish(self._limits, text.encode()))
        if self.pieces.leftovers() or changed or (work.broken_off and text):
            work.add(f"restart {JOURNAL}", self._restart)
        return self.pieces.record()

    @property
    def _limits(self) -> str:
        return f"/etc/systemd/journald.conf.d/provision-{self.label}.conf"

    def remove(self) -> Work:
        limited = os.path.exists(self._limits)
        self.pieces.leave()
        if limited:
            self.work.add(f"restart {JOURNAL}", self._restart)
        return self.work

    @staticmethod
    def _check(path: str) -> None:
        code, output = commands.run(["logrotate", "--debug", path], check=False)
        if code:
            raise Failed(commands.tail(output))

    @staticmethod
    def _restart() -> None:
        commands.run(["systemctl", "restart", JOURNAL])


class _Monitoring(_Beside):
    """An exporter, and the files by which a Prometheus finds it and knows when to call."""

    def deliver(self) -> Work:
        folder = f"{OURS}/monitoring"
        self.pieces.file(files.Wish(f"{folder}/{self.label}.rules.yml", attached_text.alerts(self.spec, self.context.app).encode()))
        targets = attached_text.targets(self.spec, self.context.app, self.context.address)
        self.pieces.file(files.Wish(f"{folder}/{self.label}.targets.json", targets.encode()))
        if self.spec.get("exporter") == "node":
            exporter = system.family().exporter
            self.package(exporter.package, exporter.binary)
            state = Systemd().state(exporter.service)
            if not state.enabled:
                self.work.add(f"enable {exporter.service}.service", lambda: Systemd().enable(exporter.service))
            if not state.running:
                self.work.add(f"start {exporter.service}.service", lambda: Systemd().restart(exporter.service))
        self.pieces.leftovers()
        return self.pieces.record({"exporter": self.spec.get("exporter")})

    def remove(self) -> Work:
        ours = self.pieces.about.get("exporter") == "node"
        shared = any(other.kind == self.pieces.kind and other.about.get("exporter") == "node" for other in manifest.others(self.context))
        if ours and not shared and Systemd().state(service := system.family().exporter.service).known:
            self.work.add(f"stop {service}.service", lambda: Systemd().stop(service))
        return self.pieces.leave()


class _Firewall(_Beside):
    """Networks that may reach the component's ports."""

    def __init__(self, context: Context, kind: str, spec: dict[str, Any]) -> None:
        super().__init__(context, kind, spec)
        ports = tuple(int(port) for port in spec.get("ports") or ())
        if 22 in ports:
            raise Failed("port 22 is how this host is reached; it is no port of a component")
        self.guard = Portguard(context, Ports(str(spec["of"]), ports))

    def deliver(self) -> Work:
        self.guard.deliver(self.work, [str(network) for network in self.spec.get("from") or ()])
        for path in self.guard.paths:
            self.pieces.keep(path)
        return self.pieces.record()

    def remove(self) -> Work:
        self.guard.remove(self.work)
        self.pieces.leave()
        if self.work.acts:
            words, forget = self.work.acts.pop()
            self.work.add(words, lambda: self._forget(forget))
        return self.work

    def _forget(self, forget: Callable[[], None]) -> None:
        commands.run(["systemctl", "daemon-reload"])
        self.guard.clean()
        forget()


KINDS = {"logs": _Logs, "monitoring": _Monitoring, "firewall": _Firewall}


def look(context: Context, params: dict[str, Any]) -> Work:
    """What has to be done so that it is as wanted."""
    return KINDS[params["kind"]](context, params["kind"], params["spec"]).deliver()


def look_away(context: Context, params: dict[str, Any]) -> Work:
    """What has to be done so that nothing of it is left."""
    return KINDS[params["kind"]](context, params["kind"], params["spec"]).remove()
