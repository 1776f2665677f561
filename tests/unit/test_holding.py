"""What is left as it is: apply-once and read-only, in a module of Terraform and on hosts."""

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from provisioner.compose.handling import handling
from provisioner.engine import Planned
from provisioner.engines.terraform.ignoring import FILE, ignoring
from provisioner.engines.terraform.recreating import recreated
from provisioner.engines.terraform.sources import keep
from provisioner.model import Acceptance, Change, Delivered, FileDiff, Handling, Json, Once, Policy, Recreate, Step, Unit
from provisioner.planner import accepting
from provisioner.planner.holding import EVERYTHING, held, held_on_hosts
from tests.unit.planning import World, names, unit

DB, API = unit("db@aws", inputs={"size": 5}), unit("api@dc", "db@aws", inputs={"port": 80, "url": "${db@aws.id}"})
DRIFT, EDIT, ALWAYS = Once(affect="onStateKeep"), Once(("size",), affect="onUpdate"), Once(("tags",), ("aws_db_instance",))


def once(**properties: Json) -> Policy:
    return Policy("o", "apply-once", properties)


@pytest.mark.parametrize(("policy", "found"), [
    (once(enable=True), (DRIFT,)),
    (once(enable=False), ()),
    (once(rules=[{"selector": {"componentNames": ["db"]}}]), ()),
    (once(enable=True, rules=[{"selector": {"componentNames": ["other"]}}]), ()),
    (once(enable=True, rules=[{"selector": {"resourceTypes": ["aws_db_instance"]}, "strategy": {"path": ["tags"]}}]), (ALWAYS,)),
    (once(enable=True, rules=[{"selector": {"resourceTypes": ["Deployment"]}, "strategy": {"path": ["spec.replicas"]}}]), ()),
    (once(enable=True, rules=[{"selector": {"componentTypes": ["thing"]}, "strategy": {"path": ["size"], "affect": "onUpdate"}}]), (EDIT,)),
    (once(enable=True, rules=[{"selector": {"componentTypes": ["thing"]}, "strategy": {"path": ["*"]}}]), EVERYTHING),
])
def test_what_a_policy_says_is_left_alone(policy: Policy, found: tuple[Once, ...]) -> None:
    assert handling([policy], DB).once == found


def delivered(one: Unit, **more: Json) -> dict[str, Delivered]:
    return {one.name: Delivered(replace(one, **more), "delivered")}


@pytest.mark.parametrize(("said", "inputs", "ignored"), [
    (DRIFT, {"size": 5}, (DRIFT,)), (DRIFT, {"size": 6}, ()), (EDIT, {"size": 5}, ()), (EDIT, {"size": 6}, (EDIT,)),
    (ALWAYS, {"size": 5}, (ALWAYS,)), (ALWAYS, {"size": 6}, (ALWAYS,)),
])
def test_when_it_is_left_alone(said: Once, inputs: dict[str, Json], ignored: tuple[Once, ...]) -> None:
    wanted = replace(DB, inputs=inputs, handling=Handling(once=(said,)))
    assert held({DB.name: wanted}, delivered(DB))[DB.name].ignore == ignored
    assert not held({DB.name: wanted}, {})[DB.name].ignore


def test_an_input_that_comes_from_another_unit_is_no_edit() -> None:
    wanted = replace(API, handling=Handling(once=(DRIFT,)))
    assert held({API.name: wanted}, delivered(API, inputs={"port": 80, "url": "id-db"}))[API.name].ignore == (DRIFT,)


def test_what_is_read_only_is_wanted_as_it_was_delivered() -> None:
    wanted = replace(API, inputs={"port": 81}, handling=Handling(read_only=True))
    [found] = held({API.name: wanted}, delivered(API, inputs={"port": 80})).values()
    assert (found.inputs, found.ignore, found.needs) == ({"port": 80}, EVERYTHING, ())


CONF = FileDiff("/etc/api.conf", "a", "b")
CHANGE = Change("api@dc", "h1", "configure", reason="drift", files=(CONF,), tasks=("write /etc/api.conf", "restart api.service"))


@pytest.mark.parametrize(("ignore", "change", "left"), [
    (EVERYTHING, CHANGE, False),
    ((Once(("/etc/api.conf",)),), CHANGE, False),
    ((Once(("/etc/*",)),), CHANGE, False),
    ((Once(("/etc/api.conf",)),), replace(CHANGE, files=(CONF, replace(CONF, path="/etc/other"))), True),
    ((Once(("/etc/api.conf",)),), replace(CHANGE, tasks=("write /etc/api.conf", "create user api")), True),
    ((Once(("tags",)),), CHANGE, True),
    ((), CHANGE, True),
])
def test_a_host_does_all_or_nothing(ignore: tuple[Once, ...], change: Change, left: bool) -> None:
    assert bool(held_on_hosts(replace(API, ignore=ignore), Planned((change,))).changes) == left


