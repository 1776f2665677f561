"""The folder of one step: inventory, variables, the exact command line, and what a later process must know of it.

Nothing secret is ever written here.
"""

import json
import os
import re
import shlex
import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from provisioner.model import Json

UNSAFE = re.compile(r"[^A-Za-z0-9_.@-]")


def step_folder(work: Path, step: str) -> Path:
    """Where a step's files lie: `ansible/STEP` in the plan's folder, blanks as underscores."""
    return work / "ansible" / UNSAFE.sub("_", step)


@dataclass(frozen=True)
class Files:
    """The files of one play, written."""

    folder: Path
    arguments: tuple[str, ...]
    """Of ansible-playbook; the playbook is the last."""
    command: str


@dataclass(frozen=True)
class Call:
    """What is to be played, and from where."""

    project: Path
    playbook: str
    users_inventory: str = ""
    flags: tuple[str, ...] = ()
    settings: Mapping[str, str] = ()  # type: ignore[assignment]
    limit: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    """Names of variables that are not on disk."""


def write(folder: Path, call: Call, inventory: Json, variables: Json) -> Files:
    """Write inventory.json, vars.json, limit and command; the folder is readable by its owner only."""
    put(folder / "inventory.json", json.dumps(inventory, indent=2))
    put(folder / "vars.json", json.dumps(variables, indent=2))
    put(folder / "limit", "".join(name + "\n" for name in call.limit))
    # Ansible takes what --limit names apart at blanks, commas and colons: below the project there are none
    arguments = (
        *(("-i", call.users_inventory) if call.users_inventory else ()), "-i", str(folder / "inventory.json"),
        "--limit", f"@{os.path.relpath(folder / 'limit', call.project)}", "-e", f"@{folder / 'vars.json'}", *call.flags, call.playbook)
    command = by_hand(call, arguments)
    put(folder / "command", command.rstrip("\n") + ' "$@"\n')
    return Files(folder, arguments, command)


def by_hand(call: Call, arguments: Sequence[str]) -> str:
    """A line for the shell that plays the same again; secrets are asked for in a comment."""
    note = ""
    if call.hidden:
        note = f"# secret variables are on no disk; give them by hand, sh command -e @FILE: {', '.join(call.hidden)}\n"
    words = [f"{name}={shlex.quote(value)}" for name, value in sorted(call.settings.items())]
    return f"{note}cd {shlex.quote(str(call.project))} && {' '.join(words)} ansible-playbook {shlex.join(arguments)}\n"


def put(path: Path, text: str) -> Path:
    """Write a file that only its owner may read."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(number, "w") as file:
        file.write(text)
    return path


# ------------------------------------------------------------------ what a dead run leaves behind
def note_started(folder: Path, hosts: Sequence[str]) -> None:
    """Remember that a play has begun on these hosts: from now on they may be half-way, by our own hand."""
    put(folder / "started", "".join(name + "\n" for name in sorted({*started(folder), *hosts})))


def started(folder: Path) -> tuple[str, ...]:
    """The hosts on which an attempt at this step has begun."""
    try:
        return tuple((folder / "started").read_text().split("\n")[:-1])
    except OSError:
        return ()


def forget_started(folder: Path, hosts: Collection[str]) -> None:
    """Nothing has begun on these hosts after all."""
    put(folder / "started", "".join(name + "\n" for name in started(folder) if name not in hosts))


def note_runtime(folder: Path, runtime: Path) -> None:
    """Remember the memory folder of the play, so that it can be removed after a crash."""
    put(folder / "runtime", str(runtime))


def runtime(folder: Path) -> str:
    """The memory folder that the last play of this step used, or empty."""
    try:
        return (folder / "runtime").read_text().strip()
    except OSError:
        return ""


def remove_runtime(path: str) -> None:
    """Remove a memory folder of ours; anything else that the note may name is left alone."""
    if Path(path).name.startswith(RUNTIME_PREFIX):
        shutil.rmtree(path, ignore_errors=True)


RUNTIME_PREFIX = "provision-play-"
