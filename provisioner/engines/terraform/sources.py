"""Copies of modules in use, by digest, under `.provision/sources/`. A root names the copy, so an edit can't slip in after the plan.

Never changes a copy once it is there.
"""

import hashlib
import os
import shutil
import tempfile
from pathlib import Path

from provisioner.errors import ProvisionError
from provisioner.module_folders import called

NOT_COPIED = shutil.ignore_patterns(".terraform", ".terraform.lock.hcl", "*.tfstate", "*.tfstate.*", ".git", "*.tfvars", "*.tfvars.json")
INSIDE = "inside"
"""Names the file that says where in its copy a module lies, when it calls modules beside itself."""


class SourceGone(ProvisionError):
    """A module's folder is not there, and no copy of it was kept."""

    code = "PRV-4102"


def keep(source: str, digest: str, sources: Path) -> Path:
    """The kept copy of a module, made when it is not there yet. Raises SourceGone."""
    folder = Path(source)
    if not digest:
        if not is_module(folder):
            raise _gone(source)
        digest = digest_of(folder)
    if (kept := find(digest, sources)) is not None:
        return kept
    if not is_module(folder):
        raise _gone(source)
    return _copy(folder.resolve(), digest, sources)


def find(digest: str, sources: Path) -> Path | None:
    """The kept copy with this digest, or None."""
    place = sources / digest
    if not digest or not place.is_dir():
        return None
    note = place / INSIDE
    return place / note.read_text() if note.is_file() else place


def is_module(folder: Path) -> bool:
    """True for a folder with Terraform files in it."""
    return bool(str(folder)) and folder.is_dir() and any(True for pattern in ("*.tf", "*.tf.json", "*.tofu") for _ in folder.glob(pattern))


def digest_of(folder: Path) -> str:
    """Digest of all files of a module's folder, by path and content."""
    total = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file() and ".terraform" not in path.parts):
        total.update(f"{file.relative_to(folder)}\0{hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()


def _copy(folder: Path, digest: str, sources: Path) -> Path:
    sources.mkdir(parents=True, exist_ok=True, mode=0o700)
    folders = called(folder)
    top = Path(os.path.commonpath([str(one) for one in folders]))
    fresh = Path(tempfile.mkdtemp(prefix="new-", dir=sources))
    try:
        for one in folders:
            shutil.copytree(one, fresh / one.relative_to(top), ignore=NOT_COPIED, dirs_exist_ok=True)
        if top != folder:
            (fresh / INSIDE).write_text(str(folder.relative_to(top)))
        try:
            fresh.rename(sources / digest)
        except OSError:
            # another command made the same copy in the meantime
            if not (sources / digest).is_dir():
                raise
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    found = find(digest, sources)
    assert found is not None
    return found


def _gone(source: str) -> SourceGone:
    return SourceGone(f"its module is gone: there are no Terraform files in {source or 'no folder'}",
                      hint="put the folder back, or change the type's definition")
