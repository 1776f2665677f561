"""Each type of policy and of workflow step has a case among tests/cases, a text that teaches it and, where it acts on the world, a real run.

The tables say which real run that is; a type that is missing in them fails here.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from provisioner import step_kinds
from provisioner.catalog import words
from provisioner.spec.policies import SCHEMAS, SHAPES
from provisioner.spec.policy_types import ABOUT

TESTS = Path(__file__).parents[1]
CASES = TESTS / "cases"
POLICIES = {
    "topology": "e2e/test_three_environments.py::test_a_topology_says_which_of_the_regions",
    "override": "e2e/test_policies.py::test_what_is_only_looked_at_is_not_changed",
    "replication": "e2e/test_policies.py::test_what_is_only_looked_at_is_not_changed",
    "garbage-collect": "e2e/test_policies.py::test_removal_under_each_rule",
    "apply-once": "integration/test_terraform_policies.py::test_a_change_that_is_ignored_is_not_made_also_when_a_dependent_changes",
    "read-only": "e2e/test_policies.py::test_what_is_only_looked_at_is_not_changed",
    "shared-resource": "e2e/test_policies.py::test_a_shared_queue_is_one_queue_and_goes_with_the_last_who_has_it",
    "take-over": "integration/test_terraform_policies.py::test_what_is_there_is_taken_over_and_shown",
    "resource-update": "integration/test_terraform_policies.py::test_what_a_policy_wants_anew_is_shown_and_made_anew",
    "health": "e2e/test_places.py::test_a_health_policy_says_when_a_service_is_asked",
    "rules": "e2e/test_three_environments.py::test_a_rule_of_the_organisation_holds_in_each",
    "protect": "e2e/test_policies.py::test_a_protected_table_is_not_destroyed",
}
"""Type of policy to the test that runs it for real."""
WAITS = "e2e/test_workflow.py::test_a_run_waits_and_has_done_all_that_comes_before"
STEPS = {
    **dict.fromkeys(("deploy", "apply-component", "step-group", "suspend", "request", "smoke-test", "check-metrics", "run-command", "notification",
                     "collect-service-endpoints"), WAITS),
    "export-data": "e2e/test_workflow.py::test_data_was_handed_to_parameters_and_secrets",
    "webhook": "e2e/test_workflow.py::test_resume_is_the_yes",
    "depends-on-app": "e2e/test_workflow.py::test_a_failed_step_is_told_of_and_ends_the_run",
    "run-playbook": "e2e/test_places.py::test_a_step_plays_a_playbook_on_the_hosts_that_it_names",
    "apply-terraform-config": "e2e/test_bringing.py::test_what_they_bring_is_planned_and_delivered_with_the_rest",
    "print-message-in-status": "e2e/test_places.py::test_a_step_plays_a_playbook_on_the_hosts_that_it_names",
}
"""Type of step to the test that runs it for real."""


EXAMPLES = TESTS.parent / "examples"


def cases() -> Iterator[dict[str, Any]]:
    """Every document of the good cases: what is only refused has not been shown."""
    for path in sorted((CASES / "good").rglob("*.yaml")):
        if path.name != "units.yaml":
            yield from (document for document in yaml.safe_load_all(path.read_text()) if isinstance(document, dict))


def types(documents: Iterator[dict[str, Any]]) -> tuple[set[str], set[str]]:
    """The types of policies and of steps that documents use."""
    policies: set[str] = set()
    steps: set[str] = set()
    for document in documents:
        spec = document.get("spec", document)
        policies |= {policy["type"] for policy in spec.get("policies") or () if isinstance(policy, dict)}
        listed = [*((spec.get("workflow") or {}).get("steps") or ()), *(document.get("steps") or ())]
        steps |= {step["type"] for top in listed for step in (top, *(top.get("subSteps") or ()))}
    return policies, steps


@pytest.mark.parametrize(("registered", "index", "runs"), [(SCHEMAS.keys(), 0, POLICIES), (step_kinds.names(), 1, STEPS)], ids=["policies", "steps"])
def test_each_type_has_a_case_and_a_real_run(registered: Any, index: int, runs: Mapping[str, str]) -> None:
    assert set(registered) - types(cases())[index] == set()
    assert set(registered) == runs.keys()
    for where in set(runs.values()):
        path, _, test = where.partition("::")
        assert re.search(rf"^def {test}\(", (TESTS / path).read_text(), re.MULTILINE), where


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_each_policy_has_a_text_and_an_example_that_fits(name: str) -> None:
    assert ABOUT.keys() == SCHEMAS.keys()
    (example,) = yaml.safe_load(ABOUT[name][1])
    assert example["type"] == name and [error.message for error in SHAPES[name].violations(example["properties"])] == []
    found = words.policy(name)
    assert found is not None and found.description.endswith(".") and found.parameters is SCHEMAS[name]


def test_steps_are_types_that_can_be_looked_up() -> None:
    for name in words.step_names():
        found = words.step(name)
        assert found is not None and found.origin == "built-in" and yaml.safe_load(found.example)[0]["type"] == name
    assert words.step("no-such") is None and words.policy("no-such") is None


@pytest.mark.parametrize("name", sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir()))
def test_each_example_is_delivered_for_real_and_has_not_drifted_then(name: str) -> None:
    asked = re.compile(r"\.json\(\"drift\".*\[\"differences\"\] == \[\]|\"differences\"\] for one in \w+\.json\(\"drift\"")
    texts = [path.read_text() for path in sorted((TESTS / "e2e").glob("test_*.py"))]
    assert any(re.search(rf'example\(\s*"{name}"', text) and asked.search(text) for text in texts)
