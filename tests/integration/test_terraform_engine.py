"""The Terraform engine with the real Terraform and resources that need no cloud. Budget: 60 s."""

import json
import os
import stat
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from provisioner.engines.terraform.engine import TerraformEngine
from provisioner.errors import Missing
from provisioner.model import Event, StepEnded
from tests.integration.terraform_world import World, change, unit


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    found = World(tmp_path)
    yield found
    # what waits for it ends with the test
    (found.folder / "go").touch()


def actions(world: World, name: str) -> list[tuple[str, str]]:
    return [(found.address, found.action) for found in world.planned[name].changes]


# ---------------------------------------------------------------------- references, outputs, secrets
def test_references_between_modules_are_native_and_keep_their_types(world: World) -> None:
    first = unit("first", "plain", name="alpha", size=3, peers=["x", "y"], settings={"text": "lit $${y} %{z} \"q\"\n", "n": 1},
                 outputs={"name": "${module.name}", "size": "${module.size}", "peers": "${module.peers}",
                          "url": "tcp://${module.name}:${module.size}", "both": ["${module.name}", {"k": "${module.size}"}]})
    second = unit("second", "plain", "first", name="${first@t.name}-b", size="${first@t.size}", peers="${first@t.peers}",
                  settings={"url": "<${first@t.url}>", "one": "${first@t.peers.1}", "deep": "${first@t.both.1.k}",
                            "none": "${first@t.nothing|default(d)}"})
    ended = world.apply(first, second)
    assert ended["first@t"].outputs == {"name": "alpha", "size": 3, "peers": ["x", "y"], "url": "tcp://alpha:3", "both": ["alpha", {"k": 3}]}
    assert ended["second@t"].outputs == {"name": "alpha-b"}
    value = world.state()["module.second.terraform_data.this"][0]["attributes"]["input"]["value"]
    assert value["size"] == 3 and value["peers"] == ["x", "y"]
    assert value["settings"] == {"url": "<tcp://alpha:3>", "one": "y", "deep": "3", "none": "d"}
    value = world.state()["module.first.terraform_data.this"][0]["attributes"]["input"]["value"]
    assert value["settings"] == {"text": "lit ${y} %{z} \"q\"\n", "n": "1"}


def test_a_secret_is_in_no_file_but_state_and_a_cloud_secret_of_one_batch_reaches_the_next_module(world: World) -> None:
    first = unit("first", "plain", name="alpha", password="${secret.pw}", outputs={
        "name": "${module.name}", "pass": {"secret": "${module.arn}", "key": "password"}, "url": "x://${self.pass}@${module.name}"})
    second = unit("second", "plain", "first", name="beta", settings={"url": "${first@t.url}"})
    ended = world.apply(first, second)
    reference = "${secret.aws:t/arn:aws:secretsmanager:us-east-1:1:secret:alpha#password}"
    assert ended["first@t"].outputs == {"name": "alpha", "pass": reference, "url": f"x://{reference}@alpha"}
    revealed = "of-aws:t/arn:aws:secretsmanager:us-east-1:1:secret:alpha#password"
    assert world.state()["module.second.terraform_data.this"][0]["attributes"]["input"]["value"]["settings"]["url"] == f"x://{revealed}@alpha"
    change_ = next(found for found in world.planned["first@t"].changes)
    assert change_.after["input"]["password"] == "(sensitive)"
    for file in world.folder.rglob("*"):
        if file.is_file() and not file.name.startswith("terraform.tfstate"):
            content = file.read_bytes()
            assert b"c4nary-value" not in content and revealed.encode() not in content, file
            assert not stat.S_IMODE(file.stat().st_mode) & 0o077 or "sources" in file.parts, file
    assert not list(world.folder.rglob("*.tfplan"))
    # and nothing is left to do, for us and for a user who types it
    world.plan(first, second)
    assert actions(world, "first@t") == actions(world, "second@t") == []
    assert world.planned["first@t"].outputs["name"] == "alpha"


