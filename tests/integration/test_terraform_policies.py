"""What policies mean to Terraform, with the real one and resources that need no cloud. Budget: 20 s."""

from dataclasses import replace
from pathlib import Path

import pytest

from provisioner.model import Delivered, Handling, Once, Recreate
from tests.integration.terraform_world import World, change, unit

PLACE = "module.first.terraform_data.this"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def actions(world: World, name: str = "first@t") -> list[tuple[str, str]]:
    return [(found.address, found.action) for found in world.planned[name].changes]


def test_a_change_that_is_ignored_is_not_made_also_when_a_dependent_changes(world: World) -> None:
    first, second = unit("first", "plain", name="alpha", settings={"a": "1"}), unit("second", "plain", "first", name="${first@t.name}-b", size=1)
    world.apply(first, second)
    held = replace(change(first, settings={"a": "2"}, size=5), ignore=(Once(("input",), ("terraform_data",)),))
    world.plan(held, second)
    assert actions(world) == []
    wanted = (held, change(second, size=2))
    world.plan(*wanted)
    assert actions(world) == [] and actions(world, "second@t") == [("module.second.terraform_data.this", "update")]
    ended = world.deliver(world.request(*wanted))
    assert {one.state for one in ended.values()} == {"done"}
    assert world.state()[PLACE][0]["attributes"]["input"]["value"]["settings"] == {"a": "1"}
    world.plan(change(first, settings={"a": "2"}), wanted[1])
    assert actions(world) == [(PLACE, "update")]


def test_everything_is_ignored_also_what_would_replace(world: World) -> None:
    first = unit("first", "plain", name="alpha")
    world.apply(first)
    world.plan(replace(change(first, name="beta"), ignore=(Once(),)))
    assert actions(world) == []


def test_what_a_policy_wants_anew_is_shown_and_made_anew(world: World) -> None:
    first = unit("first", "plain", name="alpha", size=1)
    world.apply(first)
    before = world.state()[PLACE][0]["attributes"]["id"]
    anew = replace(change(first, size=2), handling=Handling(recreate=(Recreate(("input.size",)),)))
    world.plan(replace(anew, handling=Handling(recreate=(Recreate(("input.name",)),))))
    assert actions(world) == [(PLACE, "update")]
    world.apply(anew)
    assert actions(world) == [(PLACE, "replace")] and world.planned["first@t"].changes[0].reason == "asked for"
    assert world.state()[PLACE][0]["attributes"]["id"] != before
    world.plan(anew)
    assert actions(world) == []


def test_an_orphan_leaves_the_state_and_nothing_is_destroyed(world: World) -> None:
    first, second = unit("first", "plain", name="alpha"), unit("second", "plain", name="beta")
    world.apply(first, second)
    entry = world.delivered["first@t"]
    orphan = replace(entry, unit=replace(entry.unit, handling=Handling(orphan=True)))
    world.delivered["first@t"] = orphan
    world.plan(second, removed=("first@t",))
    assert actions(world) == [(PLACE, "forget")]
    ended = world.deliver(world.request(orphan.unit, root=(second,), kind="remove", rank="remove:0", last_in_root=False))
    assert ended["remove first@t"].state == "done"
    assert PLACE not in world.state() and "module.second.terraform_data.this" in world.state()
    world.plan(second)
    assert actions(world, "second@t") == []


MODULE = """
variable "name" { type = string }
resource "terraform_data" "this" {}
output "name" { value = var.name }
"""


def test_what_is_there_is_taken_over_and_shown(world: World, tmp_path: Path) -> None:
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare/main.tf").write_text(MODULE)
    first = replace(unit("first", str(tmp_path / "bare"), name="alpha"), imports={"terraform_data.this": "made-by-hand"})
    world.plan(first, unit("second", "plain", name="b"))
    [found] = world.planned["first@t"].changes
    assert (found.address, found.action, found.reason) == (PLACE, "update", "is taken over: made-by-hand")
    world.apply(first, unit("second", "plain", name="b"))
    assert world.state()[PLACE][0]["attributes"]["id"] == "made-by-hand"
    world.plan(first, unit("second", "plain", name="b"))
    assert actions(world) == []


def test_an_orphan_with_a_provider_of_its_own_is_not_destroyed_instead(world: World, tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own/main.tf").write_text('provider "aws" {\n  region = "eu-central-1"\n}\nresource "aws_sqs_queue" "q" {}\n')
    first = replace(unit("first", str(tmp_path / "own")), handling=Handling(orphan=True), outputs={})
    world.delivered["first@t"] = Delivered(first, "delivered")
    world.plan(removed=("first@t",))
    answer = world.planned["first@t"]
    assert answer.changes == () and "can't be forgotten without being destroyed" in answer.failure
