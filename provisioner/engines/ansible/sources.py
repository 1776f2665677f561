"""Keeps a copy of what a unit was delivered with, so that it can be removed when its playbook is gone."""

import shutil
from pathlib import Path

from provisioner.model import Unit

LEFT_OUT = (".git", ".provision", ".terraform", "__pycache__", ".venv", "node_modules")
LARGEST = 16 * 1024 * 1024
"""Bytes of a playbook's folder that is kept; a larger one holds more than a playbook."""


def keep(unit: Unit, state: Path) -> bool:
    """Copy the folder of the removal playbook below `.provision/sources/`; False when it is too large or there is none."""
    playbook = Path(unit.remove_source)
    if not unit.remove_source or not unit.source_digest or not playbook.is_file():
        return False
    kept = _kept(unit, state)
    if kept.parent.exists():
        return True
    if _size(playbook.parent) > LARGEST:
        return False
    fresh = kept.parent.with_name(kept.parent.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(playbook.parent, fresh, ignore=shutil.ignore_patterns(*LEFT_OUT), symlinks=True)
    try:
        fresh.rename(kept.parent)
    except OSError:
        # another unit of the same type was quicker
        shutil.rmtree(fresh, ignore_errors=True)
    return True


def removal(unit: Unit, state: Path) -> str:
    """The playbook that removes the unit: the original, else the kept copy; empty when both are gone."""
    for path in (Path(unit.remove_source), _kept(unit, state)):
        if unit.remove_source and path.is_file():
            return str(path)
    return ""


def _kept(unit: Unit, state: Path) -> Path:
    folder = state.parents[1] / "sources" / (unit.source_digest or "none")
    return folder / "playbook" / Path(unit.remove_source).name


def _size(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        if not set(path.parts) & set(LEFT_OUT) and path.is_file() and not path.is_symlink():
            total += path.stat().st_size
            if total > LARGEST:
                break
    return total