def test_the_second_plan_is_empty_and_so_is_one_by_hand(world: World) -> None:
    units = (unit("first", "plain", name="alpha", password="${secret.pw}"), unit("second", "plain", "first", name="${first@t.name}-b"))
    world.apply(*units)
    assert world.by_hand("plan", "-detailed-exitcode").returncode == 0
    world.plan(*units)
    assert actions(world, "first@t") == actions(world, "second@t") == []
    assert world.planned["first@t"].health == {"": "healthy"}
    lines = (world.root / "command").read_text()
    assert "terraform plan" in lines and " init " not in lines and "show" not in lines, "no init for a root that did not change"
    assert "c4nary" not in lines and "TF_VAR_secret_" in lines


def test_only_what_differs_is_shown_and_apply_touches_nothing_else(world: World) -> None:
    units = (unit("first", "plain", name="alpha", settings={"a": "1", "b": "2"}), unit("second", "plain", name="beta"))
    world.apply(*units)
    before = world.state()["module.second.terraform_data.this"]
    changed = (change(units[0], settings={"a": "1", "b": "3"}, name="gamma"), units[1])
    world.plan(*changed)
    found = world.planned["first@t"].changes[0]
    assert found.action == "replace" and found.reason == "forces replacement: triggers_replace"
    assert found.before["input.settings.b"] == "2" and found.after["input.settings.b"] == "3" and "input.settings.a" not in found.after
    assert "output" in found.unknown and "output" not in found.after
    assert world.planned["second@t"].changes == ()
    ended = world.deliver(world.request(changed[0], root=changed))
    assert ended["first@t"].outputs == {"name": "gamma"} and ended["first@t"].changed
    assert world.state()["module.second.terraform_data.this"] == before


def test_a_sensitive_change_is_shown_without_its_value(world: World) -> None:
    one = unit("first", "plain", name="alpha", password="${secret.pw}")
    world.apply(one)
    world.plan(change(one, password="${secret.other}"))
    found = world.planned["first@t"].changes[0]
    assert found.action == "update" and "value" not in json.dumps([found.before, found.after]).replace("(sensitive)", "")
    assert "(sensitive)" in found.after.values()


def test_a_fleet_gives_hosts(world: World) -> None:
    fleet = unit("fleet", "fleet", size=2, outputs={"addresses": "${module.hosts.*.address}"})
    ended = world.apply(replace(fleet, hosts_output="hosts"))
    assert [(host.name, host.address, host.target, host.vars) for host in ended["fleet@t"].hosts] == [
        ("fleet-1", "10.0.0.10", "t", {"instance_id": "i-0"}), ("fleet-2", "10.0.0.11", "t", {"instance_id": "i-1"})]
    assert ended["fleet@t"].outputs == {"addresses": ["10.0.0.10", "10.0.0.11"]}


# ---------------------------------------------------------------------- order, hand-off, ranks
def test_units_are_handed_off_while_a_slow_one_is_still_being_made(world: World) -> None:
    log, go = world.folder / "log", world.folder / "go"
    units = (unit("quick", "plain", name="alpha"), unit("slow", "slow", name="s", go=str(go), log=str(log)))
    world.plan(*units)
    seen: list[str] = []

    def meanwhile(message: Event | StepEnded) -> None:
        if isinstance(message, StepEnded):
            seen.append(f"{message.step} {'done' in log.read_text() if log.exists() else False}")
            # the slow one ends when the quick one has been handed off, and not before
            go.touch()

    ended = world.deliver(world.request(*units, as_planned=True), meanwhile)
    assert seen == ["quick@t False", "slow@t True"]
    assert ended["quick@t"].outputs == {"name": "alpha"}
    resources = [event for event in world.events if event.kind == "resource" and event.step == "slow@t"]
    assert [event.message for event in resources if event.data["phase"] == "start"] == [
        "terraform_data.before: creating", "terraform_data.this: creating"]
    assert resources[-1].data | {"seconds": 0, "id": ""} == {
        "address": "module.slow.terraform_data.this", "action": "create", "phase": "complete", "seconds": 0, "id": ""}
    assert [event.message for event in world.events if event.kind == "command"][0].endswith("preview.tfplan"), "the plan file that was shown"


