"""Rules in CEL: what they see, what they say, what can't be judged; and `provision policy test`."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from provisioner.errors import Denied, Invalid, Where
from provisioner.model import Application, Change, Component, Environment, Json, PolicyRule, Target, Trait
from provisioner.planner.judging import deny, facts, given, judge
from provisioner.spec.rules import read_file
from tests.e2e.conftest import Project
from tests.unit.planning import World, unit
from tests.unit.test_compose_cases import CASES

FILE = CASES / "rules" / "organisation.yaml"
DB = unit("db@aws", data=True, where=Where("app.yaml", 7, 3))
APP = Application("shop", "1.2", (Component("db", "thing", {"size": 5}, (Trait("backup", {"keep": 2}),)),), labels={"team": "a"})
PROD = Environment("prod", (Target("aws", {"zone": "cloud"}),), vars={"limit": 3})


def rule(condition: str, each: str = "unit", **more: Any) -> PolicyRule:
    return PolicyRule("r", each, condition, more.pop("message", "no"), **more)  # type: ignore[arg-type]


def planned() -> Any:
    plan = World().make(DB)
    [step] = plan.steps
    change = Change("db@aws", "module.db.aws_db_instance.this", "create", after={"storage": 5}, unknown=("id",))
    return facts(APP, PROD, "me", APP.components, replace(plan, steps=(replace(step, changes=(change,)),)))


@pytest.mark.parametrize(("each", "condition"), [
    ("component", "component.properties.size == 5 && component.traits.exists(t, t.type == 'backup' && t.properties.keep < 3)"),
    ("component", "app.name == 'shop' && app.version == '1.2' && app.labels.team == 'a' && environment.vars.limit == 3 && user == 'me'"),
    ("unit", "unit.name == 'db@aws' && unit.labels.zone == 'cloud' && unit.data && unit.step == 'deliver' && 'create' in unit.actions"),
    ("unit", "component.name == unit.component && component.properties.size > 4"),
    ("change", "change.resource == 'aws_db_instance' && change.after.storage == 5 && change.unknown == ['id'] && unit.type == 'thing'"),
    ("plan", "plan.counts.create == 1 && plan.changes[0].unit == 'db@aws' && size(plan.units) == 1"),
])
def test_what_rules_see_of_a_plan(each: str, condition: str) -> None:
    with pytest.raises(Denied) as denied:
        deny([rule(condition, each)], planned())
    [problem] = denied.value.problems
    assert (denied.value.exit, problem.code) == (5, "PRV-5011")


@pytest.mark.parametrize(("condition", "each"), [
    ("unit.inputs.versioned == false", "unit"), ("has(unit.inputs.versioned) && unit.inputs.versioned == false", "unit"),
    ("component.properties.versioned == false", "component")])
def test_no_rule_is_passed_by_writing_a_reference_in_place_of_the_value(condition: str, each: str) -> None:
    """What another component gives is judged where the plan knows it, and denies as long as it does not."""
    switch, files = unit("switch@aws"), unit("files@aws", "switch@aws", inputs={"versioned": "${switch@aws.id}"})
    components = (Component("switch", "thing"), Component("files", "thing", {"versioned": "${switch.id}"}))
    world = World(raw={"switch@aws": {"id": False}})

    def codes() -> list[str]:
        about = facts(APP, PROD, "me", components, world.make(switch, files))
        return [problem.code for problem in judge([rule(condition, each)], about) if problem.message.startswith("files")]

    assert codes() == ["PRV-5012"]
    world.deliver(switch, files)
    assert codes() == ["PRV-5011"]
    world.raw["switch@aws"] = {"id": True}
    assert codes() == []


@pytest.mark.parametrize(("each", "condition", "codes"), [
    ("unit", "unit.inputs.rules.exists(one, one.open == 'all')", ["PRV-5012"]),
    ("unit", "!unit.inputs.rules.all(one, one.open != 'all')", ["PRV-5012"]),
    ("unit", "unit.inputs.names.exists(one, one == 'all')", ["PRV-5012"]),
    ("plan", "plan.units.exists(one, one.inputs.first == 'all')", ["PRV-5012"]),
    ("unit", "unit.inputs.rules.exists(one, one.port == 22)", []),
    ("unit", "size(unit.inputs.names) > 5", []),
    ("unit", "unit.inputs.names.size() > 5", []),
    ("unit", "'all' in unit.inputs.names", ["PRV-5012"]),
    ("unit", "unit.inputs.names == ['one', 'all']", ["PRV-5012"]),
    ("unit", "size(unit.inputs.names) > 1 && unit.inputs.names[1] == 'all'", ["PRV-5012"]),
    ("unit", "unit.inputs.names.filter(one, one == 'all').size() > 0", ["PRV-5012"]),
    ("unit", "unit.inputs.names.map(one, one) == ['all']", ["PRV-5012"]),
    ("unit", "unit.inputs.env.exists(key, unit.inputs.env[key] == 'all')", ["PRV-5012"]),
    ("unit", "unit.inputs.env == {'A': 'all'}", ["PRV-5012"]),
    ("unit", "'SECRET' in unit.inputs.env || unit.inputs.env.exists(key, key == 'SECRET')", []),
    ("plan", "plan.units.exists(one, 'all' in one.inputs.names)", ["PRV-5012"]),
    ("plan", "plan.units.exists(one, one.inputs.rules.exists(rule, rule.open == 'all'))", ["PRV-5012"]),
    ("plan", "plan.units.exists(one, one.inputs.rules.exists(rule, rule.port == 22))", []),
])
def test_lists_that_hold_what_is_not_known_pass_no_rule(each: str, condition: str, codes: list[str]) -> None:
    """Only what is asked of the items counts."""
    waits = "${switch@aws.id}"
    files = unit("files@aws", "switch@aws", inputs={"rules": [{"port": 80, "open": waits}], "names": ["one", waits], "first": waits,
                                                       "env": {"A": waits}})
    switch = unit("switch@aws", inputs={"rules": [], "names": [], "first": "none", "env": {}})
    about = facts(APP, PROD, "me", (Component("switch", "thing"), Component("files", "thing")), World().make(switch, files))
    assert [problem.code for problem in judge([rule(condition, each)], about)] == codes


def test_whether_there_is_a_value_can_be_judged_before_it_is_known() -> None:
    files = unit("files@aws", "switch@aws", inputs={"key": "${switch@aws.id}", "secret": "${secret.pin}"})
    about = facts(APP, PROD, "me", (Component("switch", "thing"), Component("files", "thing")), World().make(unit("switch@aws"), files))
    rules = [rule(text) for text in ("has(unit.inputs.key) && unit.name == 'x'", "has(unit.inputs.key) && unit.inputs.key == '${nothing}'",
                                     "has(unit.inputs.secret) && !unit.inputs.secret.startsWith('${secret.')", "has(unit.inputs.of) && unit.data")]
    assert judge(rules, about) == []


def test_without_a_plan_only_components_and_units_are_judged() -> None:
    known = facts(APP, PROD, "me", APP.components, None, [DB])
    rules = [rule("true", each) for each in ("component", "unit", "change", "plan")]
    assert [problem.message for problem in judge(rules, known)] == ["db: no", "db@aws: no"]


def test_the_message_and_the_place_are_told_with_the_rule_and_its_place() -> None:
    asked = rule("unit.data", message="${unit.type} holds data, ${unit.nothing}", where=Where("rules.yaml", 3))
    with pytest.raises(Denied) as denied:
        deny([asked], planned())
    assert str(denied.value) == 'app.yaml:7:3: PRV-5011 db@aws: thing holds data, (unit.nothing: no value); rule "r" (rules.yaml:3:0)'


def test_a_warning_lets_go_on() -> None:
    [warning] = deny([rule("true", denies=False)], planned())
    assert warning.severity == "warning"


@pytest.mark.parametrize("condition", ["unit.inputs.nothing", "unit.typo == 'x'", "unit.name", "unit.data < 'x'"])
def test_what_can_not_be_judged_denies(condition: str) -> None:
    with pytest.raises(Denied, match="can't be judged") as denied:
        deny([rule(condition)], planned())
    assert denied.value.code == "PRV-5012"


def test_the_tests_of_a_file_pass(tmp_path: Path) -> None:
    rules = read_file(FILE)
    assert len(rules.tests) == 6
    for one in rules.tests:
        found = [(problem.severity, problem.code) for problem in judge(rules.rules, given(one.given))]
        assert found == [("error", "PRV-5011")] * len(one.denies) + [("warning", "PRV-5011")] * len(one.warns)


@pytest.mark.parametrize(("before", "after", "exit", "told"), [
    ("", "", 0, "6 tests, 0 failed"),
    ("denies: [versioned]", "denies: []", 1, 'rule "versioned" denies: given: a@aws keeps no older versions'),
    ("denies: [versioned]", "denies: [versoned]", 1, 'there is no rule "versoned"'),
    ("versioned: true", "other: true", 1, "can't be judged: it asks for something that has no value"),
    ("warns: [large]", "denies: [large]", 1, 'rule "large" does not deny it'),
    ("user != 'dba'", "user !! 'dba'", 3, "PRV-1541"),
    ("warn: plan", "wran: plan", 3, 'unknown field "wran"'),
])
def test_policy_test(tmp_path: Path, before: str, after: str, exit: int, told: str) -> None:
    text = FILE.read_text()
    assert before in text
    (tmp_path / "rules.yaml").write_text(text.replace(before, after, 1))
    done = Project(tmp_path, {"NO_COLOR": "1", "PATH": "/usr/bin:/bin"}).provision("policy", "test", "rules.yaml", exit=exit)
    assert told in done.stdout + done.stderr


def test_rules_of_an_environment_and_of_an_application_are_judged_by_validate(tmp_path: Path) -> None:
    (tmp_path / "environments").mkdir()
    (tmp_path / "org.yaml").write_text(FILE.read_text())
    environment: Json = """
