"""Terraform modules that lie in git repositories: fetched once, pinned in provision.lock, kept under `.provision/modules/` by commit.

What is kept needs no network again. Runs nothing that a repository holds.
"""

import hashlib
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs

from provisioner.catalog import git, lock
from provisioner.errors import ProvisionError
from provisioner.model import project_path

INSIDE = re.compile(r"(?<![:/])//")


@dataclass(frozen=True)
class Source:
    """A module's place: repository, branch or tag or commit (empty: not pinned), folder within."""

    url: str
    ref: str = ""
    folder: str = ""

    @property
    def key(self) -> str:
        """Its name in the lock file."""
        return f"{self.url}?ref={self.ref}" if self.ref else self.url


def source_of(address: str, folder: str = "", ref: str = "") -> Source:
    """`git::https://host/repository.git//folder?ref=v1` in its parts; `folder` and `ref` hold what was said beside the address."""
    place, _, query = address.strip().removeprefix("git::").partition("?")
    url, *below = INSIDE.split(place, maxsplit=1)
    asked = parse_qs(query).get("ref", [""])[0]
    parts = [part.strip("/") for part in (*below, folder) if part.strip("/") not in ("", ".")]
    return Source(url, asked or ref, "/".join(parts))


def folder_of(project: Path, source: Source, *, fetch: bool) -> tuple[Path, str]:
    """The module's folder, and its commit. With `fetch` what is not kept is got by git, and a new commit is written to the lock.

    Raises ProvisionError (PRV-1452, PRV-1602) with what is missing.
    """
    known = lock.read(project)
    pin = known.modules.get(source.key)
    commit = pin.commit if pin else source.ref if git.COMMIT.match(source.ref) else ""
    kept = _place(project, source.url, commit)
    if not commit or not kept.is_dir():
        if not fetch:
            raise ProvisionError(f"{git.without_password(source.url)} was not fetched yet", code="PRV-1452")
        commit = _fetch(project, source, commit)
        kept = _place(project, source.url, commit)
    if pin is None:
        lock.write(project, lock.read(project).with_module(source.key, lock.ModulePin(commit)))
    found = kept / source.folder
    if not found.resolve().is_relative_to(kept.resolve()) or not found.is_dir():
        raise ProvisionError(f"{git.without_password(source.url)} has no folder {source.folder} at {commit[:12]}", code="PRV-1452")
    return found, commit


def _place(project: Path, url: str, commit: str) -> Path:
    return project_path(str(project)) / "modules" / f"{hashlib.sha256(url.encode()).hexdigest()[:12]}-{commit[:12]}"


def _fetch(project: Path, source: Source, commit: str) -> str:
    """Get a commit, or what the ref leads to now; returns the commit."""
    place = project_path(str(project)) / "modules"
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(dir=place, prefix=".new-")) / "tree"
    try:
        found = git.fetch(source.url, commit or source.ref, fresh)
        kept = _place(project, source.url, found)
        if not kept.is_dir():
            fresh.rename(kept)
    finally:
        shutil.rmtree(fresh.parent, ignore_errors=True)
    return found
