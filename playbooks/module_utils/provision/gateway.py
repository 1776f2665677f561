"""How one gateway is brought to what is wanted of it, and how it is taken away. nginx is reloaded, never restarted: no request is dropped."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import time
from typing import Any

from ansible.module_utils.provision import commands, files, manifest, nginx, packages, probes
from ansible.module_utils.provision.context import Context, check_name, holds, unknown_names
from ansible.module_utils.provision.failures import Failed
from ansible.module_utils.provision.managing import Manager, Program
from ansible.module_utils.provision.manifest import Manifest
from ansible.module_utils.provision.supervisor import Supervisor
from ansible.module_utils.provision.systemd import Systemd
from ansible.module_utils.provision.work import Work

PACKAGE = "nginx"
DEFAULT_SITE, ITS_TARGET = "/etc/nginx/sites-enabled/default", "/etc/nginx/sites-available/default"
SECONDS = 10
"""How long the running nginx may take to answer with the new configuration."""


class Nginx:
    """The nginx of this host: the distribution's under systemd, or one of our own below our folder under supervisord."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.own = not context.systemd
        self.manager: Manager = Supervisor(context) if self.own else Systemd()
        self.home = context.path("/var/lib/provision/nginx")
        self.main = f"{self.home}/nginx.conf" if self.own else "/etc/nginx/nginx.conf"
        self.conf_d = f"{self.home}/conf.d" if self.own else "/etc/nginx/conf.d"
        self.errors = f"{self.home}/error.log" if self.own else "/var/log/nginx/error.log"

    def binary(self) -> str:
        """Path of nginx; empty when it is missing."""
        return shutil.which("nginx") or shutil.which("nginx", path=commands.PATH) or ""

    def program(self) -> Program:
        """nginx as a program of our supervisord."""
        header = "# Written by provision for the gateways below this folder; changes by hand are undone."
        return Program("nginx", (self.binary(), "-p", self.home, "-e", self.errors, "-c", self.main), self.home, "gateways", header)

    def listen(self, port: int) -> list[str]:
        """What `listen` says: this machine only where it is reached as this machine only."""
        if self.own and self.context.address.startswith("127."):
            return [f"{self.context.address}:{port}"]
        return [str(port), *([f"[::]:{port}"] if os.path.exists("/proc/net/if_inet6") else [])]

    def test(self) -> str:
        """nginx's own words about its configuration; empty when it is well."""
        arguments = ["-p", self.home, "-e", self.errors] if self.own else []
        code, output = commands.run([self.binary() or "nginx", *arguments, "-t", "-q", "-c", self.main], check=False)
        return output.strip() if code else ""

    def write_tested(self, wish: files.Wish) -> None:
        """Write one file of its configuration; when nginx refuses it the old one is put back."""
        before = files.read(wish.path)
        files.write(wish)
        words = self.test()
        if words:
            if before is None:
                files.remove(wish.path)
            else:
                files.write(files.Wish(wish.path, before, wish.mode, wish.owner, wish.group))
            raise Failed(f"nginx refuses the configuration, the old one is still in force:\n{words}")

    def reload(self) -> None:
        """Take up the changed configuration without dropping a request."""
        words = self.test()
        if words:
            raise Failed(f"nginx refuses its configuration, the old one is still in force:\n{words}")
        if isinstance(self.manager, Supervisor):
            self.manager.signal("nginx", "HUP")
        else:
            commands.run(["systemctl", "reload", "nginx.service"])

    def log(self) -> str:
        """Its last errors."""
        return commands.tail((files.read(self.errors) or b"")[-8000:].decode(errors="replace"), 6)


