"""`batch.json`: what one apply is, so that it can be followed by another process after a crash. Written at once, never half."""

import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from provisioner.engines.terraform.workspace import private
from provisioner.process import identity
from provisioner.process.children import noted_pid
from provisioner.process.identity import Identity

FILE = "batch.json"
PID_FILE = "batch.pid"
START_SECONDS = 15.0
"""How long the moment between "about to start" and a noted pid may take."""


@dataclass(frozen=True)
class Entry:
    """One apply of one batch."""

    batch: str
    request: str
    """Digest of the request's steps."""
    root: str
    """Digest of the root's text."""
    plan_file: str
    stream: str
    operations: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    changed: tuple[str, ...] = ()
    """Units for which something other than our own additions is planned."""
    offset: int = 0
    ended: tuple[str, ...] = ()
    """Units whose end was reported."""
    process: Identity | None = None
    over: bool = False


def write(folder: Path, entry: Entry) -> None:
    """Keep the entry."""
    private(folder / FILE, json.dumps(asdict(entry)))


def read(folder: Path) -> Entry | None:
    """The entry of this folder, or None."""
    try:
        content = json.loads((folder / FILE).read_text())
        process = content.pop("process")
        operations = {unit: [(address, action) for address, action in entries] for unit, entries in content.pop("operations").items()}
        return Entry(**{**content, "changed": tuple(content["changed"]), "ended": tuple(content["ended"]), "operations": operations,
                        "process": Identity(**process) if process else None})
    except (OSError, ValueError, KeyError, TypeError):
        return None


def living(folder: Path, entry: Entry) -> Identity | None:
    """The process of this apply, if it runs: by its record, or by the pid that it noted when we died before we could."""
    if entry.process is not None:
        return entry.process if identity.alive(entry.process) else None
    found = identity.of(noted_pid(folder / PID_FILE, START_SECONDS))
    return found if found is not None and _names(found.pid, entry.plan_file) else None


def with_process(entry: Entry, process: Identity | None) -> Entry:
    """The entry once its process is known."""
    return replace(entry, process=process)


def _names(pid: int, plan_file: str) -> bool:
    """True when a process' command line names the plan file: a noted pid may be another's by now."""
    file = Path(f"/proc/{pid}/cmdline")
    if not file.parent.parent.joinpath("self").exists():
        return True
    try:
        return plan_file in file.read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return False
