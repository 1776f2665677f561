"""Files, links and folders on the host: how they are, and one atomic way to write each. Decides nothing."""

from __future__ import annotations

import contextlib
import errno
import grp
import hashlib
import os
import pwd
import shutil
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Coding:
    """How content stands on the disk, where it does not stand there as it is."""

    encode: Callable[[bytes], bytes]
    decode: Callable[[bytes], bytes | None]
    """None for what can't be decoded: it is none of ours, or was changed."""


@dataclass(frozen=True)
class Wish:
    """How a file shall be. Owner and group are names (they may not exist yet); empty: whoever runs this."""

    path: str
    data: bytes
    mode: int = 0o644
    owner: str = ""
    group: str = ""
    unknown: bool = False
    """Its content is known after apply: `data` is not to be compared."""
    secret: bool = False
    coding: Coding | None = None


def read(path: str) -> bytes | None:
    """Content of a file; None when there is none (or when it is no regular file)."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return None
        with open(path, "rb") as file:
            return file.read()
    except (FileNotFoundError, NotADirectoryError):
        return None


def content(wish: Wish) -> bytes | None:
    """What the file of a wish holds now; None when there is none, or it can't be decoded."""
    data = read(wish.path)
    return data if data is None or wish.coding is None else wish.coding.decode(data)


def digest(data: bytes | None) -> str:
    """sha256 in hexadecimal; empty for None."""
    return "" if data is None else hashlib.sha256(data).hexdigest()


def digest_of(path: str) -> str:
    """sha256 of a file, read in pieces."""
    found = hashlib.sha256()
    with open(path, "rb") as file:
        for chunk in iter(lambda: file.read(1 << 20), b""):
            found.update(chunk)
    return found.hexdigest()


def facts(path: str) -> Any:
    """What counts as the state of a path: its kind, mode, owner, and content or link target; None when absent."""
    try:
        found = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    if stat.S_ISLNK(found.st_mode):
        return ["link", os.readlink(path)]
    kind = "folder" if stat.S_ISDIR(found.st_mode) else "file"
    content = digest(read(path)) if kind == "file" else ""
    return [kind, oct(stat.S_IMODE(found.st_mode)), found.st_uid, found.st_gid, content]


def user_id(name: str) -> int | None:
    """Number of a user, -1 (leave as it is) for the empty name, None when there is no such user."""
    if not name:
        return -1
    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError:
        return None


def group_id(name: str) -> int | None:
    """Number of a group, -1 (leave as it is) for the empty name, None when there is no such group."""
    if not name:
        return -1
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        return None


def attributes_differ(path: str, mode: int, owner: str, group: str) -> bool:
    """True when an existing path has another mode or owner than wanted."""
    found = os.stat(path)
    uid, gid = user_id(owner), group_id(group)
    return stat.S_IMODE(found.st_mode) != mode or uid not in (-1, found.st_uid) or gid not in (-1, found.st_gid)


@contextlib.contextmanager
def opened(path: str) -> Iterator[int]:
    """A file or folder as a descriptor. Links are followed only out of folders where nobody but root (or whoever this is) can have made them:

    else the user of a service, whose folder it is, could point us at any other file of the host. Raises OSError (ELOOP) on such a link.
    """
    parts = [part for part in os.path.abspath(path).split("/") if part]
    number = os.open("/", os.O_RDONLY | os.O_DIRECTORY)
    try:
        for index, part in enumerate(parts):
            flags = os.O_RDONLY | os.O_NONBLOCK | (os.O_DIRECTORY if index < len(parts) - 1 else 0)
            try:
                below = os.open(part, flags | (0 if _trusted(number) else os.O_NOFOLLOW), dir_fd=number)
            except OSError as error:
                if error.errno in (errno.ELOOP, errno.ENOTDIR) and stat.S_ISLNK(os.lstat(part, dir_fd=number).st_mode):
                    raise OSError(errno.ELOOP, "is a link that a user of this host may have made: it is not followed", path) from None
                error.filename = path
                raise
            os.close(number)
            number = below
        yield number
    finally:
        os.close(number)


def _trusted(folder: int) -> bool:
    """True when nobody but root, or whoever this is, can make a link in an open folder."""
    found = os.fstat(folder)
    return found.st_uid in (0, os.geteuid()) and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def set_attributes(path: str, mode: int, owner: str, group: str) -> None:
    """Give a path its mode and owner."""
    with opened(path) as number:
        _attributes(number, mode, owner, group)


def _attributes(number: int, mode: int, owner: str, group: str) -> None:
    uid, gid = user_id(owner), group_id(group)
    if (uid, gid) != (-1, -1):
        os.fchown(number, -1 if uid is None else uid, -1 if gid is None else gid)
    os.fchmod(number, mode)


def write(wish: Wish) -> None:
    """Write a file as a whole: a reader sees the old or the new content, a full disk leaves the old one."""
    data = wish.data if wish.coding is None else wish.coding.encode(wish.data)
    folder, name = os.path.split(wish.path)
    with opened(folder) as place:
        # a name of its own for each file: what a write that was broken off has left goes with the next one
        temporary = f".{name}.provision-new"
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary, dir_fd=place)
        number = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=place)
        try:
            with os.fdopen(number, "wb") as file:
                file.write(data)
                file.flush()
                _attributes(file.fileno(), wish.mode, wish.owner, wish.group)
                os.fsync(file.fileno())
            if _is_folder(name, place):
                raise IsADirectoryError(errno.EISDIR, "is a folder, and a file is wanted there", wish.path)
            os.replace(temporary, name, src_dir_fd=place, dst_dir_fd=place)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary, dir_fd=place)
            raise


def _is_folder(name: str, place: int) -> bool:
    try:
        return stat.S_ISDIR(os.lstat(name, dir_fd=place).st_mode)
    except FileNotFoundError:
        return False


def link(path: str, target: str) -> None:
    """Point a symbolic link at a target, atomically."""
    temporary = f"{path}.provision-new"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(temporary)
    os.symlink(target, temporary)
    if os.path.isdir(path) and not os.path.islink(path):
        os.unlink(temporary)
        raise IsADirectoryError(21, "is a folder, and a link is wanted there", path)
    os.replace(temporary, path)


def make_folder(path: str, mode: int = 0o755, owner: str = "", group: str = "") -> None:
    """Make a folder (its parents with 0755), or correct mode and owner of the one there is."""
    above, name = os.path.split(path)
    os.makedirs(above, mode=0o755, exist_ok=True)
    with opened(above) as place, contextlib.suppress(FileExistsError):
        os.mkdir(name, dir_fd=place)
    set_attributes(path, mode, owner, group)


def missing_parents(path: str) -> list[str]:
    """Folders above a path that do not exist, outermost first."""
    missing: list[str] = []
    folder = os.path.dirname(path)
    while folder != os.path.dirname(folder) and not os.path.isdir(folder):
        missing.insert(0, folder)
        folder = os.path.dirname(folder)
    return missing


def remove(path: str) -> None:
    """Remove a file, link or whole folder; nothing when it is gone already."""
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path, ignore_errors=False)
        return
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        os.unlink(path)


def remove_if_empty(path: str) -> None:
    """Remove a folder that holds nothing."""
    with contextlib.suppress(OSError):
        os.rmdir(path)
