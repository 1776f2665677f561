"""One engine for one store: opening, transactions, the schema's version. Knows no table of the model.

Every call of the store is one transaction. SQLite's writers begin IMMEDIATE, so that processes queue instead of failing.
"""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import StaticPool

from provisioner.store.failures import NO_SPACE, StoreError, explain, explain_os
from provisioner.store.migrations import upgrade
from provisioner.store.tables import HEAD, METADATA, VERSION_TABLE

MEMORY = URL.create("sqlite", database=":memory:")
"""A store that lives as long as it is open: where nothing was ever delivered, looking needs no file."""
BUSY_SECONDS = 30.0
"""How long a writer waits for another one; transactions take milliseconds."""
BETWEEN_SECONDS = 0.02

MIGRATION_KEY = 7_776_001
"""PostgreSQL advisory lock: one process at a time makes or changes the schema."""


def utc_now() -> str:
    """UTC, ISO 8601 with milliseconds; sorts as text."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def store_url(location: str | Path | URL) -> URL:
    """A SQLAlchemy URL from a file's path or a URL. Raises StoreError."""
    if isinstance(location, URL):
        return location
    if isinstance(location, Path) or "://" not in location:
        return URL.create("sqlite", database=str(Path(location).absolute()))
    try:
        url = make_url(location)
    except ArgumentError as error:
        raise StoreError(
            f"--store is no database address: {error}",
            code="PRV-6017",
            hint="write a path, or postgresql://USER@HOST/DATABASE",
        ) from error
    return url.set(drivername="postgresql+psycopg") if url.drivername in ("postgresql", "postgres") else url


class Database:
    """A pool of connections to one store. Thread-safe; not to be used after a fork."""

    def __init__(self, location: str | Path | URL) -> None:
        """Connect, and bring the schema up to date. Raises StoreError."""
        url = store_url(location)
        self.sqlite = url.get_backend_name() == "sqlite"
        self.place = url.database or "" if self.sqlite else url.render_as_string(hide_password=True)
        self._full: StoreError | None = None
        on_disk = self.sqlite and url != MEMORY
        if on_disk:
            _private_file(Path(self.place))
        fixed = on_disk and not _writable(Path(self.place))
        try:
            self._connect(url, fixed=fixed)
        except StoreError as error:
            log = _log(Path(self.place))
            if not on_disk or fixed or error.code != NO_SPACE or log.exists() and log.stat().st_size:
                raise
            # no space for SQLite's own files: who only looks needs none
            self._full = error
            self._connect(url, fixed=True)

    def _connect(self, url: URL, *, fixed: bool) -> None:
        """Open, to read and write or, `fixed`, to read only. Raises StoreError."""
        if fixed:
            url = _fixed_url(Path(self.place), full=self._full is not None)
        options: dict[str, Any] = (
            {"isolation_level": None, "timeout": BUSY_SECONDS, "check_same_thread": False} if self.sqlite else {}
        )
        pool: dict[str, Any] = {"poolclass": StaticPool} if url == MEMORY else {"pool_pre_ping": not self.sqlite}
        try:
            self._engine = create_engine(url, connect_args=options, **pool)
        except (NoSuchModuleError, ImportError, ArgumentError) as error:
            raise StoreError(
                f"{self.place}: no driver for this database: {error}",
                code="PRV-6017",
                hint="pip install 'provision[postgresql]'",
            ) from error
        if self.sqlite:
            event.listen(self._engine, "connect", _on_fixed_connect if fixed else _on_sqlite_connect)
            event.listen(self._engine, "begin", _on_sqlite_begin)
        try:
            self._open()
        except BaseException:
            self.close()
            raise

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads: one moment of the store. Raises StoreError."""
        with self._transaction(writes=False) as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that is kept when the block ends, and undone when it raises. Raises StoreError."""
        if self._full is not None:
            raise self._full
        with self._transaction(writes=True) as connection:
            yield connection

    def seconds(self, connection: Connection) -> float:
        """The store's clock: the one that all machines that share it agree on. Unix seconds."""
        if self.sqlite:
            return time.time()
        return float(connection.execute(text("SELECT extract(epoch FROM clock_timestamp())")).scalar_one())

    def close(self) -> None:
        """Let all connections go."""
        self._engine.dispose()

    @contextmanager
    def _transaction(self, writes: bool) -> Iterator[Connection]:
        try:
            with self._engine.connect() as connection:
                connection = connection.execution_options(writes=writes)
                with connection.begin():
                    yield connection
        except SQLAlchemyError as error:
            raise explain(error, self.place) from error

    def _open(self) -> None:
        with self.read() as connection:
            found = _version(connection)
        if found == HEAD:
            return
        if found is not None and found > HEAD:
            raise StoreError(
                f"{self.place}: written by a newer provision (schema {found}, this one knows {HEAD})",
                code="PRV-6015",
                hint="use that version, or a newer one; nothing was changed",
                next="provision version",
            )
        with self.write() as connection:
            if not self.sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_KEY})
            self._bring_up(connection)

    def _bring_up(self, connection: Connection) -> None:
        """Make or migrate the schema; asked again, because another process may have done it meanwhile."""
        found = _version(connection)
        if found is None:
            _refuse_foreign(connection, self.place)
            METADATA.create_all(connection)
            # as alembic itself would make it, so that fresh and migrated stores are the same
            key = f"CONSTRAINT {VERSION_TABLE}_pkc PRIMARY KEY (version_num)"
            connection.execute(text(f"CREATE TABLE {VERSION_TABLE} (version_num VARCHAR(32) NOT NULL, {key})"))
            connection.execute(text(f"INSERT INTO {VERSION_TABLE} VALUES (:head)"), {"head": HEAD})
        elif found != HEAD:
            upgrade(connection)


