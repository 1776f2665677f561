"""The two sides of a `diff`: revisions, the file, what is delivered in an environment, or what is there. Looks through open sessions."""

from dataclasses import dataclass, replace

from provisioner import spec
from provisioner.api import drifting
from provisioner.api.session import Session
from provisioner.compose.overriding import overridden
from provisioner.errors import ProvisionError
from provisioner.model import Plan, Unit
from provisioner.planner.differing import Difference, View, as_pulled, differences, of_components, of_units
from provisioner.planner.drift import Findings


@dataclass(frozen=True)
class Live:
    """How what is there differs from what app.yaml says: in each difference `declared` is the file's side."""

    plan: Plan
    """What apply would do."""
    found: Findings
    units: int
    """How many were looked at."""


@dataclass(frozen=True)
class Compared:
    """What differs between two sides, and what they are called."""

    sides: tuple[str, str]
    found: tuple[Difference, ...]
    live: Live | None = None
    """Where the engines were asked, too."""


def revisions(session: Session, before: int, after: int) -> Compared:
    """Two revisions by number (0: the newest, -1: the one before it). Raises ProvisionError."""
    sides = [session.revision(number) for number in (before, after)]
    names = [f"{session.application.name}@{revision.number}" + (f" ({revision.version})" if revision.version else "") for revision, _ in sides]
    old, new = (of_units(_asked(plan)) for _, plan in sides)
    return Compared((names[0], names[1]), differences(old, new))


def _asked(plan: Plan) -> tuple[Unit, ...]:
    """The units of a plan, and the steps of its workflow."""
    return tuple(step.unit for step in plan.steps if step.kind in ("deliver", "workflow"))


def file_to_delivered(session: Session) -> Compared:
    """What is delivered against what app.yaml says. Raises Invalid, ProvisionError when nothing is delivered."""
    revision, plan = session.revision(0)
    then = _asked(plan)
    found = differences(of_units(then), of_units(as_pulled(session.wanted(), then)))
    return Compared((f"{session.application.name}@{revision.number}", session.settings.file), found)


def file_to_live(session: Session) -> Compared:
    """The same, and how what is there differs from what app.yaml says: both engines are asked. Raises Invalid, Missing, ProvisionError."""
    try:
        compared = file_to_delivered(session)
    except ProvisionError as error:
        if error.code != "PRV-6201" or session.delivered:
            raise
        compared = Compared(("nothing delivered", session.settings.file), differences({}, of_units(session.wanted())))
    plan = session.look()
    session.discard(plan)
    found = drifting.found_in(session.store, plan, session.environment)
    units = {unit.name for unit in plan.units}
    # a step of the workflow does something, and is nothing that is there
    seen = replace(found, unseen=tuple((name, why) for name, why in found.unseen if name.partition("/")[0] in units))
    return replace(compared, live=Live(plan, seen, len(units)))


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
