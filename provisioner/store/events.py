"""The journal of events: appended in order, numbered from 1 in each run, never changed."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row, Select, insert, select, update

from provisioner.codec import dump, load
from provisioner.model import Event
from provisioner.store.database import Database, utc_now
from provisioner.store.runs import NoSuchRun
from provisioner.store.tables import EVENTS, RUNS


class Events:
    """The events of all runs of one store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(self, run: int, event: Event) -> int:
        """Add one event; its number in the run. Raises NoSuchRun."""
        return self.append_all(run, [event])

    def append_all(self, run: int, events: Iterable[Event]) -> int:
        """Add events in one transaction; the number of the last one. Raises NoSuchRun."""
        batch = list(events)
        with self._database.write() as connection:
            # the counter lives in the run's row: one statement numbers the events and keeps other writers out
            last = connection.execute(
                update(RUNS)
                .where(RUNS.c.number == run)
                .values(events=RUNS.c.events + len(batch))
                .returning(RUNS.c.events)
            ).scalar()
            if last is None:
                raise NoSuchRun(f"there is no run {run}", next="provision runs")
            if batch:
                connection.execute(
                    insert(EVENTS),
                    [
                        {
                            "run": run,
                            "seq": seq,
                            "time": event.time or utc_now(),
                            "kind": event.kind,
                            "step": event.step,
                            "host": event.host,
                            "message": event.message,
                            "data": dump(event.data),
                        }
                        for seq, event in enumerate(batch, last - len(batch) + 1)
                    ],
                )
        return int(last)

    def read(
        self, run: int, after: int = 0, step: str | None = None, kind: str | None = None, limit: int | None = None
    ) -> list[tuple[int, Event]]:
        """Events with a number above `after`, oldest first."""
        query = _filtered(run, step, kind).where(EVENTS.c.seq > after).order_by(EVENTS.c.seq).limit(limit)
        return self._fetch(query)

    def tail(self, run: int, count: int, step: str | None = None, kind: str | None = None) -> list[tuple[int, Event]]:
        """The last `count` events, oldest first."""
        return self._fetch(_filtered(run, step, kind).order_by(EVENTS.c.seq.desc()).limit(count))[::-1]

    def _fetch(self, query: Select[Any]) -> list[tuple[int, Event]]:
        with self._database.read() as connection:
            return [(row.seq, _event(row)) for row in connection.execute(query)]


def _filtered(run: int, step: str | None, kind: str | None) -> Select[Any]:
    query = select(EVENTS).where(EVENTS.c.run == run)
    if step is not None:
        query = query.where(EVENTS.c.step == step)
    if kind is not None:
        query = query.where(EVENTS.c.kind == kind)
    return query


def _event(row: Row[Any]) -> Event:
    return Event(row.kind, row.step, row.message, row.host, load(dict[str, Any], row.data), row.time)
