"""How one Redis of a component is brought to what is wanted of it, and how it is taken away.

It has a unit, a configuration, a port and a folder of its own, so a host may have several; the distribution's own service is switched off.
What can be changed while it runs is changed so: nothing that it holds is lost. Removal leaves the package.
"""

from __future__ import annotations

import os
from typing import Any

from ansible.module_utils.provision import commands, files, manifest, masks, packages, probes, redis, rules
from ansible.module_utils.provision.answering import Server
from ansible.module_utils.provision.context import Context, check_name, holds, unknown_names
from ansible.module_utils.provision.failures import Failed
from ansible.module_utils.provision.pieces import OURS, Pieces
from ansible.module_utils.provision.portguard import Portguard, Ports
from ansible.module_utils.provision.redis import PORT, Running
from ansible.module_utils.provision.systemd import UNITS, Systemd
from ansible.module_utils.provision.work import Work


class Cache:
    """Works out the acts for one Redis, in the order in which they will be done."""

    def __init__(self, context: Context, spec: dict[str, Any], password: str) -> None:
        if not context.systemd:
            raise Failed("Redis on a host needs root and systemd; this host is used without: place the component on an `aws` target "
                         "(the sandbox has one), or give a cache of others by `existing`")
        self.context, self.spec, self.password = context, spec, password
        self.name = check_name(str(spec["name"]))
        self.service = f"redis-{context.app}-{self.name}"
        self.folder = f"{OURS}/redis"
        self.conf, self.auth, self.key_file = (f"{self.folder}/{context.app}.{self.name}.{ending}" for ending in ("conf", "auth", "key"))
        self.pieces = Pieces(context, "cache", self.name, masks.read_key(self.key_file))
        self.work = self.pieces.work
        self.systemd = Systemd()
        self.port = int(spec.get("port") or PORT)
        self.server = Server("Redis", context.address, self.port)
        self.guard = Portguard(context, Ports(self.service, (self.port,)))
        self.state = self.systemd.state(self.service)

    # ------------------------------------------------------------------ delivery
    def deliver(self) -> Work:
        """What has to be done so that it is as wanted."""
        work, marker = self.work, self.context.marker
        self.daemon = redis.packaged()
        self.theirs = self.systemd.state(self.daemon.service)
        self.running = Running(self.daemon.client, _port(self.pieces.about), redis.password_in(files.read(self.auth)))
        self._judge()
        work.unknown = [*unknown_names(self.spec, marker, "cache_"), *(["cache_password"] if holds(self.password, marker) else [])]
        self._package()
        networks = [] if holds(self.spec.get("allow_from"), marker) else [str(one) for one in self.spec.get("allow_from") or ()]
        self.guard.deliver(work, networks)
        for path in self.guard.paths:
            self.pieces.keep(path)
        self.wanted = redis.settings(self.context.address, self.spec)
        self._files()
        self._run()
        self.pieces.leftovers()
        work.health = self._health()
        work.verify = self._verify
        return self.pieces.record({"service": self.service, "port": self.port})

    def _judge(self) -> None:
        other = next((one for one in manifest.others(self.context) if one.kind == "cache" and _port(one.about) == self.port), None)
        if other is not None:
            raise Failed(f"port {self.port} of this host belongs to {other.unit} of {other.app}; give this component another `port` or host")
        if self.pieces.before is None and self.theirs.running and not self.state.running:
            raise Failed(f"a Redis that provision did not make runs on this host ({self.daemon.service}.service); stop and disable it, "
                         "or give this component another host")
        memory, wanted = rules.memory(), int(str(self.spec["memory_mb"]))
        if wanted > memory:
            raise Failed(f"memoryMB: {wanted} are wanted, and this host has {memory} MiB in all")
        version = str(self.spec.get("version") or "")
        found = packages.version(self.daemon.package).partition(".")[0]
        if version and found and version != found:
            raise Failed(f"this host has, or offers, {self.daemon.package} {found} and version {version} is wanted: leave `version` out, or add a "
                         "package source")

    def _package(self) -> None:
        package, theirs = self.daemon.package, self.daemon.service
        installed = os.path.exists(self.daemon.binary)
        if not installed:
            packages.judge_possible(package)
            self.work.add(f"install package {package}", lambda: packages.install(package))
        if not installed or self.theirs.enabled or self.theirs.running:
            # this unit alone: instances of its template (redis-server@…) are others'
            self.work.add(f"stop and disable {theirs}.service", lambda: _rest(f"{theirs}.service"))

    def _files(self) -> None:
        work, header = self.work, self.context.header
        for folder in files.missing_parents(self.key_file):
            work.want_folder(folder, shared=True)
        self.pieces.keep(self.key_file)
        if work.key is None:
            wish = files.Wish(self.key_file, masks.new_key(), 0o600)
            work.add(f"write {self.key_file}", lambda: files.write(wish))
        lines = "\n".join(f"{name} {value}" for name, value in self.wanted.items())
        conf = redis.CONF.format(header=header, settings=lines, port=self.port, service=self.service, auth=self.auth)
        auth = f"{header}\nrequirepass {redis.quoted(self.password)}\n"
        unknown = holds(self.password, self.context.marker)
        self.new_conf = self.pieces.file(files.Wish(self.conf, conf.encode(), 0o640, "root", self.daemon.user))
        self.new_auth = self.pieces.file(files.Wish(self.auth, auth.encode(), 0o640, "root", self.daemon.user, unknown=unknown, secret=True))
        text = redis.UNIT.format(header=header, name=self.name, app=self.context.app, guard=self.guard.job, user=self.daemon.user,
                                 binary=self.daemon.binary, conf=self.conf, service=self.service)
        self.new_unit = self.pieces.file(files.Wish(f"{UNITS}/{self.service}.service", text.encode(), 0o644, "root", "root"))
        if self.new_unit or not self.state.fresh:
            work.add(f"load {self.service}.service", lambda: self.systemd.load(self.service))

    def _run(self) -> None:
        work, service = self.work, f"{self.service}.service"
        before = self.pieces.before
        if not self.state.enabled:
            work.add(f"enable {service}", lambda: self.systemd.enable(self.service))
        if not self.state.running:
            work.pending = ("restart",)
            work.add(f"start {service}", lambda: self.systemd.restart(self.service))
        elif self.new_unit or (before is not None and (before.pending or _port(before.about) != self.port)):
            work.pending = ("restart",)
            work.add(f"restart {service}", lambda: self.systemd.restart(self.service))
        else:
            self._live()

    def _live(self) -> None:
        """What the running one has otherwise is set while it runs; a Redis that does not answer with its password is started again."""
        service = f"{self.service}.service"
        try:
            now = {name: self.running.setting(name) for name in self.wanted}
        except Failed:
            self.work.facts["settings"] = None
            self.work.pending = ("restart",)
            self.work.add(f"restart {service}", lambda: self.systemd.restart(self.service))
            return
        differ = {name: value for name, value in self.wanted.items() if now[name] != value}
        self.work.facts["settings"] = {name: now[name] for name in differ}
        if differ or self.new_auth:
            self.work.pending = ("restart",)
        for name, value in differ.items():
            self.work.add(f"set {name} of the running Redis to {value}", lambda name=name, value=value: self.running.set(name, value))
        if self.new_auth:
            self.work.add("set the password of the running Redis", self._set_password)

    def _set_password(self) -> None:
        self.running.set("requirepass", self.password)
        self.running = Running(self.daemon.client, self.port, self.password)

    # ------------------------------------------------------------------ health
    def _health(self) -> str:
        if self.work.new:
            return ""
        if not self.state.running:
            return f"{self.service}.service is {self.state.words}"
        try:
            self.running.ask("PING")
        except Failed as failure:
            return failure.message
        return self.server.once()

    def _verify(self) -> str:
        answer = self.server.until()
        if answer == probes.HEALTHY:
            try:
                Running(self.daemon.client, self.port, self.password).ask("PING")
            except Failed as failure:
                answer = failure.message
        return self.server.judge(answer, lambda: self.systemd.log(self.service))

    # ------------------------------------------------------------------ removal
    def remove(self) -> Work:
        """What has to be done so that nothing of it is left but the package, its unit switched off."""
        work, before = self.work, self.pieces.before
        if before is None:
            return work
        if self.state.known:
            work.add(f"stop {self.service}.service", lambda: self.systemd.stop(self.service))
        self.guard.remove(work)
        work.want_gone(f"/var/lib/{self.service}")
        self.pieces.leave(secret=True)
        words, forget = work.acts.pop()
        work.add(words, lambda: self._forget(forget))
        return work

    def _forget(self, forget: Any) -> None:
        self.systemd.forget(self.service)
        self.guard.clean()
        forget()


def _port(about: dict[str, Any]) -> int:
    """The port that the last delivery of a cache noted."""
    return int(about.get("port") or PORT)


def _rest(unit: str) -> None:
    commands.run(["systemctl", "--quiet", "disable", "--now", unit])


def look(context: Context, params: dict[str, Any]) -> Work:
    """What has to be done so that the cache is as wanted."""
    return Cache(context, params["spec"], str(params["secrets"].get("password") or "")).deliver()


def look_away(context: Context, params: dict[str, Any]) -> Work:
    """What has to be done so that nothing of the cache is left."""
    return Cache(context, params["spec"], "").remove()
