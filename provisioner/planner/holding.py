"""What is left as it is although it differs: by apply-once, read-only, or because somebody accepted it. Pure.

Terraform ignores paths by itself, hosts are judged here."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase

from provisioner.engine import Planned
from provisioner.model import Change, Delivered, Once, Unit
from provisioner.planner.accepting import accepting

EVERYTHING = (Once(),)
FOLLOWS = ("restart ", "reload ", "daemon-reload")
"""How tasks begin that follow from a changed file."""


def held(units: Mapping[str, Unit], delivered: Mapping[str, Delivered], accepted: Collection[str] = ()) -> dict[str, Unit]:
    """The units with what is ignored in this plan; one that is read-only is wanted as it was delivered. `accepted`: paths of drift."""
    return {name: _held(unit, delivered.get(name), units, accepted) for name, unit in units.items()}


def _held(unit: Unit, entry: Delivered | None, units: Mapping[str, Unit], accepted: Collection[str]) -> Unit:
    # a unit as it was delivered says what was ignored then
    unit = replace(unit, ignore=()) if unit.ignore else unit
    if entry is None or entry.state != "delivered":
        return unit
    if unit.handling.read_only:
        needs = tuple(need for need in entry.unit.needs if need in units)
        explicit = tuple(need for need in entry.unit.explicit_needs if need in units)
        return replace(entry.unit, handling=unit.handling, where=unit.where, ignore=EVERYTHING, needs=needs, explicit_needs=explicit)
    if unit.handling.once:
        stage = "onUpdate" if edited(unit, entry) else "onStateKeep"
        unit = replace(unit, ignore=tuple(once for once in unit.handling.once if once.affect in ("always", stage)))
    return accepting(unit, accepted) if accepted else unit


def edited(unit: Unit, entry: Delivered) -> bool:
    """Whether the documents want something else than was delivered. Inputs that were filled are compared where both sides hold a plain value."""
    mine, theirs = unit.inputs, entry.unit.inputs
    return unit.source_digest != entry.unit.source_digest or any(
        mine.get(name) != theirs.get(name) and "${" not in str(mine.get(name)) for name in {*mine, *theirs})


def held_on_hosts(unit: Unit, answer: Planned) -> Planned:
    """The answer of a unit on hosts without changes that are ignored: all of them, or none, since its playbook does all in one go."""
    if unit.engine != "ansible" or not unit.ignore or not answer.changes:
        return answer
    if all(once.paths for once in unit.ignore) and not all(_covered(change, _paths(unit, change.address)) for change in answer.changes):
        return answer
    return replace(answer, changes=(), unpreviewed="")


def _paths(unit: Unit, host: str) -> list[str]:
    return [path for once in unit.ignore if not once.places or host in once.places for path in once.paths]


def _covered(change: Change, paths: list[str]) -> bool:
    """Whether nothing differs on a host but these files and tasks; a restart that follows from a file counts with it."""
    files = [diff.path for diff in change.files]
    tasks = [task for task in change.tasks if not any(path in task for path in files) and not (files and task.startswith(FOLLOWS))]
    return bool(files or tasks) and all(any(fnmatchcase(name, path) for path in paths) for name in [*files, *tasks])


def notes(units: Mapping[str, Unit], changed: Mapping[str, bool]) -> Iterator[str]:
    """What a plan says of it. `changed`: units of which a change on hosts was left out."""
    for name, unit in units.items():
        if unit.handling.read_only:
            yield f"{name} is only looked at: read-only"
        elif said := [once for once in unit.ignore if not once.places and (unit.engine == "terraform" or changed.get(name))]:
            paths = ", ".join(dict.fromkeys(path for once in said for path in once.paths))
            yield f"{name}: changes of {paths or 'anything'} are ignored (apply-once)"
