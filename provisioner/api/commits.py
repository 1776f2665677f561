"""Which commits a delivery comes from: of the spec as its git repository tells, of artefacts as they say themselves. Reads only.

Without git or a repository it says nothing; no more does an artefact that holds no commit.
"""

import re
import subprocess
import tarfile
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from provisioner import references
from provisioner.model import Commit, Commits, Unit

PATIENCE = 20.0
"""Seconds: a repository on a slow disk does not hold up a delivery."""
HASH = re.compile(r"\b[0-9a-f]{40}\b")
MANIFEST = "META-INF/MANIFEST.MF"
IN_MANIFEST = re.compile(r"^[A-Za-z-]*(?:Commit|Revision|SHA)[A-Za-z0-9-]*: *([0-9a-f]{7,40})\s*$", re.MULTILINE | re.IGNORECASE)
SHORT = 10
LISTED = 20
"""Commits that are named; the others are counted."""
FIELD = "\x1f"
FULL = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


def commits_of(spec: str, units: Iterable[Unit], folder: Path) -> str:
    """The commit of the spec, and of each artefact that tells one: `v1.2.0-3-gabc1234, dist/api.tar.gz at 1a2b3c4d5e`."""
    names = {references.unescape(name) for unit in units for key in unit.artifacts if isinstance(name := unit.inputs.get(key), str) and name}
    found = ((name, commit_in(folder / Path(name).expanduser())) for name in sorted(names) if "://" not in name)
    return ", ".join(filter(None, [spec, *(f"{name} at {commit[:SHORT]}" for name, commit in found if commit)]))


def commit_in(archive: Path) -> str:
    """The commit that an archive tells: made by `git archive` (tar, zip), or by the manifest of a .jar. Empty when it tells none."""
    with suppress(OSError, ValueError, EOFError, tarfile.TarError, zipfile.BadZipFile):
        if archive.is_file():
            return next((match for text in _told(archive) for match in HASH.findall(text) or IN_MANIFEST.findall(text)), "")
    return ""


def _told(archive: Path) -> Iterator[str]:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as opened:
            yield opened.comment.decode(errors="replace")
            if MANIFEST in opened.namelist():
                yield opened.read(MANIFEST).decode(errors="replace")
    elif tarfile.is_tarfile(archive):
        with tarfile.open(archive) as opened:
            yield str(opened.pax_headers.get("comment", ""))


def commit_of(file: Path) -> tuple[str, str]:
    """What is checked out, in words (`v1.2.0-3-gabc1234`, or `abc1234`; with `-dirty` when files that git knows were edited) and in full.

    Both are empty when nobody knows, or git does not know the file.
    """
    if not _git(file.parent, "ls-files", "--error-unmatch", file.name):
        return "", ""
    return _git(file.parent, "describe", "--always", "--tags", "--dirty"), _git(file.parent, "rev-parse", "HEAD")


def commits_since(folder: Path, before: str, head: str) -> Commits:
    """What is in `head` and not in `before`, which a revision was delivered from: both in full, empty where nobody knows."""
    if before == head or not FULL.fullmatch(before) or not FULL.fullmatch(head):
        return Commits(before)
    count = _git(folder, "rev-list", "--left-right", "--count", f"{before}...{head}").split()
    if len(count) != 2:
        return Commits(before, note=f"what was committed since can't be listed: {before[:SHORT]} is not in this repository "
                                    "(a shallow clone, or its history was rewritten)")
    left, new = map(int, count)
    told = _git(folder, "log", f"--max-count={LISTED}", f"--format=%h{FIELD}%an{FIELD}%s", f"{before}..{head}")
    fields = (line.split(FIELD, 2) for line in told.split("\n") if line.count(FIELD) > 1)
    listed = tuple(Commit(name, subject, author) for name, author, subject in fields)
    note = f"without {left} {'commit that was' if left == 1 else 'commits that were'} delivered" if left else ""
    return Commits(before, listed, max(new - len(listed), 0), note)


def _git(folder: Path, *words: str) -> str:
    """What git says; empty where there is none, it is too slow, or it refuses."""
    try:
        done = subprocess.run(["git", "-C", str(folder), *words], capture_output=True, text=True, errors="replace", check=False, timeout=PATIENCE)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
