"""The artefact on the controller: a file, a folder, a URL or an S3 object, as one local file with a known sha256.

Fetched once for all hosts and kept by digest; a folder is packed the same way each time, so the same content has the same digest.
"""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import os
import shutil
import stat
import tarfile
import tempfile
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any

from ansible.module_utils.provision.failures import Failed

CHUNK = 1 << 20
SECONDS = 60
CACHE = (".provision", "cache", "artifacts")
SKIPPED = {".git", "__pycache__", ".provision", ".DS_Store"}


@dataclass(frozen=True)
class Artefact:
    """What is to be on the host. `size` is 0 and `digest` empty where nothing is known before it is fetched."""

    source: str
    name: str
    digest: str
    size: int
    fetch: Callable[[], str]
    """Gives the path of a local file with exactly this content. Raises Failed."""
    lacking: str = ""
    """Why it can't be had any more; a host that has its release already needs no other."""


def find(source: str, sha256: str, project: str) -> Artefact:
    """The artefact behind a source. Raises Failed: not there, no digest for a URL, or not what the digest says."""
    sha256 = sha256.lower()
    if source.startswith(("http://", "https://")):
        return _url(source, sha256, project)
    if source.startswith("s3://"):
        return _s3(source, sha256, project)
    path = os.path.join(project, os.path.expanduser(source))
    name = os.path.basename(os.path.normpath(path)) + (".tar.gz" if os.path.isdir(path) else "")
    kept = os.path.join(project, *CACHE, sha256)
    if sha256 and os.path.exists(kept):
        # delivered before: nothing to pack or count, whatever the path holds by now
        return Artefact(source, name, sha256, os.path.getsize(kept), lambda: kept)
    if os.path.isdir(path):
        digest, size = packed(path)
        fill: Callable[[IO[bytes]], None] = lambda file: pack(path, file)  # noqa: E731
    elif os.path.isfile(path):
        digest, size = _digest(path), os.path.getsize(path)
        fill = lambda file: _copy(path, file)  # noqa: E731
    else:
        return _absent(source, name, sha256, f"the artifact {source} is not there (looked for {path}); build it first")
    if sha256 and digest != sha256:
        return _absent(source, name, sha256, _unlike(source, digest, sha256))
    return Artefact(source, name, digest, size, lambda: _kept(project, digest, fill, source))


def digest_of(path: str) -> str:
    """The sha256 under which a file, or a folder as it is packed, is delivered; empty when it is neither."""
    return packed(path)[0] if os.path.isdir(path) else _digest(path) if os.path.isfile(path) else ""


def _absent(source: str, name: str, sha256: str, lacking: str) -> Artefact:
    """What can't be had here: with a digest it may be on the hosts, as a release that they have. Raises Failed without one."""
    if not sha256:
        raise Failed(lacking)

    def gone() -> str:
        raise Failed(lacking)

    return Artefact(source, name, sha256, 0, gone, lacking)


def _copy(path: str, file: IO[bytes]) -> None:
    with open(path, "rb") as content:
        shutil.copyfileobj(content, file, CHUNK)


def _unlike(source: str, digest: str, sha256: str) -> str:
    return f"the artifact {source} has sha256 {digest}, and {sha256} is wanted: it was changed, or the digest is of another one"


def _judge(source: str, digest: str, sha256: str) -> None:
    if sha256 and digest != sha256:
        raise Failed(_unlike(source, digest, sha256))


def _digest(path: str) -> str:
    found = hashlib.sha256()
    with open(path, "rb") as file:
        for chunk in iter(lambda: file.read(CHUNK), b""):
            found.update(chunk)
    return found.hexdigest()


def _name(source: str) -> str:
    return os.path.basename(urllib.parse.urlparse(source).path) or "artifact"


# ------------------------------------------------------------------ kept by digest
def cache_folder(project: str) -> str:
    """Where fetched artefacts are kept by digest; made when missing."""
    folder = os.path.join(project, *CACHE)
    os.makedirs(folder, mode=0o700, exist_ok=True)
    return folder


