"""eject: what was delivered as plain Terraform and Ansible."""

import shlex
from pathlib import Path
from typing import Any

from provisioner.api import Folder
from provisioner.cli.door import Door
from provisioner.cli.project import open_project
from provisioner.console.look import Look
from provisioner.console.shapes import head
from provisioner.errors import Exit


def eject(door: Door, /, folder: str, **chosen: Any) -> int:
    """Write the folder, and say what is in it."""
    with open_project(door, chosen) as session:
        written = session.eject(Path(folder).absolute(), with_secrets=chosen["with_secrets"])
    if door.json:
        door.say_json({**head("eject"), "folder": str(written.path), "roots": sorted(written.roots), "units": [one.unit for one in written.units],
                       "notes": list(written.notes)})
    else:
        door.say(_text(written, folder, door.look))
    return Exit.OK


def _text(written: Folder, folder: str, look: Look) -> str:
    lines = [look.paint("Written: ", "good") + look.words(folder)]
    place = look.words(shlex.quote(folder))
    lines += [f"  terraform/{look.words(root)}   sh {place}/terraform/{look.words(root)}/tf init, then plan" for root in written.roots]
    if written.units:
        lines.append(f"  ansible   {look.words(', '.join(one.unit for one in written.units))}   sh {place}/ansible/play --check")
    lines += [look.paint("Note  ", "bold") + look.words(note) for note in written.notes]
    return "\n".join([*lines, look.paint("Next: ", "bold") + look.words(f"{folder}/README.md")])
