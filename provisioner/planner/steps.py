"""Order, batches and needs of the steps of a plan. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from provisioner import graph
from provisioner.model import Change, Delivered, Json, Step, StepKind, Unit, predecessors
from provisioner.planner.claims import Taken, first

FIRST = "first"
"""In the batch of a removal that goes before the deliveries of its root."""


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


def remove_steps(removed: Mapping[str, Delivered], parts: Mapping[str, Part], delivering: Sequence[Step],
                 gaps: Sequence[Taken] = ()) -> list[Step]:
    """Steps for what is not wanted any more: after all that is delivered, in reverse order of their needs; first what `gaps` name.

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
    early = first((gap.key for gap in gaps), backward)
    found = []
    for key, number in rank.items():
        unit = removed[key].unit
        batch = f"terraform:{unit.root}:{FIRST if key in early else 'remove'}:{number}" if unit.root else f"remove {key}"
        needs = (*(() if key in early else before), *(f"remove {need}" for need in backward[key]))
        found.append(Step(f"remove {key}", "remove", unit, needs, batch, parts.get(f"remove {key}", Part()).changes,
                          after=() if key in early else after))
    return found


def after_gaps(delivering: Sequence[Step], gaps: Sequence[Taken]) -> list[Step]:
    """The steps with those that take something over behind the removal of what holds it."""
    waits: dict[str, dict[str, None]] = {}
    for gap in gaps:
        waits.setdefault(gap.taker, {})[f"remove {gap.key}"] = None
    return [replace(step, needs=(*step.needs, *waits[step.name])) if step.name in waits else step for step in delivering]


def _last(steps: Sequence[Step]) -> tuple[str, ...]:
    """The steps that are ended when all are. Inside a batch a step may end before one that it needs: those count too."""
    batch = {step.name: step.batch for step in steps}
    implied = {need for step in steps for need in (*step.needs, *step.after) if batch[need] != step.batch}
    return tuple(name for name in batch if name not in implied)