def _version(connection: Connection) -> str | None:
    """The schema's version, or None in an empty database."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    found: str | None = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()
    return found


def _refuse_foreign(connection: Connection, place: str) -> None:
    ours = set(METADATA.tables) & set(inspect(connection).get_table_names())
    if ours:
        raise StoreError(
            f"{place}: holds tables of something else ({', '.join(sorted(ours))})",
            code="PRV-6013",
            hint="name another file or database with --store",
        )


def _private_file(path: Path) -> None:
    """Only the owner may read the store: it is made before SQLite would, its -wal and -shm files take the same mode."""
    try:
        if not path.parent.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise explain_os(error, str(path)) from error


def _writable(path: Path) -> bool:
    """SQLite writes the file, and beside it."""
    return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)


def _fixed_url(path: Path, *, full: bool) -> URL:
    """The store as it is, only read. Where no log is beside it, or the disk is full, nobody writes it now: SQLite needs no file."""
    how = {"mode": "ro"} if _log(path).exists() and not full else {"mode": "ro", "immutable": "1"}
    return URL.create("sqlite", database=path.as_uri(), query={**how, "uri": "true"})


def _log(path: Path) -> Path:
    """Where SQLite keeps what was written and is not in the file yet; empty where a full disk let it go no further."""
    return path.with_name(path.name + "-wal")


def _on_fixed_connect(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA foreign_keys = ON")


def _on_sqlite_connect(connection: Any, _record: Any) -> None:
    # NORMAL in WAL mode survives kill -9 at any moment; a power cut may lose the last transactions, never the file
    connection.execute("PRAGMA foreign_keys = ON")
    end = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            break
        except sqlite3.OperationalError as error:
            # two that open a new store at once both want it alone for a moment: SQLite refuses one of them without waiting
            if not error.sqlite_errorname.startswith("SQLITE_BUSY") or time.monotonic() > end:
                raise
            time.sleep(BETWEEN_SECONDS)
    connection.execute("PRAGMA synchronous = NORMAL")


def _on_sqlite_begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
