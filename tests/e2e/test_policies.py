"""Policies on a real run in the sandbox: removal under each garbage-collect rule and in order, copies, a protected table. Budget: 75 s."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Project, effects

HEAD = "apiVersion: core.oam.dev/v1beta1\nkind: Application\nmetadata: {name: rules}\nspec:\n  components:\n"
QUEUES = ("plain", "late", "left", "stays", "first")
LAST = "    - {name: last, type: queue, dependsOn: [first]}\n    - {name: copied, type: queue}\n"
POLICIES = """
  policies:
    - name: gc
      type: garbage-collect
      properties:
        rules:
          - {selector: {componentNames: [late]}, strategy: onAppDelete}
          - {selector: {componentNames: [left]}, strategy: onAppUpdate, propagation: orphan}
          - {selector: {componentNames: [stays]}, strategy: never}
        order: dependency
"""
DELIVERED = """
    - {name: here, type: topology, properties: {targets: [aws]}}
    - {name: both, type: replication, properties: {keys: [a, b], selector: [copied]}}
    - {name: longer, type: override, properties: {components: [{name: copied, properties: {retentionSeconds: 700}}]}}
    - {name: seen, type: read-only, properties: {rules: [{selector: {componentNames: [copied-b]}}]}}
"""
SHARED = "    - {name: ours, type: shared-resource, properties: {rules: [{selector: {componentNames: [stays]}}]}}\n"
SECOND = f"""
apiVersion: core.oam.dev/v1beta1
kind: Application
metadata: {{name: second}}
spec:
  components: [{{name: stays, type: queue}}]
  policies:
{SHARED}"""
PROTECT = "    - {name: no accidents, type: protect, properties: {rules: [{selector: {componentTypes: [table]}}]}}\n"
TABLE = "    - {name: ledger, type: table, properties: {key: id}}\n"


def document(*queues: str, table: bool = True, policies: str = POLICIES + PROTECT) -> str:
    """The application; a queue is given by its name, or as it is written."""
    written = (name if name.startswith(" ") else f"    - {{name: {name}, type: queue}}\n" for name in queues)
    return HEAD + (TABLE if table else "") + "".join(written) + policies


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    folder = tmp_path_factory.mktemp("policies")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "PROVISION_"))}
    made = Project(folder, {**kept, "NO_COLOR": "1"})
    write(made, document(*QUEUES, LAST, policies=POLICIES + PROTECT + DELIVERED.partition("    - {name: seen")[0]))
    made.provision("apply", "--yes")
    yield made
    made.end()


def write(project: Project, text: str) -> None:
    (project.folder / "app.yaml").write_text(text)


def instances(project: Project) -> dict[str, dict[str, Any]]:
    """The queues in the state, by component."""
    states = [json.loads(path.read_text()) for path in Path(project.folder).glob(".provision/rules/sandbox/terraform/*/terraform.tfstate")]
    return {resource["module"].removeprefix("module."): resource["instances"][0] for state in states for resource in state["resources"]
            if resource["type"] == "aws_sqs_queue" and resource.get("module")}


def there(project: Project) -> set[str]:
    """The components whose queues are in the simulated cloud."""
    return set(instances(project))


def test_what_is_only_looked_at_is_not_changed(project: Project) -> None:
    """A copy is changed by an override, the other one is read-only: it stays as it was delivered."""
    write(project, document(*QUEUES, LAST, policies=POLICIES + PROTECT + DELIVERED.replace("700", "800")))
    plan: dict[str, Any] = project.json("plan")
    assert effects(plan) == {"copied-a@aws": "update"} and any("copied-b" in note for note in plan["notes"])
    project.provision("apply", "--yes")
    attributes = {name: instance["attributes"]["message_retention_seconds"] for name, instance in instances(project).items()}
    assert (attributes["copied-a"], attributes["copied-b"], attributes["plain"]) == (800, 700, 345600)


def test_removal_under_each_rule(project: Project) -> None:
    """What left the document goes, stays, or is forgotten, as it was delivered: the rules themselves have left the document, too."""
    write(project, document(policies=f"  policies:\n{PROTECT}"))
    plan: dict[str, Any] = project.json("plan")
    gone = ("plain", "copied-a", "first", "last")
    assert effects(plan) == {**{f"{name}@aws": "destroy" for name in gone}, "left@aws": "forget"}
    assert sorted(plan["notes"]) == ["copied-b@aws stays: read-only", "late@aws stays: garbage-collect onAppDelete",
                                     "stays@aws stays: garbage-collect never"]
    text = project.provision("apply", "--yes").stdout
    assert "4 to destroy · 1 to forget" in text and "late@aws stays: garbage-collect onAppDelete" in text
    assert there(project) == {"late", "stays", "copied-b"}


def test_what_depends_on_another_goes_before_it(project: Project) -> None:
    ended = {step["step"]: step for step in project.json("show")["steps"]}
    assert ended["remove last@aws"]["ended"] <= ended["remove first@aws"]["ended"]
    events = [json.loads(line) for line in project.provision("events", "-o", "ndjson").stdout.splitlines()]
    deleted = [event["data"]["address"] for event in events
               if event["event"] == "resource" and (event["data"]["phase"], event["data"]["action"]) == ("complete", "delete")]
    names = [address.split(".")[1] for address in deleted if "aws_sqs_queue" in address]
    assert names.index("last") < names.index("first")


def test_a_protected_table_is_not_destroyed(project: Project) -> None:
    write(project, document("stays", table=False, policies=""))
    told = project.provision("destroy", "--yes", "--allow-destroy", "ledger", exit=5).stderr
    assert "PRV-5010" in told and 'policy "no accidents" protects it' in told and "--keep ledger" in told


def test_a_shared_queue_is_one_queue_and_goes_with_the_last_who_has_it(project: Project) -> None:
    """And what stayed is taken up again, and a policy is lifted by applying without it, which changes nothing but what is recorded."""
    write(project, document("stays", policies=f"  policies:\n{SHARED}"))
    assert "recorded what policies say now of 2 components" in project.provision("apply", "--yes").stderr
    (project.folder / "second.yaml").write_text(SECOND)
    project.provision("apply", "second.yaml", "--yes")
    assert "rules-sandbox-stays" in project.json("status", "second.yaml")["outputs"]["stays@existing"]["url"]
    told = project.provision("destroy", "--yes", "--allow-destroy", "ledger").stdout
    assert "stays@aws stays: shared with second" in told and there(project) == {"stays", "copied-b"}
    project.provision("destroy", "second.yaml", "--yes")
    assert "copied-b@aws stays: read-only" in project.provision("destroy", "--yes").stdout
    assert there(project) == {"copied-b"}
