"""Addons of a project: which there are, whether their content is what was checked, which types they define. Reads; changes nothing."""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from provisioner.catalog.lock import AddonPin, read
from provisioner.errors import Exit, Invalid, ProvisionError
from provisioner.spec import yaml
from provisioner.spec.checking import Codes
from provisioner.spec.judging import Shape
from provisioner.spec.oam import TEXT, closed, name
from provisioner.spec.reading import violations

FOLDER = "addons"
FILE = "addon.yaml"
SHAPE = Shape(closed({"name": name("Name of the addon"), "version": TEXT, "description": TEXT}, ("name", "version", "description")))
CODES = Codes("PRV-1603", "PRV-1603", "PRV-1603", "PRV-1603")
LEFT_BEHIND = frozenset((".git", ".terraform", "__pycache__", ".DS_Store", ".pytest_cache"))
"""What tools leave in a folder; neither copied nor counted."""
KINDS = (("component", "components"), ("trait", "components/traits"))


@dataclass(frozen=True)
class Addon:
    """What addon.yaml says, and the folder that it lies in."""

    name: str
    version: str
    description: str
    folder: Path
    types: tuple[str, ...]
    """`component NAME` or `trait NAME` of all that it defines."""


@dataclass(frozen=True)
class Installed:
    """An addon of the lock. `state`: ok, changed, missing."""

    name: str
    pin: AddonPin
    folder: Path
    state: str


def types_of(folder: Path) -> tuple[str, ...]:
    """`component NAME` or `trait NAME` of all definitions in an addon's folder, by the names of their files."""
    return tuple(f"{kind} {path.stem}" for kind, below in KINDS for path in sorted((folder / below).glob("*.y*ml")))


def open_addon(folder: Path, shown: str) -> Addon:
    """The addon in a folder, called `shown` in messages. Raises ProvisionError, Invalid."""
    path = folder / FILE
    if not path.is_file():
        raise ProvisionError(f"{shown} is no addon: it has no {FILE}", code="PRV-1603", exit=Exit.INVALID,
                             hint="an addon has addon.yaml with name, version and description beside components/, modules/, playbooks/")
    document = yaml.read(path)
    if problems := violations(document, SHAPE, CODES):
        raise Invalid(problems)
    return Addon(document.value["name"], document.value["version"], document.value["description"], folder, types_of(folder))


def installed(project: Path) -> list[Installed]:
    """The addons of the lock with the state of their copies. Raises ProvisionError for a damaged lock."""
    return [Installed(name, pin, place := project / FOLDER / name, state_of(place, pin)) for name, pin in read(project).addons.items()]


def state_of(folder: Path, pin: AddonPin) -> str:
    """Whether the copy is what the lock says: ok, changed, missing."""
    if not folder.is_dir():
        return "missing"
    return "ok" if digest(folder) == pin.digest else "changed"


def verify(name: str, folder: Path, pin: AddonPin) -> None:
    """Raises ProvisionError when the copy is not what was checked when it was added."""
    state = state_of(folder, pin)
    if state != "ok":
        what = "was changed since it was added" if state == "changed" else "is not there"
        raise ProvisionError(f'addon "{name}": {folder} {what}', code="PRV-1606", exit=Exit.INVALID, next=f"provision addon restore {name}",
                             hint="restore brings back what was checked; a type of your own goes to components/, which comes first")


def contested(what: str, first: str, second: str) -> ProvisionError:
    """Two addons define one type."""
    return ProvisionError(f'{what} is defined by addon "{first}" and by "{second}"', code="PRV-1608", exit=Exit.INVALID,
                          hint="a project uses one of them; a type of its own components/ goes before both", next=f"provision addon remove {first}")


def digest(folder: Path) -> str:
    """sha256 over names and contents of all files."""
    total = hashlib.sha256()
    for path in files(folder):
        total.update(f"{path.relative_to(folder).as_posix()}\0".encode())
        total.update(hashlib.sha256(os.readlink(path).encode() if path.is_symlink() else path.read_bytes()).digest())
    return total.hexdigest()


def files(folder: Path) -> Iterator[Path]:
    """All files and links of an addon, in one order; links are not followed."""
    for root, folders, names in os.walk(folder):
        links = [below for below in folders if (Path(root) / below).is_symlink()]
        folders[:] = sorted(below for below in folders if below not in LEFT_BEHIND and below not in links)
        yield from (Path(root) / found for found in sorted([*names, *links]) if found not in LEFT_BEHIND and not found.endswith(".pyc"))
