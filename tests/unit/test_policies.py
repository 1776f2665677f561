"""How policies handle units: what stays, what is forgotten, what nobody destroys."""

from dataclasses import replace

import pytest

from provisioner.compose.handling import careful, handling, meant, taken_over
from provisioner.compose.idle import Idle
from provisioner.errors import Refused
from provisioner.model import (
    Application,
    Change,
    Definition,
    Delivered,
    Environment,
    Handling,
    Json,
    Override,
    PlaceRule,
    Plan,
    Policy,
    TraitPatch,
    Unit,
    Workflow,
    WorkflowStep,
)
from provisioner.planner.protect import protect
from tests.unit.planning import World, names, unit

NEVER, LATE, ORPHAN = Handling("never"), Handling("onAppDelete"), Handling(orphan=True)
API, DB = unit("api@dc", "db@aws"), unit("db@aws")
PROD = Environment("prod")
OTHERS = "; of another application write APPLICATION/"


def collect(**properties: Json) -> Policy:
    return Policy("gc", "garbage-collect", properties)


def rule(strategy: str, **selector: Json) -> Json:
    return {"selector": selector, "strategy": strategy}


@pytest.mark.parametrize(("selector", "fits"), [
    ({"componentNames": ["db"]}, True),
    ({"componentNames": ["db"], "componentTypes": ["other"]}, False),
    ({"componentTypes": ["thing", "other"]}, True),
    ({"oamTypes": ["COMPONENT"]}, True),
    ({"oamTypes": ["TRAIT"]}, False),
    ({"traitTypes": ["gateway"]}, False),
    ({"resourceTypes": ["Deployment"]}, False),
    ({}, False),
])
def test_a_selector_means_what_fits_all_of_it(selector: dict[str, Json], fits: bool) -> None:
    assert meant(selector, DB) == fits


def told(*policies: Policy, steps: tuple[WorkflowStep, ...] = (), above: Environment = PROD) -> list[str]:
    """What is said of policies of nobody, where there are db (delivered, of type thing) and api, the trait gateway, and another's bank-vault."""
    known = {"thing": Definition("thing"), "gateway": Definition("gateway", "trait")}
    idle = Idle(("db", "api"), (known.get, ("thing",)), (known.get, ("gateway",)), "bank-vault".startswith)
    found = list(idle.problems(Application("shop", "1", (), policies=policies, workflow=Workflow(steps) if steps else None), above))
    assert {problem.severity for problem in found} <= {"warning"}
    return [f"{problem.message}; {problem.hint}" for problem in found]


def test_a_rule_of_nobody_is_told_of() -> None:
    """It may speak of what has left the document, so it is no error."""
    slip = Policy("p", "protect", {"rules": [{"selector": {"componentNames": ["db", "dbb"], "componentTypes": ["thin"], "traitTypes": ["gatewy"]}}]})
    assert told(slip) == [
        'policy "p" (protect) means nothing here: there is no component "dbb"; did you mean "db"?',
        'policy "p" (protect) means nothing here: there is no type "thin"; did you mean "thing"?',
        'policy "p" (protect) means nothing here: there is no trait "gatewy"; did you mean "gateway"?']
    assert [text.partition(": ")[2] for text in told(above=Environment("prod", policies=(slip,)))] == [
        f'no application that is known has a component "dbb"; did you mean "db"?{OTHERS}dbb',
        'there is no type "thin"; did you mean "thing"?',
        'there is no trait "gatewy"; did you mean "gateway"?']
    others = Policy("p", "protect", {"rules": [{"selector": {"componentNames": ["db", "bank-vault"]}}]})
    assert told(above=Environment("prod", policies=(others,))) == [], "its components are those of others, too"
    assert told(collect(rules=[rule("never", componentNames=["api"], componentTypes=["thing"])]), Policy("p", "protect", {})) == []


