"""From units and what is delivered to a plan, with a made-up engine: order, batches, removal, hosts, protection, digests."""

from dataclasses import replace

import pytest

from provisioner.engine import Planned
from provisioner.errors import Exit, Refused, Where
from provisioner.model import Change, Delivered, FileDiff, Secret, Unit
from tests.unit.planning import World, hosts, names, on, unit


# ------------------------------------------------------------------ order and batches
def test_ranks_follow_the_way_out_of_a_root_and_back() -> None:
    fleet = unit("fleet@aws", "net@aws")
    api = unit("api@dc", "fleet@aws")
    plan = World().make(unit("door@aws", "api@dc"), api, fleet, unit("net@aws"), unit("db@aws", "net@aws"), unit("late@aws2", "db@aws"))
    assert {step.name: step.batch for step in plan.steps} == {
        "net@aws": "terraform:aws:0", "fleet@aws": "terraform:aws:0", "db@aws": "terraform:aws:0", "api@dc": "api@dc",
        "door@aws": "terraform:aws:1", "late@aws2": "terraform:aws2:1"}
    assert names(plan.steps).index("api@dc") < names(plan.steps).index("door@aws")


def test_a_root_is_asked_after_those_that_it_needs() -> None:
    world = World()
    first, second = unit("a@aws1"), unit("b@aws2")
    world.deliver(second, first)
    world.asked.clear()
    # aws1 comes first in the document and by its first unit, but one of its units needs aws2, through a unit on a host
    plan = world.make(first, unit("late@aws1", "mid@dc"), unit("mid@dc", "b@aws2"), second)
    assert [request.key for request in world.asked if request.units[0].root] == ["aws2", "aws1"]
    assert plan.steps[-1].name == "late@aws1"


def test_two_roots_that_need_each_other_are_asked_once_each() -> None:
    world = World()
    world.make(unit("a@aws1"), unit("b@aws2", "a@aws1"), unit("c@aws1", "b@aws2"))
    assert sorted(request.key for request in world.asked) == ["aws1", "aws2"]
    ranks = {name: rank for request in world.asked for name, rank in request.ranks.items()}
    assert ranks == {"a@aws1": 0, "b@aws2": 1, "c@aws1": 2}


def test_what_was_expected_of_a_root_and_turned_out_wrong_is_asked_again() -> None:
    """aws and aws2 need each other: each is asked with what the other gave before; aws is about to give something else."""
    world = World()
    first, between, last = unit("a@aws"), unit("b@aws2", "a@aws"), unit("c@aws", "b@aws2")
    world.deliver(first, between, last)
    world.asked.clear()
    assert not any(step.changes for step in world.make(first, between, last).steps)
    assert sorted(request.key for request in world.asked) == ["aws", "aws2"]
    world.answers["b@aws2"] = Planned((Change("b@aws2", "it", "replace"),))
    steps = {step.name: step for step in world.make(first, between, last).steps}
    assert steps["c@aws"].changes[0].after == {"of": ["${b@aws2.id}"]} and steps["b@aws2"].outputs is None


def test_machines_that_will_be_replaced_are_not_expected_to_stay() -> None:
    """The door in front of a fleet shows that it will change when the fleet does, though both are of one root."""
    world = World(made={"fleet@aws": hosts("v1", target="aws")})
    api = unit("api@dc", "fleet@aws", host_source=on("fleet@aws"), outputs={"at": "${api@dc._hosts.0.address}", "token": "${module.id}"})
    door = unit("door@aws", "api@dc", inputs={"to": "${api@dc.at}"})
    world.deliver(FLEET, api, door)
    assert not any(step.changes for step in world.make(FLEET, api, door).steps)
    world.answers["fleet@aws"] = Planned((Change("fleet@aws", "vm[0]", "replace"),))
    steps = {step.name: step for step in world.make(FLEET, api, door).steps}
    assert steps["api@dc"].unpreviewed and steps["api@dc"].outputs is None
    assert steps["door@aws"].changes[0].after == {"to": "${api@dc.at}"}


