"""Policies on a real run in the sandbox: removal under each garbage-collect rule, a protected table. Budget: 60 s."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Project, effects

HEAD = "apiVersion: core.oam.dev/v1beta1\nkind: Application\nmetadata: {name: rules}\nspec:\n  components:\n"
QUEUES = ("plain", "late", "left", "stays")
POLICIES = """
  policies:
    - name: gc
      type: garbage-collect
      properties:
        rules:
          - {selector: {componentNames: [late]}, strategy: onAppDelete}
          - {selector: {componentNames: [left]}, strategy: onAppUpdate, propagation: orphan}
          - {selector: {componentNames: [stays]}, strategy: never}
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
    return HEAD + (TABLE if table else "") + "".join(f"    - {{name: {name}, type: queue}}\n" for name in queues) + policies


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    folder = tmp_path_factory.mktemp("policies")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "PROVISION_"))}
    made = Project(folder, {**kept, "NO_COLOR": "1"})
    write(made, document(*QUEUES))
    made.provision("apply", "--yes")
    yield made
    made.end()


def write(project: Project, text: str) -> None:
    (project.folder / "app.yaml").write_text(text)


def there(project: Project) -> set[str]:
    """The queues of the simulated cloud, by component."""
    states = [json.loads(path.read_text()) for path in Path(project.folder).glob(".provision/rules/sandbox/terraform/*/terraform.tfstate")]
    found: set[str] = {resource["module"].removeprefix("module.") for state in states for resource in state["resources"]
                       if resource["type"] == "aws_sqs_queue" and resource.get("module")}
    return found


def test_removal_under_each_rule(project: Project) -> None:
    """What left the document goes, stays, or is forgotten, as it was delivered: the rules themselves have left the document, too."""
    write(project, document(policies=f"  policies:\n{PROTECT}"))
    plan: dict[str, Any] = project.json("plan")
    assert effects(plan) == {"plain@aws": "destroy", "left@aws": "forget"}
    assert plan["notes"] == ["late@aws stays: garbage-collect onAppDelete", "stays@aws stays: garbage-collect never"]
    text = project.provision("apply", "--yes").stdout
    assert "1 to destroy · 1 to forget" in text and "late@aws stays: garbage-collect onAppDelete" in text
    assert there(project) == {"late", "stays"}


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
    assert "stays@aws stays: shared with second" in told and there(project) == {"stays"}
    project.provision("destroy", "second.yaml", "--yes")
    project.provision("destroy", "--yes")
    assert there(project) == set()
