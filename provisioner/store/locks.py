"""The lock per application and environment: who holds it, since when and why; taken over from the dead, fenced.

A holder is dead when its process is gone (same boot), when its machine has booted since, or, seen from elsewhere, when
its lease ran out. The row outlives its holder, so that the fence only grows.
"""

import getpass
import os
import platform
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from provisioner.codec import dump, load
from provisioner.errors import Locked, ProvisionError
from provisioner.process.identity import Identity, alive, boot, me
from provisioner.store.database import Database, utc_now
from provisioner.store.tables import LOCKS

LEASE = 120.0
"""Seconds after the last renewal in which another machine believes that a holder lives."""
POLL = 0.25
"""Seconds between two looks at a lock that is held."""


class LockHeld(Locked):
    """Somebody else holds the lock; `holder` says who."""

    def __init__(self, message: str, holder: "Holder", *, next: str) -> None:
        super().__init__(message, hint="wait for it with --lock-wait", next=next)
        self.holder = holder


class FenceLost(ProvisionError):
    """Our lock was taken by somebody else: nothing more may be recorded, and nothing more be done."""

    code = "PRV-6004"


@dataclass(frozen=True)
class Holder:
    """Who holds a lock: the person, the process, the machine, the reason. `run` is 0 before the run has a number."""

    who: str
    pid: int
    start: str
    boot: str
    host: str
    machine: str = ""
    reason: str = ""
    run: int = 0
    since: str = ""

    @property
    def identity(self) -> Identity:
        return Identity(self.pid, self.start, self.boot)

    def __str__(self) -> str:
        run = f" for run {self.run}" if self.run else ""
        reason = f" ({self.reason})" if self.reason else ""
        return f"{self.who} since {self.since}{run}{reason}, process {self.pid} on {self.host}"


@dataclass(frozen=True)
class Lock:
    """A lock that is ours. `took_over` is the dead holder it was taken from."""

    application: str
    environment: str
    fence: int
    holder: Holder
    took_over: Holder | None = None


OnWait = Callable[[Holder], None]
"""Called for each holder that is waited for, and again when its run has got a number."""


def holder_here(who: str = "", reason: str = "", run: int = 0) -> Holder:
    """This process as a holder; `who` defaults to the system's user."""
    process = me()
    return Holder(who or _user(), process.pid, process.start, process.boot, platform.node(), _machine(), reason, run)


