"""Keeps copies of the playbooks that a unit was delivered with, so that it can be removed, or delivered again, when they have changed or are gone."""

import shutil
from pathlib import Path

from provisioner.model import Unit

LEFT_OUT = (".git", ".provision", ".terraform", "__pycache__", ".venv", "node_modules")
LARGEST = 16 * 1024 * 1024
"""Bytes of a playbook's folder that is kept; a larger one holds more than a playbook."""


def keep(unit: Unit, state: Path) -> bool:
    """Copy the folders of the unit's playbooks below `.provision/sources/`; False when one is too large or there is none."""
    if not unit.source_digest:
        return False
    named = [path for path in (unit.source, unit.remove_source) if path and Path(path).is_file()]
    return bool(named) and all([_copied(Path(path).parent, _folder(unit, path, state)) for path in named])


def _copied(folder: Path, kept: Path) -> bool:
    if kept.exists():
        return True
    if _size(folder) > LARGEST:
        return False
    fresh = kept.with_name(kept.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(folder, fresh, ignore=shutil.ignore_patterns(*LEFT_OUT), symlinks=True)
    try:
        fresh.rename(kept)
    except OSError:
        # another unit of the same type was quicker
        shutil.rmtree(fresh, ignore_errors=True)
    return True


def removal(unit: Unit, state: Path) -> str:
    """The playbook that removes the unit: the original, else the kept copy; empty when both are gone."""
    if not unit.remove_source or Path(unit.remove_source).is_file():
        return unit.remove_source
    copy = _folder(unit, unit.remove_source, state) / Path(unit.remove_source).name
    return str(copy) if copy.is_file() else ""


def kept(unit: Unit, state: Path) -> str:
    """The kept copy of the playbook that the unit was delivered with; empty when there is none."""
    copy = _folder(unit, unit.source, state) / Path(unit.source).name
    return str(copy) if unit.source_digest and copy.is_file() else ""


def _folder(unit: Unit, path: str, state: Path) -> Path:
    """Where the folder of one of the unit's playbooks is kept: both in one, where they lie beside one another."""
    name = "playbook" if Path(path).parent == Path(unit.source).parent else "removal"
    return state.parents[1] / "sources" / (unit.source_digest or "none") / name


def _size(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        if not set(path.parts) & set(LEFT_OUT) and path.is_file() and not path.is_symlink():
            total += path.stat().st_size
            if total > LARGEST:
                break
    return total
