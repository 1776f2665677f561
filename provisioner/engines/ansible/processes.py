"""Finding and ending the processes that a play left: by descent from a subreaper, or by a mark in their environment.

Ansible's workers and SSH masters have sessions of their own, so process groups do not find them. Linux only (/proc);
elsewhere nothing is found. Used by the parent and by the child process, so it imports nothing of ours.
"""

import contextlib
import ctypes
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
MARK = "PROVISION_RUN"
"""Environment variable that every process of a play carries; its value is the step's folder."""
PR_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True)
class Process:
    """One process; `start` tells it from a later one with the same pid."""

    pid: int
    parent: int
    start: str


def become_subreaper() -> None:
    """Orphans below this process become its children, so that they stay findable."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def snapshot() -> dict[int, Process]:
    """All living processes of this machine that can be seen."""
    found = {}
    for entry in PROC.iterdir() if PROC.is_dir() else ():
        if entry.name.isdigit() and (process := _read(int(entry.name))) is not None:
            found[process.pid] = process
    return found


def _read(pid: int) -> Process | None:
    try:
        stat = (PROC / str(pid) / "stat").read_text(errors="replace")
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZXx" else Process(pid, int(fields[1]), fields[19])


def descendants(root: int, keep_daemons: bool = True) -> set[Process]:
    """Everything below `root`. With `keep_daemons`, without the daemons that were started on purpose: orphans that came
    to the subreaper and do not carry the mark (a service manager that a module started on this machine)."""
    processes = snapshot()
    children: dict[int, list[Process]] = {}
    for process in processes.values():
        children.setdefault(process.parent, []).append(process)
    found: set[Process] = set()
    waiting = [child for child in children.get(root, ()) if not (keep_daemons and _is_daemon(child.pid))]
    while waiting:
        process = waiting.pop()
        found.add(process)
        waiting += children.get(process.pid, ())
    return found


def _is_daemon(pid: int) -> bool:
    # a master's title is "ssh: PATH OF ITS SOCKET [mux]"
    return os.path.basename(_words(pid, "cmdline")[0].partition(": ")[0]) != "ssh" and not _marks(pid)


def _words(pid: int, name: str) -> list[str]:
    try:
        return (PROC / str(pid) / name).read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return [""]


def _marks(pid: int) -> list[str]:
    return [word.partition("=")[2] for word in _words(pid, "environ") if word.startswith(f"{MARK}=")]


def marked(prefix: str, control_dir: str = "") -> set[Process]:
    """Processes whose mark is the path `prefix` or lies below it, and SSH masters whose socket lies in `control_dir`
    (these overwrite their environment with their title)."""
    found = set()
    for process in snapshot().values():
        if process.pid == os.getpid():
            continue
        mine = any(mark == prefix or mark.startswith(prefix + "/") for mark in _marks(process.pid))
        if mine or (control_dir and control_dir in " ".join(_words(process.pid, "cmdline"))):
            found.add(process)
    return found


def masters(root: int, control_dir: str) -> set[Process]:
    """SSH connection masters below `root` that keep their socket in `control_dir`."""
    return {p for p in descendants(root) if control_dir in " ".join(_words(p.pid, "cmdline")) and p.parent == root}


def end(processes: set[Process], number: int = signal.SIGKILL) -> None:
    """Send a signal to processes that are still the same ones."""
    for process in processes:
        now = _read(process.pid)
        if now is not None and now.start == process.start:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(process.pid, number)


def end_below(root: int, limit: float = 20.0) -> None:
    """End every descendant of `root`: looks again until none is left, or `limit` seconds have passed. What was once seen
    below is ended also when it has been orphaned since."""
    seen: set[Process] = set()
    until = time.monotonic() + limit
    while time.monotonic() < until:
        seen |= descendants(root)
        living = {process for process in seen if _same(process)}
        if not living:
            return
        end(living)
        reap()
        time.sleep(0.02)


def _same(process: Process) -> bool:
    now = _read(process.pid)
    return now is not None and now.start == process.start


def reap() -> None:
    """Collect orphans that ended below the subreaper."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
