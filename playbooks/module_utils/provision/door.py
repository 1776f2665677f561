"""What nginx serves for one unit, whatever it is: installed, configured, reloaded, asked for its health, and taken away.

nginx is reloaded, never restarted: no request is dropped. What the configuration says is the unit's own business.
"""

from __future__ import annotations

import os
import re
import shutil
from typing import Any

from ansible.module_utils.provision import asking, files, manifest, nginx, packages, replaced, system
from ansible.module_utils.provision.context import Context, check_name, holds, unknown_names
from ansible.module_utils.provision.failures import Failed
from ansible.module_utils.provision.manifest import Manifest
from ansible.module_utils.provision.probes import HEALTHY
from ansible.module_utils.provision.supervisor import Supervisor
from ansible.module_utils.provision.webserver import Nginx
from ansible.module_utils.provision.work import Work

PACKAGE = "nginx"
KINDS = ("gateway", "static-site")
"""Kinds of units that share the web server of a host."""


class Door:
    """Works out the acts for one unit that nginx serves, in the order in which they will be done."""

    kind = ""
    prefix = ""

    def __init__(self, context: Context, spec: dict[str, Any]) -> None:
        self.context, self.spec = context, spec
        self.name = check_name(str(spec["name"]))
        self.nginx = Nginx(context)
        self.before = manifest.load(context)
        self.tag = re.sub(r"[^A-Za-z0-9]", "_", f"{context.app}_{context.unit}")
        self.path = f"{self.nginx.conf_d}/provision-{context.app}-{context.unit}.conf"
        self.others = others(context)
        self.work = Work(context, self.before, new=self.before is None and not os.path.exists(self.path))
        self.work.facts["manifest"] = None if self.before is None else self.before.digest()
        self.installs = False

    # ------------------------------------------------------------------ what a kind says
    def hosts(self) -> list[str]:
        """The host names it answers for; an empty one is every name."""
        raise NotImplementedError

    def text(self) -> tuple[str, str]:
        """The configuration, and the stamp that its health answer carries."""
        raise NotImplementedError

    def content(self) -> None:
        """Acts that come before nginx is asked to serve."""

    def about(self) -> dict[str, Any]:
        """What the kind notes about itself."""
        return {}

    def owned(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Files and trees of its own, beside the configuration."""
        return (), ()

    def after_run(self) -> None:
        """Acts that come after nginx serves."""

    # ------------------------------------------------------------------ delivery
    def deliver(self) -> Work:
        """What has to be done so that it is as wanted."""
        work, engine, spec = self.work, self.nginx, self.spec
        work.unknown += unknown_names(spec, self.context.marker, self.prefix)
        self.unknown = bool(work.unknown)
        self.port = 0 if holds(spec.get("port"), self.context.marker) else int(spec.get("port") or 80)
        self.health_path = str(spec.get("health_path") or "/healthz")
        if engine.own and 0 < self.port <= 1024:
            raise Failed(f"port {self.port} needs a host of its own: here choose one above 1024 for '{self.name}' (`port: 8080`)")
        content, self.stamp = ("", "") if self.unknown else self.text()
        self.claims = [] if self.unknown else sorted({f"{port} {host}" for port in self._ports() for host in self.hosts()})
        judge_claims(self.context, self.name, self.claims, self.others, alone=False)
        self._judge_certificate()
        self.state = engine.manager.state("nginx")
        self.installs = self._package()
        self.silences = self._default_site()
        self.taken = self._taken()
        work.after = self._manifest()
        if engine.own:
            self._own_nginx()
        work.want_folder(engine.conf_d, shared=True)
        self.content()
        changed = self._file(content)
        changed |= any([work.want_gone(path) for path in self.taken])
        changed |= self._leftovers()
        self._run(changed)
        self.after_run()
        work.want_record()
        work.health = self._health()
        work.verify = self._verify
        return work

    def _ports(self) -> list[int]:
        return [self.port, *([int(self.spec["redirect_from"])] if self.spec.get("redirect_from") else [])]

    def listening(self) -> nginx.Listening:
        """Where nginx listens for it."""
        redirect = int(self.spec.get("redirect_from") or 0)
        return nginx.Listening(tuple(self.nginx.listen(self.port)), self.health_path, self.certificate,
                               tuple(self.nginx.listen(redirect)) if redirect else (), self.port)

    @property
    def certificate(self) -> str:
        """Folder of its certificate; empty: plain HTTP."""
        return str(self.spec.get("certificate") or "")

    def _judge_certificate(self) -> None:
        folder = self.certificate
        if not folder and self.spec.get("redirect_from"):
            raise Failed("`redirectFrom` sends plain HTTP to HTTPS, which needs a `certificate`")
        if folder and not self.unknown and not self.context.check and files.read(f"{folder}/fullchain.pem") is None:
            raise Failed(f"there is no certificate in {folder} on this host: the certificate component has to be on the same hosts")

    def _package(self) -> bool:
        """True when nginx has to be installed."""
        engine = self.nginx
        if engine.binary():
            return False
        if engine.own:
            raise Failed("nginx is not installed on this machine; install the package `nginx` (Debian: nginx-light)")
        packages.judge_possible(PACKAGE)
        self.work.add(f"install package {PACKAGE}", lambda: packages.install(PACKAGE))
        site = system.family().nginx_site
        if site:
            self.work.add("disable the package's default site", lambda: files.remove(site))
        return bool(site)

    def _default_site(self) -> bool:
        """True when the package's default site is to go: it would come up with a server that was off, and take port 80."""
        idle = not (self.state.enabled or self.state.running)
        site = "" if self.nginx.own or not idle or self.others else system.family().nginx_site
        if not site or not os.path.lexists(site):
            return False
        self.work.add("disable the package's default site", lambda: files.remove(site))
        return True

    def _taken(self) -> list[str]:
        """Files of others that answer for the same, where it takes their place; where it does not, the plan says so."""
        silenced = system.family().nginx_site if self.silences else ""
        found = [] if self.unknown else [one for one in self.nginx.rivals(self.claims) if one.path != silenced]
        if not self.context.take_over:
            self.work.notes += [f"{one.path} was not made by provision and answers for the same: provision import {self.context.component} "
                                "takes its place" for one in found]
            return []
        mixed = next((one.path for one in found if one.has_more(self.claims)), "")
        if mixed:
            raise Failed(f"{mixed} also holds servers that '{self.name}' does not stand for: move those into a file of their own first")
        self.work.new = self.work.new and not found
        return [one.path for one in found]

    def _manifest(self) -> Manifest:
        first = {"started": not (self.state.enabled or self.state.running), "default_site": self.installs or self.silences}
        # a unit that another server served until now has noted nothing about nginx
        kept = {key: self.before.about[key] for key in first if key in self.before.about} if self.before else {}
        kept["default_site"] = bool(kept.get("default_site")) or first["default_site"]
        others_files = {**(self.before.about.get("replaced") or {} if self.before else {}), **{path: replaced.kept(path) for path in self.taken}}
        if others_files:
            kept["replaced"] = others_files
        about: dict[str, Any] = {**first, **kept, "claims": self.claims, **self.about()}
        if self.certificate:
            about.update(certificate=self.certificate, program="nginx")
        more, trees = self.owned()
        return Manifest(self.context.app, self.context.environment, self.context.unit, self.kind, self.name, (self.path, *more), trees, about=about)

    def _rival(self) -> bool:
        return any(set(self.claims) & set(other.about.get("claims", ())) for other in self.others)

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

    def _leftovers(self) -> bool:
        """What an earlier form of the unit had and this one has not."""
        kept = set(self.work.after.files) if self.work.after else set()
        gone = [path for path in (self.before.files if self.before else ()) if path not in kept]
        return any([self.work.want_gone(path) for path in gone])

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
        elif changed or (engine.own and self.main_changed) or self.context.restart or not self._in_force():
            work.add(f"reload {manager.unit_name('nginx')}", engine.reload)

    def _start(self) -> None:
        manager = self.nginx.manager
        if manager.state("nginx").running and not self.state.running:
            # the package started it, or another unit of the same run
            return self.nginx.reload()
        manager.restart("nginx")

    # ------------------------------------------------------------------ health
    def _question(self) -> asking.Question:
        host = self.context.address if self.nginx.own and self.context.address.startswith("127.") else "127.0.0.1"
        name = next((host for host in self.hosts() if host and "*" not in host), "localhost")
        return asking.Question(host, self.port, self.health_path, name, bool(self.certificate))

    def _in_force(self) -> bool:
        """True when the running nginx has the wanted configuration (or it can't be told)."""
        return self.unknown or self._rival() or self._question().ask()[1] == self.stamp

    def _health(self) -> str:
        if self.unknown or (self.work.new and not self.state.running):
            return ""
        answer = self._question().health()
        return "" if answer != HEALTHY and self.work.new else answer

    def _verify(self) -> str:
        self._question().judge("" if self._rival() else self.stamp, "nginx", self.nginx.log)
        return HEALTHY

    # ------------------------------------------------------------------ removal
    def remove(self) -> Work:
        """What has to be done so that nothing of it is left. The package stays; nginx is stopped when it was us who started it."""
        work, before = self.work, self.before
        if before is None:
            return work
        self.take_away(before)
        for path in before.trees:
            if os.path.isdir(path):
                work.add(f"remove folder {path}", lambda path=path: shutil.rmtree(path))  # type: ignore[misc]
        work.add(f"remove {manifest.path_of(self.context)}", lambda: self._forget(before))
        return work

    def take_away(self, before: Manifest) -> None:
        """Acts after which nginx serves it no more."""
        work, engine = self.work, self.nginx
        state = engine.manager.state("nginx")
        for path in before.files:
            work.want_gone(path)
        for path, what in (before.about.get("replaced") or {}).items():
            work.add(f"put back {path}", lambda path=path, what=what: replaced.put_back(path, what))  # type: ignore[misc]
        last = not self.others
        if engine.own or state.running or (last and before.about.get("started")):
            ends = last and (engine.own or bool(before.about.get("started")))
            work.add(f"{'stop' if ends else 'reload'} {engine.manager.unit_name('nginx')}", lambda: self._leave(before))
        # asked only where one was taken away: removal works on a host of whatever family
        site = system.family().nginx_site if last and before.about.get("default_site") else ""
        target = site.replace("-enabled/", "-available/")
        if site and os.path.exists(target) and not os.path.lexists(site):
            work.add("put back the package's default site", lambda: files.link(site, target))

    def _leave(self, before: Manifest) -> None:
        # asked again: another unit may have gone since this one was looked at
        last = not others(self.context)
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
        for other in others(self.context)[:1]:
            inherited = {key: before.about.get(key) or other.about.get(key) for key in ("started", "default_site")}
            manifest.hand_over(self.context, other, inherited)
        manifest.discard(self.context)


def others(context: Context) -> list[Manifest]:
    """The other units of this host that nginx serves."""
    return [other for other in serving(context) if other.about.get("engine", "nginx") == "nginx"]


def serving(context: Context) -> list[Manifest]:
    """The other units of this host that answer HTTP at its door, whatever serves them."""
    return [other for other in manifest.others(context) if other.kind in KINDS]


def judge_claims(context: Context, name: str, mine: list[str], known: list[Manifest], *, alone: bool) -> None:
    """Raises Failed when another application answers for the same; with `alone` when anything else has one of the ports."""
    ports = {claim.partition(" ")[0] for claim in mine}
    for other in known:
        theirs = set(other.about.get("claims", ()))
        both = {claim for claim in theirs if claim.partition(" ")[0] in ports} if alone else set(mine) & theirs
        if both and (alone or (other.app, other.environment) != (context.app, context.environment)):
            port, _, host = sorted(both)[0].partition(" ")
            raise Failed(f"{other.unit} of {other.app} already answers for {host or 'every host name'} on port {port} of this host; "
                         f"give '{name}' a {'`port`' if alone else '`domain` or a `port`'} of its own")
