"""What stays though nothing wants it any more: by --keep, by the workflow, by the garbage-collect rules it was delivered under, or for what
stays. Pure."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from provisioner.model import Delivered, Handling, Unit

HandlingOf = Callable[[Unit], Handling]
"""What was recorded of a delivered unit together with what the documents say of it now."""


def kept(wanted: Collection[str], delivered: Mapping[str, Delivered], keep: Collection[str], handling: HandlingOf, *,
         destroy: bool, users: Callable[[Unit], str] = lambda unit: "", undelivered: Collection[str] = ()) -> dict[str, str]:
    """Unit to why it stays. `keep` are names of components or units; `destroy`: the whole application goes; `users`: other applications;
    `undelivered`: units that the document has and that no step of its workflow delivers."""
    found: dict[str, str] = {}
    for name, entry in delivered.items():
        if name in wanted:
            continue
        if name in keep or entry.unit.component in keep:
            found[name] = "--keep"
        elif name in undelivered:
            found[name] = "no step of the workflow delivers it"
        elif why := _by_policy(handling(entry.unit), destroy) or (others := users(entry.unit)) and f"shared with {others}":
            found[name] = why
    queue = list(found)
    while queue:
        name = queue.pop()
        for need in delivered[name].unit.needs:
            if need in delivered and need not in wanted and need not in found:
                found[need] = f"{name} needs it"
                queue.append(need)
    return found


def _by_policy(handling: Handling, destroy: bool) -> str:
    """The policy by which it stays, or empty."""
    if handling.read_only:
        return "read-only"
    stays = handling.collect == "never" or (handling.collect == "onAppDelete" and not destroy)
    return f"garbage-collect {handling.collect}" if stays else ""


def handled(entry: Delivered, handling: HandlingOf) -> Delivered:
    """What leaves, as it is handled: an orphan is forgotten, and nothing is carried out for it."""
    found = handling(entry.unit)
    unit = replace(entry.unit, handling=found)
    return replace(entry, unit=replace(unit, remove_source="", secrets=()) if found.orphan else unit)


def note_of(name: str, why: str) -> str:
    """The sentence of a plan about what stays."""
    return f"{name} stays: {why}"