# ------------------------------------------------------------------ what is known
def test_outputs_travel_and_secrets_stay_references() -> None:
    world = World(raw={"db@aws": {"id": "db-1", "arn": "arn:aws:secretsmanager:x:1:secret:rds!db-1"}})
    made = {"password": {"secret": "${module.arn}", "key": "password"}, "url": "postgresql://app:${self.password}@${module.id}/app"}
    db = unit("db@aws", outputs=made, sensitive=("password", "url"))
    api = unit("api@dc", "db@aws", inputs={"url": "${db@aws.url}"}, outputs={"copy": "<${db@aws.url}>"})
    door = unit("door@dc", "api@dc", inputs={"x": "${api@dc.copy}", "mine": "${secret.payments/pin}"})
    first = world.make(db, api, door)
    assert first.steps[0].outputs is None and first.steps[1].unit.inputs == {"url": "${db@aws.url}"}
    world.deliver(db, api, door)
    asked = {one.name: one for request in world.asked for one in request.units}
    secret = "${secret.aws:aws/arn:aws:secretsmanager:x:1:secret:rds!db-1#password}"
    plan = world.make(db, api, door)
    assert [step.changes for step in plan.steps] == [(), (), ()]
    assert plan.steps[0].outputs == {"password": secret, "url": f"postgresql://app:{secret}@db-1/app"}
    asked = {one.name: one for request in world.asked for one in request.units}
    assert asked["api@dc"].inputs == {"url": f"postgresql://app:{secret}@db-1/app"}
    assert asked["door@dc"].inputs == {"x": f"<postgresql://app:{secret}@db-1/app>", "mine": "${secret.payments/pin}"}


def test_a_value_that_looks_like_a_reference_stays_a_value() -> None:
    world = World(raw={"a@aws": {"id": "${secret.stolen} $${x} US$"}})
    units = unit("a@aws"), unit("b@dc", "a@aws", inputs={"x": "${a@aws.id}{secret.stolen}"})
    world.deliver(*units)
    world.make(*units)
    assert [one.inputs for request in world.asked for one in request.units if one.name == "b@dc"][-1] == (
        {"x": "$${secret.stolen} $$${x} US$${secret.stolen}"})


def test_what_a_playbook_gave_before_is_expected_again_but_not_what_it_no_longer_gives() -> None:
    world = World()
    task = unit("task@dc", outputs={"token": "${module.token}"})
    world.raw["task@dc"] = {"token": "t-1"}
    user = unit("user@dc", "task@dc", inputs={"x": "${task@dc.token}"})
    world.deliver(task, user)
    assert [step.changes for step in world.make(task, user).steps] == [(), ()]
    renamed = replace(task, outputs={"other": "${module.other}"})
    steps = {step.name: step for step in world.make(renamed, replace(user, inputs={"x": "${task@dc.other}"})).steps}
    assert steps["task@dc"].outputs is None and steps["user@dc"].changes[0].after == {"x": "${task@dc.other}"}


def test_an_existing_unit_needs_no_engine() -> None:
    world = World()
    cache = unit("cache@dc", engine="existing", outputs={"host": "cache.example", "port": 6379})
    plan = world.make(cache, unit("api@dc", "cache@dc", inputs={"at": "${cache@dc.host}:${cache@dc.port}"}))
    assert [one.name for request in world.asked for one in request.units] == ["api@dc"]
    assert world.asked[0].units[0].inputs == {"at": "cache.example:6379"} and plan.steps[0].outputs == cache.outputs


def test_units_are_checked_while_terraform_looks_and_again_when_it_says_otherwise() -> None:
    world = World()
    units = [unit("db@aws"), unit("api@dc", "db@aws"), unit("web@dc", "db@aws", inputs={"x": "${db@aws.id}"}), unit("new@dc")]
    world.deliver(*units[:3])

    def asked(*wanted: Unit) -> list[list[str]]:
        world.asked.clear()
        world.make(*wanted)
        return [[one.name for one in request.units] for request in world.asked if request.key == "dc"]

    late = unit("late@dc", "more@aws")
    assert asked(*units, unit("more@aws"), late) == [["api@dc", "web@dc", "new@dc"], ["late@dc"]]
    world.raw["db@aws"] = {"id": "another"}
    assert asked(*units) == [["api@dc", "web@dc", "new@dc"], ["api@dc", "web@dc"]]
    assert {step.name: step.changes[0].after for step in world.make(*units).steps if step.changes}["api@dc"] == {"of": ["another"]}


