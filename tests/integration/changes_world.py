"""What a change of one parameter does to what was made, asked of Terraform: the cases of tests/cases/changes.yaml against a root of modules."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path
from typing import Any

import yaml

from provisioner import references, spec
from provisioner.catalog import Catalog
from provisioner.compose import compose
from provisioner.compose.rules import ruled
from provisioner.model import Definition, Implementation, Unit
from provisioner.sandbox import environment as sandbox
from tests.integration.modules_world import Root

CASES = yaml.safe_load((Path(__file__).parents[1] / "cases" / "changes.yaml").read_text())
APPLICATION = "apiVersion: core.oam.dev/v1beta1\nkind: Application\nmetadata: {name: shop}\nspec: {components: [%s]}\n"
Blocks = dict[str, dict[str, Any]]


class Case:
    """One block of a root, and the definition of which it could be."""

    def __init__(self, block: str, case: Mapping[str, Any], folder: Path) -> None:
        self.block, self.case, self.folder = block, case, folder
        definition = Catalog(folder).component(case["type"])
        assert definition
        self.definition: Definition = definition
        self.unit = self.composed({})
        # a module may serve two implementations: the one that gives it most of what the unit has
        self.implementation: Implementation = max((one for one in definition.implementations if one.module == self.unit.source),
                                                  key=lambda one: len(one.variables.keys() & self.unit.inputs.keys()))

    def composed(self, values: Mapping[str, Any]) -> Unit:
        component = {"name": "it", "type": self.case["type"], "properties": {**self.case.get("properties", {}), **values}}
        (self.folder / "app.yaml").write_text(APPLICATION % json.dumps(component))
        application, problems = spec.examine_application(self.folder / "app.yaml")
        both = sandbox.environment(self.folder, "http://127.0.0.1:4566")
        environment = replace(both, targets=tuple(target for target in both.targets if "aws" in target.offers), place=())
        [unit] = compose(Catalog(self.folder).context_for(application, environment, {}, problems)).units
        return unit

    def changed(self, parameters: set[str]) -> dict[str, Any]:
        """The variables of the block that take these parameters, with their new values."""
        along = {name: value for one in parameters for name, value in self.case.get("along", {}).get(one, {}).items()}
        values = {**{name: self.case["values"][name] for name in parameters}, **along}
        asked = self.composed(values).inputs
        return {name: asked[name] for name, template in self.implementation.variables.items() if name in asked
                and any(reference.head == "parameters" and reference.path[0] in values for _, reference in references.find(template))}

    @property
    def replacing(self) -> set[str]:
        """Parameters of which the definition says that the thing is made anew."""
        said = {one.parameter.partition(".")[0] for one in ruled(self.definition, self.implementation) if one.rule == "replace"}
        return said & self.case["values"].keys()

    @property
    def made(self) -> set[str]:
        return {self.case["made"]} if "made" in self.case else set(self.implementation.holds)


def judge(name: str, root: Root, blocks: Blocks, write: Callable[[Blocks], None], folder: Path) -> None:
    """Fails where a definition and Terraform say different things of a changed parameter; `name`: the part of the cases.

    What is said to change in place is changed all at once, in one plan; what is said to make it anew, one by one, in a plan for all blocks.
    """
    cases = [Case(block, case, folder) for block, case in CASES[name].items()]
    wrong = [f"{one}: no case changes it" for one in untold(cases)]
    in_place = {case.block: case.case["values"].keys() - case.replacing for case in cases}
    wrong += [f"{block}: made anew for {paths}" for block, paths in anew(root, cases, in_place, blocks, write).items() if paths]
    for one in zip_longest(*(sorted(case.replacing) for case in cases)):
        asked = {case.block: {parameter} for case, parameter in zip(cases, one, strict=True) if parameter}
        found = anew(root, cases, asked, blocks, write)
        wrong += [f"{block}: not made anew for {parameters}" for block, parameters in asked.items() if not found[block]]
    assert wrong == [], "\n".join(wrong)
    write(blocks)


def untold(cases: list[Case]) -> Iterator[str]:
    """Parameters that no case changes, and no reason is given."""
    for case in cases:
        unmet = {path.partition(".")[0] for path in (*case.implementation.refused, *case.implementation.ignored) if "." not in path}
        known = unmet | case.case["values"].keys() | case.case.get("elsewhere", {}).keys() | case.case.get("properties", {}).keys()
        yield from (f"{case.block}.{name}" for name in sorted(case.definition.parameters["properties"].keys() - known))


def anew(root: Root, cases: list[Case], changes: Mapping[str, set[str]], blocks: Blocks, write: Callable[[Blocks], None]) -> dict[str, Any]:
    """By block, what makes its thing anew when these parameters change: the paths that Terraform names."""
    asked = {name: dict(block) for name, block in blocks.items()}
    for case in cases:
        values = case.changed(changes.get(case.block, set()))
        same = [name for name, value in values.items() if value == blocks[case.block].get(name)]
        assert (values and not same) or not changes.get(case.block), f"{case.block}: {changes[case.block]} changes nothing of {same}"
        asked[case.block] |= values
    write(asked)
    root.run("plan", "-no-color", "-refresh=false", "-out=plan")
    shown = json.loads(root.run("show", "-json", "plan").stdout)["resource_changes"]
    return {case.block: [change["change"].get("replace_paths") for change in shown
                         if change.get("module_address", "").partition("[")[0] == f"module.{case.block}" and change["type"] in case.made
                         and "delete" in change["change"]["actions"] and "create" in change["change"]["actions"]] for case in cases}
