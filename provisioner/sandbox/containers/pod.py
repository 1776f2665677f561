"""Runs the containers of one task, from the pull of their images to their end. Knows nothing of ECS."""

import os
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from provisioner.sandbox.containers.images import CannotRun, Images
from provisioner.sandbox.containers.joined import Network
from provisioner.sandbox.containers.relay import Relay
from provisioner.sandbox.containers.resolver import Find
from provisioner.sandbox.containers.words import Container, Machine

LOOK_SECONDS = 0.2
UNUSABLE = 125
"""podman's own exit code: it could not even try."""


@dataclass(frozen=True)
class Around:
    """What the tasks of one simulator share."""

    machine: Machine
    images: Images
    relay: Relay
    label: str
    own: tuple[str, int]
    """Where the simulator itself listens."""
    find: Find
    """The addresses of a host name."""


@dataclass(eq=False)
class Running:
    """One container of a pod."""

    container: Container
    name: str
    state: str = "pending"
    """pending, running, stopped"""
    began: float = 0.0
    code: int | None = None
    health: str = "UNKNOWN"


@dataclass(frozen=True)
class Work:
    """What a pod does."""

    containers: tuple[Container, ...]
    folders: Mapping[str, Path]
    """Of each volume."""
    told: Callable[[str, str], None]
    """Takes what a container prints: its name, a line."""
    last: Sequence[Sequence[str]] = ()
    """Commands at the very end, as root of the containers."""


