"""The only memory: plans, runs, events, delivered units, revisions, locks. SQLite by default, PostgreSQL by URL.

A thin facade: each part is a small class over one `Database`. Secret values never come here, only references to them.
"""

from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import URL, func, select, union

from provisioner.store.database import MEMORY, Database
from provisioner.store.delivered import DeliveredUnits, HostRecord
from provisioner.store.drift import Drift
from provisioner.store.events import Events
from provisioner.store.failures import StoreError, is_full
from provisioner.store.locks import FenceLost, Holder, Lock, LockHeld, Locks, holder_here
from provisioner.store.plans import Plans
from provisioner.store.revisions import Revision, Revisions
from provisioner.store.runs import IllegalMove, NoSuchRun, Run, Runs, StepRow
from provisioner.store.tables import DELIVERED, RUNS

__all__ = [
    "ApplicationRow",
    "FenceLost",
    "Holder",
    "HostRecord",
    "IllegalMove",
    "Lock",
    "LockHeld",
    "NoSuchRun",
    "Revision",
    "Run",
    "StepRow",
    "Store",
    "StoreError",
    "holder_here",
    "is_full",
]


@dataclass(frozen=True)
class ApplicationRow:
    """One application in one environment: last run, newest revision's number (0: none), how many units are out there."""

    application: str
    environment: str
    last_run: Run | None
    revision: int
    units: int


class Store:
    """One store, open. Thread-safe; every call is one transaction. Close it, or use it as a context manager."""

    def __init__(self, location: str | Path | URL) -> None:
        """Open a store, making or migrating it where needed: a file's path, or a SQLAlchemy URL. Raises StoreError."""
        self._database = Database(location)
        self.place = self._database.place
        self.plans = Plans(self._database)
        self.runs = Runs(self._database)
        self.events = Events(self._database)
        self.delivered = DeliveredUnits(self._database)
        self.revisions = Revisions(self._database)
        self.drift = Drift(self._database)
        self.lock = Locks(self._database)

    @classmethod
    def of_project(cls, folder: Path) -> Self:
        """The default store of a project: `store.db` in its `.provision` folder."""
        return cls(folder / "store.db")

    @classmethod
    def empty(cls) -> Self:
        """A store where nothing was ever delivered; it is gone when it is closed."""
        return cls(MEMORY)

    def applications(self) -> list[ApplicationRow]:
        """Every application and environment that has a run or a unit."""
        known = union(
            select(RUNS.c.application, RUNS.c.environment), select(DELIVERED.c.application, DELIVERED.c.environment)
        )
        counts = select(DELIVERED.c.application, DELIVERED.c.environment, func.count().label("units")).group_by(
            DELIVERED.c.application, DELIVERED.c.environment
        )
        with self._database.read() as connection:
            names = sorted((row.application, row.environment) for row in connection.execute(known))
            units = {(row.application, row.environment): int(row.units) for row in connection.execute(counts)}
        return [self._application(*name, units.get(name, 0)) for name in names]

    def close(self) -> None:
        """Let the connections go."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _application(self, application: str, environment: str, units: int) -> ApplicationRow:
        last = next(iter(self.runs.list(application, environment, limit=1)), None)
        revision = self.revisions.latest(application, environment)
        return ApplicationRow(application, environment, last, revision.number if revision else 0, units)
