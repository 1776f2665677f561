"""Parameters that change in one direction only (`x-change: grow-only, upgrade-only`): a plan that goes back is refused. Pure.

What is compared are inputs as they were delivered, so a default that an implementation fills in counts like a value that was written.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from provisioner.compose.shape import put
from provisioner.errors import Exit, Refused
from provisioner.model import ChangeRule, Json, Plan, Unit

WORDS = {"grow-only": "can only grow", "upgrade-only": "can only go upwards"}


def refuse_going_back(plan: Plan, settled: Mapping[str, Unit]) -> None:
    """Raise Refused (exit 5) that names every parameter that would go back. `settled`: units as they were last delivered in full."""
    found = [(step.unit, rule, old, new) for step in plan.steps if step.kind == "deliver" and step.unit.name in settled
             for rule, old, new in _going_back(step.unit, settled[step.unit.name])]
    if not found:
        return
    first = found[0][1]
    keep = ", ".join(f"{unit.component}: {rule.parameter}: {_quoted(old)}" for unit, rule, old, _ in found)
    raise Refused("; ".join(f"{unit.name}: {rule.parameter} is {old} and {WORDS[rule.rule]}: {new} asked" for unit, rule, old, new in found),
                  code="PRV-5003", exit=Exit.DENIED, where=first.where,
                  hint=f"write {keep}, or more; for less, add a component of another name, move the data over, and take this one out")


def kept_forward(unit: Unit, settled: Mapping[str, Unit]) -> tuple[Unit, tuple[str, ...]]:
    """The unit with what can't go back left as it is now, and a sentence for each: what a rollback does with grown disks and newer engines."""
    before = settled.get(unit.name)
    broken = list(_going_back(unit, before)) if before else []
    inputs = unit.inputs
    for rule, old, _ in broken:
        inputs = put(inputs, rule.input.split("."), old)
    told = tuple(f"{unit.name}: {rule.parameter} stays {old}: it {WORDS[rule.rule]} (then it was {new})" for rule, old, new in broken)
    return (replace(unit, inputs=inputs) if broken else unit), told


def _going_back(unit: Unit, before: Unit) -> Iterator[tuple[ChangeRule, Json, Json]]:
    """The rules that are broken; none where another edit makes the thing anew, which has no past to keep to."""
    pairs = [(rule, _at(before.inputs, rule.input), _at(unit.inputs, rule.input)) for rule in unit.change_rules]
    if before.type != unit.type or any(rule.rule == "replace" and _differ(old, new) for rule, old, new in pairs):
        return
    for rule, old, new in pairs:
        if rule.rule != "replace" and _is_known(old) and _is_known(new) and _less(rule.rule, new, old):
            yield rule, old, new


def _less(rule: str, new: Json, old: Json) -> bool:
    if rule == "grow-only":
        return isinstance(new, int | float) and isinstance(old, int | float) and new < old
    newer, older = _numbers(new), _numbers(old)
    # 8.0 after 8.0.35 asks for any of 8.0
    both = min(len(newer), len(older))
    return newer[:both] < older[:both]


def _numbers(version: Json) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", str(version)))


def _at(value: Json, path: str) -> Json:
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _is_known(value: Json) -> bool:
    """Nothing, or an empty text, leaves the choice to whoever delivers it; a reference has a value later only."""
    return value not in (None, "") and "${" not in str(value)


def _differ(old: Json, new: Json) -> bool:
    return old != new and "${" not in f"{old}{new}"


def _quoted(value: Json) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)