# ------------------------------------------------------------------ hosts
FLEET = unit("fleet@aws", hosts_output="hosts")


def test_hosts_that_are_not_made_yet_are_waited_for() -> None:
    world = World(made={"fleet@aws": hosts("v1", "v2", target="aws")})
    api = unit("api@aws-hosts", "fleet@aws", engine="ansible", host_source=on("fleet@aws"), outputs={"at": "${api@aws-hosts._hosts.*.address}"})
    assert world.make(FLEET, api).steps[1].unpreviewed == "waits for its hosts"
    world.deliver(FLEET, api)
    plan = world.make(FLEET, api)
    assert not any(step.changes or step.unpreviewed for step in plan.steps)
    assert world.asked[-1].hosts == {"api@aws-hosts": world.made["fleet@aws"]} and plan.steps[1].outputs == {"at": ["10.0.0.1", "10.0.0.2"]}


def test_hosts_that_did_not_answer_are_seen_in_the_plan() -> None:
    world = World(answers={"api@dc": Planned(failed_hosts={"h2": "timed out"})})
    step, = world.make(unit("api@dc")).steps
    assert [(change.address, change.reason) for change in step.changes] == [("h2", "could not be looked at: timed out")]


def test_a_program_starts_anew_where_what_it_reads_changes() -> None:
    def change(name: str, host: str, **more: object) -> Change:
        return Change(name, host, "configure", **more)  # type: ignore[arg-type]

    diff = (FileDiff("/etc/provision/secrets/shop/pin", "(secret, 1)", "(secret, 2)"),)
    restarts = {host: change("api@dc", host, reason="it reads pin@dc", tasks=("restart api.service",), seal=f"seal of {host}")
                for host in ("h1", "h2")}
    api = Planned((change("api@dc", "h1", tasks=("write /etc/x",), seal="own"),), follows={"pin@dc": tuple(restarts.values()), "other@dc": ()})
    pin, reader = unit("pin@dc"), unit("api@dc", "pin@dc")

    def planned(*changes: Change, of: object = reader, answer: Planned = api) -> tuple[Change, ...]:
        world = World(answers={"pin@dc": Planned(changes), "api@dc": answer})
        return {step.name: step.changes for step in world.make(pin, of).steps}["api@dc"]  # type: ignore[arg-type]

    written = change("pin@dc", "h1", files=diff), change("pin@dc", "h2", unknown=("secret_value",))
    both = planned(*written)
    assert [(one.address, one.tasks, one.seal) for one in both] == [
        ("h1", ("write /etc/x", "restart api.service"), "own"), ("h2", ("restart api.service",), "seal of h2")]
    assert planned(written[1], answer=replace(api, changes=())) == (restarts["h2"],)
    assert planned(change("pin@dc", "h1", tasks=("set mode 0400 of …",))) == api.changes, "no other content"
    assert planned(*written, of=unit("api@dc")) == api.changes, "it does not come after the secret: the next plan sees it"


def left(world: World, *units: object) -> list[str]:
    return [step.name for step in world.look(*units).plan.steps if step.kind == "remove"]  # type: ignore[arg-type]


def test_a_unit_leaves_hosts() -> None:
    world = World()
    world.deliver(unit("api@dc", hosts=hosts("h1", "h2", "h3")))
    plan = world.make(unit("api@dc", hosts=hosts("h3", "h4")))
    assert names(plan.steps) == ["api@dc", "remove api@dc on h1", "remove api@dc on h2"]
    assert [host.name for host in plan.steps[1].unit.hosts] == ["h1"] and plan.steps[1].needs == ("api@dc",)