def test_ranks_one_after_the_other_with_what_was_not_known(world: World) -> None:
    first = unit("first", "plain", name="alpha")
    later = unit("later", "plain", name="beta", settings={"url": "${api@dc1.url}"}, peers="${api@dc1.hosts}")
    counted = unit("counted", "counted", "later", names="${api@dc1.hosts}", outputs={"names": "${module.names}"})
    later = replace(later, needs=("api@dc1",))
    counted = replace(counted, needs=("api@dc1",))
    world.plan(first, later, counted)
    assert "input.settings.url" in world.planned["later@t"].changes[0].unknown or "input.settings" in world.planned["later@t"].changes[0].unknown
    assert world.planned["counted@t"].unpreviewed == "waits for api@dc1"
    assert world.deliver(world.request(first, root=(first, later, counted)))["first@t"].state == "done"
    assert not any("later" in address for address in world.state())
    filled = (change(later, settings={"url": "http://a"}, peers=["h1", "h2"]), change(counted, names=["h1", "h2"]))
    ended = world.deliver(world.request(*filled, root=(first, *filled), rank="1"))
    assert [one.state for one in ended.values()] == ["done", "done"] and ended["counted@t"].outputs == {"names": ["h1", "h2"]}
    assert world.by_hand("plan", "-detailed-exitcode").returncode == 0


def test_a_value_of_the_same_batch_that_must_be_known_is_planned_after_it(world: World) -> None:
    first = unit("first", "plain", name="alpha", peers=["p", "q"], outputs={"peers": "${module.peers}"})
    counted = unit("counted", "counted", "first", names="${first@t.peers}", outputs={"names": "${module.names}"})
    world.plan(first, counted)
    assert world.planned["counted@t"].unpreviewed == "waits for first@t" and world.planned["first@t"].changes
    ended = world.deliver(world.request(first, counted))
    assert ended["counted@t"].state == "done" and ended["counted@t"].outputs == {"names": ["p", "q"]}


# ---------------------------------------------------------------------- failures
CALLING = """variable "size" {
  type = number
}
module "inner" {
  source = "../inner"
  size   = var.size
}
"""
LIMITED = """variable "size" {
  type = number
}
resource "terraform_data" "this" {
  lifecycle {
    precondition {
      condition     = var.size < 3
      error_message = "${var.size} is too large"
    }
  }
}
"""


