"""How one service is brought to what is wanted of it, and how it is taken away. Says what has to be done; `work` does it."""

from __future__ import annotations

import os
import shutil
import time
from typing import Any

from ansible.module_utils.provision import accounts, envfile, files, manifest, masks, probes, releases
from ansible.module_utils.provision.context import Context, check_name, holds
from ansible.module_utils.provision.failures import Failed
from ansible.module_utils.provision.managing import Program
from ansible.module_utils.provision.manifest import Manifest
from ansible.module_utils.provision.service import Service, Wanted
from ansible.module_utils.provision.supervisor import Supervisor
from ansible.module_utils.provision.systemd import Systemd
from ansible.module_utils.provision.work import Work

SETTLE_SECONDS = 1.5
"""How long a service without a probe has to stay up after its start."""


def look(context: Context, params: dict[str, Any]) -> Work:
    """What has to be done so that the service is as wanted."""
    wanted = Wanted.of(params["spec"], params["secrets"], params["artifact"], context.marker)
    service = Service(context, wanted.name)
    service.judge_owner()
    return _Delivery(service, wanted).work


class _Delivery:
    """Works out the acts for one service, in the order in which they will be done."""

    def __init__(self, service: Service, wanted: Wanted) -> None:
        self.service, self.wanted, self.context = service, wanted, service.context
        self.adopted = service.adopted()
        self.user = (wanted.user or accounts.account_name(wanted.name)) if self.context.privileged else ""
        self.admin = "root" if self.context.privileged else ""
        work = self.work = Work(self.context, service.before, key=service.key, new=service.before is None and not self.adopted)
        work.unknown = list(wanted.unknown)
        self.state = service.manager.state(service.name)
        work.facts["service"] = [self.state.known, self.state.enabled, self.state.running]
        work.facts["manifest"] = None if service.before is None else [service.before.digest(), service.before.pending]
        work.after = self._manifest()
        work.pending = ("restart",)
        self._user_and_folders()
        self.reread = self._release()
        self.reread |= self._files()
        unit_changed = self._unit_files()
        self._link()
        self._leftovers()
        self._run(unit_changed)
        self._prune()
        work.want_record()
        work.health = self._health()
        work.verify = self._verify

    # ------------------------------------------------------------------ what is ours
    def _manifest(self) -> Manifest:
        service, before = self.service, self.service.before
        wished = [*self._config_paths(), service.env_file, *self._unit_paths(), service.current]
        trees = [path for path in (service.home, service.conf, service.data) if self._ours(path) or not os.path.lexists(path)]
        parents = [folder for path in [*trees, *wished, f"{self.context.units}/x"] for folder in files.missing_parents(path)]
        inside = tuple(f"{tree}/" for tree in (service.home, service.conf, service.data))
        folders = [path for path in dict.fromkeys([*(before.folders if before else ()), *parents]) if not f"{path}/".startswith(inside)]
        foreign = [path for path in self._config_paths() if not self._ours(path) and files.read(path) is not None]
        originals = {**(before.originals if before else {}), **{path: manifest.original(path) for path in foreign}}
        made = self.user if self.user and ((before and before.user == self.user) or self.adopted or not accounts.exists(self.user)) else ""
        about = {"plain": sorted(set(self.wanted.env) - self.wanted.secret_env), "release": self.wanted.digest or self._known_release()}
        return Manifest(self.context.app, self.context.environment, self.context.unit, "service", service.name, tuple(dict.fromkeys(wished)),
                        tuple(trees), tuple(folders), originals, made, about)

    def _known_release(self) -> str:
        return str(self.service.before.about.get("release", "")) if self.service.before else ""

    def _ours(self, path: str) -> bool:
        return self.adopted or (self.service.before is not None and self.service.before.owns(path))

    def _config_paths(self) -> list[str]:
        return [self.service.config_path(path) for path in sorted(self.wanted.config)]

    def _unit_paths(self) -> list[str]:
        return [wish.path for wish in self.service.manager.unit_files(self._program())]

    # ------------------------------------------------------------------ acts
    def _user_and_folders(self) -> None:
        service, user = self.service, self.user
        if user == service.name:
            self.work.facts["user"] = accounts.exists(user)
        if user and not accounts.exists(user):
            self.work.add(f"create user {user}", lambda: accounts.make(user, service.data))
        self.work.want_folder(service.home, 0o755, self.admin, self.admin)
        self.work.want_folder(service.conf, 0o750, self.admin, user)
        self.work.want_folder(service.data, 0o750, user, user)
        if isinstance(service.manager, Supervisor):
            for folder in service.manager.folders():
                self.work.want_folder(folder, shared=True)
        if self.service.key is None and (self.wanted.secret_env or self.wanted.secret_config):
            wish = files.Wish(service.key_file, masks.new_key(), 0o600, self.admin, self.admin)
            self.work.add(f"write {service.key_file}", lambda: files.write(wish))

    def _release(self) -> bool:
        """True when a release is to be unpacked."""
        service, digest, artifact = self.service, self.wanted.digest, self.wanted.artifact
        known = self._known_release()
        self.work.facts["releases"] = [releases.listed(service.home), bool(known) and releases.intact(service.home, known)]
        if not artifact.get("source"):
            return False
        if not digest:
            self.work.add("unpack the artifact (known after apply)", lambda: None)
            return True
        if releases.intact(service.home, digest):
            return False
        releases.judge_space(service.home, int(artifact.get("size") or 0))
        self.work.missing_artifact = not artifact.get("path")
        again = " again: it was changed by hand" if os.path.isdir(releases.folder(service.home, digest)) else ""
        self.work.add(f"unpack release {digest[:releases.SHORT]} of {artifact.get('name')}{again}",
                      lambda: releases.unpack(service.home, str(artifact["path"]), str(artifact["name"]), digest))
        return True

    def _files(self) -> bool:
        changed = False
        seen: set[str] = set()
        for path, content in sorted(self.wanted.config.items()):
            wish = files.Wish(self.service.config_path(path), content.encode(), 0o640, self.admin, self.user,
                              holds(content, self.context.marker), path in self.wanted.secret_config)
            for folder in files.missing_parents(wish.path):
                if folder not in seen and not self.service.conf.startswith(folder):
                    seen.add(folder)
                    self.work.want_folder(folder, shared=True)
            changed |= self.work.want_file(wish)
        return self._env_file() or changed

    def _env_file(self) -> bool:
        wanted, service = self.wanted, self.service
        unknown = holds(wanted.env, self.context.marker)
        data = envfile.text(wanted.env, self.context.header)
        wish = files.Wish(service.env_file, data, 0o600, self.admin, self.admin, unknown, True)
        plain = set(wanted.env) - wanted.secret_env
        known = plain | (set(service.before.about.get("plain", ())) - wanted.secret_env if service.before else set())
        before = masks.lines(files.read(service.env_file), known.__contains__, service.key)
        after = masks.UNKNOWN if unknown else masks.lines(data, plain.__contains__, service.key)
        return self.work.want_file(wish, shown=(before, after))

    def _program(self) -> Program:
        service, wanted = self.service, self.wanted
        first = wanted.command[0]
        if "/" in first and not os.path.isabs(first):
            first = os.path.normpath(os.path.join(service.current, first))
        place = {"CONFIGURATION_DIRECTORY": service.conf, "STATE_DIRECTORY": service.data}
        folder = service.current if wanted.artifact.get("source") else service.data
        return Program(service.name, (first, *wanted.command[1:]), folder, f"{service.name} of {self.context.app}", self.context.header, self.user,
                       place, service.env_file, any(port < 1024 for port in wanted.ports))

    def _unit_files(self) -> bool:
        changed = [self.work.want_file(wish) for wish in self.service.manager.unit_files(self._program())]
        return any(changed)

    def _link(self) -> None:
        service = self.service
        self.work.facts["current"] = files.facts(service.current)
        if not self.wanted.artifact.get("source"):
            if self.service.before is not None:
                self.work.want_gone(service.current)
            return
        target = f"releases/{self.wanted.digest[:releases.SHORT]}" if self.wanted.digest else ""
        now = os.readlink(service.current) if os.path.islink(service.current) else ""
        if now != target or not target:
            self.reread = True
            self.work.add(f"point {service.current} at {target or 'the new release'}", lambda: files.link(service.current, target))

    def _leftovers(self) -> None:
        """What an earlier form of the unit had and this one has not."""
        if self.service.before is None or self.work.after is None:
            return
        for path in self.service.before.files:
            if path not in self.work.after.files and path != self.service.current:
                original = self.work.after.originals.pop(path, None)
                if original is not None:
                    self.work.add(f"put back {path}", manifest.restoring(path, original))
                    self.reread = True
                else:
                    self.reread |= self.work.want_gone(path, secret=True)

    def _run(self, unit_changed: bool) -> None:
        service, manager, state = self.service, self.service.manager, self.state
        name = manager.unit_name(service.name)
        waiting = bool(service.before and "restart" in service.before.pending)
        if not manager.awake():
            self.work.add("start supervisord", manager.wake)
        if unit_changed or not state.known or not state.fresh:
            self.work.add(f"load {name}", lambda: manager.load(service.name))
        if not state.enabled and isinstance(manager, Systemd):
            self.work.add(f"enable {name}", lambda: manager.enable(service.name))
        self.restarts = self.reread or unit_changed or waiting or not state.running
        if self.restarts:
            why = " (the last delivery did not end well)" if waiting and not (self.reread or unit_changed) else ""
            self.work.add(f"{'restart' if state.running else 'start'} {name}{why}", lambda: manager.restart(service.name))

    def _prune(self) -> None:
        service = self.service
        kept = {self.wanted.digest[:releases.SHORT]}
        older = [name for name in releases.listed(service.home) if name not in kept]
        for name in older[max(self.wanted.keep - 1, 0):] if self.wanted.digest else []:
            self.work.add(f"remove release {name}", _pruning(service.home, name))

    # ------------------------------------------------------------------ health
    def _surroundings(self) -> probes.Surroundings:
        env = {name: envfile.as_text(value) for name, value in self.wanted.env.items()}
        program = self._program()
        return probes.Surroundings(program.folder, {**({} if self.user else os.environ), **program.environ, **env}, self.user)

    def _probe(self) -> dict[str, Any]:
        command = (self.wanted.probe.get("exec") or {}).get("command")
        if command and "/" in command[0] and not os.path.isabs(command[0]):
            return {**self.wanted.probe, "exec": {"command": [os.path.join(self.service.current, command[0]), *command[1:]]}}
        return self.wanted.probe

    def _health(self) -> str:
        if not self.state.known:
            return "" if self.work.new else f"{self.service.manager.unit_name(self.service.name)} is {self.state.words}"
        if not self.state.running:
            return f"{self.service.manager.unit_name(self.service.name)} is {self.state.words}"
        if self.wanted.probe and not holds(self.wanted.probe, self.context.marker):
            return probes.once(self._probe(), self._surroundings())
        return probes.HEALTHY if self.state.settled else f"{self.service.manager.unit_name(self.service.name)} is {self.state.words}"

    def _verify(self) -> str:
        if not self.restarts:
            return self._health()
        answer = probes.until_healthy(self._probe(), self._surroundings(), self._gone) if self.wanted.probe else self._settle()
        if answer != probes.HEALTHY:
            name = self.service.manager.unit_name(self.service.name)
            raise Failed(f"{name} was started and is not healthy: {answer}\nits last lines:\n{self.service.manager.log(self.service.name)}")
        return answer

    def _gone(self) -> str:
        state = self.service.manager.state(self.service.name)
        return f"{self.service.manager.unit_name(self.service.name)} is {state.words}" if state.broken else ""

    def _settle(self) -> str:
        """A program without a probe is healthy when it stays up for a moment."""
        end = time.monotonic() + SETTLE_SECONDS
        state = self.service.manager.state(self.service.name)
        while time.monotonic() < end and not state.broken and not state.restarts:
            time.sleep(0.2)
            state = self.service.manager.state(self.service.name)
        return probes.HEALTHY if state.settled and not state.restarts else f"it ended at once: {state.words}"