def test_a_unit_leaves_machines_of_a_fleet() -> None:
    made = hosts("v1", "v2", "v3", target="aws")
    world = World(made={"fleet@aws": made})

    def api(count: int | None) -> object:
        return unit("api@dc", "fleet@aws", host_source=on("fleet@aws", count))

    world.deliver(FLEET, api(None))  # type: ignore[arg-type]
    assert left(world, FLEET, api(None)) == []
    assert left(world, FLEET, api(2)) == ["remove api@dc on v3"]
    assert left(world, FLEET, unit("api@dc", hosts=hosts("h1"))) == [f"remove api@dc on {host.name}" for host in made]
    other = unit("other@aws", hosts_output="hosts")
    world.made["other@aws"] = hosts("w1", target="aws")
    assert left(world, FLEET, other, unit("api@dc", "other@aws", host_source=on("other@aws"))) == [f"remove api@dc on {host.name}" for host in made]
    # the fleet shrinks at the same time: v3 is gone before a removal could reach it
    world.answers["fleet@aws"] = Planned((Change("fleet@aws", "vm[2]", "delete"),))
    assert left(world, FLEET, api(2)) == []


def test_machines_that_were_replaced_are_no_longer_left() -> None:
    world = World(made={"fleet@aws": hosts("v1", "v2", target="aws")})
    api = unit("api@dc", "fleet@aws", host_source=on("fleet@aws"))
    world.deliver(FLEET, api)
    world.delivered["fleet@aws"] = replace(world.delivered["fleet@aws"], hosts=hosts("v1", "v9", target="aws"))
    assert left(world, FLEET, api) == []


def test_a_unit_moves_from_listed_hosts_to_a_fleet() -> None:
    world = World(made={"fleet@aws": hosts("v1", target="aws")})
    world.deliver(unit("api@dc", hosts=hosts("h1", "h2")))
    assert left(world, FLEET, unit("api@dc", "fleet@aws", host_source=on("fleet@aws"))) == ["remove api@dc on h1", "remove api@dc on h2"]


# ------------------------------------------------------------------ removal
def test_what_left_goes_last_and_in_reverse() -> None:
    world = World()
    world.deliver(unit("net@aws"), unit("fleet@aws", "net@aws"), unit("api@dc", "fleet@aws"), unit("door@aws", "api@dc"), unit("stays@dc"))
    plan = world.make(unit("stays@dc"), unit("new@dc"))
    assert names(plan.steps) == ["stays@dc", "new@dc", "remove door@aws", "remove api@dc", "remove fleet@aws", "remove net@aws"]
    by_name = {step.name: step for step in plan.steps}
    assert set(by_name["remove net@aws"].needs) == {"stays@dc", "new@dc", "remove fleet@aws"}
    assert [by_name[f"remove {name}@aws"].batch for name in ("door", "fleet", "net")] == [
        "terraform:aws:remove:0", "terraform:aws:remove:1", "terraform:aws:remove:1"]
    assert by_name["remove net@aws"].changes == (Change("net@aws", "it", "delete"),)


def test_removal_waits_for_each_step_of_a_batch() -> None:
    """Inside a batch a step may end before one that it needs, so the last one alone is not enough."""
    world = World()
    world.deliver(unit("old@dc"))
    plan = world.make(unit("a@aws"), unit("b@aws", "a@aws"), unit("c@dc", "b@aws"))
    assert set(plan.steps[-1].needs) == {"a@aws", "c@dc"}


def test_a_unit_goes_from_a_host_before_that_host_goes() -> None:
    world = World(made={"fleet@aws": hosts("v1", target="aws")})
    world.deliver(FLEET, unit("api@dc", "fleet@aws", host_source=on("fleet@aws")))
    plan = world.make(unit("api@dc"))
    assert names(plan.steps) == ["api@dc", "remove api@dc on v1", "remove fleet@aws"]
    assert "remove api@dc on v1" in plan.steps[-1].needs


