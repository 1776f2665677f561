"""One service: what is wanted of it, and where its things lie on this host. Says nothing about how it gets there; `delivery` does."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

from ansible.module_utils.provision import files, manifest, masks, releases
from ansible.module_utils.provision.context import Context, check_name, unknown_names
from ansible.module_utils.provision.failures import Failed
from ansible.module_utils.provision.managing import Manager
from ansible.module_utils.provision.supervisor import Supervisor
from ansible.module_utils.provision.systemd import Systemd


@dataclass(frozen=True)
class Wanted:
    """The service as the application describes it."""

    name: str
    command: tuple[str, ...]
    digest: str = ""
    """sha256 of the artefact; empty: no artefact, or not known yet."""
    artifact: dict[str, Any] = field(default_factory=dict)
    env: dict[str, Any] = field(default_factory=dict)
    secret_env: frozenset[str] = frozenset()
    config: dict[str, str] = field(default_factory=dict)
    secret_config: frozenset[str] = frozenset()
    user: str = ""
    keep: int = 3
    probe: dict[str, Any] = field(default_factory=dict)
    ports: tuple[int, ...] = ()
    unknown: tuple[str, ...] = ()

    @staticmethod
    def of(spec: dict[str, Any], secrets: dict[str, Any], artifact: dict[str, Any], marker: str) -> Wanted:
        """From the module's parameters."""
        name = check_name(str(spec["name"]))
        if spec.get("image") or spec.get("kind"):
            raise Failed(f"{name}: containers, tasks and timers on hosts are being built; give an `artifact` to a webservice, worker or daemon")
        secret_env, secret_config = secrets.get("env") or {}, secrets.get("config") or {}
        command = [str(part) for part in (spec.get("cmd") or [])] + [str(part) for part in (spec.get("args") or [])]
        if not spec.get("cmd") and artifact.get("source") and not releases.is_archive(str(artifact.get("name"))):
            command.insert(0, f"./{artifact['name']}")
        if not command or (not spec.get("cmd") and releases.is_archive(str(artifact.get("name") or ""))):
            raise Failed(f"the service {name} has no `cmd`: say which program to start, relative to the artifact")
        ports = tuple(int(item["port"]) for item in spec.get("ports") or () if str(item.get("port", "")).isdigit())
        return Wanted(name, tuple(command), str(artifact.get("digest") or ""), artifact, {**(spec.get("env") or {}), **secret_env},
                      frozenset(secret_env), {str(k): str(v) for k, v in {**(spec.get("config") or {}), **secret_config}.items()},
                      frozenset(secret_config), str(spec.get("user") or ""), int(spec.get("keep") or 3), spec.get("probe") or {}, ports,
                      tuple(unknown_names({**spec, "artifact": artifact.get("source"), "env": {**(spec.get("env") or {}), **secret_env},
                                            "config": {**(spec.get("config") or {}), **secret_config}}, marker, "service_")))


class Service:
    """One service on this host: where its things lie, who runs it, which manager it has."""

    def __init__(self, context: Context, name: str) -> None:
        self.context = context
        self.name = name
        self.home = context.path(f"/opt/{name}")
        self.conf = context.path(f"/etc/{name}")
        self.data = context.path(f"/var/lib/{name}")
        self.current = f"{self.home}/current"
        self.env_file = f"{self.conf}/env"
        self.key_file = f"{self.conf}/.key"
        self.manager: Manager = Systemd() if context.systemd else Supervisor(context)
        self.before = manifest.load(context)
        self.key = masks.read_key(self.key_file)

    def config_path(self, path: str) -> str:
        """Where a configuration file lies: relative ones in the service's own folder."""
        return self.context.path(path) if os.path.isabs(path) else os.path.join(self.conf, os.path.normpath(path))

    def adopted(self) -> bool:
        """True when the host's record is lost, but the unit file says that it is ours."""
        path = self._unit_path()
        return self.before is None and (files.read(path) or b"").split(b"\n")[0].lstrip(b"; #") == self.context.header.lstrip("# ").encode()

    def _unit_path(self) -> str:
        return self.manager.unit_path(self.name)  # type: ignore[attr-defined,no-any-return]

    def judge_owner(self) -> None:
        """Raises Failed when something of this name on the host is not this unit's."""
        for other in manifest.others(self.context):
            if other.kind == "service" and other.name == self.name:
                raise Failed(f"this host already has a service '{self.name}': {other.unit} of {other.app} ({other.environment}); "
                             "two services of one name can't share a host")
        shipped = self.manager.shipped(self.name) if isinstance(self.manager, Systemd) else ""
        foreign = self._unit_path() if os.path.exists(self._unit_path()) and self.before is None and not self.adopted() else shipped
        if foreign:
            raise Failed(f"{foreign} is there and was not made by provision; give the component another name")