def test_a_plan_says_what_is_ignored() -> None:
    world = World()
    world.deliver(DB, API)
    world.answers["api@dc"] = Planned((replace(CHANGE, unit="api@dc"),))
    kept = (replace(DB, handling=Handling(once=(ALWAYS,))), replace(API, handling=Handling(once=(DRIFT,))))
    plan = world.make(*kept)
    assert [bool(step.changes) for step in plan.steps] == [False, False]
    assert plan.notes == ("db@aws: changes of tags are ignored (apply-once)", "api@dc: changes of anything are ignored (apply-once)")
    assert names(plan.steps) == ["db@aws", "api@dc"]


# ------------------------------------------------------------------ in Terraform
MODULE = """
variable "size" { type = number }
resource "terraform_data" "one" {
  input            = { size = var.size, owner = "x" }
  triggers_replace = var.size
}
module "inner" {
  source = "./inner"
  size   = var.size
}
"""
INNER = """
variable "size" { type = number }
resource "terraform_data" "two" { input = var.size }
"""


def module(folder: Path) -> Path:
    source = folder / "module"
    (source / "inner").mkdir(parents=True)
    (source / "main.tf").write_text(MODULE)
    (source / "inner/main.tf").write_text(INNER)
    return keep(str(source), "", folder / "sources")


def said(folder: Path, inside: str = "") -> Json:
    file = folder / inside / FILE
    return json.loads(file.read_text())["resource"] if file.exists() else None


def test_override_files_of_a_module_and_of_those_that_it_calls(tmp_path: Path) -> None:
    kept = module(tmp_path)
    attributes = {"terraform_data": frozenset({"input", "output"})}
    copy = ignoring(kept, tmp_path / "sources", (Once(("input.owner", "tags")),), attributes)
    assert said(copy) == {"terraform_data": {"one": {"lifecycle": {"ignore_changes": ['input["owner"]']}}}}
    assert said(copy, "inner") == {"terraform_data": {"two": {"lifecycle": {"ignore_changes": ['input["owner"]']}}}}
    assert not (kept / FILE).exists() and ignoring(kept, tmp_path / "sources", (Once(("input.owner",)),), attributes) == copy
    everything = ignoring(kept, tmp_path / "sources", EVERYTHING, {})
    assert said(everything, "inner")["terraform_data"] == {"two": {"lifecycle": {"ignore_changes": "all"}}}


def test_a_path_that_no_resource_has_changes_nothing(tmp_path: Path) -> None:
    kept = module(tmp_path)
    assert ignoring(kept, tmp_path / "sources", (Once(("spec.replicas",), ("Deployment",)),), {}) == kept
    assert ignoring(kept, tmp_path / "sources", (Once(("tags",)),), {"terraform_data": frozenset({"input"})}) == kept


def test_terraform_takes_it(tmp_path: Path) -> None:
    """A changed input is planned without the override files, and not with them."""
    kept = module(tmp_path)
    found = {}
    for name, once_ in (("as it is", ()), ("ignored", EVERYTHING)):
        copy = ignoring(kept, tmp_path / "sources", once_, {}) if once_ else kept
        for command in (["init"], ["apply", "-auto-approve", "-var", "size=1"], ["plan", "-detailed-exitcode", "-var", "size=2"]):
            done = subprocess.run(["terraform", *command, "-no-color"], cwd=copy, capture_output=True, text=True, check=False)
            assert done.returncode in (0, 2), done.stderr
        found[name] = done.returncode
    assert found == {"as it is": 2, "ignored": 0}


# ------------------------------------------------------------------ resource-update
def entry(before: Json, after: Json, *, kind: str = "aws_instance", unknown: Json = None) -> dict[str, Json]:
    return {"address": "module.db.aws_instance.this", "type": kind, "change": {
        "actions": ["update"], "before": before, "after": after, "after_unknown": unknown or {}}}


