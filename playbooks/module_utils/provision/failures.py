"""Failures in words that say what to do. Owns nothing else."""

from __future__ import annotations

import errno
import os
import shutil
from typing import Any


class Failed(Exception):
    """Something the user can act on; `details` go into the result beside the message."""

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.details = details


def in_words(error: OSError) -> str:
    """The error of a system call as a sentence, with the free space or the user where that is the cause."""
    path = str(error.filename or "")
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"no space left on the disk of {path or 'this host'}{_free(path)}; nothing half-written was left behind"
    if error.errno in (errno.EACCES, errno.EPERM):
        user = f"user id {os.geteuid()}"
        return f"not allowed to change {path or 'this host'} as {user}; set `become: true` for this host, or `provision_root` to a folder of its own"
    if error.errno == errno.EROFS:
        return f"{path} lies on a read-only file system"
    return f"{path + ': ' if path else ''}{error.strerror or error}"


def _free(path: str) -> str:
    while path and not os.path.isdir(path):
        path = os.path.dirname(path)
    try:
        return f" ({shutil.disk_usage(path or '/').free // 1_000_000} MB free)"
    except OSError:
        return ""