def test_failing_modules_do_not_stop_the_others(world: World, tmp_path: Path) -> None:
    broken = tmp_path / "modules" / "broken"
    broken.mkdir(parents=True)
    (broken / "main.tf").write_text('variable "name" {\n  type = string\n}\nresource "terraform_data" "x" {\n  input = var.nme\n}\n')
    for name, text in (("inner", LIMITED), ("outer", CALLING)):
        (tmp_path / "modules" / name).mkdir()
        (tmp_path / "modules" / name / "main.tf").write_text(text)
    outer = str(tmp_path / "modules" / "outer")
    units = (
        unit("good", "plain", name="alpha"),
        unit("small", outer, size=1),
        unit("large", outer, size=5),
        unit("dependent", "plain", "long", name="${long@t.name}"),
        unit("long", "plain", name="x" * 50),
        unit("typed", "plain", name="a", size="many"),
        unit("unknown", "plain", name="a", colour="red"),
        unit("required", "plain"),
        unit("gone", str(tmp_path / "modules" / "gone"), name="a"),
        unit("broken", str(broken), name="a"),
        unit("refused", "refused", name="a"),
        unit("waiting", "plain", "refused", name="${refused@t.name}"),
    )
    planned = world.plan(*units)
    words = {name: answer.failure for name, answer in planned.items()}
    assert words["good@t"] == words["refused@t"] == words["waiting@t"] == ""
    assert "must be shorter than 40" in words["long@t"]
    assert words["dependent@t"].startswith("waits for long@t, which")
    assert words["typed@t"] == """the variable "size" is of type number, and was given 'many'"""
    assert words["unknown@t"].startswith('its module has no variable "colour"')
    assert words["required@t"] == 'its module needs a value for the variable "name"'
    assert words["gone@t"].startswith("its module is gone")
    assert "nme" in words["broken@t"]
    assert words["large@t"] == "Resource precondition failed: 5 is too large" and words["small@t"] == "", "the same module, with another value"
    assert planned["good@t"].changes
    healthy = [one for one in units if not planned[one.name].failure]
    ended = world.deliver(world.request(*healthy, root=units, failures=tuple(name for name, text in words.items() if text)))
    assert ended["good@t"].state == ended["small@t"].state == "done"
    assert ended["refused@t"].state == "failed" and "QuotaExceeded: no more of these" in ended["refused@t"].message
    assert (ended["waiting@t"].state, ended["waiting@t"].message) == ("skipped", "waits for refused@t")


def test_a_delivered_unit_whose_new_inputs_are_wrong_stays_as_it_is(world: World) -> None:
    units = (unit("first", "plain", name="alpha"), unit("second", "plain", name="beta"))
    world.apply(*units)
    changed = (change(units[0], name="x" * 50), change(units[1], size=2))
    world.plan(*changed)
    assert "shorter than 40" in world.planned["first@t"].failure
    assert [found.action for found in world.planned["second@t"].changes] == ["update"]
    ended = world.deliver(world.request(changed[1], root=changed, failures=("first@t",)))
    assert ended["second@t"].state == "done"
    assert world.state()["module.first.terraform_data.this"][0]["attributes"]["input"]["value"]["name"] == "alpha"


def test_more_than_the_plan_showed_is_refused(world: World) -> None:
    units = (unit("first", "plain", name="alpha"), unit("second", "plain", name="beta"))
    world.apply(*units)
    changed = (change(units[0], size=2), units[1])
    world.plan(*changed)
    sneaked = (change(units[0], size=3), units[1])
    ended = world.deliver(world.request(sneaked[0], root=sneaked, as_planned=True))
    assert ended["first@t"].state == "failed" and ended["first@t"].stale and "input.size will be 3 instead of 2" in ended["first@t"].message
    assert world.state()["module.first.terraform_data.this"][0]["attributes"]["input"]["value"]["size"] == 1


def test_the_preview_is_not_applied_when_the_state_moved_but_a_new_plan_within_it_is(world: World) -> None:
    units = (unit("first", "plain", name="alpha"), unit("second", "plain", name="beta"))
    world.plan(*units)
    shown, plans = world.planned, world.plans
    world.plan(units[0])
    world.deliver(world.request(units[0], as_planned=True))
    world.planned, world.plans = shown, plans
    ended = world.deliver(world.request(*units, as_planned=True))
    assert {one.state for one in ended.values()} == {"done"}
    assert not ended["first@t"].changed and ended["second@t"].changed
    assert len([event for event in world.events if event.kind == "command"]) == 2


