"""Runs the servers of one simulated cloud: starts each behind the call that asked for it, tells it changes, ends all with the simulator.

Runs in the simulator's own process only. Each server has an address of its own in 127.0.0.0/8, so that its port is the one that it has on AWS.
"""

import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from provisioner.sandbox.servers import launch, programs
from provisioner.sandbox.servers.authority import Trust
from provisioner.sandbox.servers.recipes import Command, Place, Recipe, Wanted

START_SECONDS = 180.0
END_SECONDS = 30.0
NOBODY = "nobody"
"""Who runs the servers where the simulator is root's: PostgreSQL refuses root."""

Make = Callable[[Place, Wanted], Recipe]


@dataclass(eq=False)
class Server:
    """One server, from its start to its end."""

    kind: str
    name: str
    wanted: Wanted
    place: Place
    state: str = "starting"
    """starting, running, failed (it can't be had), ended (by us)"""
    recipe: Recipe | None = None
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    busy: threading.Lock = field(default_factory=threading.Lock)


class Keeper:
    """The servers of one simulator."""

    def __init__(self, folder: Path) -> None:
        self.trust = Trust(folder)
        self._folder = folder
        self._servers: dict[str, Server] = {}
        self._base: Path | None = None
        self._lock = threading.Lock()
        # a child is told of its parent's death when the thread that made it ends: this one lasts as long as the simulator
        self._spawner = ThreadPoolExecutor(1, "spawner")
        self._starters = ThreadPoolExecutor(2, "starter")
        _forget(folder)

    def place(self, key: str, name: str, kind: str, wanted: Wanted) -> Server | None:
        """A server for a thing of the simulated cloud, which has its address but is not started; None where its program is missing."""
        program = programs.found(kind, wanted.version)
        if program is None:
            return None
        folder = Path(tempfile.mkdtemp(prefix=f"{kind}-", dir=self.base()))
        self._servers[key] = server = Server(kind, name, wanted, Place(folder, _free_address(wanted.port), program, _free_ports()))
        return server

    def base(self) -> Path:
        """The folder of all that runs."""
        with self._lock:
            if self._base is None:
                self._base = self._prepare()
            return self._base

    def start(self, server: Server, make: Make, done: Callable[[Server], None]) -> None:
        """Begin to start it; `done` is called when it answers, or can't be had."""
        self._starters.submit(self._bring_up, server, make, done)

    def find(self, key: str) -> Server | None:
        """The server that was started for a thing of the simulated cloud, unless it could not be had."""
        server = self._servers.get(key)
        return server if server and server.state != "failed" else None

    def tell(self, key: str, make: Callable[[Place, Wanted], Command], wanted: Wanted) -> None:
        """Run a command on a server that runs, or as soon as it does; from now on it is as `wanted`."""
        server = self.find(key)
        if server is None:
            return
        with server.busy:
            if server.state == "running":
                self._run(server, make(server.place, server.wanted))
                server.wanted = wanted

    def end(self, key: str) -> None:
        """End the server of a thing that was deleted; its data is gone."""
        server = self._servers.pop(key, None)
        if server is not None:
            server.state = "ended"
            with server.busy:
                _end(server)
                shutil.rmtree(server.place.folder, ignore_errors=True)

    def end_all(self) -> None:
        """End everything: the simulator ends."""
        for server in list(self._servers.values()):
            server.state = "ended"
            _signal(server)
        for server in list(self._servers.values()):
            _end(server)
        _forget(self._folder)

    def shown(self) -> list[dict[str, str | int]]:
        """The servers, for people."""
        return [{"name": server.name, "kind": server.kind, "address": server.place.address, "port": server.wanted.port, "state": _state(server)}
                for server in list(self._servers.values())]

    # ------------------------------------------------------------------ starting
    def _prepare(self) -> Path:
        """The folder of all servers, noted in the simulator's folder, which others than its owner can't enter."""
        base = Path(tempfile.mkdtemp(prefix="provision-servers-"))
        (self._folder / "servers").write_text(str(base))
        _give(base)
        return base

    def _bring_up(self, server: Server, make: Make, done: Callable[[Server], None]) -> None:
        with server.busy:
            try:
                self._serve(server, make(server.place, server.wanted))
                server.state = "running" if server.state == "starting" else server.state
            except Exception as error:  # whatever it was: who waits for the server is told
                _end(server)
                if server.state == "starting":
                    server.state = "failed"
                    # of the simulator: server.log
                    sys.stderr.write(f"{server.kind} for {server.name} did not start: {error}\n{_log(server)[-2000:]}\n")
                    sys.stderr.flush()
        done(server)

    def _serve(self, server: Server, recipe: Recipe) -> None:
        server.recipe = recipe
        certificate, key = self.trust.authority().issue(server.place.address)
        for name, content in {**recipe.files, "server.crt": certificate, "server.key": key}.items():
            (server.place.folder / name).write_text(content)
            _give(server.place.folder / name)
        _give(server.place.folder)
        for command in recipe.prepare:
            self._run(server, command)
        for command in (*recipe.beside, recipe.serve):
            server.processes.append(self._spawn(server, command))
        end = time.monotonic() + START_SECONDS
        while not self._answers(server, recipe):
            if server.processes[-1].poll() is not None:
                raise ChildProcessError(f"it ended with {server.processes[-1].returncode}")
            if server.state == "ended" or time.monotonic() > end:
                raise TimeoutError("it does not answer")
            time.sleep(0.1)
        if recipe.setup:
            self._run(server, recipe.setup)

    def _answers(self, server: Server, recipe: Recipe) -> bool:
        try:
            socket.create_connection((server.place.address, server.wanted.port), timeout=2).close()
            if recipe.ping:
                self._run(server, recipe.ping)
        except (OSError, subprocess.SubprocessError):
            return False
        return True

    def _spawn(self, server: Server, command: Command, stdin: int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
        def popen() -> subprocess.Popen[bytes]:
            ends = server.recipe.ends if server.recipe else signal.SIGKILL
            user, group = _whom()
            environ = _environ(server)
            program = shutil.which(command.words[0], path=environ["PATH"]) or command.words[0]
            words = (sys.executable, "-I", "-S", launch.__file__, *map(str, (os.getpid(), int(ends), user, group)), program, *command.words[1:])
            with open(server.place.folder / "log", "ab") as log:
                return subprocess.Popen(words, cwd=server.place.folder, env=environ, stdin=stdin, stdout=log, stderr=log, start_new_session=True)
        return self._spawner.submit(popen).result()

    def _run(self, server: Server, command: Command) -> None:
        """Run a command to its end."""
        if server.state == "ended":
            raise ChildProcessError("it is no longer wanted")
        child = self._spawn(server, command, subprocess.PIPE)
        try:
            child.communicate(command.stdin.encode(), timeout=START_SECONDS)
        finally:
            child.kill()
            child.wait()
        if child.returncode:
            raise subprocess.SubprocessError(f"{command.words[0]} ended with {child.returncode}")


def _state(server: Server) -> str:
    """Its state; "died" for one that ended by itself."""
    died = server.state == "running" and any(process.poll() is not None for process in server.processes)
    return "died" if died else server.state


def _environ(server: Server) -> dict[str, str]:
    own = {"PATH": f"{server.place.program.parent}:{programs.SYSTEM}", "HOME": str(server.place.folder), "LANG": "C.UTF-8", "TZ": "UTC"}
    return {**own, **(server.recipe.environ if server.recipe else {})}


def _whom() -> tuple[int, int]:
    """User and group that run the servers; -1: those that run the simulator."""
    if os.geteuid() != 0:
        return -1, -1
    nobody = pwd.getpwnam(NOBODY)
    return nobody.pw_uid, nobody.pw_gid


def _give(path: Path) -> None:
    """Let those who run the servers own it."""
    user, group = _whom()
    if user >= 0:
        os.chown(path, user, group)


def random_address() -> str:
    """One of the many of loopback."""
    return f"127.{random.randint(1, 254)}.{random.randint(0, 255)}.{random.randint(1, 254)}"


def _free_address(port: int) -> str:
    """An address of loopback on which nobody listens at this port."""
    while True:
        address = random_address()
        with suppress(OSError), socket.create_server((address, port)):
            return address


def _free_ports() -> tuple[int, int]:
    with socket.create_server(("127.0.0.1", 0)) as first, socket.create_server(("127.0.0.1", 0)) as second:
        return first.getsockname()[1], second.getsockname()[1]


def _signal(server: Server) -> None:
    for process in server.processes:
        if server.recipe and process.poll() is None:
            process.send_signal(server.recipe.ends)


def _end(server: Server) -> None:
    _signal(server)
    for process in server.processes:
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _log(server: Server) -> str:
    with suppress(OSError):
        return (server.place.folder / "log").read_text(errors="replace")
    return ""


def _forget(folder: Path) -> None:
    """Take away what servers of this simulator, or of an earlier one that was killed, have left."""
    with suppress(OSError):
        base = Path((folder / "servers").read_text())
        if base.name.startswith("provision-servers-"):
            for _ in range(3):  # a process that was killed may still write
                shutil.rmtree(base, ignore_errors=True)
        (folder / "servers").unlink()
