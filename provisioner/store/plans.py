"""Saved plans: whole, and never changed but for the folder where they are carried out."""

from sqlalchemy import insert, select, update

from provisioner.codec import dump, load
from provisioner.model import Plan
from provisioner.store.database import Database, utc_now
from provisioner.store.tables import PLANS


class Plans:
    """The plans of one store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, plan: Plan) -> None:
        """Keep a plan; one that is there already only gets another work folder. Raises StoreError when it is another plan of that id."""
        with self._database.write() as connection:
            there = connection.execute(update(PLANS).where(PLANS.c.id == plan.id, PLANS.c.digest == plan.digest).values(body=dump(plan)))
            if there.rowcount:
                return
            connection.execute(
                insert(PLANS).values(
                    id=plan.id,
                    application=plan.application,
                    environment=plan.environment,
                    digest=plan.digest,
                    created=plan.created or utc_now(),
                    body=dump(plan),
                )
            )

    def get(self, plan_id: str) -> Plan | None:
        """The plan with this id."""
        with self._database.read() as connection:
            body = connection.execute(select(PLANS.c.body).where(PLANS.c.id == plan_id)).scalar()
        return None if body is None else load(Plan, body)

    def latest(self, application: str, environment: str) -> Plan | None:
        """The newest plan of an application in an environment."""
        query = (
            select(PLANS.c.body)
            .where(PLANS.c.application == application, PLANS.c.environment == environment)
            .order_by(PLANS.c.created.desc(), PLANS.c.id.desc())
            .limit(1)
        )
        with self._database.read() as connection:
            body = connection.execute(query).scalar()
        return None if body is None else load(Plan, body)
