"""examples/events on the sandbox: what is published on a topic goes through a queue and a function, which really runs, into a table. 4 minutes."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import clients
from tests.e2e.conftest import Project

REACHED = {"payments": "dynamodb", "receipts": "s3", "audit": "sqs", "paid": "sns"}
"""Component to the protocol that it provides."""


@pytest.fixture(scope="module")
def delivered(example: Callable[..., Project]) -> Iterator[Project]:
    """The example, delivered once; everything is taken away at the end."""
    project = example("events")
    try:
        project.provision("apply", "--yes")
        yield project
    finally:
        project.provision("destroy", "--yes", "--allow-destroy", "payments", "--allow-destroy", "receipts", exit=None)
        project.end()


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """The keys of the simulated account, where every SDK looks for keys."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


def kept(project: Project) -> dict[str, str]:
    """Order to amount, as the table has it."""
    outputs = project.outputs("payments")
    items = clients.client("dynamodb", outputs).scan(TableName=outputs["name"])["Items"]
    return {item["order"]["S"]: item["amount"]["N"] for item in items}


def publish(project: Project, **message: Any) -> None:
    topic = project.outputs("paid")
    kind = {"kind": {"DataType": "String", "StringValue": message.pop("kind", "payment")}}
    clients.client("sns", topic).publish(TopicArn=topic["arn"], Message=json.dumps(message), MessageAttributes=kind)


def test_a_published_event_arrives_in_the_table(delivered: Project) -> None:
    publish(delivered, order="a-1", amount=1200)
    publish(delivered, order="a-2", amount=50, kind="refund")
    assert kept(delivered) == {"a-1": "1200", "a-2": "50"}
    receipts = delivered.outputs("receipts")
    receipt = clients.client("s3", receipts).get_object(Bucket=receipts["name"], Key="a-1.json")["Body"].read()
    assert json.loads(receipt) == {"order": "a-1", "amount": 1200}
    assert [json.loads(text)["order"] for text in clients.drain(delivered.outputs("audit"))] == ["a-2"], "refunds only"


@pytest.mark.parametrize("component", REACHED)
def test_the_protocol_s_client_needs_the_outputs_only(delivered: Project, component: str) -> None:
    clients.CLIENTS[REACHED[component]](delivered.outputs(component))
    clients.drain(delivered.outputs("incoming"))


def test_the_function_answers(delivered: Project) -> None:
    assert clients.invoke(delivered.outputs("record"), {"Records": []}) == {"kept": 0}


def test_a_second_apply_has_nothing_to_do(delivered: Project) -> None:
    delivered.provision("plan", "--detailed-exitcode")
    assert delivered.json("drift")["differences"] == []


def test_what_is_ejected_brings_its_files_and_changes_nothing(delivered: Project, tmp_path: Path) -> None:
    """The function's code is a file that its module was given."""
    delivered.provision("eject", str(tmp_path / "plain"))
    root = tmp_path / "plain/terraform/aws"
    assert ".provision" not in (root / "main.tf.json").read_text()
    delivered.without_provision(root / "tf", "init", "-no-color")
    assert "No changes" in delivered.without_provision(root / "tf", "plan", "-detailed-exitcode", "-no-color")


def test_new_code_changes_the_function_only(delivered: Project) -> None:
    program = delivered.folder / "record" / "app.py"
    program.write_text(program.read_text().replace('{"kept": len(payments)}', '{"kept": len(payments), "version": 2}'))
    delivered.provision("plan", "--detailed-exitcode", exit=2)
    assert delivered.planned() == {"record@aws": "update"}
    delivered.provision("apply", "--yes")
    assert clients.invoke(delivered.outputs("record"), {"Records": []}) == {"kept": 0, "version": 2}
    delivered.provision("plan", "--detailed-exitcode")


def test_code_that_is_not_there_is_said_and_the_others_are_planned(delivered: Project) -> None:
    folder = delivered.folder / "record"
    folder.rename(delivered.folder / "elsewhere")
    try:
        said: subprocess.CompletedProcess[str] = delivered.provision("plan", exit=None)
        assert "record: record is not there (looked for" in said.stdout + said.stderr, said.stdout + said.stderr
    finally:
        (delivered.folder / "elsewhere").rename(folder)


def test_destroy_leaves_nothing(delivered: Project) -> None:
    outputs = {name: delivered.outputs(name) for name in ("paid", "payments")}
    delivered.provision("destroy", "--yes", "--allow-destroy", "payments", "--allow-destroy", "receipts")
    left = {
        "topics": clients.client("sns", outputs["paid"]).list_topics()["Topics"],
        "queues": clients.client("sqs", outputs["paid"]).list_queues().get("QueueUrls", []),
        "functions": clients.client("lambda", outputs["paid"]).list_functions()["Functions"],
        "tables": clients.client("dynamodb", outputs["payments"]).list_tables()["TableNames"],
        "buckets": clients.client("s3", outputs["payments"]).list_buckets()["Buckets"],
        "roles": clients.client("iam", outputs["paid"]).list_roles()["Roles"],
        "logs": clients.client("logs", outputs["paid"]).describe_log_groups()["logGroups"],
    }
    assert {kind: things for kind, things in left.items() if things} == {}
