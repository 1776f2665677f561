"""What successful runs delivered, numbered from 1 in each application and environment, never changed."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from sqlalchemy import func, insert, select

from provisioner.codec import dump, load
from provisioner.model import Json
from provisioner.store.database import Database, utc_now
from provisioner.store.tables import REVISIONS


@dataclass(frozen=True)
class Revision:
    """One delivered state: the spec's text, definitions used (name to "VERSION ORIGIN"), inputs, artefact digests."""

    number: int
    plan: str
    run: int
    version: str
    digest: str
    time: str
    spec: str
    definitions: dict[str, str] = field(default_factory=dict)
    inputs: dict[str, Json] = field(default_factory=dict)


class Revisions:
    """The revisions of one store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self,
        application: str,
        environment: str,
        *,
        plan: str,
        run: int,
        version: str,
        spec: str,
        definitions: Mapping[str, str],
        digest: str,
        inputs: Mapping[str, Json] | None = None,
    ) -> int:
        """Record what a run delivered; the new revision's number."""
        revision = Revision(0, plan, run, version, digest, utc_now(), spec, dict(definitions), dict(inputs or {}))
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
                    plan=plan,
                    run=run,
                    version=version,
                    digest=digest,
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