apiVersion: provision/v1
kind: Environment
metadata: {name: prod}
spec:
  targets: [{name: dc, hosts: [{name: h1}]}]
  rules:
    - {file: org.yaml}
    - {name: old, each: component, deny: component.properties.version == '14', message: "postgres ${component.properties.version} is too old"}
"""
    (tmp_path / "environments/prod.yaml").write_text(environment)
    (tmp_path / "app.yaml").write_text("""
apiVersion: core.oam.dev/v1beta1
kind: Application
metadata: {name: shop}
spec:
  components: [{name: db, type: postgres, properties: {version: "14"}}]
  policies:
    - {name: mine, type: rules, properties: {rules: [{name: few, warn: "unit.data", message: watch it}]}}
""")
    project = Project(tmp_path, {"NO_COLOR": "1", "PATH": "/usr/bin:/bin"})
    told = project.provision("validate", exit=5).stderr
    assert "app.yaml:6:16 error PRV-5011  db: postgres 14 is too old" in told and 'rule "old" (environments/prod.yaml:9:7)' in told
    (tmp_path / "environments/prod.yaml").write_text(environment.replace("'14'", "'13'"))
    problems = project.json("validate")["problems"]
    assert [(problem["severity"], problem["message"]) for problem in problems] == [
        ("warning", "db: db has no owner"), ("warning", "db@dc: watch it")]


def test_a_file_of_rules_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="can't be read"):
        read_file(tmp_path / "none.yaml")
