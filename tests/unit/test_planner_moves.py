"""What is to be elsewhere than it was delivered: data does not go with it by chance."""

import pytest

from provisioner.errors import Refused
from provisioner.planner.protect import protect
from tests.unit.planning import World, names, unit


def test_data_does_not_move_to_another_target_by_chance() -> None:
    """There it is another unit: the old one leaves as any other, after the new one is there."""
    world = World()
    world.deliver(unit("db@aws", data=True))
    plan = world.look(unit("db@dc", data=True)).plan
    assert names(plan.steps) == ["db@dc", "remove db@aws"]
    with pytest.raises(Refused, match="db@aws .thing. would be destroyed"):
        protect(plan, world.delivered, frozenset())
    protect(plan, world.delivered, frozenset({"db"}))
