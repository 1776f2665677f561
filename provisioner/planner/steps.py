"""Order, batches and needs of the steps of a plan. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from provisioner import graph
from provisioner.model import Change, Delivered, Json, Step, StepKind, Unit, predecessors


@dataclass(frozen=True)
class Part:
    """What the engines said of one unit."""

    changes: tuple[Change, ...] = ()
    outputs: dict[str, Json] | None = None
    unpreviewed: str = ""


def ranks(units: Mapping[str, Unit]) -> dict[str, int]:
    """Rank of each unit: how often the way to it leaves its Terraform root and comes back. Each comes after what it needs."""
    return graph.phases({name: predecessors(unit) for name, unit in units.items()}, {name: unit.root for name, unit in units.items() if unit.root})


def deliver_steps(units: Mapping[str, Unit], rank: Mapping[str, int], parts: Mapping[str, Part]) -> list[Step]:
    """One step for each wanted unit, in the order of their ranks' mapping: each comes after what it needs."""
    found = []
    for name, number in rank.items():
        unit, part = units[name], parts.get(name, Part())
        batch = f"terraform:{unit.root}:{number}" if unit.root else name
        needs = tuple(need for need in unit.needs if need in units)
        after = tuple(other for other in unit.flow.after if other in units) if unit.flow else ()
        kind: StepKind = "workflow" if unit.flow else "deliver"
        found.append(Step(name, kind, unit, needs, batch, part.changes, part.outputs, part.unpreviewed, after))
    return found


def remove_steps(removed: Mapping[str, Delivered], parts: Mapping[str, Part], delivering: Sequence[Step]) -> list[Step]:
    """Steps for what is not wanted any more: after all that is delivered, in reverse order of their needs.

    `removed` is keyed by step name without "remove "; several entries may be of one unit (hosts that it leaves).
    """
    before, after = _last(delivering), tuple[str, ...]()
    if any(step.kind == "workflow" for step in delivering):
        # a step that its `if` leaves out is no reason to leave things behind; one that failed is (runner.rules)
        before, after = (), before
    names: dict[str, list[str]] = {}
    for key, entry in removed.items():
        names.setdefault(entry.unit.name, []).append(key)
    forward = {key: [other for need in entry.unit.needs for other in names.get(need, ())] for key, entry in removed.items()}
    # rows of different revisions may need one another in a circle: what two of them say can't both be kept then
    backward = graph.reverse(graph.acyclic(forward))
    rank = graph.phases(backward, {key: entry.unit.root for key, entry in removed.items() if entry.unit.root})
    found = []
    for key, number in rank.items():
        unit = removed[key].unit
        batch = f"terraform:{unit.root}:remove:{number}" if unit.root else f"remove {key}"
        needs = (*before, *(f"remove {need}" for need in backward[key]))
        found.append(Step(f"remove {key}", "remove", unit, needs, batch, parts.get(f"remove {key}", Part()).changes, after=after))
    return found


def _last(steps: Sequence[Step]) -> tuple[str, ...]:
    """The steps that are ended when all are. Inside a batch a step may end before one that it needs: those count too."""
    batch = {step.name: step.batch for step in steps}
    implied = {need for step in steps for need in (*step.needs, *step.after) if batch[need] != step.batch}
    return tuple(name for name in batch if name not in implied)
