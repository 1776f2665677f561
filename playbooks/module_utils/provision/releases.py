"""Releases of a program on the host: `releases/DIGEST`, unpacked whole or not at all, with a record by which a hand-made edit is seen."""

from __future__ import annotations

import json
import os
import shutil
import stat
import tarfile
import tempfile
import zipfile
from typing import Any

from ansible.module_utils.provision import files
from ansible.module_utils.provision.failures import Failed

ARCHIVES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".zip")
UNPACKING = ".unpacking-"
SHORT = 16
"""Characters of the digest that name a release."""


def is_archive(name: str) -> bool:
    """True when a file of this name is unpacked; a jar or a wheel is a program and is not."""
    return name.lower().endswith(ARCHIVES)


def folder(home: str, digest: str) -> str:
    """Where the release with this digest lies."""
    return os.path.join(home, "releases", digest[:SHORT])


def _record(home: str, digest: str) -> str:
    return os.path.join(home, "releases", f".{digest[:SHORT]}.json")


def listed(home: str) -> list[str]:
    """Names of the releases on the host, the newest first."""
    place = os.path.join(home, "releases")
    names = [name for name in os.listdir(place) if not name.startswith(".")] if os.path.isdir(place) else []
    return sorted(names, key=lambda name: (_made(home, name), name), reverse=True)


def _made(home: str, name: str) -> float:
    try:
        return os.stat(_record(home, name)).st_mtime
    except FileNotFoundError:
        return 0


def intact(home: str, digest: str) -> bool:
    """True when the release is there and every file in it is as it was unpacked. Files that a program added do not count."""
    data = files.read(_record(home, digest))
    if data is None:
        return False
    try:
        recorded = json.loads(data)
    except ValueError:
        return False
    place = folder(home, digest)
    return all(_traits(os.path.join(place, path)) == traits for path, traits in recorded.items())


def _traits(path: str) -> Any:
    try:
        found = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    if stat.S_ISLNK(found.st_mode):
        return ["link", os.readlink(path)]
    return [oct(stat.S_IMODE(found.st_mode)), found.st_size, found.st_mtime_ns] if stat.S_ISREG(found.st_mode) else ["folder"]


def unpack(home: str, artifact: str, name: str, digest: str) -> None:
    """Make the release from an artefact file: beside its place first, moved there when it is whole. Raises Failed on a wrong digest."""
    if files.digest_of(artifact) != digest:
        raise Failed(f"the artefact that arrived is not the one that was sent (sha256 {files.digest_of(artifact)[:12]}, wanted {digest[:12]})")
    place = folder(home, digest)
    os.makedirs(os.path.dirname(place), mode=0o755, exist_ok=True)
    for left in os.listdir(os.path.dirname(place)):
        if left.startswith(UNPACKING):
            # an unpacking that was broken off: nobody else works on this unit now
            shutil.rmtree(os.path.join(os.path.dirname(place), left), ignore_errors=True)
    temporary = tempfile.mkdtemp(prefix=UNPACKING, dir=os.path.dirname(place))
    try:
        fill(temporary, artifact, name)
        _open_up(temporary)
        record = {os.path.relpath(path, temporary): _traits(path) for path in _walk(temporary)}
        if os.path.lexists(place):
            os.rename(place, temporary + ".old")
        os.rename(temporary, place)
        files.write(files.Wish(_record(home, digest), json.dumps(record).encode(), 0o644))
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(temporary + ".old", ignore_errors=True)


def fill(place: str, artifact: str, name: str) -> None:
    """Put the content of an artefact into an empty folder; a file that is no archive goes in as it is, executable."""
    if not is_archive(name):
        target = os.path.join(place, name)
        shutil.copyfile(artifact, target)
        os.chmod(target, 0o755)
        return
    try:
        if name.lower().endswith(".zip"):
            _unzip(place, artifact)
        else:
            _untar(place, artifact)
    except (tarfile.TarError, zipfile.BadZipFile, EOFError) as error:
        raise Failed(f"{name} can't be unpacked: {error}") from None


def _untar(place: str, artifact: str) -> None:
    with tarfile.open(artifact) as archive:
        members = archive.getmembers()
        for member in members:
            _judge(member)
            member.uid = member.gid = 0
            member.uname = member.gname = ""
        if os.geteuid() != 0:
            archive.extractall(place, members)
            return
        archive.extractall(place, members, numeric_owner=True)


def _judge(member: tarfile.TarInfo) -> None:
    """Nothing may leave the folder of the release, and no device comes in."""
    if member.ischr() or member.isblk() or member.isfifo():
        raise Failed(f"the artefact holds a device or pipe: {member.name}")
    inside = _stays_inside(member.name)
    if inside and member.issym():
        inside = _stays_inside(os.path.join(os.path.dirname(member.name), member.linkname)) and not os.path.isabs(member.linkname)
    if inside and member.islnk():
        inside = _stays_inside(member.linkname)
    if not inside:
        raise Failed(f"the artefact holds a path that leads out of its folder: {member.name}")


def _stays_inside(path: str) -> bool:
    return not os.path.isabs(path) and not os.path.normpath(path).startswith("..")


def _unzip(place: str, artifact: str) -> None:
    with zipfile.ZipFile(artifact) as archive:
        for entry in archive.infolist():
            if not _stays_inside(entry.filename):
                raise Failed(f"the artefact holds a path that leads out of its folder: {entry.filename}")
            path = archive.extract(entry, place)
            mode = entry.external_attr >> 16
            if mode and not entry.is_dir():
                os.chmod(path, stat.S_IMODE(mode))


def _open_up(place: str) -> None:
    """Readable for the service's user, writable for nobody else, no set-user bits."""
    for path in (place, *_walk(place)):
        if not os.path.islink(path):
            mode = stat.S_IMODE(os.stat(path).st_mode)
            runs = 0o111 if os.path.isdir(path) or mode & 0o100 else 0
            os.chmod(path, 0o644 | runs)


def _walk(place: str) -> list[str]:
    return sorted(os.path.join(base, name) for base, folders, names in os.walk(place) for name in folders + names)


def prune(home: str, name: str) -> None:
    """Remove one release."""
    files.remove(_record(home, name))
    files.remove(os.path.join(home, "releases", name))


def judge_space(home: str, size: int) -> None:
    """Raises Failed when an artefact of this size surely does not fit."""
    place = home
    while not os.path.isdir(place):
        place = os.path.dirname(place)
    free = shutil.disk_usage(place).free
    if size > free:
        raise Failed(f"no space left on the disk of {home}: the artefact has {size // 1_000_000} MB, {free // 1_000_000} MB are free")