def test_what_an_environment_says_of_a_component_that_this_application_has_not_is_told_of() -> None:
    """A slip in its name would make a new database in place of the one that is there. What another application has is that one's business."""
    place = (*(PlaceRule(components=(name,)) for name in ("shop/dbb", "dbb", "other/dbb", "shop/db", "shop/*", "d*", "bank-vault")),
             PlaceRule(types=("thing", "thin")))
    override = (Override(("shop/apii", "bank-vault")), Override(("apii",), below=True), Override((), ("thng",)),
                Override(("api",), traits=(TraitPatch("gatewy", disable=True), TraitPatch("gateway", disable=True))))
    assert told(above=Environment("prod", place=place, override=override)) == [
        'place of environment prod means nothing: shop has no component "dbb"; did you mean "db"?',
        f'place of environment prod means nothing: no application that is known has a component "dbb"; did you mean "db"?{OTHERS}dbb',
        'place of environment prod means nothing: there is no type "thin"; did you mean "thing"?',
        'override of environment prod means nothing: shop has no component "apii"; did you mean "api"?',
        f'defaults of environment prod means nothing: no application that is known has a component "apii"; did you mean "api"?{OTHERS}apii',
        'override of environment prod means nothing: there is no type "thng"; did you mean "thing"?',
        'override of environment prod means nothing: there is no trait "gatewy"; did you mean "gateway"?']


def test_apply_once_has_to_be_enabled() -> None:
    assert told(Policy("once", "apply-once", {"rules": []})) == ['policy "once" (apply-once) does nothing; say enable: true']
    assert told(Policy("once", "apply-once", {"enable": False})) == []


def test_a_policy_that_no_deploy_step_names_does_nothing() -> None:
    there, both = Policy("there", "topology", {"targets": ["us"]}), Policy("both", "protect", {})
    step = WorkflowStep("all", "deploy", {"policies": []})
    assert told(there, both) == [] == told(there, both, steps=(replace(step, properties={"policies": ["there"]}),))
    assert told(there, both, steps=(step,)) == [
        'no deploy step names the policy "there": it does nothing; policies: [there] in the step that it is for']


def test_what_a_trait_adds_is_chosen_by_that_trait() -> None:
    gateway = replace(DB, added_by="gateway")
    assert meant({"traitTypes": ["gateway"], "oamTypes": ["TRAIT"]}, gateway) and not meant({"oamTypes": ["COMPONENT"]}, gateway)


def test_the_first_rule_counts_and_the_first_policy() -> None:
    mine = collect(rules=[rule("onAppUpdate", componentNames=["db"]), rule("never", componentTypes=["thing"])], keepLegacyResource=True)
    assert handling([mine], DB) == Handling()
    assert handling([mine], API) == NEVER
    assert handling([mine], replace(DB, component="x", type="y")) == LATE
    assert handling([collect(rules=[rule("never", componentNames=["db"])]), mine], DB) == NEVER


def test_protect_without_rules_means_everything() -> None:
    assert handling([Policy("p", "protect", {"allow": ["dba"]})], DB) == Handling(protected="p", destroyers=("dba",))
    assert handling([Policy("p", "protect", {"rules": []})], DB) == Handling()


def test_what_was_recorded_and_what_is_said_now_both_count() -> None:
    recorded = Handling("never", protected="old", destroyers=("dba",))
    assert careful(recorded, LATE) == recorded
    assert careful(LATE, replace(recorded, protected="new", destroyers=())) == Handling("never", protected="new")


def world(**handlings: Handling) -> World:
    made = World()
    made.deliver(*(replace(one, handling=handlings.get(one.component, Handling())) for one in (DB, API)))
    return made


