"""What people accepted of drift: it stays, by its path, until it is taken back. Pure."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace

from provisioner.model import Acceptance, Once, Step, Unit
from provisioner.planner.drift import differences

INSIDE = re.compile(r"((?:[^/\[]|\[[^\]]*\])+)/(.+)", re.DOTALL)
"""Place and what of it, in a path without its unit; keys in brackets may hold a slash."""
INDEX = re.compile(r"\[[^\]]*\]")


def accepting(unit: Unit, accepted: Iterable[str]) -> Unit:
    """The unit with what was accepted of it, by paths UNIT/PLACE/WHAT, left alone. A resource as a whole can't be."""
    own = [path.removeprefix(f"{unit.name}/") for path in accepted if path.startswith(f"{unit.name}/")]
    found = tuple(_once(unit, match[1], match[2]) for path in own if (match := INSIDE.fullmatch(path)))
    return replace(unit, ignore=(*unit.ignore, *found)) if found else unit


def _once(unit: Unit, place: str, what: str) -> Once:
    if unit.engine != "terraform":
        return Once((f"/{what}",), places=(place,))
    # an item of a list may be one of a set, which Terraform does not look into
    steps = what.split(".")
    number = next((at for at, step in enumerate(steps) if step.isdigit()), len(steps))
    return Once((".".join(steps[:number]),), places=(".".join(INDEX.sub("", place).split(".")[-2:]),))


def notes(units: Collection[str], steps: Iterable[Step], accepted: Mapping[str, Acceptance]) -> Iterator[str]:
    """What a plan says of the accepted differences of its units: they stay, or can't."""
    undone = {one.path for one in differences(steps)} if accepted else set()
    for path, given in accepted.items():
        if path.partition("/")[0] not in units:
            continue
        if path in undone:
            yield f"{path} was accepted ({given.why}), but is part of what is done here: it is put back"
        else:
            yield f"{path} stays as it is: accepted by {given.who} ({given.why}), provision drift --unaccept takes that back"
