"""What people said of drift, and when it was last looked for: rows by application and environment."""

from collections.abc import Iterable

from sqlalchemy import delete, insert, select

from provisioner.model import Acceptance
from provisioner.store.database import Database, utc_now
from provisioner.store.tables import ACCEPTED_DRIFT, DRIFT_CHECKS


class Drift:
    """The accepted differences and the checks of one store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def accepted(self, application: str, environment: str) -> dict[str, Acceptance]:
        """By path, in alphabetical order."""
        of = (ACCEPTED_DRIFT.c.application == application, ACCEPTED_DRIFT.c.environment == environment)
        with self._database.read() as connection:
            rows = connection.execute(select(ACCEPTED_DRIFT).where(*of).order_by(ACCEPTED_DRIFT.c.path))
            return {row.path: Acceptance(row.path, row.digest, row.who, row.why, row.time) for row in rows}

    def accept(self, application: str, environment: str, given: Iterable[Acceptance]) -> None:
        """Record these; what was said before of the same paths is replaced."""
        with self._database.write() as connection:
            for one in given:
                key = {"application": application, "environment": environment, "path": one.path}
                connection.execute(delete(ACCEPTED_DRIFT).where(*(ACCEPTED_DRIFT.c[name] == value for name, value in key.items())))
                connection.execute(insert(ACCEPTED_DRIFT).values(**key, digest=one.digest, who=one.who, why=one.why, time=one.time or utc_now()))

    def unaccept(self, application: str, environment: str, paths: Iterable[str]) -> None:
        """Forget what was said of these paths."""
        of = (ACCEPTED_DRIFT.c.application == application, ACCEPTED_DRIFT.c.environment == environment)
        with self._database.write() as connection:
            connection.execute(delete(ACCEPTED_DRIFT).where(*of, ACCEPTED_DRIFT.c.path.in_(list(paths))))

    def checked(self, application: str, environment: str, found: int, exit_code: int) -> None:
        """Record a look: how many differences it found, and how it ended."""
        key = {"application": application, "environment": environment}
        with self._database.write() as connection:
            connection.execute(delete(DRIFT_CHECKS).where(*(DRIFT_CHECKS.c[name] == value for name, value in key.items())))
            connection.execute(insert(DRIFT_CHECKS).values(**key, time=utc_now(), found=found, exit_code=exit_code))

    def last_check(self, application: str, environment: str) -> str:
        """When it was last looked for (UTC, ISO 8601), or nothing."""
        query = select(DRIFT_CHECKS.c.time).where(DRIFT_CHECKS.c.application == application, DRIFT_CHECKS.c.environment == environment)
        with self._database.read() as connection:
            return str(connection.execute(query).scalar() or "")