def test_rows_that_need_each_other_can_be_removed() -> None:
    world = World()
    world.delivered = {name: Delivered(unit(name, need), "delivered") for name, need in (("a@dc", "b@dc"), ("b@dc", "a@dc"))}
    assert sorted(names(world.make().steps)) == ["remove a@dc", "remove b@dc"]


def test_destroy_keeps_what_is_named_and_all_that_it_needs() -> None:
    world = World()
    world.deliver(unit("net@aws"), unit("db@aws", "net@aws", data=True), unit("api@dc", "db@aws"))
    assert names(world.make(keep=frozenset({"db"})).steps) == ["remove api@dc"]
    assert names(world.make(keep=frozenset({"db@aws"})).steps) == ["remove api@dc"]


def test_what_no_step_of_the_workflow_delivers_stays_and_says_so() -> None:
    world = World()
    world.deliver(unit("db@aws"), unit("api@dc"))
    plan = world.make(unit("api@dc"), undelivered=frozenset({"db@aws"}))
    assert names(plan.steps) == ["api@dc"] and plan.notes == ("db@aws stays: no step of the workflow delivers it",)


# ------------------------------------------------------------------ what is refused
def refused(world: World, *units: object, **more: object) -> Refused:
    with pytest.raises(Refused) as caught:
        world.make(*units, **more)  # type: ignore[arg-type]
    assert caught.value.exit == Exit.DENIED
    return caught.value


def test_data_is_not_destroyed_by_chance() -> None:
    world = World()
    world.deliver(unit("db@aws", data=True), unit("api@dc", "db@aws"))
    error = refused(world)
    assert error.code == "PRV-5001" and "db@aws (thing) would be destroyed" in error.message
    assert "--allow-destroy db" in error.hint and "--keep db" in error.hint and "api" not in error.hint
    for allowed in ("db", "db@aws"):
        assert len(world.make(allow_destroy=frozenset({allowed})).steps) == 2
    assert names(world.look().plan.steps) == ["remove api@dc", "remove db@aws"]


@pytest.mark.parametrize(("action", "word"), [("replace", "replaced"), ("delete", "destroyed"), ("update", ""), ("create", "")])
def test_data_is_not_replaced_by_chance(action: str, word: str) -> None:
    db = unit("db@aws", data=True)
    world = World(answers={"db@aws": Planned((Change("db@aws", "it", action),))})  # type: ignore[arg-type]
    world.deliver(db)
    if word:
        assert f"would be {word}" in refused(world, db).message
    else:
        world.make(db)
    world.make(db, allow_destroy=frozenset({"db"}))


def held(action: str, kind: str) -> Change:
    return Change("web@aws", f"module.web.module.container.{kind}.this[0]", action)  # type: ignore[arg-type]


@pytest.mark.parametrize("data", [True, False])
def test_only_resources_that_hold_data_count_where_they_are_known(data: bool) -> None:
    web = unit("web@aws", data=data, holds=("aws_efs_file_system",))
    world = World()
    world.deliver(web)
    world.answers["web@aws"] = Planned((held("replace", "aws_ecs_task_definition"), held("update", "aws_efs_file_system")))
    world.make(web)
    for action, word in (("replace", "replaced"), ("delete", "destroyed")):
        world.answers["web@aws"] = Planned((held("update", "aws_ecs_service"), held(action, "aws_efs_file_system")))
        assert f"web@aws (thing) would be {word}" in refused(world, web).message
        world.make(web, allow_destroy=frozenset({"web"}))


def test_what_made_a_file_system_is_not_removed_by_chance() -> None:
    web = unit("web@aws", holds=("aws_efs_file_system",))
    world = World()
    world.deliver(web)
    world.answers["web@aws"] = Planned((held("delete", "aws_ecs_service"),))
    world.make()
    world.answers["web@aws"] = Planned((held("delete", "aws_ecs_service"), held("delete", "aws_efs_file_system")))
    assert "--allow-destroy web" in refused(world).hint


