"""Actions of definitions: which is meant, what its plan holds, and that its run delivers nothing."""

from dataclasses import replace
from pathlib import Path

import pytest

from provisioner.api.acting import STARTS_ANEW, Wish, action_units, actions_of, delivered_units
from provisioner.api.acting import World as Asking
from provisioner.console.look import Look
from provisioner.console.result import Ending, next_lines
from provisioner.engine import Planned
from provisioner.errors import Exit, ProvisionError
from provisioner.model import ActionSpec, Change, Definition, Delivered, Implementation, Secret, Unit
from provisioner.planner import ActionInputs, make_action
from provisioner.planner.actions import Asked, unit_for
from provisioner.store import Run, StepRow
from tests.unit.planning import World, hosts, names, unit

PARAMETERS = {"properties": {"to": {"type": "string", "default": "/tmp"}, "keep": {"type": "integer"}}}
BACKUP = ActionSpec("/library/backup.yml", "Dump it", PARAMETERS, ("file",))
TYPE = Definition("thing", implementations=(
    Implementation("aws", module="/library/thing"), Implementation("hosts", playbook="/library/site.yml", actions={"backup": BACKUP})))
DB = unit("db@dc", source="/library/site.yml", source_digest="1", inputs={"name": "db", "password": "${secret.x}"},
          remove_source="/library/remove.yml", secrets=(Secret("x", 32),), data=True)
CLOUD = unit("db@aws", source="/library/thing")


def definition_of(name: str) -> Definition | None:
    return TYPE if name == "thing" else None


def digest_of(source: str) -> str:
    return f"digest of {source}"


def delivered(*units: Unit, state: str = "delivered") -> dict[str, Delivered]:
    return {one.name: Delivered(one, state) for one in units}  # type: ignore[arg-type]


def made(one: Unit) -> dict[str, object]:
    return {"identifier": f"id-of-{one.name}-${{x}}", "ids": ["i-1", "i-2"]}


ASKING = Asking(definition_of, digest_of, made, Path("/ours/playbooks"))


# ------------------------------------------------------------------ which one
def test_a_component_means_all_its_copies_and_a_full_name_one() -> None:
    there = delivered(DB, replace(DB, name="db@dc2", target="dc2"), unit("web@dc"))
    assert names(delivered_units(there, "db")) == ["db@dc", "db@dc2"]
    assert names(delivered_units(there, "db@dc2")) == ["db@dc2"]


def test_what_was_only_intended_is_not_there() -> None:
    with pytest.raises(ProvisionError) as caught:
        delivered_units(delivered(DB, state="intended"), "db")
    assert (caught.value.code, caught.value.next) == ("PRV-6407", "provision apply")


def test_actions_belong_to_the_implementation_that_delivered() -> None:
    assert list(actions_of([DB], ASKING)) == ["backup"]
    assert list(actions_of([replace(DB, source="/elsewhere/site.yml")], ASKING)) == ["backup"], "the library may lie elsewhere now"
    with pytest.raises(ProvisionError) as caught:
        actions_of([DB, CLOUD], ASKING)
    assert (caught.value.code, caught.value.exit, caught.value.hint) == ("PRV-6413", Exit.USAGE, "thing has actions on hosts")
    with pytest.raises(ProvisionError) as caught:
        actions_of([replace(DB, type="gone")], ASKING)
    assert caught.value.code == "PRV-6404"


@pytest.mark.parametrize(("given", "values"), [
    ({}, {"to": "/tmp"}), ({"to": "5", "keep": "5"}, {"to": "5", "keep": 5}), ({"to": "${x}"}, {"to": "$${x}"})])
def test_values_are_read_as_their_type_says_and_are_no_templates(given: dict[str, str], values: dict[str, object]) -> None:
    made, = action_units([DB], Wish("backup", given), ASKING)
    assert made.inputs == {**DB.inputs, **{f"action_{name}": value for name, value in values.items()}}


@pytest.mark.parametrize(("given", "words"), [({"keep": "x"}, "keep"), ({"too": "x"}, 'unknown parameter "too"'), ({"keep": "[1"}, "--set keep")])
def test_values_that_do_not_fit(given: dict[str, str], words: str) -> None:
    with pytest.raises(ProvisionError) as caught:
        action_units([DB], Wish("backup", given), ASKING)
    assert (caught.value.code, caught.value.exit) == ("PRV-6414", Exit.USAGE)
    assert words in caught.value.message
    assert caught.value.hint == "parameters of backup: to, keep"


# ------------------------------------------------------------------ its plan
def test_the_unit_of_an_action_makes_nothing_that_has_to_be_removed() -> None:
    made = unit_for(DB, Asked("backup", BACKUP, {}), digest_of)
    assert (made.source, made.source_digest, made.remove_source, made.secrets, made.needs) == (
        "/library/backup.yml", "digest of /library/backup.yml", "", (), ())
    assert (made.hosts, made.outputs, made.name) == (DB.hosts, {"file": "${module.file}"}, "db@dc")


class Looking(World):
    """An engine that sees one change on each host, or says why it can't."""

    def plan(self, request, site):  # type: ignore[no-untyped-def]
        self.asked.append(request)
        found = {one.name: Planned(tuple(Change(one.name, host.name, "configure", reason="drift", tasks=("dump",)) for host in one.hosts))
                 for one in request.units}
        return found | {name: answer for name, answer in self.answers.items() if name in found}


