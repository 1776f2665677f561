"""How one service, task or timer is brought to what is wanted of it, and how it is taken away. Says what has to be done; `work` does it."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from typing import Any

from ansible.module_utils.provision import (
    accounts,
    commands,
    envfile,
    files,
    images,
    manifest,
    masks,
    packages,
    podman,
    probes,
    programs,
    reading,
    releases,
    system,
)
from ansible.module_utils.provision.context import Context, check_name, holds
from ansible.module_utils.provision.judging import Judge
from ansible.module_utils.provision.managing import Manager
from ansible.module_utils.provision.manifest import Manifest
from ansible.module_utils.provision.mounting import file_paths, made_folders, want_mounts
from ansible.module_utils.provision.service import Service
from ansible.module_utils.provision.supervisor import Supervisor
from ansible.module_utils.provision.systemd import Systemd
from ansible.module_utils.provision.wanted import Wanted
from ansible.module_utils.provision.work import Work


def look(context: Context, params: dict[str, Any]) -> Work:
    """What has to be done so that the service is as wanted."""
    wanted = Wanted.of(params["spec"], params["secrets"], params["artifact"], context.marker)
    service = Service(context, wanted.name, wanted.course.kind)
    service.judge_owner()
    service.judge_course(wanted.course.kind)
    if wanted.image:
        service.judge_container()
    return _Delivery(service, wanted).work


class _Delivery:
    """Works out the acts for one unit, in the order in which they will be done."""

    def __init__(self, service: Service, wanted: Wanted) -> None:
        self.service, self.wanted, self.context = service, wanted, service.context
        self.adopted = service.adopted()
        self.user = (wanted.user or accounts.account_name(wanted.name)) if self.context.privileged and not wanted.image else ""
        self.admin = "root" if self.context.privileged else ""
        new = service.before is None and not self.adopted and not service.foreign()
        work = self.work = Work(self.context, service.before, key=service.key, new=new)
        work.unknown = list(wanted.unknown)
        self.state = service.manager.state(service.name)
        self.program = programs.program_of(service, wanted, self.user)
        self.judge = Judge(service, wanted, self.user)
        work.facts["service"] = [self.state.known, self.state.enabled, self.state.running]
        work.facts["manifest"] = None if service.before is None else [service.before.digest(), service.before.pending]
        self.images = images.known(service, wanted.image)
        self.key = service.key or masks.new_key()
        self.read = reading.noted(self.context, reading.sources(self.context, wanted), self.key) if wanted.course.kind == "service" else {}
        self.nameless: list[str] = []
        work.after = self._manifest()
        work.pending = ("restart",)
        self._user_and_folders()
        self.reread = self._ready()
        self.reread |= self._release()
        self.reread |= self._files()
        unit_changed = self._unit_files()
        self._link()
        self._leftovers()
        self._start(unit_changed)
        self._prune()
        work.want_record()
        work.health = self.judge.now(self.state, work.new)
        work.verify = self._verify
        if wanted.image and wanted.image.name and not wanted.image.number:
            work.tells = self._image_digest

    # ------------------------------------------------------------------ what is ours
    @property
    def _places(self) -> tuple[str, ...]:
        """The folders of the unit; a container needs no release."""
        service = self.service
        return (service.conf, service.data) if self.wanted.image else (service.home, service.conf, service.data)

    def _manifest(self) -> Manifest:
        service, before, wanted = self.service, self.service.before, self.wanted
        extra = [service.login_file] if wanted.image and wanted.image.login else []
        extra += [service.watcher] if wanted.liveness else []
        release = [] if wanted.image else [service.current]
        wished = [*self._config_paths(), *file_paths(service, wanted), service.env_file, *extra, *self._unit_paths(), *release]
        trees = [path for path in self._places if self._ours(path) or not os.path.lexists(path)]
        made = [f"{folder}/x" for folder in made_folders(service, wanted)]
        parents = [folder for path in [*trees, *wished, *made, f"{self.context.units}/x"] for folder in files.missing_parents(path)]
        inside = tuple(f"{tree}/" for tree in self._places)
        folders = [path for path in dict.fromkeys([*(before.folders if before else ()), *parents]) if not f"{path}/".startswith(inside)]
        foreign = [path for path in self._config_paths() if not self._ours(path) and files.read(path) is not None] + service.foreign()
        originals = {**(before.originals if before else {}), **{path: manifest.original(path) for path in foreign}}
        made_user = self.user if self.user and ((before and before.user == self.user) or self.adopted or not accounts.exists(self.user)) else ""
        about: dict[str, Any] = {"plain": sorted(set(wanted.env) - wanted.secret_env), "release": wanted.digest or self._known_release()}
        if wanted.image:
            about = {**about, "release": "", "images": self.images[:wanted.keep]}
        if wanted.course.kind != "service":
            about["kind"] = wanted.course.kind
        if self.read:
            about["read"] = self.read
        return Manifest(self.context.app, self.context.environment, self.context.unit, "service", service.name, tuple(dict.fromkeys(wished)),
                        tuple(trees), tuple(folders), originals, made_user, about)

    def _known_release(self) -> str:
        return str(self.service.before.about.get("release", "")) if self.service.before else ""

    def _ours(self, path: str) -> bool:
        return self.adopted or (self.service.before is not None and self.service.before.owns(path))

    def _config_paths(self) -> list[str]:
        return [self.service.config_path(path) for path in sorted(self.wanted.config)]

    def _unit_paths(self) -> list[str]:
        return [wish.path for wish in self.service.manager.unit_files(self.program)]

    # ------------------------------------------------------------------ acts
    def _ready(self) -> bool:
        """What the program itself needs: podman and the image, or java. True when another image has the image's name."""
        wanted = self.wanted
        if wanted.image is None:
            if wanted.java and self.context.privileged and shutil.which("java", path=commands.PATH) is None:
                java = system.family().java
                packages.judge_possible(java)
                self.work.add(f"install package {java}", lambda: packages.install(java))
            return False
        images.want_podman(self.work)
        if holds(wanted.image.reference, self.context.marker):
            self.work.add("get the image (known after apply)", lambda: None)
            return True
        if wanted.image.login:
            content = wanted.image.login
            unknown = holds(content, self.context.marker)
            self.work.want_file(files.Wish(self.service.login_file, content.encode(), 0o600, self.admin, self.admin, unknown, True))
        nameless = images.want_image(self.work, self.service, wanted, wanted.image)
        self.nameless = [nameless] if nameless and wanted.image.reference in self.images else []
        return nameless != ""

    def _user_and_folders(self) -> None:
        service, user, wanted = self.service, self.user, self.wanted
        # not part of the seal: a secret of the same run may have made its reader's user
        if user and not accounts.exists(user):
            self.work.add(f"create user {user}", lambda: accounts.make(user, service.data))
        if not wanted.image:
            self.work.want_folder(service.home, 0o755, self.admin, self.admin)
        self.work.want_folder(service.conf, 0o750, self.admin, user or self.admin)
        self.work.want_folder(service.data, 0o750, user or self.admin, user or self.admin)
        if isinstance(service.manager, Supervisor):
            for folder in service.manager.folders():
                self.work.want_folder(folder, shared=True)
        secrets = wanted.secret_env or wanted.secret_config or any(mount.secret for mount in wanted.mounts)
        if service.key is None and (secrets or self.read or (wanted.image and wanted.image.login)):
            wish = files.Wish(service.key_file, self.key, 0o600, self.admin, self.admin)
            self.work.add(f"write {service.key_file}", lambda: files.write(wish))

    def _release(self) -> bool:
        """True when a release is to be unpacked."""
        service, digest, artifact = self.service, self.wanted.digest, self.wanted.artifact
        known = self._known_release()
        self.work.facts["releases"] = [releases.listed(service.home), bool(known) and releases.intact(service.home, known)]
        if not self.wanted.source:
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
        changed |= want_mounts(self.work, self.service, self.wanted, self.user)
        if self.wanted.liveness:
            script = programs.watcher_script(self.context.header)
            changed |= self.work.want_file(files.Wish(self.service.watcher, script, 0o644, self.admin, self.admin))
        return self._env_file() or changed

    def _env_file(self) -> bool:
        wanted, service = self.wanted, self.service
        unknown = holds(wanted.env, self.context.marker)
        data = (envfile.plain_text if wanted.image else envfile.text)(wanted.env, self.context.header)
        wish = files.Wish(service.env_file, data, 0o600, self.admin, self.admin, unknown, True)
        plain = set(wanted.env) - wanted.secret_env
        known = plain | (set(service.before.about.get("plain", ())) - wanted.secret_env if service.before else set())
        before = masks.lines(files.read(service.env_file), known.__contains__, service.key)
        after = masks.UNKNOWN if unknown else masks.lines(data, plain.__contains__, service.key)
        return self.work.want_file(wish, shown=(before, after))

    def _unit_files(self) -> bool:
        changed = False
        for wish in self.service.manager.unit_files(self.program):
            for folder in files.missing_parents(wish.path):
                self.work.want_folder(folder, shared=True)
            changed |= self.work.want_file(wish)
        return changed

    def _link(self) -> None:
        service = self.service
        self.work.facts["current"] = files.facts(service.current)
        if not self.wanted.source:
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
        before, after, service = self.service.before, self.work.after, self.service
        if before is None or after is None:
            return
        gone = [path for path in before.files if path not in after.files and path != service.current]
        form = [(one.about.get("kind"), "images" in one.about) for one in (before, after)]
        if form[0] != form[1] or set(gone) & set(service.manager.unit_paths(service.name)):
            former = self._manager_of(before)
            self.work.add(f"stop {former.unit_name(service.name)}", lambda: former.stop(service.name))
            self.state = replace(self.state, running=False, known=False, enabled=False)
        for path in gone:
            original = after.originals.pop(path, None)
            if original is not None:
                self.work.add(f"put back {path}", manifest.restoring(path, original))
                self.reread = True
            else:
                self.reread |= self.work.want_gone(path, secret=True)
        for path in before.trees:
            if path not in after.trees and os.path.isdir(path):
                self.work.add(f"remove folder {path}", lambda path=path: files.remove(path))  # type: ignore[misc]
        if before.user and before.user != after.user and accounts.exists(before.user):
            self.work.add(f"remove user {before.user}", lambda: accounts.remove(before.user))

    def _start(self, unit_changed: bool) -> None:
        """Have the manager know of it, and start what shall run now."""
        service, manager, state, course = self.service, self.service.manager, self.state, self.wanted.course
        name = manager.unit_name(service.name)
        waiting = bool(service.before and "restart" in service.before.pending)
        if not manager.awake():
            self.work.add("start supervisord", manager.wake)
        if unit_changed or not state.known or not state.fresh:
            self.work.add(f"load {name}", lambda: manager.load(service.name))
        told = self.reread or unit_changed or self.context.restart
        why = " (the last delivery did not end well)" if waiting and not told else ""
        if course.kind == "task":
            self._run(name, waiting, why)
            return
        moved = reading.moved(service.before.about.get("read") or {}, self.read) if service.before else []
        why = why or (f" (for a change of {', '.join(moved)}, which it reads)" if moved and not told else "")
        self.restarts = bool(moved) or self._image_moved() or self.reread or unit_changed or waiting or not state.running
        if course.kind == "timer":
            self._timer(name, unit_changed or waiting)
            return
        if not state.enabled and isinstance(manager, Systemd) and not (self.program.container and self.program.container.quadlet):
            self.work.add(f"enable {name}", lambda: manager.enable(service.name))
        if self.restarts:
            self.work.add(f"{'restart' if state.running else 'start'} {name}{why}", lambda: manager.restart(service.name))
        else:
            self.work.follows = {unit: f"restart {name}" for unit in self.read}

    def _image_moved(self) -> bool:
        """True when the container runs another image than the one that has its name now."""
        image = self.wanted.image
        if image is None or not self.state.running or self.wanted.course.kind != "service":
            return False
        runs = podman.container_image(self.service.name)
        return runs != "" and runs != podman.image(image.reference)

    def _run(self, name: str, waiting: bool, why: str) -> None:
        """A task runs again when what it is made of is another; what was only put back as it was does not count."""
        course, service = self.wanted.course, self.service
        made = self.work.made_of([self.wanted.digest, self.wanted.image.reference if self.wanted.image else ""])
        if self.work.after is not None:
            self.work.after = replace(self.work.after, about={**self.work.after.about, "made": made})
        if waiting or service.before is None or service.before.about.get("made") != made:
            tries = course.retries + 1 if course.retry else 1
            self.work.add(f"run {name} to its end{why}", lambda: service.manager.run(service.name, tries, course.seconds))

    def _timer(self, name: str, changed: bool) -> None:
        service, manager, state, suspended = self.service, self.service.manager, self.state, self.wanted.course.suspended
        if suspended:
            if state.enabled or state.running:
                self.work.add(f"suspend {name}", lambda: manager.stop(service.name))
            return
        if not state.enabled:
            self.work.add(f"enable {name}", lambda: manager.enable(service.name))
        if changed or not state.running:
            self.work.add(f"{'restart' if state.running else 'start'} {name}", lambda: manager.restart(service.name))

    def _manager_of(self, before: Manifest) -> Manager:
        return Service(self.context, self.service.name, str(before.about.get("kind") or "service")).manager

    def _prune(self) -> None:
        service = self.service
        kept = {self.wanted.digest[:releases.SHORT]}
        older = [name for name in releases.listed(service.home) if name not in kept]
        for name in older[max(self.wanted.keep - 1, 0):] if self.wanted.digest else []:
            self.work.add(f"remove release {name}", _pruning(service.home, name))
        images.want_fewer(self.work, service, [*self.nameless, *(self.images[self.wanted.keep:] if self.wanted.image else self.images)])

    def _image_digest(self) -> dict[str, Any]:
        digest = podman.digest_of(self.wanted.image.name) if self.wanted.image else ""
        return {"service_image_digest": digest} if digest else {}

    def _verify(self) -> str:
        if self.wanted.course.kind == "task":
            return probes.HEALTHY
        if self.wanted.course.kind == "timer" or not self.restarts:
            return self.judge.now(self.service.manager.state(self.service.name), False)
        return self.judge.after_start()


def _pruning(home: str, name: str) -> Any:
    return lambda: releases.prune(home, name)


def look_away(context: Context, params: dict[str, Any]) -> Work:
    """What has to be done so that nothing of the service is left."""
    name = check_name(str(params["spec"]["name"]))
    before = manifest.load(context)
    service = Service(context, name, str(before.about.get("kind") or "service") if before else "service")
    work = Work(context, before, key=service.key)
    if before is None:
        return work
    manager = service.manager
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
    images.want_fewer(work, service, list(before.about.get("images", ())))
    work.add(f"remove {manifest.path_of(context)}", lambda: _last(context, before))
    return work


def _last(context: Context, before: Manifest) -> None:
    manifest.discard(context)
    for path in sorted(before.folders, key=len, reverse=True):
        files.remove_if_empty(path)
