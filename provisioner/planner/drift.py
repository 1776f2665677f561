"""Drift: what the world changed behind our back, from a plan whose spec is what was delivered. Pure.

Every difference has a path, by which it is ignored, accepted and told apart: UNIT/RESOURCE/ATTRIBUTE or UNIT/HOST/FILE.
"""

import hashlib
import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

from provisioner.model import Acceptance, Change, Delivered, Json, Plan, Step, Unit
from provisioner.planner.fingerprint import digest

UNSEEN = "could not be looked at"
"""How the reason of a change begins when nobody could look at its host."""
CONSEQUENCES = ("restart ", "reload ", "daemon-reload")
"""Tasks that only follow from a file that differs."""
LATER = "(known after apply)"


@dataclass(frozen=True)
class Difference:
    """One thing that is not as it was delivered. `declared` or `found` is None where there is no such thing."""

    path: str
    unit: str
    engine: str
    place: str
    """Resource address without our module, or host name."""
    what: str
    """Attribute, file or task; empty: the whole resource."""
    declared: Json = None
    found: Json = None
    follows: tuple[str, ...] = ()
    """What healing does beside: tasks on the host."""

    @property
    def digest(self) -> str:
        """The same for the same difference: what an acceptance binds to."""
        text = json.dumps([self.declared, self.found, self.what], sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class AsDelivered:
    """What was delivered, as a spec: `units` to plan, `kept` to leave alone, and why by unit."""

    units: tuple[Unit, ...]
    kept: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Findings:
    """The differences of a plan, sorted by what is known of them."""

    open: tuple[Difference, ...]
    accepted: tuple[tuple[Difference, Acceptance], ...] = ()
    ignored: tuple[Difference, ...] = ()
    changed: Mapping[str, Acceptance] = field(default_factory=dict)
    """Of the open ones those that were accepted when they looked otherwise, by path."""
    unseen: tuple[tuple[str, str], ...] = ()
    """(unit or unit/host, why) that nobody could look at."""


def as_delivered(delivered: Mapping[str, Delivered], planned: Mapping[int, Plan]) -> AsDelivered:
    """Each delivered unit as the plan of its run had it; `planned` is run to plan. A unit whose plan is lost is taken as it was stored."""
    steps = {number: {unit.name: unit for unit in plan.units} for number, plan in planned.items()}
    units, kept = [], {}
    for name, entry in delivered.items():
        if entry.state == "delivered":
            units.append(steps.get(entry.run, {}).get(name, entry.unit))
        else:
            kept[name] = f"run {entry.run} left it half-way"
    there = {unit.name for unit in units}
    waiting = [unit for unit in units if unit.host_source is not None and unit.host_source.unit not in there]
    kept |= {unit.name: f"its hosts are made by {unit.host_source.unit}, which is not delivered" for unit in waiting if unit.host_source}
    return AsDelivered(tuple(unit for unit in units if unit not in waiting), kept)


def findings(plan: Plan, ignore: Iterable[str], accepted: Mapping[str, Acceptance]) -> Findings:
    """What a plan of the units as delivered says, by what the environment ignores and people accepted."""
    patterns = [_pattern(text) for text in ignore]
    open_, fine, ignored, changed = [], [], [], {}
    for difference in differences(plan.steps):
        acceptance = accepted.get(difference.path)
        if any(pattern.fullmatch(difference.path) for pattern in patterns):
            ignored.append(difference)
        elif acceptance is not None and acceptance.digest == difference.digest:
            fine.append((difference, acceptance))
        else:
            open_.append(difference)
            if acceptance is not None:
                changed[difference.path] = acceptance
    return Findings(tuple(open_), tuple(fine), tuple(ignored), changed, tuple(_unseen(plan)))


def matching(found: Sequence[Difference], patterns: Iterable[str]) -> list[Difference]:
    """The differences whose path one of the patterns fits; a pattern also fits everything below it. All without patterns."""
    compiled = [_pattern(text) for text in patterns]
    return [one for one in found if not compiled or any(pattern.fullmatch(one.path) for pattern in compiled)]


@cache
def _pattern(text: str) -> re.Pattern[str]:
    """A path in which `*` stands for anything; it fits what is below it as well. Brackets are part of addresses, so they are no pattern."""
    return re.compile(".*".join(map(re.escape, text.rstrip("/").split("*"))) + r"(?:[/.].*)?", re.DOTALL)


# ------------------------------------------------------------------ differences
def differences(steps: Iterable[Step]) -> Iterator[Difference]:
    """Every difference, in the plan's order."""
    for step in steps:
        if step.kind != "deliver":
            continue
        for change in step.changes:
            if not change.reason.startswith(UNSEEN):
                yield from _on_host(step.unit, change) if step.unit.engine == "ansible" else _in_cloud(step.unit, change)


def _in_cloud(unit: Unit, change: Change) -> Iterator[Difference]:
    place = change.place
    base = f"{unit.name}/{place}"
    if change.action == "create":
        yield Difference(base, unit.name, unit.engine, place, "", "there", None)
        return
    if change.action in ("delete", "forget"):
        yield Difference(base, unit.name, unit.engine, place, "", None, "there")
        return
    names = list(dict.fromkeys([*change.before, *change.after, *change.unknown]))
    for name in names:
        if _is_told_again(name, names, change):
            continue
        declared = LATER if name in change.unknown else change.after.get(name)
        for path, one, two in _leaves(name, declared, change.before.get(name)):
            yield Difference(f"{base}/{path}", unit.name, unit.engine, place, path, one, two)
    if not names:
        yield Difference(base, unit.name, unit.engine, place, "", change.reason or "as declared", "differs")


def _is_told_again(name: str, names: Collection[str], change: Change) -> bool:
    """Providers tell of an entry of a map a second time, under the map's name with something before or after it: tags_all, effective_labels."""
    head, _, key = name.partition(".")
    said = (change.before.get(name), change.after.get(name), name in change.unknown)
    if not key and not isinstance(said[0] or said[1], dict):
        return False
    for other in names:
        first, _, same = other.partition(".")
        again = head.startswith(f"{first}_") or head.endswith(f"_{first}")
        if again and same == key and (said[2] or said[:2] == (change.before.get(other), change.after.get(other))):
            return True
    return False


def _leaves(path: str, declared: Json, found: Json) -> Iterator[tuple[str, Json, Json]]:
    """Maps are compared key by key, so that each key has a path of its own."""
    if isinstance(declared, dict) and isinstance(found, dict):
        for key in dict.fromkeys([*declared, *found]):
            if declared.get(key) != found.get(key):
                yield from _leaves(f"{path}.{key}", declared.get(key), found.get(key))
    else:
        yield path, declared, found


def _on_host(unit: Unit, change: Change) -> Iterator[Difference]:
    host = change.address
    own = [task for task in change.tasks if not any(diff.path in task for diff in change.files)]
    follows = tuple(task for task in own if change.files and task.startswith(CONSEQUENCES))
    for diff in change.files:
        yield Difference(f"{unit.name}/{host}{diff.path if diff.path.startswith('/') else '/' + diff.path}", unit.name, unit.engine, host, diff.path,
                         diff.after, diff.before, follows)
    for task in own:
        if task not in follows:
            yield Difference(f"{unit.name}/{host}/{task}", unit.name, unit.engine, host, task, "done", "to do")
    if not change.files and not own:
        yield Difference(f"{unit.name}/{host}", unit.name, unit.engine, host, "", change.reason or "as declared", "differs")


def _unseen(plan: Plan) -> Iterator[tuple[str, str]]:
    failures = dict(plan.failures)
    yield from failures.items()
    for step in plan.steps:
        if step.unit.name in failures:
            continue
        if step.unpreviewed:
            yield step.unit.name, step.unpreviewed
        for change in step.changes:
            if change.reason.startswith(UNSEEN):
                yield f"{step.unit.name}/{change.address}", change.reason.removeprefix(UNSEEN).lstrip(": ")


# ------------------------------------------------------------------ healing
def healing(plan: Plan, found: Findings) -> Plan:
    """The plan without the units in which nothing has drifted but what is ignored or accepted.

    A unit that another one to be healed needs in its own Terraform root stays: Terraform would plan it with that one.
    """
    stay = {difference.unit for difference in found.open} | {name.partition("/")[0] for name, _ in found.unseen}
    units = {step.unit.name: step.unit for step in plan.steps}
    queue = list(stay)
    while queue:
        unit = units.get(queue.pop())
        near = [need for need in unit.needs if need in units and units[need].root == unit.root] if unit and unit.root else []
        queue += [need for need in near if need not in stay]
        stay.update(near)
    steps = tuple(step if step.unit.name in stay or not step.changes else replace(step, changes=()) for step in plan.steps)
    if steps == plan.steps:
        return plan
    less = replace(plan, steps=steps, partial=True)
    return replace(less, digest=digest(less))


def units_of(differences_: Collection[Difference]) -> list[str]:
    """The units that differ, each once, in order."""
    return list(dict.fromkeys(one.unit for one in differences_))
