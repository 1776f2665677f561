"""The tables, in the words of the model. Only their shape: no query is written here.

Whole values are JSON text made by `codec`; columns exist for what is searched or ordered. HEAD names the newest schema.
"""

from sqlalchemy import (
    Boolean,
    Column,
    Dialect,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
)

HEAD = "0003"
"""The schema that this version reads and writes; a test compares it with the migrations."""

VERSION_TABLE = "alembic_version"


class AnyText(TypeDecorator[str]):
    """Text as tools print it: what a database would refuse (NUL, lone surrogates) is made visible."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return value if value is None else value.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        return value


NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
METADATA = MetaData(naming_convention=NAMES)

PLANS = Table(
    "plans",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("application", String(253), nullable=False),
    Column("environment", String(253), nullable=False),
    Column("digest", String(128), nullable=False),
    Column("created", String(32), nullable=False),
    Column("body", Text, nullable=False),
    Index(None, "application", "environment", "created"),
)

RUNS = Table(
    "runs",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("plan", String(64), ForeignKey(PLANS.c.id), nullable=False),
    Column("application", String(253), nullable=False),
    Column("environment", String(253), nullable=False),
    Column("version", AnyText, nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("who", AnyText, nullable=False),
    Column("reason", AnyText, nullable=False),
    Column("info", Text, nullable=False),
    Column("started", String(32), nullable=False),
    Column("ended", String(32), nullable=False),
    Column("exit_code", Integer),
    Column("message", AnyText, nullable=False),
    Column("fence", Integer, nullable=False),
    Column("events", Integer, nullable=False),
    Index(None, "application", "environment", "number"),
    sqlite_autoincrement=True,
)

STEPS = Table(
    "steps",
    METADATA,
    Column("run", Integer, ForeignKey(RUNS.c.number), primary_key=True),
    Column("name", String(512), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("started", String(32), nullable=False),
    Column("ended", String(32), nullable=False),
    Column("message", AnyText, nullable=False),
    Column("changed", Boolean, nullable=False),
    Column("result", Text, nullable=False),
)

EVENTS = Table(
    "events",
    METADATA,
    Column("run", Integer, ForeignKey(RUNS.c.number), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("time", String(32), nullable=False),
    Column("kind", String(64), nullable=False),
    Column("step", String(512), nullable=False),
    Column("host", String(512), nullable=False),
    Column("message", AnyText, nullable=False),
    Column("data", Text, nullable=False),
    Index(None, "run", "step", "seq"),
)

LOCKS = Table(
    "locks",
    METADATA,
    Column("application", String(253), primary_key=True),
    Column("environment", String(253), primary_key=True),
    Column("fence", Integer, nullable=False),
    Column("holder", Text),
    Column("since", String(32), nullable=False),
    Column("expires", Float, nullable=False),
)

DELIVERED = Table(
    "delivered",
    METADATA,
    Column("application", String(253), primary_key=True),
    Column("environment", String(253), primary_key=True),
    Column("unit", String(512), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("body", Text, nullable=False),
    Column("previous", Text),
)

DELIVERED_HOSTS = Table(
    "delivered_hosts",
    METADATA,
    Column("application", String(253), primary_key=True),
    Column("environment", String(253), primary_key=True),
    Column("unit", String(512), primary_key=True),
    Column("host", String(512), primary_key=True),
    Column("digest", String(128), nullable=False),
    Column("run", Integer, nullable=False),
    Column("time", String(32), nullable=False),
    ForeignKeyConstraint(
        ["application", "environment", "unit"],
        ["delivered.application", "delivered.environment", "delivered.unit"],
        ondelete="CASCADE",
    ),
)

REVISIONS = Table(
    "revisions",
    METADATA,
    Column("application", String(253), primary_key=True),
    Column("environment", String(253), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("plan", String(64), nullable=False),
    Column("run", Integer, nullable=False),
    Column("version", AnyText, nullable=False),
    Column("digest", String(128), nullable=False),
    Column("time", String(32), nullable=False),
    Column("body", Text, nullable=False),
)

ACCEPTED_DRIFT = Table(
    "accepted_drift",
    METADATA,
    Column("application", String(253), primary_key=True),
    Column("environment", String(253), primary_key=True),
    Column("path", String(2048), primary_key=True),
    Column("digest", String(128), nullable=False),
    Column("who", AnyText, nullable=False),
    Column("why", AnyText, nullable=False),
    Column("time", String(32), nullable=False),
)

DRIFT_CHECKS = Table(
    "drift_checks",
    METADATA,
    Column("application", String(253), primary_key=True),
    Column("environment", String(253), primary_key=True),
    Column("time", String(32), nullable=False),
    Column("found", Integer, nullable=False),
    Column("exit_code", Integer, nullable=False),
)
