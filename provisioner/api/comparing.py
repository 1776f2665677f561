"""The two sides of a `diff`: revisions, the file, or what is delivered in an environment. Reads through open sessions."""

from dataclasses import dataclass

from provisioner import spec
from provisioner.api.session import Session
from provisioner.compose.overriding import overridden
from provisioner.errors import ProvisionError
from provisioner.model import Unit
from provisioner.planner.differing import Difference, View, differences, of_components, of_units


@dataclass(frozen=True)
class Compared:
    """What differs between two sides, and what they are called."""

    sides: tuple[str, str]
    found: tuple[Difference, ...]


def revisions(session: Session, before: int, after: int) -> Compared:
    """Two revisions by number (0: the newest, -1: the one before it). Raises ProvisionError."""
    sides = [session.revision(number) for number in (before, after)]
    names = [f"{session.application.name}@{revision.number}" + (f" ({revision.version})" if revision.version else "") for revision, _ in sides]
    old, new = (of_units(plan.units) for _, plan in sides)
    return Compared((names[0], names[1]), differences(old, new))


def file_to_live(session: Session) -> Compared:
    """What is delivered against what app.yaml says. Raises Invalid, ProvisionError when nothing is delivered."""
    revision, plan = session.revision(0)
    found = differences(of_units(plan.units), of_units(session.wanted()))
    return Compared((f"{session.application.name}@{revision.number}", session.settings.file), found)


def environments(before: Session, after: Session) -> Compared:
    """What is asked for, and where, in two environments: what is delivered there, or what app.yaml says where nothing is."""
    (one, old), (other, new) = _delivered(before), _delivered(after)
    return Compared((one, other), differences(old, new))


def _delivered(session: Session) -> tuple[str, View]:
    name, application = session.environment.name, session.application
    try:
        revision, plan = session.revision(0)
    except ProvisionError:
        units: tuple[Unit, ...] = session.wanted()
        label = f"{session.settings.file} in {name}"
    else:
        application = spec.of_text(revision.spec, f"revision {revision.number}", application.folder)[0]
        units = plan.units
        label = f"{application.name}@{revision.number} in {name}"
    components = [overridden(one, application.name, session.environment.override) for one in application.components]
    return label, of_components(components, units, application.version)
