"""What podman is asked for, as values. Pure but for what `Machine.here` looks at."""

import json
import os
import re
import resource
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

LABEL = "provision.sandbox"
HYBRID = Path("/sys/fs/cgroup/unified")
"""There where a machine has control groups of both versions, which crun refuses."""
INIT = "/usr/libexec/podman/catatonit", "/usr/lib/podman/catatonit", "/usr/bin/catatonit"
MASK = 'mount -t cgroup2 none /sys/fs/cgroup && exec "$@"'
LIMITS = {"nofile": (resource.RLIMIT_NOFILE, 65536), "nproc": (resource.RLIMIT_NPROC, 32768)}
ELASTIC = re.compile(r"^[0-9]{12}\.dkr\.ecr\.")


@dataclass(frozen=True)
class Container:
    """One container of a task."""

    name: str
    image: str
    entry_point: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: str = ""
    user: str = ""
    essential: bool = True
    read_only: bool = False
    init: bool = False
    mounts: tuple[tuple[str, str, bool], ...] = ()
    """Volume of the task, path in the container, and whether it may only be read."""
    ports: tuple[int, ...] = ()
    after: tuple[tuple[str, str], ...] = ()
    """Other containers and what is waited for: START, COMPLETE, SUCCESS or HEALTHY."""
    stop_seconds: int = 30
    restart: tuple[int, frozenset[int]] | None = None
    """It is started again after at least so many seconds, but not after these exit codes."""
    health: tuple[tuple[str, ...], float, float, int, float] | None = None
    """Command, interval, timeout and retries, and the time from its start in which it may fail."""
    log: tuple[str, str] | None = None
    """Group and stream of CloudWatch Logs."""
    hidden: frozenset[str] = frozenset()
    """Names of the environment whose values are in no command line: podman takes them from its own environment."""
    login: str = field(default="", repr=False)
    """To the registry of the image: user and password, with a colon between."""


@dataclass(frozen=True)
class Machine:
    """What of this machine decides how podman is called."""

    podman: str
    root: bool
    crun: bool
    hybrid: bool
    init: bool
    limits: Mapping[str, int]

    @classmethod
    def here(cls, podman: str) -> "Machine":
        """This machine."""
        found = {name: _least(resource.getrlimit(which)[1], most) for name, (which, most) in LIMITS.items()}
        return cls(podman, os.geteuid() == 0, shutil.which("crun") is not None, HYBRID.is_dir(), any(map(os.path.exists, INIT)), found)

    def call(self, *words: str) -> tuple[str, ...]:
        """A command of podman."""
        engine = ("--cgroup-manager", "cgroupfs", "--events-backend", "none", *(("--runtime", "crun") if self.crun else ()))
        # its own mount namespace: nobody else sees other control groups
        masked = ("unshare", "--mount", "--propagation", "slave", "sh", "-c", MASK, "sh") if self.root and self.hybrid and self.crun else ()
        return (*masked, self.podman, *engine, *words)

    def inside(self, *words: str) -> tuple[str, ...]:
        """A command as root of the user namespace in which the containers are."""
        return words if self.root else (self.podman, "unshare", *words)

    def run(self, container: Container, name: str, label: str, network: str, folders: Mapping[str, Path]) -> tuple[str, ...]:
        """Run a container to its end; its exit code is podman's."""
        options = ["--name", name, "--label", f"{LABEL}={label}", "--network", f"ns:{network}", "--log-driver", "none", "--no-healthcheck",
                   "--pull", "never", "--security-opt", "label=disable", "--stop-timeout", str(container.stop_seconds)]
        options += [word for limit, value in self.limits.items() for word in ("--ulimit", f"{limit}={value}:{value}")]
        options += ["--cgroups", "disabled"] if self.crun else []
        options += ["--init"] if container.init and self.init else []
        options += ["--read-only"] if container.read_only else []
        options += ["--user", container.user] if container.user else []
        options += ["--workdir", container.folder] if container.folder else []
        options += [word for name, value in container.environment.items()
                    for word in ("--env", name if name in container.hidden else f"{name}={value}")]
        options += [word for volume, path, fixed in container.mounts
                    for word in ("--volume", f"{folders[volume]}:{path}" + (":ro" if fixed else ""))]
        if container.entry_point:
            options += ["--entrypoint", json.dumps(container.entry_point)]
        return self.call("run", *options, full_name(container.image), *container.command)


def full_name(image: str) -> str:
    """The image with its registry: one without is Docker's, as for ECS."""
    head, slash, _ = image.partition("/")
    if slash and ("." in head or ":" in head or head == "localhost"):
        return image
    return f"docker.io/{image}" if slash else f"docker.io/library/{image}"


def registry(image: str) -> tuple[str, int] | None:
    """Host and port of the registry of an image; None for ECR's, which the simulated one is not: it keeps no layers."""
    host, _, port = full_name(image).partition("/")[0].partition(":")
    return None if ELASTIC.match(host) else (host, int(port or 443))


def loopback(host: str) -> bool:
    """Whether it is this machine's own, which is asked in clear, as Docker does."""
    return host == "localhost" or host.startswith("127.")


def _least(limit: int, most: int) -> int:
    return most if limit == resource.RLIM_INFINITY else min(limit, most)