@dataclass(eq=False)
class Pod:
    """The containers of one task, with one address."""

    name: str
    address: str
    moved: Callable[[], None] = lambda: None
    """Called when it, or a container of it, is in another state."""
    state: str = "pending"
    """pending, running, stopped"""
    reason: str = ""
    parts: list[Running] = field(default_factory=list)
    began: float = 0.0
    _network: Network | None = None
    _around: Around | None = None
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _wanted: bool = True

    def run(self, around: Around, work: Work) -> None:
        """Run them to their end; returns when nothing is left of them. CannotRun: not on this machine."""
        self._around = around
        try:
            for container in work.containers:
                around.images.need(container.image, container.login)
            self.parts = [Running(one, f"{self.name}-{one.name}") for one in work.containers]
            rest = around.machine.call("rm", "--force", "--time", "0", "--ignore", *(part.name for part in self.parts))
            self._network = Network(around.machine, self.address, [rest, *work.last])
            self._network.join(around.relay, frozenset(port for one in work.containers for port in one.ports), around.own, around.find)
            self._follow(work)
        finally:
            if self._network:
                self._network.close()
        self.state = "stopped"
        self.moved()

    def stop(self, reason: str) -> None:
        """Ask all of them to end, as ECS does; `run` returns once they have."""
        with self._changed:
            if not self._wanted:
                return
            self._wanted, self.reason = False, self.reason or reason
            self._changed.notify_all()
        for part in self.parts:
            if part.state == "running":
                threading.Thread(target=self._podman, args=("stop", "--time", str(part.container.stop_seconds), part.name), daemon=True).start()

    def end(self) -> None:
        """Begin to end them at once: the simulator ends."""
        self._wanted = False
        if self._network:
            self._network.end()

    def wait(self) -> None:
        """Until nothing is left of them."""
        if self._network:
            self._network.close()

    # ------------------------------------------------------------------ the containers
    def _follow(self, work: Work) -> None:
        """Start them in their order, and wait until an essential one, or all, have ended."""
        threads = [threading.Thread(target=self._run, args=(part, work), daemon=True) for part in self.parts]
        for thread in threads:
            thread.start()
        with self._changed:
            self._changed.wait_for(lambda: self._over() or all(part.state != "pending" for part in self.parts))
            if not self._over():
                self.state, self.began = "running", time.monotonic()
                self.moved()
            self._changed.wait_for(self._over)
        self.stop(self.reason or "Essential container in task exited")
        for thread in threads:
            thread.join()
        if any(part.code == UNUSABLE and not part.began for part in self.parts):
            raise CannotRun(f"podman could not start it: {self.reason}")

    def _over(self) -> bool:
        ended = [part for part in self.parts if part.state == "stopped"]
        return not self._wanted or len(ended) == len(self.parts) or any(part.container.essential for part in ended)

    def _run(self, part: Running, work: Work) -> None:
        try:
            if self._network and self._may_start(part):
                machine = self._machine
                self._once(part, work, machine.run(part.container, part.name, self._around.label if self._around else "", self._network.path,
                                                   work.folders))
                while self._again(part):
                    self._once(part, work, machine.call("start", "--attach", part.name))
        finally:
            self._move(part, "stopped")

    def _may_start(self, part: Running) -> bool:
        """Wait for those that it stands upon; False when they will not come, or it is no longer wanted."""
        others = {other.container.name: other for other in self.parts}

        def ready(name: str, condition: str) -> bool:
            other = others[name]
            if condition == "START":
                return other.state != "pending"
            if condition == "HEALTHY":
                return other.health == "HEALTHY"
            return other.state == "stopped" and (condition == "COMPLETE" or other.code == 0)

        def never() -> bool:
            return not self._wanted or any(others[name].state == "stopped" and not ready(name, condition) for name, condition in after)

        after = [(name, condition) for name, condition in part.container.after if name in others]
        with self._changed:
            self._changed.wait_for(lambda: never() or all(ready(*one) for one in after))
            return not never()

    def _again(self, part: Running) -> bool:
        restart = part.container.restart
        return bool(self._wanted and restart and part.code not in restart[1] and part.code != UNUSABLE
                    and time.monotonic() - part.began >= restart[0])

    def _once(self, part: Running, work: Work, words: Sequence[str]) -> None:
        given = {**os.environ, **{name: part.container.environment[name] for name in part.container.hidden}}
        with subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=given,
                              start_new_session=True) as child:
            watching = threading.Thread(target=self._watch, args=(part, child), daemon=True)
            watching.start()
            assert child.stdout
            for line in child.stdout:
                said = line.decode(errors="replace").rstrip("\n")
                self.reason = self.reason or (said if said.startswith("Error: ") and not part.began else "")
                work.told(part.container.name, said)
        watching.join()
        part.code = child.returncode

    def _watch(self, part: Running, child: subprocess.Popen[bytes]) -> None:
        """Tell when it runs, and ask whether it is well."""
        while child.poll() is None:
            if self._podman("container", "inspect", "--format", "{{.State.Running}}", part.name) == "true":
                part.began = time.monotonic()
                self._move(part, "running")
                break
            time.sleep(LOOK_SECONDS / 2)
        if not self._wanted and child.poll() is None:  # it was told to end before it was there
            self._podman("stop", "--time", str(part.container.stop_seconds), part.name)
        if part.container.health:
            self._ask_health(part, child)

    def _ask_health(self, part: Running, child: subprocess.Popen[bytes]) -> None:
        assert part.container.health
        command, interval, timeout, retries, grace = part.container.health
        failed = 0
        while self._wanted and child.poll() is None:
            with suppress(subprocess.TimeoutExpired):
                child.wait(interval)
            if child.poll() is not None:
                return
            good = self._works(part, command, timeout)
            failed = 0 if good else failed + (time.monotonic() - part.began > grace)
            if good or failed >= retries:
                part.health = "HEALTHY" if good else "UNHEALTHY"
                self._move(part, part.state)
            if failed >= retries and part.container.essential:
                self.stop("Task failed container health checks")

    def _works(self, part: Running, command: Sequence[str], timeout: float) -> bool:
        try:
            return subprocess.run(self._machine.call("exec", part.name, *command), stdin=subprocess.DEVNULL, capture_output=True,
                                  timeout=timeout + 2, check=False).returncode == 0
        except subprocess.TimeoutExpired:
            return False

    @property
    def _machine(self) -> Machine:
        assert self._around
        return self._around.machine

    def _move(self, part: Running, state: str) -> None:
        with self._changed:
            part.state = state
            self._changed.notify_all()
        self.moved()

    def _podman(self, *words: str) -> str:
        done = subprocess.run(self._machine.call(*words), stdin=subprocess.DEVNULL, capture_output=True, check=False)
        return done.stdout.decode(errors="replace").strip()
