"""What must not be lost is protected: a plan that would destroy or replace it is refused before its first step. Pure.

Data needs a word for each component (--allow-destroy). A protect policy is stronger: it is lifted by whom it names, or by taking it out.
"""

from collections.abc import Mapping
from dataclasses import replace

from provisioner.compose.handling import careful
from provisioner.errors import Exit, Refused
from provisioner.model import Change, Delivered, Handling, Plan, Step, Unit


def protect(plan: Plan, delivered: Mapping[str, Delivered], allowed: frozenset[str], who: str = "") -> None:
    """Raise Refused (exit 5) that names what is protected, unless each is allowed by name and `who` may destroy it."""
    _policies(plan, delivered, allowed, who)
    hosts_with_data = {entry.unit.host_source.unit for entry in delivered.values() if entry.unit.data and entry.unit.host_source}
    refused = [(step, word) for step in plan.steps if (word := _loses_data(step, delivered, hosts_with_data)) and not _named(step, allowed)]
    if not refused:
        return
    names = list(dict.fromkeys(step.unit.component for step, _ in refused))
    lines = "; ".join(f"{step.unit.name} ({step.unit.type}) would be {word}" for step, word in refused)
    allow = " ".join(f"--allow-destroy {name}" for name in names)
    keep = " ".join(f"--keep {name}" for name in names)
    raise Refused(f"data is protected: {lines}", code="PRV-5001", exit=Exit.DENIED,
                  hint=f"to destroy it: {allow}; to keep it while the rest goes: {keep}")


def _policies(plan: Plan, delivered: Mapping[str, Delivered], allowed: frozenset[str], who: str) -> None:
    """What the policies say now, and what they said when it was delivered: taking one out counts from the next apply on."""
    carried: dict[str, Handling] = {}
    for entry in delivered.values():
        if entry.unit.host_source and entry.unit.handling.protected:
            carried[entry.unit.host_source.unit] = entry.unit.handling
    for step in plan.steps:
        handling = step.unit.handling
        if step.unit.name in delivered:
            handling = careful(delivered[step.unit.name].unit.handling, handling)
        if not handling.protected:
            handling = carried.get(step.unit.name, handling)
        word = _loses(step, delivered) if handling.protected else ""
        if word and not (who in handling.destroyers and _named(step, allowed)):
            may = f"{', '.join(handling.destroyers)} may, with --allow-destroy {step.unit.component}; " if handling.destroyers else ""
            raise Refused(f'{step.unit.name} ({step.unit.type}) would be {word}, and policy "{handling.protected}" protects it', code="PRV-5010",
                          exit=Exit.DENIED, hint=f"{may}to keep it while the rest goes: --keep {step.unit.component}; to lift the policy take it "
                                                 "out and apply that first")


def _named(step: Step, allowed: frozenset[str]) -> bool:
    return step.unit.component in allowed or step.unit.name in allowed


def _loses_data(step: Step, delivered: Mapping[str, Delivered], hosts_with_data: set[str]) -> str:
    """The word for what would happen to data, or nothing. Where it is known which resources hold data only those count."""
    unit = step.unit
    if unit.name in hosts_with_data or unit.data and (not unit.holds or step.kind == "remove"):
        return _loses(step, delivered)
    return _loses(replace(step, changes=held), delivered) if (held := tuple(change for change in step.changes if _holds(change, unit))) else ""


def _holds(change: Change, unit: Unit) -> bool:
    """True when a change is of a resource that holds data: module.web.module.container.aws_efs_file_system.this[0]."""
    return any(part in unit.holds for part in change.address.split("."))


def _loses(step: Step, delivered: Mapping[str, Delivered]) -> str:
    """The word for what would be lost, or nothing. What is forgotten stays as it is."""
    if step.kind == "remove":
        return "destroyed" if step.unit.name in delivered and not step.unit.handling.orphan else ""
    if any(change.action == "replace" for change in step.changes):
        return "replaced"
    return "destroyed" if any(change.action == "delete" for change in step.changes) and step.unit.engine == "terraform" else ""
