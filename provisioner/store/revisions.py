"""What successful runs delivered, numbered from 1 in each application and environment, never changed."""

from dataclasses import dataclass, field, replace

from sqlalchemy import func, insert, select

from provisioner.codec import dump, load
from provisioner.model import Json
from provisioner.store.database import Database, utc_now
from provisioner.store.tables import REVISIONS


@dataclass(frozen=True)
class Revision:
    """One delivered state: the spec's text, definitions used (name to "VERSION ORIGIN"), inputs, digests of sources and artefacts by unit."""

    number: int
    plan: str
    run: int
    version: str
    digest: str
    time: str
    spec: str
    definitions: dict[str, str] = field(default_factory=dict)
    inputs: dict[str, Json] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    artifacts: dict[str, Json] = field(default_factory=dict)


class Revisions:
    """The revisions of one store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, application: str, environment: str, revision: Revision) -> int:
        """Record what a run delivered, now; the new revision's number."""
        revision = replace(revision, time=utc_now())
        newest = select(func.coalesce(func.max(REVISIONS.c.number), 0)).where(
            REVISIONS.c.application == application, REVISIONS.c.environment == environment
        )
        with self._database.write() as connection:
            number = int(connection.execute(newest).scalar_one()) + 1
            connection.execute(
                insert(REVISIONS).values(
                    application=application,
                    environment=environment,
                    number=number,
                    plan=revision.plan,
                    run=revision.run,
                    version=revision.version,
                    digest=revision.digest,
                    time=revision.time,
                    body=dump(replace(revision, number=number)),
                )
            )
        return number

    def list(self, application: str, environment: str, limit: int = 50) -> list[Revision]:
        """Revisions, newest first."""
        query = (
            select(REVISIONS.c.body)
            .where(REVISIONS.c.application == application, REVISIONS.c.environment == environment)
            .order_by(REVISIONS.c.number.desc())
            .limit(limit)
        )
        with self._database.read() as connection:
            return [load(Revision, row.body) for row in connection.execute(query)]

    def get(self, application: str, environment: str, number: int) -> Revision | None:
        """The revision with this number."""
        query = select(REVISIONS.c.body).where(
            REVISIONS.c.application == application, REVISIONS.c.environment == environment, REVISIONS.c.number == number
        )
        with self._database.read() as connection:
            body = connection.execute(query).scalar()
        return None if body is None else load(Revision, body)

    def latest(self, application: str, environment: str) -> Revision | None:
        """The newest revision."""
        return next(iter(self.list(application, environment, limit=1)), None)
