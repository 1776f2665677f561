"""Keeps copies of the playbooks that a unit was delivered with, so that it can be removed, or delivered again, when they have changed or are gone."""

import shutil
from pathlib import Path

from provisioner.model import Unit
from provisioner.playbook_files import copy, named, parts

LEFT_OUT = (".git", ".provision", ".terraform", "__pycache__", ".venv", "node_modules")
SOURCES = "sources"
"""The folder in `.provision/` that holds them."""
LARGEST = 16 * 1024 * 1024
"""Bytes of a playbook's folder that is kept; a larger one holds more than a playbook."""


def keep(unit: Unit, state: Path) -> bool:
    """Copy the unit's playbooks with all that they read below `.provision/sources/`; False when that is too large or there is none."""
    if not unit.source_digest:
        return False
    folders: dict[Path, list[Path]] = {}
    for path in (unit.source, unit.remove_source):
        if path and Path(path).is_file():
            folders.setdefault(_folder(unit, path, state), []).append(Path(path))
    return bool(folders) and all([_copied(playbooks, kept, state.parents[2]) for kept, playbooks in folders.items()])


def _copied(playbooks: list[Path], kept: Path, project: Path) -> bool:
    if kept.exists():
        return True
    if sum(_size(part) for part in {part for playbook in playbooks for part in parts(playbook, project)}) > LARGEST:
        return False
    fresh = kept.with_name(kept.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    copy(playbooks, project, fresh, LEFT_OUT)
    try:
        fresh.rename(kept)
    except OSError:
        # another unit of the same type was quicker
        shutil.rmtree(fresh, ignore_errors=True)
    return True


def is_kept(source: str) -> bool:
    """True for a playbook in a kept copy, which nobody edits."""
    folders = Path(source).parents
    return len(folders) > 3 and (folders[2].name, folders[3].name) == (SOURCES, ".provision")


def removal(unit: Unit, state: Path) -> str:
    """The playbook that removes the unit: the original, else (it is gone, or a role that it names) the kept copy; empty when both are gone."""
    original, project = Path(unit.remove_source), state.parents[2]
    if not unit.remove_source:
        return ""
    copied = _folder(unit, unit.remove_source, state) / original.name
    if original.is_file() and (not copied.is_file() or len(named(original, project)) >= len(named(copied, project))):
        return unit.remove_source
    return str(copied) if copied.is_file() else ""


def kept(unit: Unit, state: Path) -> str:
    """The kept copy of the playbook that the unit was delivered with; empty when there is none."""
    copy = _folder(unit, unit.source, state) / Path(unit.source).name
    return str(copy) if unit.source_digest and copy.is_file() else ""


def _folder(unit: Unit, path: str, state: Path) -> Path:
    """Where one of the unit's playbooks is kept: both in one folder, where they lie beside one another in a folder of their own."""
    beside, source = Path(path), Path(unit.source)
    together = beside == source or beside.parent == source.parent != state.parents[2]
    return state.parents[1] / SOURCES / (unit.source_digest or "none") / ("playbook" if together else "removal")


def _size(folder: Path) -> int:
    if folder.is_file():
        return folder.stat().st_size
    total = 0
    for path in folder.rglob("*"):
        if not set(path.parts) & set(LEFT_OUT) and path.is_file() and not path.is_symlink():
            total += path.stat().st_size
            if total > LARGEST:
                break
    return total