class Locks:
    """The locks of one store."""

    def __init__(self, database: Database, lease: float = LEASE) -> None:
        self._database = database
        self._lease = lease

    def acquire(
        self, application: str, environment: str, holder: Holder, wait: float = 0.0, on_wait: OnWait | None = None
    ) -> Lock:
        """Take the lock, waiting up to `wait` seconds. Raises LockHeld (exit 8)."""
        until = time.monotonic() + wait
        told: Holder | None = None
        while True:
            found = self._try(application, environment, holder)
            if isinstance(found, Lock):
                return found
            left = until - time.monotonic()
            if left <= 0:
                raise LockHeld(
                    f"{application} in {environment} is locked by {found}",
                    found,
                    next=_next(application, environment, found),
                )
            if on_wait is not None and told != found:
                on_wait(found)
                told = found
            time.sleep(min(POLL, left))

    def renew(self, lock: Lock, run: int | None = None) -> None:
        """Extend the lease, and name the run once it has a number. Raises FenceLost when somebody took the lock."""
        with self._database.write() as connection:
            row = _row(connection, lock.application, lock.environment)
            held = None if row is None or row.holder is None or row.fence != lock.fence else load(Holder, row.holder)
            if held is None:
                raise _lost(lock.application, lock.environment, row)
            named = held if run is None else Holder(**{**vars(held), "run": run})
            connection.execute(
                _where(lock.application, lock.environment).values(
                    holder=dump(named), expires=self._database.seconds(connection) + self._lease
                )
            )

    def release(self, lock: Lock) -> None:
        """Give the lock back; nothing happens when it is no longer ours."""
        with self._database.write() as connection:
            connection.execute(
                _where(lock.application, lock.environment)
                .where(LOCKS.c.fence == lock.fence)
                .values(holder=None, expires=0.0)
            )

    def holder(self, application: str, environment: str) -> Holder | None:
        """Who holds the lock now; a dead holder counts as none."""
        with self._database.read() as connection:
            row = _row(connection, application, environment)
            if row is None or row.holder is None:
                return None
            found = load(Holder, row.holder)
            return None if _dead(found, row.expires, self._database.seconds(connection)) else found

    @contextmanager
    def held(
        self, application: str, environment: str, holder: Holder, wait: float = 0.0, on_wait: OnWait | None = None
    ) -> Iterator[Lock]:
        """Hold the lock for a block, renewing its lease from a thread. Raises LockHeld."""
        lock = self.acquire(application, environment, holder, wait, on_wait)
        ended = threading.Event()
        keeper = threading.Thread(target=self._keep, args=(lock, ended), name="lock-lease", daemon=True)
        keeper.start()
        try:
            yield lock
        finally:
            ended.set()
            keeper.join()
            self.release(lock)

    def _keep(self, lock: Lock, ended: threading.Event) -> None:
        while not ended.wait(self._lease / 4):
            try:
                self.renew(lock)
            except FenceLost:
                return
            except ProvisionError:
                # the store may be back before the lease ends; the run itself reports that it is away
                continue

    def _try(self, application: str, environment: str, holder: Holder) -> Lock | Holder:
        """Our lock, or the living holder."""
        with self._database.write() as connection:
            row = _row(connection, application, environment)
            if row is None:
                row = _insert_row(connection, application, environment)
            now = self._database.seconds(connection)
            dead: Holder | None = None
            if row.holder is not None:
                found = load(Holder, row.holder)
                if not _dead(found, row.expires, now):
                    return found
                dead = found
            ours = Holder(**{**vars(holder), "since": utc_now()})
            fence = row.fence + 1
            connection.execute(
                _where(application, environment).values(
                    fence=fence, holder=dump(ours), since=ours.since, expires=now + self._lease
                )
            )
        return Lock(application, environment, fence, ours, dead)


def require_fence(connection: Connection, application: str, environment: str, fence: int) -> None:
    """Raise FenceLost unless this fence is the lock's newest one and it is held; 0 asks nothing."""
    if not fence:
        return
    row = _row(connection, application, environment)
    if row is None or row.fence != fence or row.holder is None:
        raise _lost(application, environment, row)


def _row(connection: Connection, application: str, environment: str) -> Row[Any] | None:
    return connection.execute(
        select(LOCKS).where(LOCKS.c.application == application, LOCKS.c.environment == environment).with_for_update()
    ).first()


def _insert_row(connection: Connection, application: str, environment: str) -> Row[Any]:
    try:
        with connection.begin_nested():
            connection.execute(
                insert(LOCKS).values(
                    application=application, environment=environment, fence=0, holder=None, since="", expires=0.0
                )
            )
    except IntegrityError:
        pass  # another process made the row first; it is locked and read below
    row = _row(connection, application, environment)
    assert row is not None
    return row


def _where(application: str, environment: str) -> Any:
    return update(LOCKS).where(LOCKS.c.application == application, LOCKS.c.environment == environment)


def _dead(holder: Holder, expires: float, now: float) -> bool:
    if holder.boot == boot():
        return not alive(holder.identity)
    if holder.machine and holder.machine == _machine() and _boot_id(holder.boot) != _boot_id(boot()):
        return True  # the same machine has booted since
    return expires < now


def _boot_id(text: str) -> str:
    return text.partition("/")[0]


def _machine() -> str:
    """What names this machine for good; empty (in most containers) when nothing does."""
    try:
        ident = Path("/etc/machine-id").read_text().strip()
    except OSError:
        return ""
    return f"{platform.node()}/{ident}" if ident and ident != "uninitialized" else ""


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return str(os.getuid())


def _next(application: str, environment: str, holder: Holder) -> str:
    return f"provision show {holder.run}" if holder.run else f"provision runs -e {environment}"


def _lost(application: str, environment: str, row: Row[Any] | None) -> FenceLost:
    fate = "released" if row is None or row.holder is None else f"taken by {load(Holder, row.holder)}"
    return FenceLost(
        f"the lock of {application} in {environment} is no longer ours: it was {fate}",
        hint="this run stopped recording; the other run decides now",
        next=f"provision runs -e {environment}",
    )
