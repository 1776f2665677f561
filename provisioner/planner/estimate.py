"""How long a plan will take, from how long its steps took before. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from provisioner import graph
from provisioner.model import Plan


@dataclass(frozen=True)
class Estimate:
    """`seconds` along the longest way through the steps that have something to do; `runs` it is taken from; steps that never ran before."""

    seconds: float
    runs: int
    unknown: int


def estimate(plan: Plan, took: Mapping[str, Sequence[float]], runs: int) -> Estimate | None:
    """The median of what each step took when it changed something, added up along what waits for what; None where nothing is known.

    `took`: step to seconds, one for each of the `runs` earlier runs in which it changed something.
    """
    doing = [step for step in plan.steps if step.changes or step.unpreviewed or step.kind == "remove"]
    known = {step.name: median(took[step.name]) for step in doing if took.get(step.name)}
    if not known:
        return None
    ends: dict[str, float] = {}
    needs = {step.name: [need for need in step.needs] for step in plan.steps}
    for name in graph.order(needs):
        before = max((ends.get(need, 0.0) for need in needs[name]), default=0.0)
        ends[name] = before + known.get(name, 0.0)
    return Estimate(max(ends.values(), default=0.0), runs, len(doing) - len(known))