def plan_of(world: World, *units: Unit, verb: str = "backup"):  # type: ignore[no-untyped-def]
    inputs = world.inputs()
    return make_action(ActionInputs("p", "shop", "prod", "1", "/plans/p", "now", verb, units, inputs.engines, inputs.site))


def test_a_plan_of_an_action_has_one_step_for_each_copy() -> None:
    world = Looking()
    two = replace(DB, name="db@dc2", target="dc2", hosts=hosts("h2", "h3"))
    plan = plan_of(world, DB, two)
    assert [(step.name, step.kind, step.needs, step.batch) for step in plan.steps] == [
        ("backup db@dc", "action", (), "backup db@dc"), ("backup db@dc2", "action", (), "backup db@dc2")]
    assert [(change.address, change.action, change.reason) for change in plan.steps[1].changes] == [("h2", "run", ""), ("h3", "run", "")]
    assert plan.digest and not plan.spec_digest
    assert [request.hosts for request in world.asked] == [{"db@dc": DB.hosts}, {"db@dc2": two.hosts}]


def test_what_helps_after_an_action_that_could_not_be_planned_is_the_action() -> None:
    world = Looking(answers={"db@dc": Planned(failure="no answer")})
    plan = plan_of(world, DB)
    run = Run(3, plan.id, "shop", "prod", "1", "failed", 1, "maya", "", "", exit_code=1)
    ending = Ending(plan, run, {"backup db@dc": StepRow("backup db@dc", "failed", message="no answer")}, Exit.FAILED)
    told = next_lines(ending, Look())
    assert [line[line.index("provision"):] for line in told] == ["provision logs 3 --step 'backup db@dc'", "provision action db backup"]


def test_a_copy_that_can_not_be_looked_at_is_a_failure_of_the_plan() -> None:
    world = Looking(answers={"db@dc": Planned(failure="no answer", missing=True)})
    plan = plan_of(world, DB)
    assert (plan.failures, plan.missing) == ((("db@dc", "no answer"),), ("db@dc",))


# ------------------------------------------------------------------ restart
OURS = replace(DB, source="/ours/playbooks/thing/site.yml", hosts=hosts("h1", "h2", "h3"))
REBOOT = ActionSpec(call={"service": "rds", "operation": "reboot_db_instance", "arguments": {"DBInstanceIdentifier": "${module.identifier}"}})
CALLED = Definition("called", implementations=(Implementation("aws", module="/library/thing", actions={"restart": REBOOT}),))


def test_what_one_of_our_playbooks_delivered_can_be_restarted_and_a_definitions_own_restart_comes_first() -> None:
    assert actions_of([OURS], ASKING)["restart"] == ActionSpec(OURS.source, STARTS_ANEW, restart=True)
    own = replace(TYPE, implementations=(replace(TYPE.implementations[1], actions={"restart": BACKUP}),))
    assert actions_of([OURS], replace(ASKING, definition_of=lambda name: own)) == {"restart": BACKUP}
    assert "restart" not in actions_of([DB], ASKING), "nobody knows what a foreign playbook would do"


def test_a_restart_goes_from_host_to_host() -> None:
    (wanted,) = action_units([OURS], Wish("restart", {}), ASKING)
    assert (wanted.source, wanted.inputs["provision_restart"]) == (OURS.source, True)
    steps = plan_of(Looking(), wanted, verb="restart").steps
    assert [(step.name, step.needs, [change.address for change in step.changes]) for step in steps] == [
        ("restart db@dc on h1", (), ["h1"]), ("restart db@dc on h2", ("restart db@dc on h1",), ["h2"]),
        ("restart db@dc on h3", ("restart db@dc on h2",), ["h3"])]
    assert [step.unit.inputs["provision_more"] for step in steps] == [True, True, False], "a gateway finds each copy before the next one ends"


def test_only_the_named_hosts_are_touched() -> None:
    both = [OURS, replace(OURS, name="db@dc2", hosts=hosts("h9"))]
    assert [(one.name, [host.name for host in one.hosts]) for one in action_units(both, Wish("restart", {}, ("h2",)), ASKING)] == [("db@dc", ["h2"])]
    with pytest.raises(ProvisionError) as caught:
        action_units(both, Wish("restart", {}, ("h7",)), ASKING)
    assert (caught.value.code, caught.value.exit) == ("PRV-6415", Exit.USAGE)


def test_a_call_is_filled_with_what_the_module_made() -> None:
    cloud = replace(CLOUD, type="called", secrets=(Secret("x", 32),))
    (wanted,) = action_units([cloud], Wish("restart", {}), replace(ASKING, definition_of=lambda name: CALLED))
    assert (wanted.engine, wanted.root, wanted.secrets) == ("aws", "", ())
    assert wanted.inputs["call"]["arguments"] == {"DBInstanceIdentifier": "id-of-db@aws-$${x}"}, "a value is no template"
    with pytest.raises(ProvisionError) as caught:
        action_units([cloud], Wish("restart", {}), replace(ASKING, definition_of=lambda name: CALLED, made=lambda one: {}))
    assert caught.value.code == "PRV-4302"


def test_how_many_there_are_is_declared() -> None:
    with pytest.raises(ProvisionError) as caught:
        action_units([OURS], Wish("scale", {}), ASKING)
    assert caught.value.code == "PRV-6413" and "replicas" in caught.value.hint
