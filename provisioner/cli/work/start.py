"""init."""

import json
import os
import re
import shlex
from pathlib import Path

from provisioner import spec
from provisioner.catalog import Catalog
from provisioner.cli.door import Door
from provisioner.cli.templates import NEXT, TEMPLATES
from provisioner.console.shapes import head
from provisioner.errors import Exit, ProvisionError

LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\Z")


def init(door: Door, /, folder: Path, template: str, name: str) -> int:
    """Make a project: app.yaml, an environment, .gitignore."""
    # these files are the user's, not ours: with the user's own umask
    os.umask(door.umask)
    files = {path: text.replace("NAME", name or name_of(folder)) for path, text in TEMPLATES[template].items()}
    there = [path for path in files if (folder / path).exists() and path != ".gitignore"]
    if there:
        raise ProvisionError(f"{folder / there[0]} is there already", code="PRV-6403", hint="nothing was made; choose another folder",
                             next=f"provision init {name_of(folder)}-2")
    files["app.schema.json"] = json.dumps(spec.schema(Catalog(folder.resolve(), fetch=False)), indent=1) + "\n"
    made = [path for path, text in files.items() if _write(folder / path, text)]
    steps = [*([f"cd {shlex.quote(str(folder))}"] if folder != Path(".") else []), *NEXT[template]]
    if door.json:
        door.say_json({**head("init"), "folder": str(folder), "files": made, "next": steps})
    else:
        door.say("\n".join(["Made " + door.look.words(", ".join(str(folder / path) for path in made)),
                            door.look.paint("Next: ", "bold") + door.look.words(" && ".join(steps))]))
    return Exit.OK


def name_of(folder: Path) -> str:
    """The folder's name as an application's name: lower case, digits, dashes."""
    plain = re.sub(r"[^a-z0-9]+", "-", folder.resolve().name.lower()).strip("-")[:40].strip("-")
    return plain if LABEL.match(plain) and not plain.isdigit() else "app"


def _write(path: Path, text: str) -> bool:
    """Write a file that is not there; False when it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        return False
    return True