def test_a_host_that_carries_data_bears_data() -> None:
    db = unit("db@dc", "fleet@aws", host_source=on("fleet@aws"), data=True)
    world = World(made={"fleet@aws": hosts("v1", target="aws")})
    world.deliver(FLEET, db)
    world.answers["fleet@aws"] = Planned((Change("fleet@aws", "vm[0]", "replace"),))
    assert "fleet@aws (thing) would be replaced" in refused(world, FLEET, db).message
    world.answers.clear()
    error = refused(world)
    assert "--allow-destroy db --allow-destroy fleet" in error.hint


def test_data_does_not_leave_its_host_by_chance() -> None:
    world = World()
    world.deliver(unit("db@dc", hosts=hosts("h1"), data=True))
    assert "db@dc (thing) would be destroyed" in refused(world, unit("db@dc", hosts=hosts("h2"), data=True)).message


@pytest.mark.parametrize("other", [unit("db@aws", engine="existing"), unit("db@aws", root="aws:own"), unit("db@aws", engine="ansible")])
def test_a_unit_does_not_move_to_another_engine_or_root(other: object) -> None:
    world = World()
    world.deliver(unit("db@aws"))
    moved = replace(other, where=Where("app.yaml", 7, 3))  # type: ignore[type-var]
    error = refused(world, moved)
    assert error.code == "PRV-5002" and error.where == Where("app.yaml", 7, 3)
    assert "apply twice: without db, then with it again" in error.hint
    assert "without db and what needs it (api, web), then" in refused(world, moved, unit("web@dc", "db@aws"), unit("api@dc", "db@aws")).hint


# ------------------------------------------------------------------ failures and digests
def test_units_that_could_not_be_planned_are_named() -> None:
    world = World(answers={"a@aws": Planned(failure="no module"), "b@dc": Planned(failure="no ssh", missing=True)})
    plan = world.make(unit("a@aws"), unit("b@dc"), unit("c@dc"))
    assert plan.failures == (("a@aws", "no module"), ("b@dc", "no ssh")) and plan.missing == ("b@dc",)


UNITS = (unit("net@aws"), unit("db@aws", "net@aws", data=True), unit("api@dc", "db@aws", "net@aws", secrets=(Secret("generated/x", 20),),
                                                                  source_digest="s1"))


def test_what_is_delivered_and_wanted_gives_no_change_and_a_stable_digest() -> None:
    world = World()
    world.deliver(*UNITS)
    first = world.make(*UNITS)
    assert not any(step.changes or step.unpreviewed or step.outputs is None for step in first.steps)
    moved = [replace(each, where=Where("app.yaml", 99, 1), needs=each.needs[::-1], inputs=dict(reversed(list(each.inputs.items()))))
             for each in UNITS[::-1]]
    again = world.make(*moved, ident="p2", text="# a comment")
    assert (again.digest, again.spec_digest) == (first.digest, first.spec_digest) and again.id != first.id


@pytest.mark.parametrize("edit", [
    {"inputs": {"of": ["${net@aws.id}"], "x": 1}}, {"source_digest": "other"}, {"needs": ()}, {"hosts": hosts("h2")}, {"data": True},
    {"outputs": {}}, {"secrets": ()}, {"health": {"tcp": "x:1"}}])
def test_the_digests_change_with_anything_that_is_wanted(edit: dict[str, object]) -> None:
    world = World()
    before = world.make(*UNITS)
    after = world.make(*UNITS[:2], replace(UNITS[2], **edit))  # type: ignore[arg-type]
    assert after.spec_digest != before.spec_digest and after.digest != before.digest
    assert world.make(*UNITS, keep=frozenset({"x"})).spec_digest != before.spec_digest


@pytest.mark.parametrize("change", [
    Change("net@aws", "it", "update"), Change("net@aws", "it", "update", seal="s"), Change("net@aws", "it", "update", after={"a": 1})])
def test_the_plan_digest_changes_with_any_change_and_the_spec_digest_does_not(change: Change) -> None:
    world = World()
    before = world.make(*UNITS)
    world.answers["net@aws"] = Planned((change,))
    after = world.make(*UNITS)
    assert after.digest != before.digest and after.spec_digest == before.spec_digest
