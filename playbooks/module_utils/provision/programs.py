"""From what is wanted and where things lie on this host to the program as its manager is told of it. Pure, but for the probe's script."""

from __future__ import annotations

import inspect
import json
import os
from typing import Any

from ansible.module_utils.provision import podman, probes
from ansible.module_utils.provision.failures import Failed
from ansible.module_utils.provision.managing import Container, Program, Watch
from ansible.module_utils.provision.mounts import FILES, Mount
from ansible.module_utils.provision.service import Service
from ansible.module_utils.provision.wanted import Image, Wanted


def program_of(service: Service, wanted: Wanted, user: str) -> Program:
    """The program. `user`: the system user that runs it, empty for a container or whoever this is."""
    about = f"{service.name} of {service.context.app}"
    watch = Watch(watched(service, wanted, user), service.watcher) if wanted.liveness else Watch()
    if wanted.image:
        return Program(service.name, wanted.command, "/", about, service.context.header, env_file=service.env_file, course=wanted.course,
                       container=_container(service, wanted, wanted.image), limits=wanted.limits, after_start=wanted.after_start,
                       before_stop=wanted.before_stop, watch=watch)
    first = wanted.command[0]
    if "/" in first and not os.path.isabs(first):
        first = os.path.normpath(os.path.join(service.current, first))
    place = {"CONFIGURATION_DIRECTORY": service.conf, "STATE_DIRECTORY": service.data}
    low = any(int(port["port"]) < 1024 for port in wanted.ports if str(port.get("port", "")).isdigit())
    folder, binds = service.current if wanted.source else service.data, tuple(_bind(service, mount) for mount in wanted.mounts)
    return Program(service.name, (first, *wanted.command[1:]), folder, about, service.context.header, user, place, service.env_file, low,
                   wanted.course, None, wanted.limits, binds, _hook(service, wanted.after_start), _hook(service, wanted.before_stop), watch)


def _hook(service: Service, command: tuple[str, ...]) -> tuple[str, ...]:
    if command and "/" in command[0] and not os.path.isabs(command[0]):
        return (os.path.join(service.current, command[0]), *command[1:])
    return command


# ------------------------------------------------------------------ mounts
def _container(service: Service, wanted: Wanted, image: Image) -> Container:
    publish = tuple(_published(port) for port in wanted.ports)
    volumes = tuple(_volume(service, mount) for mount in wanted.mounts if not mount.memory)
    memory = tuple(mount.path for mount in wanted.mounts if mount.memory)
    return Container(image.reference, podman.has_quadlet(), wanted.entry, wanted.user, publish, volumes, memory, wanted.labels, wanted.annotations,
                     wanted.names)


def _published(port: dict[str, Any]) -> str:
    return f"{port['port']}:{port.get('containerPort') or port['port']}/{str(port.get('protocol') or 'TCP').lower()}"


def _volume(service: Service, mount: Mount) -> str:
    source = service.volume(mount.source) if mount.kind == "pvc" else source_of(service, mount)
    if ":" in source + mount.path:
        raise Failed(f"the mount '{mount.name}': podman takes no path with a colon")
    return f"{source}:{mount.path}{':ro' if mount.read_only else ''}"


def _bind(service: Service, mount: Mount) -> str:
    if not service.context.systemd:
        raise Failed(f"the mount '{mount.name}' needs a host with systemd and root")
    if mount.memory:
        return f"TemporaryFileSystem={mount.path}:mode=1777"
    source = service.claim_folder(mount.source) if mount.kind == "pvc" else source_of(service, mount)
    return f"{'BindReadOnlyPaths' if mount.read_only else 'BindPaths'}={source.replace('%', '%%')}:{mount.path.replace('%', '%%')}"


def source_of(service: Service, mount: Mount) -> str:
    """Where what is mounted lies on the host; of a pvc its folder without a container."""
    base = {"hostPath": mount.source, "pvc": service.claim_folder(mount.source), "emptyDir": service.empty_folder(mount.name)}
    place = service.mount_folder(mount.name) if mount.kind in FILES else base[mount.kind]
    return os.path.join(place, mount.sub) if mount.sub else place


# ------------------------------------------------------------------ probes
def from_host(service: Service, wanted: Wanted, probe: dict[str, Any]) -> dict[str, Any]:
    """A probe as it is asked from the host: a port of the container by the host's, a command inside the container or the release."""
    if probe.get("exec"):
        command = [str(part) for part in probe["exec"]["command"]]
        command = [podman_path(), "exec", service.name, *command] if wanted.image else list(_hook(service, tuple(command)))
        return {**probe, "exec": {"command": command}}
    kind = "httpGet" if probe.get("httpGet") else "tcpSocket"
    if not wanted.image or not probe.get(kind):
        return probe
    return {**probe, kind: {**probe[kind], "port": _host_port(wanted, int(probe[kind]["port"]))}}


def podman_path() -> str:
    """Where podman lies; it is the same in both families."""
    return "/usr/bin/podman"


def _host_port(wanted: Wanted, port: int) -> int:
    inside = {int(item.get("containerPort") or item["port"]): int(item["port"]) for item in wanted.ports}
    if port in inside or port in inside.values():
        return inside.get(port, port)
    raise Failed(f"{wanted.name}: a probe asks port {port}, which is not one of its ports; add it to `ports`")


def around(service: Service, wanted: Wanted, user: str) -> tuple[str, str]:
    """Folder and user of a probe's command."""
    return ("/", "") if wanted.image else (service.current if wanted.source else service.data, user)


def watched(service: Service, wanted: Wanted, user: str) -> str:
    """What the companion is told: the probe, and where its command runs."""
    folder, runner = around(service, wanted, user)
    return json.dumps({"probe": from_host(service, wanted, wanted.liveness), "folder": folder, "user": runner}, sort_keys=True)


def watcher_script(header: str) -> bytes:
    """The companion's script: how we ask probes, and a last line that does it for ever."""
    return f'{header}\n{inspect.getsource(probes)}\n\nif __name__ == "__main__":\n    watch(*sys.argv[1:])\n'.encode()
