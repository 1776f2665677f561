"""Parameters that change in one direction only: what a plan refuses, by the shipped types (tests/cases/directions.yaml) and by hand."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from provisioner import spec
from provisioner.catalog import Catalog
from provisioner.compose import compose
from provisioner.compose.rules import ruled, rules_of
from provisioner.errors import Exit, Refused
from provisioner.model import ChangeRule, Component, Definition, Delivered, Implementation, Unit
from provisioner.sandbox import environment as sandbox
from tests.unit.planning import World, unit

CASES = yaml.safe_load((Path(__file__).parent.parent / "cases" / "directions.yaml").read_text())
APPLICATION = "apiVersion: core.oam.dev/v1beta1\nkind: Application\nmetadata: {name: shop}\nspec: {components: [%s]}\n"


def composed(case: dict[str, Any], properties: dict[str, Any], folder: Path) -> Unit:
    (folder / "app.yaml").write_text(APPLICATION % json.dumps({"name": "it", "type": case["type"], "properties": properties}))
    application, problems = spec.examine_application(folder / "app.yaml")
    environment = sandbox.environment(folder, "http://127.0.0.1:4566") if case["needs"] == "aws" else spec.on_hosts(["10.0.0.1"])
    [unit] = compose(Catalog(folder).context_for(application, environment, {}, problems)).units
    return unit


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_goes_back_is_refused(case: dict[str, Any], tmp_path: Path) -> None:
    before, after = (composed(case, case[when], tmp_path) for when in ("before", "after"))
    world = World({before.name: Delivered(before, "delivered")})
    if not case["told"]:
        world.make(after)
        return
    with pytest.raises(Refused) as raised:
        world.make(after)
    assert raised.value.message == case["told"]
    assert (raised.value.code, raised.value.exit) == ("PRV-5003", Exit.DENIED)


def test_the_refusal_says_what_to_do_and_where() -> None:
    rule = ChangeRule("disk", "storageGB", "grow-only")
    before = unit("db@aws", inputs={"disk": 200}, change_rules=(rule,))
    with pytest.raises(Refused) as raised:
        World({"db@aws": Delivered(before, "delivered")}).make(replace(before, inputs={"disk": 100}))
    assert raised.value.hint.startswith("write db: storageGB: 200, or more; for less, add a component of another name")


def test_what_never_succeeded_or_is_not_known_yet_does_not_count() -> None:
    rule = ChangeRule("disk", "storageGB", "grow-only")
    before = unit("db@aws", inputs={"disk": 200}, change_rules=(rule,))
    World({"db@aws": Delivered(before, "intended")}).make(replace(before, inputs={"disk": 100}))
    World({"db@aws": Delivered(before, "delivered")}).make(replace(before, inputs={"disk": "${net@aws.size}"}))
    World({"db@aws": Delivered(before, "delivered")}).make()


@pytest.mark.parametrize(("old", "new", "refused"), [
    ("8.0", "8.0.35", False), ("8.0.35", "8.0", False), ("8.0.35", "8.0.34", True), ("9", "10", False), ("10", "9", True), ("3.13", "3.9", True),
    ("v1.2", "v1.10", False), (3, 4, False), (4, 3, True)])
def test_versions_are_compared_by_their_numbers(old: object, new: object, refused: bool) -> None:
    before = unit("db@aws", inputs={"version": old}, change_rules=(ChangeRule("version", "version", "upgrade-only"),))
    world = World({"db@aws": Delivered(before, "delivered")})
    if refused:
        with pytest.raises(Refused):
            world.make(replace(before, inputs={"version": new}))
    else:
        world.make(replace(before, inputs={"version": new}))


def test_a_rule_is_found_by_the_variable_that_takes_the_parameter_whole() -> None:
    schema = {"properties": {
        "disk": {"properties": {"sizeGB": {"type": "integer", "x-change": "grow-only"}, "kind": {"type": "string"}}},
        "version": {"type": "string", "x-change": "upgrade-only"}, "plain": {"type": "string"}}}
    made = Implementation("aws", variables={
        "disk": "${parameters.disk}", "size": {"root": "${parameters.disk.sizeGB}"}, "release": "${parameters.version|default('1')}",
        "text": "version ${parameters.version}", "plain": "${parameters.plain}"})
    found = ruled(Definition("thing", parameters=schema, implementations=(made,)), made)
    rules = rules_of(Component("it", "thing"), found)
    assert [(rule.input, rule.parameter, rule.rule) for rule in rules] == [
        ("disk.sizeGB", "disk.sizeGB", "grow-only"), ("size.root", "disk.sizeGB", "grow-only"), ("release", "version", "upgrade-only")]
