"""Digests of what delivers a unit: a Terraform module's folders, or a playbook's folder and our library below it. Reads files."""

import hashlib
import os
from pathlib import Path

from provisioner.module_folders import called

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


def digest_source(source: str, library: Path) -> str:
    """The digest of a module (with those beside it that it calls), or of a playbook: its folder and our library. Empty when it is gone."""
    path = Path(source)
    try:
        if path.is_dir():
            return _digest_module(path)
        if not path.is_file():
            return ""
        playbooks = library / "playbooks"
        parts = [path.parent, *(playbooks / name for name in PLAYBOOK_PARTS)]
        found = [path.name, *(digest_folder(part) for part in dict.fromkeys(parts) if part.is_dir())]
        return hashlib.sha256("\n".join(found).encode()).hexdigest()
    except OSError:
        return ""