@contextmanager
def _alone(project: str) -> Iterator[None]:
    """One process at a time fetches; the others find what it has fetched."""
    with open(os.path.join(cache_folder(project), ".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _kept(project: str, digest: str, fill: Callable[[IO[bytes]], None], source: str) -> str:
    """Path of the kept file with this digest, filled when it is not there yet (an empty digest: always)."""
    with _alone(project):
        path = os.path.join(cache_folder(project), digest)
        if digest and os.path.exists(path):
            return path
        number, temporary = tempfile.mkstemp(dir=cache_folder(project), prefix=".fetching-")
        try:
            with os.fdopen(number, "wb") as file:
                fill(file)
            found = _digest(temporary)
            _judge(source, found, digest)
            path = os.path.join(cache_folder(project), found)
            os.replace(temporary, path)
            return path
        finally:
            if os.path.exists(temporary):
                os.unlink(temporary)


# ------------------------------------------------------------------ kinds of source
def _url(source: str, sha256: str, project: str) -> Artefact:
    if not sha256:
        raise Failed(f"the artifact {source} is a URL and has no `sha256`: give its digest, so that every host gets the same file")

    def fill(file: IO[bytes]) -> None:
        try:
            with urllib.request.urlopen(source, timeout=SECONDS) as answer:
                shutil.copyfileobj(answer, file, CHUNK)
        except (OSError, ValueError) as error:
            raise Failed(f"the artifact {source} can't be fetched: {error}") from None

    return Artefact(source, _name(source), sha256, 0, lambda: _kept(project, sha256, fill, source))


def _s3(source: str, sha256: str, project: str) -> Artefact:
    where = urllib.parse.urlparse(source)

    def fill(file: IO[bytes]) -> None:
        _s3_call(source, lambda client: client.download_fileobj(where.netloc, where.path.lstrip("/"), file))

    if sha256:
        return Artefact(source, _name(source), sha256, 0, lambda: _kept(project, sha256, fill, source))
    path = _kept_object(source, project, fill)
    return Artefact(source, _name(source), os.path.basename(path), os.path.getsize(path), lambda: path)


def _kept_object(source: str, project: str, fill: Callable[[IO[bytes]], None]) -> str:
    """The object's content, fetched again only when its ETag or time is another one."""
    where = urllib.parse.urlparse(source)
    head: dict[str, Any] = {}
    _s3_call(source, lambda client: head.update(client.head_object(Bucket=where.netloc, Key=where.path.lstrip("/"))))
    version = hashlib.sha256(f"{source} {head.get('ETag')} {head.get('VersionId')} {head.get('LastModified')}".encode()).hexdigest()
    note = os.path.join(cache_folder(project), f"{version}.digest")
    if os.path.exists(note):
        with open(note) as file:
            kept = os.path.join(cache_folder(project), file.read())
        if os.path.exists(kept):
            return kept
    path = _kept(project, "", fill, source)
    with open(note, "w") as file:
        file.write(os.path.basename(path))
    return path


def _s3_call(source: str, call: Callable[[Any], Any]) -> None:
    # heavy: only who has an artifact there pays for it
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        call(boto3.client("s3", region_name=os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1",
                          endpoint_url=os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")))
    except (BotoCoreError, ClientError) as error:
        raise Failed(f"the artifact {source} can't be fetched: {error}") from None


def packed(folder: str) -> tuple[str, int]:
    """sha256 and size in bytes of a folder as it is packed."""
    counter = _Counter()
    pack(folder, counter)
    return counter.digest.hexdigest(), counter.size


class _Counter:
    """A file that keeps only the digest and the size of what is written to it."""

    def __init__(self) -> None:
        self.digest, self.size = hashlib.sha256(), 0

    def write(self, data: bytes) -> int:
        self.digest.update(data)
        self.size += len(data)
        return len(data)

    def flush(self) -> None:
        """Nothing is kept back."""


def pack(folder: str, file: Any) -> None:
    """A folder as tar.gz; the same names, contents and executable bits give the same bytes, whenever and by whomever it is packed."""
    with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0, compresslevel=6) as packed, \
            tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path in _members(folder):
            _add(archive, path, os.path.relpath(path, folder))


def _members(folder: str) -> list[str]:
    found = []
    for base, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in SKIPPED)
        links = [name for name in folders if os.path.islink(os.path.join(base, name))]
        found += [os.path.join(base, name) for name in sorted([*folders, *names]) if name not in SKIPPED]
        folders[:] = [name for name in folders if name not in links]
    return sorted(found)


def _add(archive: tarfile.TarFile, path: str, name: str) -> None:
    found = os.lstat(path)
    entry = tarfile.TarInfo(name)
    entry.mode = 0o755 if found.st_mode & 0o100 else 0o644
    if stat.S_ISLNK(found.st_mode):
        entry.type, entry.linkname = tarfile.SYMTYPE, os.readlink(path)
        archive.addfile(entry)
    elif stat.S_ISDIR(found.st_mode):
        entry.type = tarfile.DIRTYPE
        archive.addfile(entry)
    elif stat.S_ISREG(found.st_mode):
        entry.size = found.st_size
        with open(path, "rb") as content:
            archive.addfile(entry, content)
