"""Who waits for whom on a host: one process at a time works on a unit, and one changes what several units share (supervisord, nginx, a
cluster, the package database).
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from ansible.module_utils.provision.context import Context
from ansible.module_utils.provision.failures import Failed

UNIT_SECONDS = 300.0
"""How long the work of a killed controller on the same unit is waited for: it runs to its end, its health check included."""
POLL = 0.1


@contextmanager
def one_at_a_time(context: Context) -> Iterator[None]:
    """Nobody else looks at or changes this unit here: a module that a killed controller left behind ends first.

    The lock is a name in Linux' abstract socket namespace: it lies in no folder and goes with its process. Raises Failed after 300 s.
    """
    if sys.platform != "linux":
        yield
        return
    name = hashlib.sha256(f"{context.units}/{context.app}.{context.unit}".encode()).hexdigest()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as lock:
        until = time.monotonic() + UNIT_SECONDS
        while not _bound(lock, f"\0provision.{name}"):
            if time.monotonic() > until:
                raise Failed(f"an earlier delivery of {context.unit} still works on this host after {UNIT_SECONDS:.0f} s; look for it with ps")
            time.sleep(POLL)
        yield


def _bound(lock: socket.socket, name: str) -> bool:
    try:
        lock.bind(name)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        return False
    return True


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
