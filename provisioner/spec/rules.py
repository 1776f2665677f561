"""Rules in CEL: of an application's policy, of an environment, or of a file of their own with its tests. Finds every problem of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provisioner import conditions, references
from provisioner.errors import Invalid, Problem, ProvisionError
from provisioner.model import Json, PolicyRule
from provisioner.spec import yaml
from provisioner.spec.document import Document, Steps
from provisioner.spec.judging import Shape
from provisioner.spec.oam import ANY, TEXT, Schema, closed, listed
from provisioner.spec.reading import head, repeated, violations

API = "provision/v1"
EACH = ("component", "unit", "change", "plan")
RULE: Schema = {
    **closed({
        "name": {**TEXT, "description": "Its name, unique in its list"},
        "each": {"enum": list(EACH), "description": "What it is judged for (default: unit)"},
        "deny": {**TEXT, "description": "Condition in CEL; where it is true, nothing is delivered (exit 5)"},
        "warn": {**TEXT, "description": "Condition in CEL; where it is true, it is said"},
        "message": {**TEXT, "description": "What to say; may hold ${unit.name} and the like"},
    }, ("name", "message")),
    "oneOf": [{"required": ["deny"]}, {"required": ["warn"]}],
}
NAMES = listed(TEXT)
TEST = closed({
    "name": TEXT,
    "given": {"type": "object", "additionalProperties": False, "description": "What is judged; what is left out is empty",
              "properties": {"app": {"type": "object"}, "environment": {"type": "object"}, "user": {"type": "string"},
                             **{name: {"type": "object"} for name in EACH}}},
    "denies": {**NAMES, "description": "Names of the rules that deny it (default: none)"},
    "warns": {**NAMES, "description": "Names of the rules that warn (default: none)"},
}, ("name", "given"))
SHAPE = Shape(closed({
    "apiVersion": {"const": API}, "kind": {"const": "Rules"}, "metadata": {"type": "object", "required": ["name"], "properties": {"name": TEXT}},
    "spec": closed({"rules": listed(RULE), "tests": listed(TEST)}, ("rules",)), "status": ANY,
}, ("apiVersion", "kind", "metadata", "spec")))


@dataclass(frozen=True)
class RuleTest:
    """One test of rules: what is given, and the names of those that must deny it or warn."""

    name: str
    given: Mapping[str, Json]
    denies: tuple[str, ...] = ()
    warns: tuple[str, ...] = ()


@dataclass(frozen=True)
class RuleFile:
    rules: tuple[PolicyRule, ...]
    tests: tuple[RuleTest, ...] = ()


def read_file(path: Path) -> RuleFile:
    """The rules and tests of a file `kind: Rules`. Raises Invalid with all problems."""
    document = yaml.read(path)
    if wrong := head(document, "Rules", API):
        raise Invalid(wrong)
    problems = violations(document, SHAPE)
    problems += [problem for key in ("rules", "tests") for problem in repeated(document, ("spec", key), key[:-1])]
    rules = [] if problems else read(document, ("spec", "rules"), problems)
    if problems:
        raise Invalid(problems)
    tests = document.value["spec"].get("tests") or ()
    return RuleFile(tuple(rules), tuple(
        RuleTest(test["name"], test["given"], tuple(test.get("denies", ())), tuple(test.get("warns", ()))) for test in tests))


def read(document: Document, path: Steps, problems: list[Problem]) -> list[PolicyRule]:
    """The rules of a list that fits its schema; conditions that can't be read are problems."""
    return [rule for index in range(len(document.find(path).value)) for rule in one(document, (*path, index), problems)]


def one(document: Document, place: Steps, problems: list[Problem]) -> Iterator[PolicyRule]:
    """The rule at a place; nothing where its condition can't be read."""
    item = document.find(place).value
    kind = "deny" if "deny" in item else "warn"
    wrong = list(_unreadable(document, place, item, kind))
    problems += wrong
    if not wrong:
        yield PolicyRule(item["name"], item.get("each", "unit"), item[kind], item["message"], kind == "deny", document.value_at(place))


def _unreadable(document: Document, place: Steps, item: Mapping[str, Any], kind: str) -> Iterator[Problem]:
    try:
        conditions.compiled(item[kind])
    except conditions.Wrong as error:
        yield Problem("PRV-1541", f"rule \"{item['name']}\": {kind}: {error}", document.value_at((*place, kind)), "provision explain PRV-1541")
    try:
        references.parts(item["message"])
    except ProvisionError as error:
        yield Problem(error.code, error.message, document.value_at((*place, "message")), error.hint)
