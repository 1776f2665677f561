"""Revisions compared, plans sealed and estimated, and what can't go back: the pure part of history, diff, rollback and saved plans."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from provisioner.api import past, saved
from provisioner.cli.work.plan import next_command
from provisioner.errors import ProvisionError, Where
from provisioner.model import (
    Application,
    Change,
    ChangeRule,
    Component,
    Delivered,
    Environment,
    FileDiff,
    Flow,
    Host,
    Hosts,
    Plan,
    Purpose,
    Step,
    Target,
    Trait,
    Unit,
)
from provisioner.planner import sealing
from provisioner.planner.differing import ABSENT, Difference, as_pulled, differences, flat, of_components, of_units
from provisioner.planner.directions import kept_forward
from provisioner.planner.estimate import estimate
from provisioner.store import Revision, Run, Store
from tests.unit.planning import unit

WEB = replace(unit("web@dc", inputs={"env": {"A": "1"}, "artifact": "dist/web", "sha256": "a" * 64}), artifacts={"artifact": "sha256"},
              source_digest="s" * 64)
PROD = Environment("prod")


# ------------------------------------------------------------------ diff
def test_units_differ_by_path() -> None:
    after = replace(WEB, inputs={"env": {"A": "2", "B": "3"}, "artifact": "dist/web", "sha256": "b" * 64}, source_digest="t" * 64)
    assert differences(of_units([WEB, unit("gone@dc")]), of_units([after, unit("new@dc")])) == (
        Difference("gone@dc", "", "thing", ABSENT), Difference("new@dc", "", ABSENT, "thing"),
        Difference("web@dc", "artifact dist/web", "a" * 12, "b" * 12), Difference("web@dc", "env.A", "1", "2"),
        Difference("web@dc", "env.B", ABSENT, "3"), Difference("web@dc", "playbook", "s" * 12, "t" * 12))
    assert differences(of_units([WEB]), of_units([WEB])) == ()


def test_steps_of_a_workflow_differ_by_when_they_are_carried_out() -> None:
    step = replace(unit("look@workflow"), flow=Flow(after=("all@workflow",), timeout=60.0))
    later = replace(step, flow=Flow(after=("all@workflow", "told@workflow"), condition="always", timeout=60.0))
    assert [(one.path, one.before, one.after) for one in differences(of_units([step]), of_units([later]))] == [
        ("after", "all@workflow", "all@workflow, told@workflow"), ("if", ABSENT, "always")]


def test_an_image_of_the_same_name_is_the_one_that_is_delivered() -> None:
    """Nobody asks a registry for a diff."""
    then = replace(unit("api@aws", inputs={"image": "shop/api:1", "digest": "sha256:" + "a" * 64}), images={"image": "digest"})
    now = replace(then, inputs={"image": "shop/api:1", "digest": ""})
    assert differences(of_units([then]), of_units(as_pulled([now], [then]))) == ()
    other = replace(now, inputs={"image": "shop/api:2", "digest": ""})
    assert as_pulled([other, unit("new@aws")], [then]) == [other, unit("new@aws")]
    said = replace(now, inputs={"image": "shop/api:1", "digest": "sha256:" + "b" * 64})
    assert as_pulled([said], [then]) == [said]


def test_environments_differ_by_what_is_asked_for_and_where() -> None:
    component = Component("web", "webservice", {"cpu": 1}, (Trait("scaler", {"replicas": 2}),))
    more = replace(component, traits=(Trait("scaler", {"replicas": 9}),))
    there = replace(WEB, name="web@cloud", target="cloud", inputs={**WEB.inputs, "name": "shop-prod-web"})
    found = differences(of_components([component], [WEB], "1"), of_components([more], [there], "1"))
    assert [(one.path, one.before, one.after) for one in found] == [("on", "dc", "cloud"), ("trait scaler.replicas", 2, 9)]
    with_version, without = (of_components([component], [WEB], version) for version in ("1", ""))
    assert differences(with_version, without) == (Difference("", "version", "1", ABSENT),) and differences(without, without) == ()
    plain, given = (of_components([Component("files", "bucket", properties)], [], "1") for properties in ({}, {"versioned": False}))
    assert [(one.subject, one.path) for one in differences(plain, given)] == [("files", "versioned")]


def test_values_have_paths() -> None:
    assert dict(flat({"a": [{"b": 1}, {}], "c": [1, 2], "d": {}})) == {"a[0].b": 1, "a[1]": {}, "c": [1, 2], "d": {}}
    assert dict(flat({})) == {}


# ------------------------------------------------------------------ seals
def sealed(application: Application, *units: Unit, environment: Environment = PROD) -> dict[str, str]:
    return sealing.document_seals(application, environment, units, {"webservice": "d1"})


def test_seals_know_content_and_no_place() -> None:
    one = Application("shop", "1", (Component("web", "webservice", {"cpu": 1}, where=Where("app.yaml", 3, 1)),))
    moved = replace(one, components=(replace(one.components[0], where=Where("app.yaml", 9, 1)),), folder="/elsewhere", text="# a comment")
    assert sealed(one, WEB) == sealed(moved, WEB)
    assert sealed(one, WEB, environment=Environment("prod", folder="/elsewhere")) == sealed(one, WEB)


def test_each_change_is_a_sentence() -> None:
    one = Application("shop", "1", (Component("web", "webservice", {"cpu": 1}), Component("db", "postgres")))
    two = Application("shop", "2", (Component("web", "webservice", {"cpu": 2}), Component("queue", "queue")))
    before = {**sealed(one, WEB), "state of aws": "lineage 4", "provider lock of aws": "1" * 64,
              "program of aws": "terraform 1.11.4"}
    now = {**sealed(two, replace(WEB, source_digest="t" * 64), environment=Environment("prod", vars={"a": 1})), "state of aws": "lineage 6",
           "provider lock of aws": "2" * 64, "program of aws": "terraform 1.12.0"}
    told = sealing.reasons(before, now)
    assert [text.partition(" (")[0] for text in told] == [
        "the component web was changed", "component db was taken out", "the version is 2, and was 1", "the environment prod was changed",
        "the playbook of web@dc was changed", "the state of aws was written since: serial 4 then, 6 now", "the provider lock of aws was changed",
        "the program of aws is terraform 1.12.0, and was terraform 1.11.4",
        "component queue was added"]
    assert sealing.reasons(before, before) == []


def plan(*steps: Step, **more: object) -> Plan:
    return Plan("p1", "shop", "prod", "1", steps, **more)  # type: ignore[arg-type]


def test_the_world_is_another_one_where_a_change_is() -> None:
    write = Change("web@dc", "web-01", "configure", tasks=("write",))
    before = plan(Step("web@dc", "deliver", WEB, changes=(write, replace(write, address="web-02"), replace(write, address="web-03"))))
    now = plan(Step("web@dc", "deliver", WEB, changes=(replace(write, tasks=("write", "restart")), replace(write, address="web-03", action="create"),
                                                        replace(write, address="web-04"))), failures=(("db@aws", "refused"),))
    assert sealing.world_reasons(before, now) == [
        "web@dc: web-01 is not as the plan saw it", "web@dc: web-02 needs nothing any more",
        "web@dc: web-03 would create now, and the plan showed configure", "web@dc: web-04 would configure now, and the plan did not show it",
        "db@aws: refused"]
    assert sealing.world_reasons(before, before) == []
    said = plan(Step("told@workflow", "workflow", WEB, changes=(Change("told@workflow", "", "run"),)))
    assert sealing.world_reasons(said, plan()) == ["told@workflow: needs nothing any more"]


def test_what_differs_in_the_world_is_named() -> None:
    """Files of a host, attributes of a resource."""
    env, unit_file = FileDiff("/etc/web/env", "A=0\n", "A=1\n"), FileDiff("/etc/web/unit", "x", "y")
    write = Change("web@dc", "web-01", "configure", files=(env, unit_file))
    tags = Change("db@aws", "aws_db.this", "update", {"size": 1}, {"size": 2})
    before = plan(Step("web@dc", "deliver", WEB, changes=(write,)), Step("db@aws", "deliver", unit("db@aws"), changes=(tags,)))
    now = plan(Step("web@dc", "deliver", WEB, changes=(replace(write, files=(replace(env, before="A=9\n"), unit_file)),)),
               Step("db@aws", "deliver", unit("db@aws"), changes=(replace(tags, unknown=tuple("abcd")),)))
    assert sealing.world_reasons(before, now) == [
        "web@dc: web-01 is not as the plan saw it: /etc/web/env", "db@aws: aws_db.this is not as the plan saw it: a, b, c and 1 more"]
    assert sealing.world_reasons(plan(), now)[0] == "web@dc: web-01 would configure now, and the plan did not show it: /etc/web/env, /etc/web/unit"


def test_a_plan_of_another_version_is_called_so() -> None:
    """It was not edited. One that can be read is stale: what it does not know of would not be done, or be done otherwise."""
    now = saved.seals(Application("shop", "1"), PROD, (), lambda types: {})
    with pytest.raises(saved.Stale, match="the program that plans is provision .*, and was provision 0.0.9"):
        saved.refuse_edited(plan(seals={**now, saved.PROGRAM: "provision 0.0.9"}), now)
    saved.refuse_edited(plan(seals=now), now)
    content = json.loads(saved.to_text(plan(Step("web@dc", "deliver", WEB))))
    del content["plan"]["steps"][0]["unit"]["name"]
    content["sha256"] = hashlib.sha256(json.dumps(content["plan"], sort_keys=True).encode()).hexdigest()
    with pytest.raises(saved.Stale, match="made by another version of provision"):
        saved.from_text(json.dumps(content))


def test_a_saved_plan_survives_its_file_and_no_edit_of_it() -> None:
    made = plan(Step("web@dc", "deliver", WEB), purpose=Purpose("rollback", 3, keep=("db",)), seals={"version": "1"})
    text = saved.to_text(made)
    assert saved.from_text(text) == made
    for edited in (text.replace("dist/web", "dist/bew"), text[:-20], text.replace('"sha256"', '"sha512"', 1)):
        with pytest.raises(saved.Stale) as raised:
            saved.from_text(edited)
        assert raised.value.code == "PRV-6106"


def test_a_playbook_that_was_edited_meanwhile_is_not_gone_on_with(tmp_path: Path) -> None:
    """A yes is for what was shown; a unit that was delivered, or that only a healing plays as it is, is no matter."""
    names = ("sign", "beside", ".provision/sources/d/kept")
    for name in names:
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "site.yml").write_text("- hosts: all\n")
    (tmp_path / "own.yml").write_text("- hosts: all\n")
    made = [replace(unit(f"{Path(path).with_suffix('').parts[-2 if '/' in path else -1]}@dc", engine="ansible"), source=str(tmp_path / path),
                    source_digest="then")
            for path in (*(f"{name}/site.yml" for name in names), "own.yml", "gone/site.yml")]
    played, quiet = (Change("it", "h", "configure"),), replace(unit("quiet@muc", engine="ansible"), source=made[0].source, source_digest="then")
    steps = plan(*(Step(one.name, "deliver", one, changes=played) for one in made), Step("quiet@muc", "deliver", quiet, outputs={}),
                 Step("db@aws", "deliver", replace(unit("db@aws"), source_digest="x"), changes=played),
                 seals={"ansible.cfg": "then", "state of aws": "1"})
    run = Run(7, "p1", "shop", "prod", "1", "waiting", 1, "me", "", "")

    def refuse(ended: tuple[str, ...], now: str, of: Plan = steps, settings: str = "then") -> None:
        asked: list[str] = []

        def seals_of(target: str) -> dict[str, str]:
            asked.append(target)
            return {"ansible.cfg": settings}

        saved.refuse_moved(run, of, ended, saved.Now(lambda source: now, seals_of))
        assert asked in (["dc"], [])

    with pytest.raises(ProvisionError, match="the playbook of sign@dc, beside@dc, own@dc was changed since run 7 was planned") as raised:
        refuse((), "now")
    assert (raised.value.code, raised.value.exit, raised.value.next) == ("PRV-6102", 11, "provision apply")
    with pytest.raises(ProvisionError, match="the playbook of beside@dc was changed"):
        refuse(("sign@dc", "own@dc"), "now")
    with pytest.raises(ProvisionError, match=r"the ansible.cfg was changed \(then → now\) since run 7 was planned"):
        refuse((), "then", settings="now")
    refuse((), "then")
    refuse(("sign@dc", "beside@dc", "own@dc"), "now")
    refuse(tuple(one.name for one in made), "now", settings="now")
    refuse((), "now", replace(steps, purpose=Purpose("heal")), "now")
    refuse((), "now", replace(steps, failures=tuple((one.name, "no host") for one in made)), "now")
    refuse((), "then", replace(steps, seals={}), "now")
    with pytest.raises(saved.Stale, match="the playbook of own@dc was changed"):
        saved.refuse_edited_meanwhile(replace(steps, steps=steps.steps[3:4]), saved.Now(lambda source: "now", lambda target: {}))


# ------------------------------------------------------------------ going back
def test_what_can_t_go_back_stays_and_is_said() -> None:
    rules = (ChangeRule("disk.size", "storageGB", "grow-only"), ChangeRule("version", "version", "upgrade-only"))
    then = unit("db@aws", inputs={"disk": {"size": 100}, "version": "15", "name": "old"}, change_rules=rules)
    now = replace(then, inputs={"disk": {"size": 200}, "version": "16", "name": "new"})
    kept, told = kept_forward(then, {"db@aws": now})
    assert kept.inputs == {"disk": {"size": 200}, "version": "16", "name": "old"}
    assert told == ("db@aws: storageGB stays 200: it can only grow (then it was 100)",
                    "db@aws: version stays 16: it can only go upwards (then it was 15)")
    assert kept_forward(then, {}) == (then, ())


def test_units_of_a_revision_are_on_its_hosts_as_they_are_reached_now(tmp_path: Path) -> None:
    state = tmp_path / ".provision/shop/prod"
    old, new = Host("web-01", "10.0.0.1", "dc"), Host("web-01", "10.0.0.9", "dc")
    was = plan(Step("web@dc", "deliver", replace(WEB, hosts=(old, Host("web-02", "10.0.0.2", "dc")))), Step("remove x@dc", "remove", unit("x@dc")))
    environment = Environment("prod", (Target("dc", hosts=Hosts(listed=(new,))),))
    step = Step("told@workflow", "workflow", Unit("told@workflow", "told", "webhook", "workflow", "workflow", flow=Flow()))
    assert past.units_of(plan(step), environment, state, lambda source: "") == (step.unit,)
    (again,) = past.units_of(was, environment, state, lambda source: WEB.source_digest)
    assert again.hosts == (new,)
    with pytest.raises(ProvisionError) as raised:
        past.units_of(was, Environment("prod"), state, lambda source: WEB.source_digest)
    assert raised.value.code == "PRV-6203"
    with pytest.raises(ProvisionError) as raised:
        past.units_of(was, environment, state, lambda source: "another")
    assert raised.value.code == "PRV-6202"


def test_data_that_a_revision_did_not_have_is_kept() -> None:
    there = {name: Delivered(unit(name, data=data), "delivered") for name, data in (("db@dc", True), ("web@dc", False), ("late@dc", True))}
    assert past.to_keep(plan(Step("db@dc", "deliver", there["db@dc"].unit)), there) == ["late@dc"]


@pytest.mark.parametrize(("number", "found"), [(1, 1), (3, 3), (0, 3), (-1, 2), (-2, 1), (4, 0), (-3, 0)])
def test_revisions_are_found_by_number_or_back_from_the_newest(tmp_path: Path, number: int, found: int) -> None:
    with Store(f"{tmp_path}/store.db") as store:
        store.plans.save(plan())
        for _ in range(3):
            store.revisions.add("shop", "prod", Revision(0, "p1", 1, "1", "d", "", ""))
        if found:
            assert past.find(store, "shop", "prod", number)[0].number == found
        else:
            with pytest.raises(ProvisionError) as raised:
                past.find(store, "shop", "prod", number)
            assert raised.value.code == "PRV-6201"


# ------------------------------------------------------------------ how long
def test_a_plan_takes_as_long_as_the_longest_way_through_it() -> None:
    change = (Change("x", "y", "create"),)
    made = plan(Step("a@dc", "deliver", unit("a@dc"), changes=change), Step("b@dc", "deliver", unit("b@dc"), ("a@dc",), changes=change),
                Step("c@dc", "deliver", unit("c@dc"), changes=change), Step("quiet@dc", "deliver", unit("quiet@dc"), ("b@dc",)))
    found = estimate(made, {"a@dc": [10, 30, 20], "b@dc": [5], "quiet@dc": [100]}, 3)
    assert found is not None and (found.seconds, found.runs, found.unknown) == (25, 3, 1)
    assert estimate(made, {"quiet@dc": [100]}, 1) is None


def test_a_rollback_that_was_looked_at_is_carried_out_by_rollback() -> None:
    step = Step("web@dc", "deliver", WEB, changes=(Change("web@dc", "web-01", "configure"),))
    assert next_command(plan(step, purpose=Purpose("rollback", 3)), {"environment": "prod"}) == "provision rollback --to 3"
    assert next_command(plan(step), {"environment": "prod"}) == "provision apply"
