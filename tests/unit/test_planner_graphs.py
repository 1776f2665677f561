"""Any graph of units gives a plan that can be walked: every step after its needs, batches without cycles, removal last."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from provisioner import graph
from provisioner.model import Unit
from tests.unit.planning import World, batches, names, unit

TARGETS = st.sampled_from(["aws", "aws2", "dc", "dc"])


@st.composite
def drawn(draw: st.DrawFn, prefix: str = "u") -> list[Unit]:
    """Units of two roots and of hosts; each needs some of those before it. In any order."""
    found: list[Unit] = []
    for index in range(draw(st.integers(0, 9))):
        needs = [other.name for other in found if draw(st.integers(0, 3)) == 0]
        found.append(unit(f"{prefix}{index}@{draw(TARGETS)}", *needs))
    return draw(st.permutations(found))


@settings(max_examples=150, deadline=None)
@given(drawn(), drawn("old"), st.integers(0, 9))
def test_every_plan_can_be_walked(wanted: list[Unit], gone: list[Unit], shared: int) -> None:
    world = World()
    world.deliver(*wanted[:0], *gone)
    there = dict(world.delivered)
    world.delivered = {}
    world.deliver(*[each for each in wanted if all(need in {other.name for other in wanted[:shared]} for need in each.needs)][:shared])
    world.delivered |= there
    plan = world.make(*wanted)
    found = names(plan.steps)
    assert len(found) == len(set(found))
    assert set(found) == {each.name for each in wanted} | {f"remove {each.name}" for each in gone}
    for index, step in enumerate(plan.steps):
        assert set(step.needs) <= set(found[:index])
    graph.order(batches(plan))
    _removal_is_last_and_reversed(plan.steps, {step.name: step for step in plan.steps})
    for request in world.asked:
        assert len({each.root for each in request.units}) <= 1


def _removal_is_last_and_reversed(steps: Any, by_name: Any) -> None:
    delivering = {step.name for step in steps if step.kind == "deliver"}
    needs = {step.name: step.needs for step in steps}
    back = graph.reverse(needs)
    for step in steps:
        if step.kind == "remove":
            before = graph.dependents(back, [step.name])
            assert delivering <= before
            assert {f"remove {need}" for need in step.unit.needs} <= graph.dependents(needs, [step.name])


@settings(max_examples=60, deadline=None)
@given(drawn(), st.randoms(use_true_random=False))
def test_what_is_delivered_is_not_changed_again(wanted: list[Unit], random: Any) -> None:
    world = World()
    world.deliver(*wanted)
    first = world.make(*wanted)
    assert [step.name for step in first.steps if step.changes or step.unpreviewed or step.outputs is None] == []
    random.shuffle(wanted)
    assert world.make(*wanted, ident="again").digest == first.digest
