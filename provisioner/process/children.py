"""Child processes in sessions of their own: short ones that are waited for, and ones that outlive their parent.

Sends signals to the child alone, never to its group; knows nothing of what the child does. Files are made with umask 077.
"""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from provisioner.errors import Missing

PATIENCE_SECONDS = 20.0
"""How long an interrupted child may take to end by itself."""

# the shell notes its pid before it becomes the command, so that no moment exists in which the child runs unknown
LAUNCH = 'echo $$ >"$0" && exec "$@"'


@dataclass(frozen=True)
class Result:
    """What a short child left."""

    command: tuple[str, ...]
    returncode: int
    stdout: str
    stderr: str


class Children:
    """The living children of one owner, so that they can be interrupted together. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._living: dict[int, subprocess.Popen[str]] = {}

    def run(self, command: Sequence[str], cwd: Path, environ: Mapping[str, str]) -> Result:
        """Run to the end; when the waiting is broken off the child is interrupted first. Raises Missing."""
        child = _popen(command, cwd, environ, subprocess.PIPE, subprocess.PIPE)
        with self._lock:
            self._living[child.pid] = child
        try:
            stdout, stderr = child.communicate()
        except BaseException:
            stop(child)
            raise
        finally:
            with self._lock:
                self._living.pop(child.pid, None)
        return Result(tuple(command), child.returncode, stdout, stderr)

    def interrupt(self) -> None:
        """SIGINT to each living child."""
        with self._lock:
            for child in self._living.values():
                send(child.pid, signal.SIGINT)


def start(command: Sequence[str], cwd: Path, environ: Mapping[str, str], output: Path, pid_file: Path) -> "subprocess.Popen[str]":
    """Start a child that outlives us: its output goes to a file, its pid to another. Raises Missing."""
    pid_file.unlink(missing_ok=True)
    with open(output, "w", opener=_private) as stream:
        return _popen(["/bin/sh", "-c", LAUNCH, str(pid_file), *command], cwd, environ, stream.fileno(), subprocess.STDOUT)


def stop(child: "subprocess.Popen[str]") -> None:
    """Interrupt a child and wait until it is gone; killed when it does not listen."""
    send(child.pid, signal.SIGINT)
    try:
        child.wait(PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def send(pid: int, number: int) -> None:
    """A signal to one process; nothing when it is gone."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def noted_pid(pid_file: Path, wait: float = 0.0) -> int:
    """The pid that a started child noted, waiting up to `wait` seconds for it; 0 when there is none."""
    end = time.monotonic() + wait
    while True:
        try:
            return int(pid_file.read_text())
        except (OSError, ValueError):
            if time.monotonic() >= end:
                return 0
            time.sleep(0.05)


def _popen(command: Sequence[str], cwd: Path, environ: Mapping[str, str], stdout: int, stderr: int) -> "subprocess.Popen[str]":
    try:
        return subprocess.Popen(list(command), cwd=cwd, env=dict(environ), stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr,
                                text=True, errors="replace", start_new_session=True, umask=0o077)
    except (FileNotFoundError, PermissionError) as error:
        raise Missing(f"{command[0]} can't be started: {error.strerror}", code="PRV-7101", hint="provision doctor") from error


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