def _pruning(home: str, name: str) -> Any:
    return lambda: releases.prune(home, name)


def look_away(context: Context, params: dict[str, Any]) -> Work:
    """What has to be done so that nothing of the service is left."""
    service = Service(context, check_name(str(params["spec"]["name"])))
    work = Work(context, service.before, key=service.key)
    before = service.before
    if before is None:
        return work
    manager, name = service.manager, service.name
    state = manager.state(name)
    work.facts.update(service=[state.known, state.enabled, state.running], manifest=before.digest())
    if state.known:
        work.add(f"stop {manager.unit_name(name)}", lambda: manager.stop(name))
    for path in before.files:
        if path in before.originals:
            work.add(f"put back {path}", manifest.restoring(path, before.originals[path]))
        else:
            work.want_gone(path, secret=True)
    work.add(f"forget {manager.unit_name(name)}", lambda: manager.forget(name))
    for path in before.trees:
        if os.path.isdir(path):
            work.add(f"remove folder {path}", lambda path=path: shutil.rmtree(path))  # type: ignore[misc]
    if before.user and accounts.exists(before.user):
        work.add(f"remove user {before.user}", lambda: accounts.remove(before.user))
    work.add(f"remove {manifest.path_of(context)}", lambda: _last(context, before))
    return work


def _last(context: Context, before: Manifest) -> None:
    manifest.discard(context)
    for path in sorted(before.folders, key=len, reverse=True):
        files.remove_if_empty(path)
