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
from provisioner.model import Unit

PATIENCE = 5.0
"""Seconds: a repository on a slow disk does not hold up a delivery."""
HASH = re.compile(r"\b[0-9a-f]{40}\b")
MANIFEST = "META-INF/MANIFEST.MF"
IN_MANIFEST = re.compile(r"^[A-Za-z-]*(?:Commit|Revision|SHA)[A-Za-z0-9-]*: *([0-9a-f]{7,40})\s*$", re.MULTILINE | re.IGNORECASE)
SHORT = 10


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


def commit_of(file: Path) -> str:
    """`v1.2.0-3-gabc1234`, or `abc1234`; with `-dirty` when files that git knows were edited. Empty when nobody knows."""
    line = ["git", "-C", str(file.parent), "describe", "--always", "--tags", "--dirty"]
    try:
        known = subprocess.run([*line[:3], "ls-files", "--error-unmatch", file.name], capture_output=True, check=False, timeout=PATIENCE)
        found = subprocess.run(line, capture_output=True, text=True, check=False, timeout=PATIENCE)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return found.stdout.strip() if found.returncode == 0 and known.returncode == 0 else ""