class Gateway:
    """Works out the acts for one gateway, in the order in which they will be done."""

    def __init__(self, context: Context, spec: dict[str, Any]) -> None:
        self.context, self.spec = context, spec
        self.name = check_name(str(spec["name"]))
        self.nginx = Nginx(context)
        self.before = manifest.load(context)
        self.tag = re.sub(r"[^A-Za-z0-9]", "_", f"{context.app}_{context.unit}")
        self.path = f"{self.nginx.conf_d}/provision-{context.app}-{context.unit}.conf"
        self.others = _others(context)
        self.work = Work(context, self.before, new=self.before is None and not os.path.exists(self.path))
        self.work.facts["manifest"] = None if self.before is None else self.before.digest()

    def deliver(self) -> Work:
        """What has to be done so that it is as wanted."""
        work, engine, spec = self.work, self.nginx, self.spec
        work.unknown = unknown_names(spec, self.context.marker, "gateway_")
        self.unknown = bool(work.unknown)
        self.port = 0 if holds(spec.get("port"), self.context.marker) else int(spec.get("port") or 80)
        self.health_path = str(spec.get("health_path") or "/healthz")
        if engine.own and 0 < self.port <= 1024:
            raise Failed(f"port {self.port} needs a host of its own: here choose one above 1024 for the gateway '{self.name}' (`port: 8080`)")
        self.routes = [] if self.unknown else nginx.routes(spec["routes"], str(spec.get("domain") or ""))
        content, self.stamp = self._text()
        self._judge_claims()
        self.state = engine.manager.state("nginx")
        installs = self._package()
        work.after = self._manifest(installs)
        if engine.own:
            self._own_nginx()
        work.want_folder(engine.conf_d, shared=True)
        changed = self._file(content)
        self._run(changed)
        work.want_record()
        work.health = self._health()
        work.verify = self._verify
        return work

    def _text(self) -> tuple[str, str]:
        if self.unknown:
            return "", ""
        return nginx.text(self.tag, self.context.header, self.routes, self.nginx.listen(self.port), self.health_path)

    def _package(self) -> bool:
        """True when nginx has to be installed."""
        engine = self.nginx
        if engine.binary():
            return False
        if engine.own:
            raise Failed("nginx is not installed on this machine; install the package `nginx-light` (apt-get install nginx-light)")
        packages.judge_possible("nginx")
        self.work.add(f"install package {PACKAGE}", lambda: packages.install(PACKAGE))
        self.work.add("disable the package's default site", lambda: files.remove(DEFAULT_SITE))
        return True

    def _manifest(self, installs: bool) -> Manifest:
        first = {"started": not (self.state.enabled or self.state.running), "default_site": installs}
        about: dict[str, Any] = dict(self.before.about) if self.before else first
        about["claims"] = sorted({f"{self.port} {route.host}" for route in self.routes})
        return Manifest(self.context.app, self.context.environment, self.context.unit, "gateway", self.name, (self.path,), about=about)

    def _judge_claims(self) -> None:
        mine = {f"{self.port} {route.host}" for route in self.routes}
        for other in self.others:
            both = mine & set(other.about.get("claims", ()))
            if both and (other.app, other.environment) != (self.context.app, self.context.environment):
                port, _, host = sorted(both)[0].partition(" ")
                raise Failed(f"{other.unit} of {other.app} already answers for {host or 'every host name'} on port {port} of this host; "
                             "give this gateway a `domain` or a `port` of its own")

    def _rival(self) -> bool:
        mine = {f"{self.port} {route.host}" for route in self.routes}
        return any(mine & set(other.about.get("claims", ())) for other in self.others)

    def _own_nginx(self) -> None:
        engine, manager = self.nginx, self.nginx.manager
        assert isinstance(manager, Supervisor)
        for folder in [*manager.folders(), engine.home, f"{engine.home}/temp"]:
            self.work.want_folder(folder, shared=True)
        main = files.Wish(engine.main, nginx.main_text(engine.home, os.geteuid() == 0).encode())
        self.main_changed = self.work.want_file(main, shared=True)
        # not `any(…)` over a generator: every file has to be looked at
        self.program_changed = any([self.work.want_file(one, shared=True) for one in manager.unit_files(engine.program())])

    def _file(self, content: str) -> bool:
        wish = files.Wish(self.path, content.encode(), unknown=self.unknown)
        changed = self.work.want_file(wish)
        if changed:
            words, _ = self.work.acts.pop()
            self.work.add(words, lambda: self.nginx.write_tested(wish))
        return changed

    def _run(self, changed: bool) -> None:
        work, engine, manager = self.work, self.nginx, self.nginx.manager
        if not manager.awake():
            work.add("start supervisord", manager.wake)
        if engine.own and (self.program_changed or not self.state.known):
            work.add("load nginx", lambda: manager.load("nginx"))
        if not engine.own and not self.state.enabled:
            work.add("enable nginx.service", lambda: manager.enable("nginx"))
        if not self.state.running or (engine.own and self.program_changed):
            work.add(f"start {manager.unit_name('nginx')}", lambda: self._start())
        elif changed or (engine.own and self.main_changed) or not self._in_force():
            work.add(f"reload {manager.unit_name('nginx')}", engine.reload)

    def _start(self) -> None:
        manager = self.nginx.manager
        if manager.state("nginx").running and not self.state.running:
            # the package started it, or another gateway of the same run
            return self.nginx.reload()
        manager.restart("nginx")

    # ------------------------------------------------------------------ health
    def _ask(self) -> tuple[int, str]:
        """Status of the health path and the stamp in its answer; 0 and the reason when there is none."""
        host = self.context.address if self.nginx.own and self.context.address.startswith("127.") else "127.0.0.1"
        name = next((route.host for route in self.routes if route.host and "*" not in route.host), "localhost")
        connection = http.client.HTTPConnection(host, self.port, timeout=3)
        try:
            connection.request("GET", self.health_path, headers={"Host": name})
            response = connection.getresponse()
            response.read()
            return response.status, response.headers.get(nginx.STAMP, "")
        except (OSError, http.client.HTTPException) as error:
            return 0, str(getattr(error, "strerror", None) or error or type(error).__name__).lower()
        finally:
            connection.close()

    def _in_force(self) -> bool:
        """True when the running nginx has the wanted configuration (or it can't be told)."""
        return self.unknown or self._rival() or self._ask()[1] == self.stamp

    def _health(self) -> str:
        if self.unknown or (self.work.new and not self.state.running):
            return ""
        status, words = self._ask()
        if status == 200:
            return probes.HEALTHY
        if self.work.new:
            return ""
        return f"GET {self.health_path} on port {self.port}: {f'answered {status}' if status else words}"

    def _verify(self) -> str:
        end = time.monotonic() + SECONDS
        status, stamp = self._ask()
        while time.monotonic() < end and not (status == 200 and (stamp == self.stamp or self._rival())):
            time.sleep(0.1)
            status, stamp = self._ask()
        if status == 200 and (stamp == self.stamp or self._rival()):
            return probes.HEALTHY
        seen = f"answered {status}, not with the new configuration" if status else stamp
        where = f"GET {self.health_path} on port {self.port}"
        raise Failed(f"nginx has not taken up the configuration: {where}: {seen}\nits last errors:\n{self.nginx.log()}")

    # ------------------------------------------------------------------ removal
    def remove(self) -> Work:
        """What has to be done so that nothing of it is left. The package stays; nginx is stopped when it was us who started it."""
        work, engine, before = self.work, self.nginx, self.before
        if before is None:
            return work
        state = engine.manager.state("nginx")
        for path in before.files:
            work.want_gone(path)
        last = not self.others
        if engine.own or state.running or (last and before.about.get("started")):
            ends = last and (engine.own or bool(before.about.get("started")))
            work.add(f"{'stop' if ends else 'reload'} {engine.manager.unit_name('nginx')}", lambda: self._leave(before))
        if last and before.about.get("default_site") and os.path.exists(ITS_TARGET) and not os.path.lexists(DEFAULT_SITE):
            work.add("put back the package's default site", lambda: files.link(DEFAULT_SITE, ITS_TARGET))
        work.add(f"remove {manifest.path_of(self.context)}", lambda: self._forget(before))
        return work

    def _leave(self, before: Manifest) -> None:
        # asked again: another gateway may have gone since this one was looked at
        last = not _others(self.context)
        if last and self.nginx.own:
            self._end_own()
        elif last and before.about.get("started"):
            self.nginx.manager.stop("nginx")
        elif self.nginx.manager.state("nginx").running:
            self.nginx.reload()

    def _end_own(self) -> None:
        manager = self.nginx.manager
        assert isinstance(manager, Supervisor)
        manager.stop("nginx")
        for path in (manager.script("nginx"), manager.unit_path("nginx")):
            files.remove(path)
        manager.forget("nginx")
        shutil.rmtree(self.nginx.home, ignore_errors=True)

    def _forget(self, before: Manifest) -> None:
        # who is left takes over what has to be undone at the end
        for other in _others(self.context)[:1]:
            inherited = {key: before.about.get(key) or other.about.get(key) for key in ("started", "default_site")}
            manifest.hand_over(self.context, other, inherited)
        manifest.discard(self.context)


def _others(context: Context) -> list[Manifest]:
    return [other for other in manifest.others(context) if other.kind == "gateway"]


def look(context: Context, params: dict[str, Any]) -> Work:
    """What has to be done so that the gateway is as wanted."""
    return Gateway(context, params["spec"]).deliver()


def look_away(context: Context, params: dict[str, Any]) -> Work:
    """What has to be done so that nothing of the gateway is left."""
    return Gateway(context, params["spec"]).remove()
