"""What the workflow must be told of the project: what its steps may ask, whether it is new, what waits."""

from collections.abc import Callable, Iterable
from typing import Any

from provisioner.model import Unit
from provisioner.planner.workflow import differs
from provisioner.store import Store


class Around:
    """Asks the session at the moment of the question: its targets and secrets may be wired anew."""

    def __init__(self, environment: str, store: Store, aws: Callable[[str, str], Any], keep_secret: Callable[[str, str], None]) -> None:
        self._environment, self._store, self._aws, self._keep_secret = environment, store, aws, keep_secret

    def aws(self, service: str, target: str) -> Any:
        """A boto3 client that reaches a target. Raises Missing, ProvisionError."""
        return self._aws(service, target)

    def keep_secret(self, path: str, value: str) -> None:
        """Keep a value in the environment's secret backend. Raises ProvisionError."""
        self._keep_secret(path, value)

    def state_of(self, application: str) -> str:
        """The state of the newest run that delivered an application in this environment; empty without one."""
        found = self._store.runs.deliveries(application, self._environment)
        return next((run.state for run in found if run.state != "superseded"), "")


def is_fresh(store: Store, key: tuple[str, str], version: str, units: Iterable[Unit]) -> bool:
    """Whether the workflow, or the version, is new since the newest revision of (application, environment)."""
    revision = store.revisions.latest(*key)
    return differs(version, units, store.plans.get(revision.plan) if revision else None)


def waiting(store: Store, application: str, environment: str) -> int:
    """The number of the run that waits for a yes, or 0."""
    newest = store.runs.unfinished(application, environment)
    return newest.number if newest is not None and newest.state == "waiting" else 0