@pytest.mark.parametrize(("there", "destroy", "steps", "notes"), [
    (world(), False, ["remove api@dc", "remove db@aws"], ()),
    (world(api=NEVER), True, [], ("api@dc stays: garbage-collect never", "db@aws stays: api@dc needs it")),
    (world(api=LATE), False, [], ("api@dc stays: garbage-collect onAppDelete", "db@aws stays: api@dc needs it")),
    (world(api=LATE), True, ["remove api@dc", "remove db@aws"], ()),
    (world(db=NEVER), True, ["remove api@dc"], ("db@aws stays: garbage-collect never",)),
    (world(db=Handling(read_only=True)), True, ["remove api@dc"], ("db@aws stays: read-only",)),
])
def test_what_leaves_under_each_rule(there: World, destroy: bool, steps: list[str], notes: tuple[str, ...]) -> None:
    plan = there.make(destroy=destroy)
    assert (names(plan.steps), plan.notes) == (steps, notes)


def test_what_stays_is_part_of_what_is_wanted() -> None:
    assert world(db=NEVER).make(destroy=True).spec_digest != world().make(destroy=True).spec_digest


def test_what_stays_is_taken_up_again() -> None:
    there = world(db=NEVER)
    assert names(there.make(DB, API).steps) == ["db@aws", "api@dc"] and not there.make(DB, API).notes


def test_an_orphan_is_forgotten_with_nothing_to_run_and_its_password_is_kept() -> None:
    made = world(api=ORPHAN)
    entry = made.delivered["api@dc"]
    made.delivered["api@dc"] = replace(entry, unit=replace(entry.unit, remove_source="/remove.yml"))
    step = made.make(destroy=True).steps[0]
    assert (step.name, step.unit.remove_source, step.unit.secrets, step.unit.handling) == ("remove api@dc", "", (), ORPHAN)


def test_the_documents_of_now_count_for_what_is_delivered() -> None:
    plan = world().make(destroy=True, handling=lambda one: NEVER if one.component == "db" else one.handling)
    assert names(plan.steps) == ["remove api@dc"]


GUARDED = replace(DB, handling=Handling(protected="no accidents", destroyers=("dba",)))


def changed(action: str, one: Unit = DB, before: Unit = GUARDED) -> tuple[Plan, dict[str, Delivered]]:
    world = World()
    world.deliver(before)
    plan = world.make(replace(one, inputs={"of": ["other"]}))
    [step] = plan.steps
    return replace(plan, steps=(replace(step, changes=(Change(one.name, "it", action),)),)), world.delivered  # type: ignore[arg-type]


@pytest.mark.parametrize(("action", "before", "now"), [("replace", GUARDED, DB), ("replace", DB, GUARDED), ("delete", GUARDED, GUARDED)])
def test_a_policy_protects_data_or_not(action: str, before: Unit, now: Unit) -> None:
    plan, delivered = changed(action, now, before)
    with pytest.raises(Refused) as refused:
        protect(plan, delivered, frozenset({"db"}), "me")
    assert refused.value.exit == 5 and 'policy "no accidents" protects it' in refused.value.message
    assert "dba may, with --allow-destroy db" in refused.value.hint
    with pytest.raises(Refused):
        protect(plan, delivered, frozenset(), "dba")
    protect(plan, delivered, frozenset({"db"}), "dba")


def test_a_policy_does_not_mind_what_loses_nothing() -> None:
    plan, delivered = changed("update", GUARDED)
    protect(plan, delivered, frozenset())


def test_destroying_the_application_does_not_destroy_what_is_protected() -> None:
    there = World()
    there.deliver(GUARDED)
    with pytest.raises(Refused, match="would be destroyed"):
        there.make(destroy=True, allow_destroy=frozenset({"db"}), who="me")
    assert names(there.make(destroy=True, allow_destroy=frozenset({"db"}), who="dba").steps) == ["remove db@aws"]
    assert not there.make(destroy=True, keep=frozenset({"db"})).steps


def test_what_is_taken_over_is_said_by_address() -> None:
    rules = [{"selector": {"componentNames": ["db"]}, "ids": {"aws_s3_bucket.this": "x"}},
             {"selector": {"componentNames": ["api"]}, "ids": {"y": "z"}}, {"selector": {"componentTypes": ["thing"]}}]
    assert taken_over([Policy("t", "take-over", {"rules": rules})], DB) == {"aws_s3_bucket.this": "x"}
