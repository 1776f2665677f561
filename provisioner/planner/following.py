"""What has to be done in a unit because another one on its host changes: a program that reads a secret starts anew. Pure."""

from collections.abc import Mapping
from dataclasses import replace

from provisioner.engine import Planned
from provisioner.model import Change, Unit


def followed(answers: Mapping[str, Planned], wanted: Mapping[str, Unit]) -> dict[str, Planned]:
    """The answers, with what follows on a host from the changed files of another unit that this one comes after."""
    return {name: replace(answer, changes=_with(answer, answers, wanted[name])) if answer.follows and name in wanted else answer
            for name, answer in answers.items()}


def _with(answer: Planned, answers: Mapping[str, Planned], unit: Unit) -> tuple[Change, ...]:
    changes = {change.address: change for change in answer.changes}
    for need, following in answer.follows.items():
        moving = _moving(answers[need]) if need in unit.needs and need in answers else ()
        for change in following:
            if change.address in moving:
                there = changes.get(change.address, replace(change, tasks=()))
                changes[change.address] = replace(there, tasks=tuple(dict.fromkeys((*there.tasks, *change.tasks))))
    return tuple(changes.values())


def _moving(answer: Planned) -> frozenset[str]:
    """The hosts on which a file of the unit will be, or may be, another one."""
    return frozenset(change.address for change in answer.changes if change.files or change.unknown)
