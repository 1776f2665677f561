"""addon: types that others wrote, copied under the project and pinned."""

import os
from collections.abc import Collection
from contextlib import nullcontext
from pathlib import Path

from provisioner.api.using import refuse_in_use
from provisioner.catalog import adding
from provisioner.catalog.adding import Leaving
from provisioner.catalog.addons import installed
from provisioner.cli.door import Door
from provisioner.cli.project import open_memory
from provisioner.console.look import Cell, Row, count, table
from provisioner.console.shapes import head
from provisioner.errors import Exit

SHORT = 12
"""Characters of a commit's hash that are shown."""


def add(door: Door, /, source: str, ref: str, path: str, project: Path) -> int:
    """Copy an addon under the project and pin it."""
    os.umask(door.umask)
    found = adding.add(project.resolve(), source, ref, path)
    types = sorted(key.partition(" ")[2] for key in found.addon.types)
    if door.json:
        door.say_json({**head("addon"), "name": found.addon.name, "version": found.pin.version, "commit": found.pin.commit, "types": types})
        return Exit.OK
    door.say(door.look.words(f"Added {found.addon.name} {found.pin.version}{_at(found.pin.commit)}: {', '.join(types) or 'no types'}"))
    if types:
        door.say(door.look.paint("Next: ", "bold") + f"provision types {types[0]}")
    return Exit.OK


def list_all(door: Door, /, project: Path) -> int:
    """The project's addons, and whether they are as they were checked."""
    found = installed(project.resolve())
    if door.json:
        door.say_json({**head("addons"), "addons": [{"name": one.name, "version": one.pin.version, "source": one.pin.source, "commit": one.pin.commit,
                                                     "ref": one.pin.ref, "state": one.state} for one in found]})
    elif not found:
        door.say("No addons.\n" + door.look.paint("Next: ", "bold") + "provision addon add FOLDER|URL")
    else:
        rows: list[Row] = [["ADDON", "VERSION", "STATE", "FROM"]]
        rows += [[Cell(one.name, "bold"), one.pin.version, Cell(one.state, "" if one.state == "ok" else "error"),
                  one.pin.source + (f" {one.pin.ref}" if one.pin.ref else "") + _at(one.pin.commit)] for one in found]
        door.say("\n".join(table(rows, door.look, indent="", header=True)))
    return Exit.OK if all(one.state == "ok" for one in found) else Exit.INVALID


def upgrade(door: Door, /, name: str, ref: str, project: Path, store: str, yes: bool) -> int:
    """Fetch an addon again, by another REF or the branch it came from."""
    os.umask(door.umask)
    before, found = adding.upgrade(project.resolve(), name, ref, _leaving(project.resolve(), name, store, yes))
    if door.json:
        door.say_json({**head("addon"), "name": name, "version": found.pin.version, "commit": found.pin.commit, "before": before.version,
                       "types": sorted(key.partition(" ")[2] for key in found.addon.types)})
    elif before.digest == found.pin.digest:
        door.say(door.look.words(f"{name} {before.version} is what its source has: nothing changed"))
    else:
        door.say(door.look.words(f"Upgraded {name} {before.version}{_at(before.commit)} to {found.pin.version}{_at(found.pin.commit)}"))
        door.say(door.look.paint("Next: ", "bold") + "provision plan")
    return Exit.OK


def restore(door: Door, /, names: tuple[str, ...], project: Path) -> int:
    """Bring back exactly what provision.lock says."""
    os.umask(door.umask)
    chosen = names or tuple(one.name for one in installed(project.resolve()) if one.state != "ok")
    for name in chosen:
        pin = adding.restore(project.resolve(), name)
        if not door.json:
            door.say(door.look.words(f"Restored {name} {pin.version}{_at(pin.commit)}"))
    if door.json:
        door.say_json({**head("addons"), "restored": list(chosen)})
    elif not chosen:
        door.say("Every addon is as it was checked.")
    return Exit.OK


def remove(door: Door, /, name: str, project: Path, store: str, yes: bool) -> int:
    """Take an addon out of the project."""
    gone = adding.remove(project.resolve(), name, _leaving(project.resolve(), name, store, yes))
    if door.json:
        door.say_json({**head("addon"), "name": name, "removed": gone})
    else:
        door.say(door.look.words(f"Removed {name} with {count(len(gone), 'type')}: {', '.join(gone) or 'none'}"))
        door.say(door.look.paint("Next: ", "bold") + "provision validate")
    return Exit.OK


def _leaving(project: Path, name: str, store: str, yes: bool) -> Leaving:
    """What is asked before types go: whether something uses them."""
    def asked(types: Collection[str]) -> None:
        memory = open_memory({"file": str(project), "store": store})
        with memory or nullcontext():
            refuse_in_use(project, memory, name, types)

    return (lambda types: None) if yes else asked


def _at(commit: str) -> str:
    return f" ({commit[:SHORT]})" if commit else ""
