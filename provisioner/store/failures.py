"""What a database error means for people: cause and next step instead of a traceback. Decides only; does no I/O."""

import errno
import sqlite3

from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from provisioner.errors import ProvisionError


class StoreError(ProvisionError):
    """The store can't be read or written."""

    code = "PRV-6016"


NO_SPACE = "PRV-6011"
OUT_OF_SPACE = (errno.ENOSPC, errno.EDQUOT)
OPENING = "its file and its folder must be readable and writable for you"
SQLITE: tuple[tuple[str, str, str, str], ...] = (
    (
        "SQLITE_FULL",
        NO_SPACE,
        "the disk is full",
        "free some space on that disk; nothing of the last step was recorded",
    ),
    (
        "SQLITE_BUSY",
        "PRV-6014",
        "another process keeps the store locked",
        "wait until the other command has ended; a backup program may hold the file open",
    ),
    ("SQLITE_LOCKED", "PRV-6014", "another process keeps the store locked", "wait until the other command has ended"),
    ("SQLITE_READONLY", "PRV-6012", "the store is read-only", "its file and its folder must be writable for you"),
    ("SQLITE_PERM", "PRV-6010", "the store can't be opened", OPENING),
    ("SQLITE_CANTOPEN", "PRV-6010", "the store can't be opened", OPENING),
    ("SQLITE_AUTH", "PRV-6010", "the store can't be opened", OPENING),
    (
        "SQLITE_NOTADB",
        "PRV-6013",
        "the file is no store, or is damaged",
        "restore it from a backup, or move it away to begin anew",
    ),
    (
        "SQLITE_CORRUPT",
        "PRV-6013",
        "the store is damaged",
        "restore it from a backup; sqlite3 FILE .recover saves what is readable",
    ),
    ("SQLITE_IOERR", NO_SPACE, "the disk failed, or is full", "look at the kernel's log and at the free space"),
)
"""Beginning of SQLite's error name, code, cause, hint; first match."""


def is_full(error: BaseException) -> bool:
    """Whether there was no space on a disk: for the store, or for another file."""
    return getattr(error, "errno", 0) in OUT_OF_SPACE or getattr(error, "code", "") == NO_SPACE


def explain(error: SQLAlchemyError, place: str) -> StoreError:
    """The error as people should see it; `place` is the file or the URL without its password."""
    origin = error.orig if isinstance(error, DBAPIError) else None
    if isinstance(origin, sqlite3.Error):
        name = getattr(origin, "sqlite_errorname", "") or ""
        for beginning, code, cause, hint in SQLITE:
            if name.startswith(beginning):
                return StoreError(f"{place}: {cause} ({origin})", code=code, hint=hint, next="provision doctor")
    if isinstance(error, IntegrityError):
        return StoreError(
            f"{place}: this contradicts what is stored: {_first_line(origin or error)}",
            code="PRV-6019",
            hint="two commands may have written the same thing; run the command again",
        )
    return StoreError(
        f"{place}: the database refused: {_first_line(origin or error)}",
        code="PRV-6016",
        hint="check that the server runs, and the address, user and password in --store",
        next="provision doctor",
    )


def explain_os(error: OSError, place: str) -> StoreError:
    """Why the store's file or folder can't be made."""
    code = NO_SPACE if is_full(error) else "PRV-6012" if error.errno == errno.EROFS else "PRV-6010"
    hint = (
        "free some space on that disk"
        if code == NO_SPACE
        else "its folder must exist and be writable for you, or name another one with --store"
    )
    return StoreError(f"{place}: {error.strerror or error}", code=code, hint=hint, next="provision doctor")


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
