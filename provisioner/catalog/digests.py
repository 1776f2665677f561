"""Digests of what delivers a unit: a Terraform module's folders, or what a playbook is made of and our library below it. Reads files."""

import hashlib
import os
from pathlib import Path

from provisioner.module_folders import called
from provisioner.playbook_files import parts

PLAYBOOK_PARTS = ("library", "module_utils", "action_plugins")
"""Folders of the library's `playbooks/` that any playbook of ours may use."""
SKIPPED = ("__pycache__",)
SKIPPED_ENDS = (".pyc", ".tfstate", ".tfstate.backup", ".retry")


def digest_folder(folder: Path) -> str:
    """sha256 over names and contents, links followed; hidden files and what tools leave behind do not count."""
    total = hashlib.sha256()
    for root, folders, files in os.walk(folder, followlinks=True):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in SKIPPED)
        for name in sorted(files):
            if name.startswith(".") or name.endswith(SKIPPED_ENDS):
                continue
            path = Path(root) / name
            total.update(f"{path.relative_to(folder)}\0".encode())
            total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def _digest_module(folder: Path) -> str:
    """Of the module's own folder where it calls no other beside it, else of all of them by their places relative to it."""
    own, *others = called(folder.resolve())
    if not others:
        return digest_folder(own)
    parts = sorted(f"{os.path.relpath(other, own)} {digest_folder(other)}" for other in others)
    return hashlib.sha256("\n".join([digest_folder(own), *parts]).encode()).hexdigest()


def digest_source(source: str, library: Path, project: Path) -> str:
    """The digest of a module (with those beside it that it calls), or of a playbook: what it is made of, and our library. Empty when it is gone."""
    path = Path(source)
    try:
        if path.is_dir():
            return _digest_module(path)
        if not path.is_file():
            return ""
        playbooks = library / "playbooks"
        ours = [part for name in PLAYBOOK_PARTS if (part := playbooks / name).is_dir()]
        found = [f"{os.path.relpath(part, path.parent)} {_digest_part(part)}" for part in parts(path, project)]
        return hashlib.sha256("\n".join([path.name, *found, *(digest_folder(part) for part in ours)]).encode()).hexdigest()
    except OSError:
        return ""


def _digest_part(place: Path) -> str:
    return digest_folder(place) if place.is_dir() else hashlib.sha256(place.read_bytes()).hexdigest()
