"""What is, or may be, out there: one row per unit, and one per unit and host with the digest that was delivered to it.

A row is written as *intended* before a step starts, so that what failed half-way is still known and can be removed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, delete, insert, select, update

from provisioner.codec import dump, load
from provisioner.model import Delivered, Host, Json, Unit
from provisioner.store.database import Database, utc_now
from provisioner.store.locks import require_fence
from provisioner.store.tables import DELIVERED, DELIVERED_HOSTS


@dataclass(frozen=True)
class HostRecord:
    """What was last delivered of a unit to one host. `host` is its identity `target/name`."""

    host: str
    digest: str
    run: int
    time: str


class DeliveredUnits:
    """The delivered units of one store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def intend(self, application: str, environment: str, unit: Unit, run: int, *, fence: int = 0) -> None:
        """Record before a step starts that this unit may be changed. Outputs and hosts stay as last delivered; what was
        delivered before is kept as `previous` until `deliver`. As all that follow: raises FenceLost when a fence given no longer holds."""
        with self._database.write() as connection:
            require_fence(connection, application, environment, fence)
            old, previous = _read(connection, application, environment, unit.name)
            if old is not None and old.state == "delivered":
                previous = old
            kept = previous or old
            row = Delivered(unit, "intended", kept.outputs if kept else {}, kept.hosts if kept else (), run, utc_now())
            _store(connection, application, environment, row, previous)

    def deliver(
        self,
        application: str,
        environment: str,
        unit: Unit,
        outputs: Mapping[str, Json],
        hosts: Iterable[Host],
        run: int,
        *,
        fence: int = 0,
    ) -> None:
        """Record that a unit is out there as planned. `outputs` are templates: only `${secret.…}` is left in them."""
        row = Delivered(unit, "delivered", dict(outputs), tuple(hosts), run, utc_now())
        with self._database.write() as connection:
            require_fence(connection, application, environment, fence)
            _store(connection, application, environment, row, None)

    def forget(self, application: str, environment: str, unit: str, *, fence: int = 0) -> None:
        """Record that a unit is gone, from all its hosts."""
        with self._database.write() as connection:
            require_fence(connection, application, environment, fence)
            for table in (DELIVERED_HOSTS, DELIVERED):
                connection.execute(delete(table).where(*_key(table, application, environment, unit)))

    def get(self, application: str, environment: str, unit: str) -> Delivered | None:
        """One unit, or None when it was never begun or is gone."""
        with self._database.read() as connection:
            return _read(connection, application, environment, unit)[0]

    def previous(self, application: str, environment: str, unit: str) -> Delivered | None:
        """What was delivered before an intended change that has not succeeded; None when nothing was."""
        with self._database.read() as connection:
            return _read(connection, application, environment, unit)[1]

    def all(self, application: str, environment: str) -> dict[str, Delivered]:
        """All units, by name in alphabetical order."""
        query = (
            select(DELIVERED.c.unit, DELIVERED.c.body)
            .where(*_key(DELIVERED, application, environment))
            .order_by(DELIVERED.c.unit)
        )
        with self._database.read() as connection:
            return {row.unit: load(Delivered, row.body) for row in connection.execute(query)}

    def settled(self, application: str, environment: str) -> dict[str, Unit]:
        """Units as they were last delivered in full, by name: a change that has been begun and has not succeeded does not count."""
        query = select(DELIVERED.c.unit, DELIVERED.c.state, DELIVERED.c.body, DELIVERED.c.previous).where(*_key(DELIVERED, application, environment))
        with self._database.read() as connection:
            rows = [(row.unit, row.body if row.state == "delivered" else row.previous) for row in connection.execute(query)]
        return {name: load(Delivered, body).unit for name, body in rows if body}

    def elsewhere(self, environment: str, application: str, component: str) -> dict[str, list[Delivered]]:
        """The units of a component's name that other applications have in an environment, by application."""
        query = select(DELIVERED.c.application, DELIVERED.c.body).where(
            DELIVERED.c.environment == environment, DELIVERED.c.application != application,
            DELIVERED.c.unit.startswith(f"{component}@", autoescape=True)
        ).order_by(DELIVERED.c.application, DELIVERED.c.unit)
        found: dict[str, list[Delivered]] = {}
        with self._database.read() as connection:
            for row in connection.execute(query):
                found.setdefault(row.application, []).append(load(Delivered, row.body))
        return found

    def host_done(self, application: str, environment: str, unit: str, host: str, digest: str, run: int) -> None:
        """Record what one host has now. The unit must be intended or delivered."""
        values = {"digest": digest, "run": run, "time": utc_now()}
        key = {"application": application, "environment": environment, "unit": unit, "host": host}
        with self._database.write() as connection:
            _upsert(connection, DELIVERED_HOSTS, key, values)

    def hosts_of(self, application: str, environment: str, unit: str) -> dict[str, HostRecord]:
        """The hosts that have something of a unit, by identity."""
        query = (
            select(DELIVERED_HOSTS)
            .where(*_key(DELIVERED_HOSTS, application, environment, unit))
            .order_by(DELIVERED_HOSTS.c.host)
        )
        with self._database.read() as connection:
            return {row.host: HostRecord(row.host, row.digest, row.run, row.time) for row in connection.execute(query)}

    def forget_host(self, application: str, environment: str, host: str, unit: str = "", *, fence: int = 0) -> None:
        """Record that a host has nothing of a unit (of any unit when none is named): removed, replaced or gone."""
        key = _key(DELIVERED_HOSTS, application, environment, unit)
        bodies = select(DELIVERED.c.body).where(*_key(DELIVERED, application, environment, unit))
        with self._database.write() as connection:
            require_fence(connection, application, environment, fence)
            connection.execute(delete(DELIVERED_HOSTS).where(*key, DELIVERED_HOSTS.c.host == host))
            for row in connection.execute(bodies).all():
                entry = load(Delivered, row.body)
                stay = tuple(each for each in entry.unit.hosts if f"{each.target}/{each.name}" != host)
                if stay != entry.unit.hosts:
                    left = replace(entry, unit=replace(entry.unit, hosts=stay))
                    connection.execute(update(DELIVERED).where(*_key(DELIVERED, application, environment, entry.unit.name)).values(body=dump(left)))


def _key(table: Table, application: str, environment: str, unit: str = "") -> list[ColumnElement[bool]]:
    found = [table.c.application == application, table.c.environment == environment]
    return [*found, table.c.unit == unit] if unit else found


def _read(
    connection: Connection, application: str, environment: str, unit: str
) -> tuple[Delivered | None, Delivered | None]:
    """The row's value and the one before it."""
    row = connection.execute(
        select(DELIVERED.c.body, DELIVERED.c.previous).where(*_key(DELIVERED, application, environment, unit))
    ).first()
    if row is None:
        return None, None
    return load(Delivered, row.body), load(Delivered, row.previous) if row.previous else None


def _store(
    connection: Connection, application: str, environment: str, row: Delivered, previous: Delivered | None
) -> None:
    key = {"application": application, "environment": environment, "unit": row.unit.name}
    values = {"state": row.state, "body": dump(row), "previous": dump(previous) if previous else None}
    _upsert(connection, DELIVERED, key, values)


def _upsert(connection: Connection, table: Table, key: Mapping[str, str], values: Mapping[str, Any]) -> None:
    """Update the row or make it; one writer per application and environment (its lock), so nothing comes between."""
    where = [table.c[name] == value for name, value in key.items()]
    if not connection.execute(update(table).where(*where).values(**values)).rowcount:
        connection.execute(insert(table).values(**key, **values))
