"""One service on this host: where its things lie, who runs it, which manager it has. Says nothing about how it gets there."""

from __future__ import annotations

import os

from ansible.module_utils.provision import files, manifest, masks, podman
from ansible.module_utils.provision.context import Context
from ansible.module_utils.provision.failures import Failed
from ansible.module_utils.provision.managing import Manager
from ansible.module_utils.provision.supervisor import Supervisor
from ansible.module_utils.provision.systemd import Systemd


class Service:
    """One service on this host: where its things lie, who runs it, which manager it has."""

    def __init__(self, context: Context, name: str, kind: str = "service") -> None:
        """`kind`: service, task or timer."""
        self.context = context
        self.name = name
        self.home = context.path(f"/opt/{name}")
        self.conf = context.path(f"/etc/{name}")
        self.data = context.path(f"/var/lib/{name}")
        self.current = f"{self.home}/current"
        self.env_file = f"{self.conf}/env"
        self.key_file = f"{self.conf}/.key"
        self.login_file = f"{self.conf}/login.json"
        self.watcher = f"{self.conf}/liveness.py"
        self.manager: Manager = Systemd("timer" if kind == "timer" else "service") if context.systemd else Supervisor(context)
        self.before = manifest.load(context)
        self.key = masks.read_key(self.key_file)

    def config_path(self, path: str) -> str:
        """Where a configuration file lies: relative ones in the service's own folder."""
        return self.context.path(path) if os.path.isabs(path) else os.path.join(self.conf, os.path.normpath(path))

    def mount_folder(self, name: str) -> str:
        """Where the files of a mount lie."""
        return f"{self.conf}/mounts/{name}"

    def empty_folder(self, name: str) -> str:
        """Where an emptyDir lies."""
        return f"{self.data}/{name}"

    def claim_folder(self, claim: str) -> str:
        """Where the data of a claim lies, without a container."""
        return self.context.path(f"/var/lib/provision/volumes/{self.volume(claim)}")

    def volume(self, claim: str) -> str:
        """Name of podman's volume for a claim: components of one application share it."""
        return f"{self.context.app}-{claim}"

    def adopted(self) -> bool:
        """True when the host's record is lost, but the unit file says that it is ours."""
        return self.before is None and any(self._ours(path) for path in self.manager.unit_paths(self.name))

    def _ours(self, path: str) -> bool:
        return (files.read(path) or b"").split(b"\n")[0].lstrip(b"; #") == self.context.header.lstrip("# ").encode()

    def judge_owner(self) -> None:
        """Raises Failed when something of this name on the host is not this unit's."""
        for other in manifest.others(self.context):
            if other.kind == "service" and other.name == self.name:
                raise Failed(f"this host already has a service '{self.name}': {other.unit} of {other.app} ({other.environment}); "
                             "two services of one name can't share a host")
        shipped = self.manager.shipped(self.name) if isinstance(self.manager, Systemd) else ""
        there = self.foreign()
        foreign = shipped or (there[0] if there and not self.context.take_over else "")
        if foreign:
            raise Failed(f"{foreign} is there and was not made by provision; give the component another name"
                         + ("" if shipped else f", or take it over: provision import {self.name}"))

    def foreign(self) -> list[str]:
        """Unit files of this name that somebody else wrote."""
        if self.before is not None or self.adopted():
            return []
        return [path for path in self.manager.unit_paths(self.name) if os.path.exists(path)]

    def judge_course(self, kind: str) -> None:
        """Raises Failed when what runs to its end can't be had here."""
        if kind != "service" and not self.context.systemd:
            raise Failed(f"{self.name}: a {'task' if kind == 'task' else 'timer'} needs a host with systemd and root; place it on another target")

    def judge_container(self) -> None:
        """Raises Failed when containers can't be had here, or one of this name is somebody else's."""
        if not self.context.systemd:
            raise Failed("a container needs a host with systemd and root; give an `artifact` here, or place it on another target")
        if self.before is None and not self.adopted() and podman.container_image(self.name):
            raise Failed(f"this host already has a container '{self.name}' that was not made by provision; give the component another name")
