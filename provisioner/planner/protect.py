"""Data is protected: a plan that would destroy or replace it is refused before its first step. Pure."""

from collections.abc import Mapping

from provisioner.errors import Exit, Refused
from provisioner.model import Delivered, Plan, Step


def protect(plan: Plan, delivered: Mapping[str, Delivered], allowed: frozenset[str]) -> None:
    """Raise Refused (exit 5) that names what holds data, unless each is allowed by name."""
    hosts_with_data = {entry.unit.host_source.unit for entry in delivered.values() if entry.unit.data and entry.unit.host_source}
    refused = [(step, word) for step in plan.steps if (word := _loses(step, delivered, hosts_with_data))
               and step.unit.component not in allowed and step.unit.name not in allowed]
    if not refused:
        return
    names = list(dict.fromkeys(step.unit.component for step, _ in refused))
    lines = "; ".join(f"{step.unit.name} ({step.unit.type}) would be {word}" for step, word in refused)
    allow = " ".join(f"--allow-destroy {name}" for name in names)
    keep = " ".join(f"--keep {name}" for name in names)
    raise Refused(f"data is protected: {lines}", code="PRV-5001", exit=Exit.DENIED,
                  hint=f"to destroy it: {allow}; to keep it while the rest goes: {keep}")


def _loses(step: Step, delivered: Mapping[str, Delivered], hosts_with_data: set[str]) -> str:
    """The word for what would happen to data, or nothing."""
    if not step.unit.data and step.unit.name not in hosts_with_data:
        return ""
    if step.kind == "remove":
        return "destroyed" if step.unit.name in delivered else ""
    if any(change.action == "replace" for change in step.changes):
        return "replaced"
    return "destroyed" if any(change.action == "delete" for change in step.changes) and step.unit.engine == "terraform" else ""