# ---------------------------------------------------------------------- removal
def test_removal_in_two_batches_leaves_nothing(world: World) -> None:
    first, third = unit("first", "plain", name="a"), unit("third", "plain", name="c")
    second = unit("second", "plain", "first", name="${first@t.name}")
    world.apply(first, second, third)
    world.plan(third, removed=("first@t", "second@t"))
    assert actions(world, "first@t") == [("module.first.terraform_data.this", "delete")] and world.planned["third@t"].changes == ()
    ended = world.deliver(world.request(second, root=(third,), kind="remove", rank="remove:0", last_in_root=False))
    assert ended["remove second@t"].state == "done"
    assert "module.first.terraform_data.this" in world.state() and "module.second.terraform_data.this" not in world.state()
    ended = world.deliver(world.request(first, root=(third,), kind="remove", rank="remove:1", last_in_root=True))
    assert ended["remove first@t"].state == "done" and ended["remove first@t"].changed
    assert set(world.state()) == {"module.third.terraform_data.this", ".terraform_data.ready_third", ".terraform_data.sealed_third"}
    assert world.by_hand("plan", "-detailed-exitcode").returncode == 0
    world.plan(removed=("third@t",))
    world.deliver(world.request(third, root=(), kind="remove", rank="remove:0"))
    assert world.state() == {}


# ---------------------------------------------------------------------- stopping, missing tools
@pytest.mark.parametrize("hard", [False, True])
def test_cancel(world: World, hard: bool) -> None:
    import asyncio

    go = world.folder / "go"
    units = (unit("quick", "plain", name="a"), unit("slow", "slow", name="s", go=str(go)))
    world.plan(*units)
    awaited = {"quick is done", "slow is being made"}
    threads: list[threading.Thread] = []

    def cancel() -> None:
        asyncio.run(world.engine.cancel(hard))
        go.touch()

    def meanwhile(message: Event | StepEnded) -> None:
        if isinstance(message, StepEnded) and message.step == "quick@t":
            awaited.discard("quick is done")
        elif isinstance(message, Event) and message.message == "terraform_data.this: creating" and message.step == "slow@t":
            awaited.discard("slow is being made")
        if not awaited and not threads:
            threads.append(threading.Thread(target=cancel))
            threads[0].start()

    ended = world.deliver(world.request(*units, as_planned=True), meanwhile)
    threads[0].join()
    assert ended["quick@t"].state == "done"
    assert ended["slow@t"].state == ("interrupted" if hard else "done")
    if hard:
        assert world.state()["module.slow.terraform_data.this"][0]["status"] == "tainted"
        assert not list(world.folder.rglob("*.tfplan"))
        # what only runs a program is unfinished when that was broken off: it runs again
        identifier = world.state()["module.slow.terraform_data.this"][0]["attributes"]["id"]
        ended = world.deliver(world.request(units[1], root=units))
        assert ended["slow@t"].state == "done" and world.state()["module.slow.terraform_data.this"][0]["attributes"]["id"] != identifier
        world.plan(*units)
        assert actions(world, "slow@t") == []


def test_missing_binary_and_missing_provider(world: World, tmp_path: Path) -> None:
    world.engine = TerraformEngine("no-such-terraform")
    with pytest.raises(Missing) as raised:
        world.plan(unit("first", "plain", name="a"))
    assert raised.value.code == "PRV-7101"
    world.engine = TerraformEngine()
    odd = tmp_path / "odd"
    odd.mkdir()
    (odd / "main.tf").write_text('terraform {\n  required_providers {\n    odd = {\n      source = "localhost.invalid/nobody/odd"\n    }\n  }\n}\n')
    planned = world.plan(unit("first", "plain", name="a"), unit("odd", str(odd), outputs={}))
    assert planned["first@t"].changes and planned["odd@t"].missing and "nobody/odd" in planned["odd@t"].failure


def test_a_configuration_that_names_a_missing_file_is_ignored(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(world.folder / "nowhere"))
    monkeypatch.setenv("AWS_CA_BUNDLE", str(world.folder / "nowhere.pem"))
    monkeypatch.setenv("TF_CLI_ARGS_plan", "-destroy")
    world.plan(unit("first", "plain", name="a"))
    assert [found.action for found in world.planned["first@t"].changes] == ["create"]
    assert os.environ["TF_CLI_CONFIG_FILE"].endswith("nowhere")
