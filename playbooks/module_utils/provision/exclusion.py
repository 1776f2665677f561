"""One of our processes at a time changes what several units of a host share: supervisord, nginx, a cluster, the package database."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from ansible.module_utils.provision.context import Context


@contextmanager
def alone(context: Context) -> Iterator[None]:
    """Hold the host's lock: an advisory one on the folder of manifests, which ends with this process however it ends."""
    number = _locked(context.units)
    try:
        yield
    finally:
        os.close(number)


def _locked(folder: str) -> int:
    while True:
        os.makedirs(folder, mode=0o755, exist_ok=True)
        number = os.open(folder, os.O_RDONLY)
        fcntl.flock(number, fcntl.LOCK_EX)
        try:
            # while we waited the last unit may have been removed, and the folder with it
            if os.stat(folder).st_ino == os.fstat(number).st_ino:
                return number
        except FileNotFoundError:
            pass
        os.close(number)
