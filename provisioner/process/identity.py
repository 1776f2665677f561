"""Which process is it: pid, start time and boot, so that a reused pid is not taken for the old one. Reads /proc or `ps`."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")


@dataclass(frozen=True)
class Identity:
    """One process of one boot. `start` is opaque text (Linux: clock ticks since boot); `boot` is BOOT-ID/NAMESPACE."""

    pid: int
    start: str
    boot: str


def of(pid: int) -> Identity | None:
    """The identity of a living process of this machine and pid namespace, else None. Zombies are dead."""
    if pid <= 0:
        return None
    start = _start_from_proc(pid) if _has_proc() else _start_from_ps(pid)
    return None if start is None else Identity(pid, start, boot())


def me() -> Identity:
    """The identity of this process."""
    found = of(os.getpid())
    return found if found is not None else Identity(os.getpid(), "", boot())


def alive(identity: Identity) -> bool:
    """True while exactly this process runs here; a process of another boot or pid namespace counts as dead."""
    return identity.boot == boot() and of(identity.pid) == identity


def boot() -> str:
    """What tells this boot, and this container's pid namespace, from all others."""
    if _has_proc():
        return f"{_boot_id()}/{_namespace()}"
    output = _output(["sysctl", "-n", "kern.boottime"])
    # "{ sec = 1700000000, usec = 5 } Tue …": the seconds; microseconds are corrected by the clock daemon later
    return output.partition("sec = ")[2].partition(",")[0] or "unknown"


def _has_proc() -> bool:
    return (PROC / "self" / "stat").exists()


def _boot_id() -> str:
    try:
        return (PROC / "sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return "unknown"


def _namespace() -> str:
    """Containers of one machine share its boot id, but a pid of one means another process in the next."""
    try:
        return os.readlink(PROC / "self/ns/pid").partition("[")[2].rstrip("]")
    except OSError:
        return ""


def _start_from_proc(pid: int) -> str | None:
    try:
        stat = (PROC / str(pid) / "stat").read_text(errors="replace")
    except OSError:
        return None
    # the command name stands in parentheses and may hold anything, so count from the last one
    fields = stat.rpartition(")")[2].split()
    # a zombie with threads is still ending: its ports and files are open until the last one has gone
    dead = fields[0] in "Xx" or (fields[0] == "Z" and int(fields[17]) <= 1)
    return None if dead else fields[19]


def _start_from_ps(pid: int) -> str | None:
    state, _, start = _output(["ps", "-o", "stat=,lstart=", "-p", str(pid)]).strip().partition(" ")
    return None if not state or state.startswith("Z") else start.strip()


def _output(command: list[str]) -> str:
    try:
        return subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=5, env={**os.environ, "LC_ALL": "C"}
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""
