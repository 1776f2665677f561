"""Files beside app.yaml that a module is given (a definition's `files`): kept by digest, so that what was planned is what is delivered.

A module gets the path of the kept copy, relative to the root's folder, so that the same content means the same plan on every machine.
"""

import hashlib
import os
import shutil
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from provisioner import references
from provisioner.errors import ProvisionError
from provisioner.model import Json, Unit, project_path

SKIPPED = {".git", "__pycache__", ".provision", ".DS_Store"}
ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The oldest time that a zip can hold: the same content makes the same archive whenever it is packed."""


class Absent(ProvisionError):
    """A file that a module needs is not there, or is none that it can take."""

    code = "PRV-4109"


def given(unit: Unit, project: Path, folder: Path) -> Unit:
    """The unit with the paths of kept copies in place of its files, relative to the root's `folder`. Raises Absent."""
    inputs = dict(unit.inputs)
    for name, kind in unit.files.items():
        if inputs.get(name):
            path, cache = _path(unit, inputs[name], project), project_path(str(project)).absolute() / "cache" / "artifacts"
            if kind == "files":
                inputs[name] = {references.escape(member): references.escape(os.path.relpath(kept, folder))
                                for member, kept in keep_each(path, cache).items()}
            else:
                inputs[name] = references.escape(os.path.relpath(keep(path, kind, cache), folder))
    return replace(unit, inputs=inputs) if inputs != unit.inputs else unit


def _path(unit: Unit, value: Json, project: Path) -> Path:
    if not isinstance(value, str) or any(True for _ in references.find(value)):
        raise Absent(f"{unit.component}: the path of a file must stand in app.yaml, {value} is known only later")
    text = references.unescape(value)
    if "://" in text:
        raise Absent(f"{unit.component}: {text} is no file beside app.yaml; download it first")
    path = project / Path(text).expanduser()
    if not path.exists():
        raise Absent(f"{unit.component}: {text} is not there (looked for {path}); build it first")
    return path


def keep(path: Path, kind: str, cache: Path) -> Path:
    """The kept copy of a file or folder: as one zip archive (`zip`), or as a folder (`folder`; an archive is unpacked). Raises Absent."""
    archive = path.is_file() and path.name.endswith(ARCHIVES)
    if kind == "zip" and path.is_file() and not zipfile.is_zipfile(path):
        raise Absent(f"{path.name} is no zip archive; give a zip or a folder")
    if kind == "folder" and path.is_file() and not archive:
        raise Absent(f"{path.name} is neither a folder nor an archive ({', '.join(ARCHIVES)})")
    members = [(path.name, path)] if path.is_file() else list(_members(path, ()))
    if not members:
        raise Absent(f"the folder {path} is empty")
    kept = cache / (_digest(members) + (".zip" if kind == "zip" else ""))
    if not kept.exists():
        _fill(kept, path, kind, members)
    return kept


def keep_each(path: Path, cache: Path) -> dict[str, Path]:
    """Name (with slashes) to the kept copy of each file of a folder or archive. What did not change keeps its path. Raises Absent."""
    return {name: _keep_file(place, cache) for name, place in _members(keep(path, "folder", cache), ())}


def _keep_file(path: Path, cache: Path) -> Path:
    with path.open("rb") as file:
        kept = cache / "files" / hashlib.file_digest(file, "sha256").hexdigest()
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, fresh = tempfile.mkstemp(prefix=".new-", dir=kept.parent)
        os.close(descriptor)
        shutil.copyfile(path, fresh)
        Path(fresh).replace(kept)
    return kept


def _members(folder: Path, above: tuple[Path, ...]) -> Iterator[tuple[str, Path]]:
    """Name (with slashes) and place of each file, in order; links count as what they lead to."""
    here = folder.resolve()
    if here in above:
        raise Absent(f"the link {folder} leads in a circle")
    for path in sorted(folder.iterdir(), key=lambda path: path.name):
        if path.name in SKIPPED:
            continue
        if path.is_dir():
            for name, inner in _members(path, (*above, here)):
                yield f"{path.name}/{name}", inner
        elif path.is_file():
            yield path.name, path
        else:
            raise Absent(f"{path} is a link to nothing, or no file")


def _digest(members: list[tuple[str, Path]]) -> str:
    total = hashlib.sha256()
    for name, path in members:
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        total.update(f"{name}\0{_mode(path):o}\0{content}\n".encode())
    return total.hexdigest()[:32]


def _mode(path: Path) -> int:
    return 0o755 if path.stat().st_mode & 0o100 else 0o644


def _fill(kept: Path, path: Path, kind: str, members: list[tuple[str, Path]]) -> None:
    kept.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = Path(tempfile.mkdtemp(prefix=".new-", dir=kept.parent))
    try:
        made = fresh / "made"
        if kind == "zip":
            _zip(made, path, members)
        elif path.is_file():
            _unpack(path, made)
        else:
            _copy(made, members)
        try:
            made.rename(kept)
        except OSError:
            # another command made the same copy in the meantime
            if not kept.exists():
                raise
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _zip(made: Path, path: Path, members: list[tuple[str, Path]]) -> None:
    if path.is_file():
        shutil.copyfile(path, made)
        return
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name, place in members:
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.external_attr = (0o100000 | _mode(place)) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, place.read_bytes())


def _copy(made: Path, members: list[tuple[str, Path]]) -> None:
    for name, place in members:
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(place, made / name)
        (made / name).chmod(_mode(place))


def _unpack(path: Path, made: Path) -> None:
    """The content of an archive; members that would land elsewhere are refused."""
    made.mkdir()
    # zip archives know no filter and need none: names that lead out are cut by the library
    options = {} if zipfile.is_zipfile(path) else {"filter": "data"}
    try:
        shutil.unpack_archive(path, made, **options)  # type: ignore[arg-type]
    except (OSError, ValueError, EOFError, tarfile.TarError, zipfile.BadZipFile) as error:
        raise Absent(f"the archive {path.name} can't be unpacked: {error}") from None