@pytest.mark.parametrize(("rule", "change", "anew"), [
    (Recreate(("ami",)), entry({"ami": "a"}, {"ami": "b"}), True),
    (Recreate(("ami",)), entry({"ami": "a", "x": 1}, {"ami": "a", "x": 2}), False),
    (Recreate(("ami",)), entry({"ami": "a"}, {}, unknown={"ami": True}), True),
    (Recreate(("disk.0.size",)), entry({"disk": [{"size": 1}]}, {"disk": [{"size": 2}]}), True),
    (Recreate(), entry({"x": 1}, {"x": 2}), True),
    (Recreate((), ("aws_other",)), entry({"x": 1}, {"x": 2}), False),
])
def test_which_resources_are_made_anew(rule: Recreate, change: dict[str, Json], anew: bool) -> None:
    units = {"db": replace(DB, handling=Handling(recreate=(rule,)))}
    assert recreated([change], units) == (["module.db.aws_instance.this"] if anew else [])
    assert not recreated([change], {"db": DB}) and not recreated([change], {})


def test_what_resource_update_says() -> None:
    policy = Policy("u", "resource-update", {"rules": [
        {"selector": {"componentTypes": ["thing"]}, "strategy": {"op": "patch", "recreateFields": ["ami"]}},
        {"selector": {"resourceTypes": ["aws_instance"]}, "strategy": {"op": "replace"}},
        {"selector": {"componentNames": ["db"]}, "strategy": {"op": "patch"}}]})
    assert handling([policy], DB).recreate == (Recreate(("ami",)), Recreate((), ("aws_instance",)))


# ------------------------------------------------------------------ accepted
OWNER, FILE_OF_API = "db@aws/aws_db_instance.this[0]/tags.kubernetes.io/owner", "api@dc/web-1/etc/api/env"
WORD = Acceptance("", "d", "ann", "cost centre")


@pytest.mark.parametrize(("path", "once"), [
    (OWNER, Once(("tags.kubernetes.io/owner",), places=("aws_db_instance.this",))),
    ('db@aws/module.x.aws_s3_bucket.b["a/b"]/rule.0.status', Once(("rule",), places=("aws_s3_bucket.b",))),
    (FILE_OF_API, Once(("/etc/api/env",), places=("web-1",))),
])
def test_what_was_accepted_is_left_alone_where_it_was_found(path: str, once: Once) -> None:
    units = held({DB.name: DB, API.name: API}, {**delivered(DB), **delivered(API)}, [path])
    assert [unit.ignore for unit in units.values() if unit.ignore] == [(once,)]
    # what was left alone then says nothing about now
    assert not held({DB.name: replace(DB, ignore=EVERYTHING)}, delivered(DB))[DB.name].ignore


def test_a_resource_as_a_whole_can_not_be_left_out() -> None:
    assert not held({DB.name: DB}, delivered(DB), ["db@aws/aws_db_instance.this"])[DB.name].ignore


def test_a_plan_says_what_stays_and_what_is_put_back_all_the_same() -> None:
    gone = "db@aws/aws_db_instance.this"
    step = Step("db@aws", "deliver", DB, changes=(Change("db@aws", "module.db.aws_db_instance.this", "create"),))
    said = list(accepting.notes({"db@aws"}, [step], {gone: WORD, OWNER: WORD, FILE_OF_API: WORD}))
    assert [text.partition(" ")[0] for text in said] == [gone, OWNER]
    assert "it is put back" in said[0] and "accepted by ann (cost centre)" in said[1]


def test_a_change_on_a_host_is_left_out_where_its_file_was_accepted() -> None:
    changes = tuple(Change("api@dc", host, "configure", files=(FileDiff("/etc/api/env", "a", "b"),)) for host in ("web-1", "web-2"))
    leaving = replace(API, ignore=(Once(("/etc/api/env",), places=("web-1",)),))
    assert held_on_hosts(leaving, Planned(changes[:1])).changes == ()
    assert held_on_hosts(leaving, Planned(changes)).changes == changes, "a playbook does all of it, or nothing"


def test_what_a_module_ignores_itself_stays_ignored_and_only_the_place_that_was_accepted_is_meant(tmp_path: Path) -> None:
    """An override takes the place of the module's own list."""
    (tmp_path / "own").mkdir()
    (tmp_path / "own/main.tf").write_text(
        'resource "terraform_data" "a" {\n  lifecycle {\n    ignore_changes = [input, output["x"]]\n  }\n}\nresource "terraform_data" "b" {}\n')
    kept = keep(str(tmp_path / "own"), "", tmp_path / "sources")
    copy = ignoring(kept, tmp_path / "sources", (Once(("tags.a.b/c",), places=("terraform_data.a",)),), {})
    assert said(copy) == {"terraform_data": {"a": {"lifecycle": {"ignore_changes": ["input", 'output["x"]', 'tags["a.b/c"]']}}}}
