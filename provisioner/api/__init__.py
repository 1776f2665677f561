"""The only place that wires things together. Doors (cli, later a server) use this and nothing below it but values."""

from provisioner.api.acting import Wish
from provisioner.api.drifting import unaccept
from provisioner.api.ejecting import Folder
from provisioner.api.opening import STDIN, open_store
from provisioner.api.session import Session
from provisioner.api.values import Confirm, Drift, Outcome, Settings, Status, StatusRow, Tell
from provisioner.runner.journal import Listen

__all__ = [
    "STDIN",
    "Confirm",
    "Drift",
    "Folder",
    "Listen",
    "Outcome",
    "Session",
    "Settings",
    "Status",
    "StatusRow",
    "Tell",
    "Wish",
    "open_session",
    "open_store",
    "unaccept",
]


def open_session(settings: Settings, tell: Tell) -> Session:
    """The project that the settings name, read and opened. Raises Invalid, Missing, ProvisionError, StoreError."""
    return Session(settings, tell)
