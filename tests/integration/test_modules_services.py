"""Modules of databases, brokers, topics, functions and shared files against the simulated AWS: made, nothing to do, changed, gone. 4 minutes.

The client of each protocol whose service the simulator really has uses what was made.
"""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from provisioner.sandbox import simulator
from tests import clients
from tests.integration.changes_world import judge
from tests.integration.modules_world import Root

PASSWORD = "Abcdefghijklmnop0123456789"
PROGRAM = """
import os
def handle(event, context):
    print("called with", event)
    if event.get("fail"):
        raise ValueError("as you wish")
    return {"got": event, "who": os.environ["WHO"], "left": context.get_remaining_time_in_millis() > 0}
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("program") / "program.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("app.py", PROGRAM)
    return path


def blocks(program: Path) -> dict[str, dict[str, Any]]:
    """One root with all of them; what takes long in the provider (RDS) is made beside the others."""
    network = {"vpc_id": "${module.net.id}", "subnet_ids": "${module.net.private_subnet_ids}"}
    return {
        "net": {"module": "network"},
        "stock": {"module": "mysql", **network},
        "old": {"module": "mysql", "name": "1-shop-test-old", "engine": "mysql", "engine_version": "8.0", "username": "shop",
                "depends_on": ["module.net"]},
        "sessions": {"module": "cache", "name": "1-shop-test-sessions", "password": PASSWORD, "multi_az": True, **network},
        "pages": {"module": "cache", "password": PASSWORD, "engine_version": "8", "memory_mb": 4000, "depends_on": ["module.net"]},
        "events": {"module": "broker", "password": PASSWORD, **network},
        "shared": {"module": "filesystem", "archive_days": 30, **network},
        "jobs": {"module": "queue", "dead_letter_after": 5, "topics": ["shop-test-*"]},
        "lost": {"module": "queue"},
        "ordered": {"module": "queue", "fifo": True, "topics": ["shop-test-*"]},
        "paid": {"module": "topic", "subscriptions": {
            "jobs": {"queue": "${module.jobs.arn}", "deadLetterQueue": "${module.lost.arn}"},
            "other": {"queue": "${module.lost.arn}", "raw": False, "filter": {"kind": ["refund"]}}}},
        "steps": {"module": "topic", "fifo": True, "subscriptions": {"ordered": {"queue": "${module.ordered.arn}"}}},
        "show": {"module": "function", "artifact": str(program), "handler": "app.handle", "timeout_seconds": 600,
                 "environment": [{"name": "WHO", "value": "me"}, {"name": "COUNT", "value": 1}]},
        "work": {"module": "function", "artifact": str(program), "handler": "app.handle", "queues": ["${module.ordered.arn}"],
                 "environment": {"WHO": "queue", "URL": "${module.jobs.url}"},
                 "allow": [{"actions": ["sqs:SendMessage"], "resources": ["${module.jobs.arn}"]}]},
    }


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, running: simulator.Simulator, program: Path) -> Root:
    root = Root(tmp_path_factory.mktemp("services"), running)
    root.write(blocks(program))
    root.run("init")
    root.run("apply", "-no-color", "-auto-approve")
    return root


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """The keys of the simulated account, where every SDK looks for keys."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


def reached(root: Root, block: str) -> dict[str, Any]:
    """The outputs of a block, with where the service is."""
    return {"region": simulator.REGION, "endpoint": root.over["AWS_ENDPOINT_URL"], **root.outputs()[block]}


def test_second_plan_is_empty(made: Root) -> None:
    assert made.plan() == {}


def test_what_is_made_anew_by_a_change_is_what_its_definition_says(made: Root, program: Path, tmp_path: Path) -> None:
    judge("test_modules_services", made, blocks(program), made.write, tmp_path)


def test_outputs_say_how_to_reach_what_was_made(made: Root) -> None:
    found = made.outputs()
    assert found["stock"]["port"] == 3306 and found["stock"]["address"] != found["old"]["address"]
    secret = json.loads(made.client("secretsmanager").get_secret_value(SecretId=found["old"]["master_secret_arn"])["SecretString"])
    assert secret["username"] == "shop" and secret["password"]
    assert found["sessions"]["port"] == 6379 and found["sessions"]["address"] != found["pages"]["address"]
    assert found["sessions"]["identifier"] == "p-1-shop-test-sessions"
    assert found["events"]["port"] == 5671 and found["events"]["address"]
    assert found["shared"]["address"].startswith(found["shared"]["id"])
    assert found["steps"]["name"] == "shop-test-steps.fifo"


def test_defaults_are_secure(made: Root) -> None:
    found = made.outputs()
    database = made.client("rds").describe_db_instances(DBInstanceIdentifier=found["stock"]["identifier"])["DBInstances"][0]
    assert database["Engine"] == "mariadb" and database["StorageEncrypted"] and not database["PubliclyAccessible"]
    caches = made.client("elasticache")
    (group,) = caches.describe_replication_groups(ReplicationGroupId=found["sessions"]["identifier"])["ReplicationGroups"]
    assert group["AuthTokenEnabled"] and group["TransitEncryptionEnabled"] and group["AtRestEncryptionEnabled"] and len(group["MemberClusters"]) == 2
    (node,) = caches.describe_cache_clusters(CacheClusterId="shop-test-pages-001")["CacheClusters"]
    assert (node["Engine"], node["EngineVersion"], node["CacheNodeType"]) == ("valkey", "8.0", "cache.m7g.large")
    broker = made.client("mq").describe_broker(BrokerId=found["events"]["id"])
    assert not broker["PubliclyAccessible"] and broker["EngineType"].upper() == "RABBITMQ" and broker["SecurityGroups"]
    (files,) = made.client("efs").describe_file_systems(FileSystemId=found["shared"]["id"])["FileSystems"]
    assert files["Encrypted"] and len(made.client("efs").describe_mount_targets(FileSystemId=found["shared"]["id"])["MountTargets"]) == 2
    assert made.client("sns").get_topic_attributes(TopicArn=found["paid"]["arn"])["Attributes"]["KmsMasterKeyId"] == "alias/aws/sns"
    role = made.client("iam").get_role_policy(RoleName="shop-test-work", PolicyName="function")["PolicyDocument"]["Statement"]
    assert [rule["Action"] for rule in role if rule["Resource"] == [found["jobs"]["arn"]]] == [["sqs:SendMessage"]]
    assert not any("*" in (rule["Resource"], rule["Action"]) for rule in role)


def test_only_topics_that_are_named_may_send_to_a_queue(made: Root) -> None:
    found = made.outputs()
    queues = made.client("sqs")

    def allowed(block: str) -> list[Any]:
        policy = queues.get_queue_attributes(QueueUrl=found[block]["url"], AttributeNames=["Policy"])["Attributes"]["Policy"]
        return [rule["Condition"] for rule in json.loads(policy)["Statement"] if rule["Effect"] == "Allow"]

    assert allowed("jobs") == [{"ArnLike": {"aws:SourceArn": ["arn:aws:sns:*:123456789012:shop-test-*"]}}]
    assert allowed("lost") == []


@pytest.mark.usefixtures("keys")
def test_what_is_published_reaches_the_queues(made: Root) -> None:
    jobs = reached(made, "jobs")
    clients.sqs(jobs)
    clients.sns(reached(made, "paid"))
    (text,) = clients.drain(jobs)
    assert text.count("-") == 4, "raw, and not wrapped in SNS's own JSON"
    lost = reached(made, "lost")
    assert clients.drain(lost) == [], "the filter lets refunds through only"
    clients.client("sns", jobs).publish(TopicArn=made.outputs()["paid"]["arn"], Message="back",
                                        MessageAttributes={"kind": {"DataType": "String", "StringValue": "refund"}})
    assert [json.loads(text)["Message"] for text in clients.drain(lost)] == ["back"]
    assert clients.drain(jobs) == ["back"]


@pytest.mark.usefixtures("keys")
def test_functions_run(made: Root) -> None:
    show = reached(made, "show")
    assert clients.invoke(show, {"a": "ä"}) == {"got": {"a": "ä"}, "who": "me", "left": True}
    with pytest.raises(AssertionError, match="as you wish"):
        clients.invoke(show, {"fail": True})
    clients.sns(reached(made, "steps"))
    logs = made.client("logs")
    said = [event["message"] for stream in logs.describe_log_streams(logGroupName="/aws/lambda/shop-test-work")["logStreams"]
            for event in logs.get_log_events(logGroupName="/aws/lambda/shop-test-work", logStreamName=stream["logStreamName"])["events"]]
    assert any("called with" in line and "aws:sqs" in line for line in said), said


def test_one_change_touches_only_that(made: Root, program: Path) -> None:
    changed = blocks(program)
    changed["stock"]["allow_from"] = ["10.0.0.0/16"]
    changed["sessions"] |= {"multi_az": False, "eviction": "noeviction", "backup_days": 1}
    changed["pages"] |= {"memory_mb": 256, "password": PASSWORD[::-1]}
    changed["events"]["allow_from"] = ["10.0.0.0/16"]
    changed["shared"] |= {"backups": False, "archive_days": 0}
    del changed["paid"]["subscriptions"]["other"]
    changed["show"] |= {"memory_mb": 512, "environment": {"WHO": "you"}}
    changed["work"]["log_days"] = 7
    update = ["update"]
    made.write(changed)
    assert made.plan() == {
        "module.stock.aws_security_group.this": update,
        "module.sessions.aws_elasticache_parameter_group.this": update,
        "module.sessions.aws_elasticache_replication_group.this": update,
        "module.pages.aws_elasticache_replication_group.this": update,
        "module.events.aws_security_group.this": update,
        "module.shared.aws_efs_backup_policy.this": update,
        "module.shared.aws_efs_file_system.this": update,
        'module.paid.aws_sns_topic_subscription.this["other"]': ["delete"],
        "module.show.aws_lambda_function.this": update,
        "module.work.aws_cloudwatch_log_group.this": update,
    }
    made.run("apply", "-no-color", "plan")
    assert made.plan() == {}


def test_new_versions_in_place(made: Root, program: Path) -> None:
    """Planned only: RDS takes 80 s for each change."""
    changed = blocks(program)
    changed["old"] |= {"engine_version": "8.4", "allocated_storage": 100, "size": "medium"}
    made.write(changed)
    planned = {address: actions for address, actions in made.plan("-refresh=false").items() if address.startswith("module.old.")}
    assert planned == {"module.old.aws_db_instance.this": ["update"], "module.old.aws_db_parameter_group.this": ["create", "delete"]}


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("old", {"username": "rdsadmin"}, "are taken"),
    ("sessions", {"password": "short"}, "16 to 128 letters"),
    ("pages", {"engine_version": "5"}, "The version must be 6, 7 or 8"),
    ("events", {"username": "guest"}, "guest is RabbitMQ's own"),
    ("shared", {"archive_days": 5}, "Give 0, 1, 7, 14"),
    ("show", {"memory_mb": 64}, "128 to 10240 MiB"),
]


def test_wrong_values_are_named(made: Root, program: Path) -> None:
    wrong = blocks(program)
    for block, change, _ in WRONG:
        wrong[block] |= change
    made.write(wrong)
    said = " ".join(made.run("plan", "-no-color", "-refresh=false", good=(1,)).stderr.replace("│", " ").split())
    assert [message for _, _, message in WRONG if message not in said] == []


def test_a_version_of_the_other_server_is_refused(made: Root, program: Path) -> None:
    wrong = blocks(program)
    wrong["stock"]["engine_version"] = "8.4"
    made.write(wrong)
    said = " ".join(made.run("plan", "-no-color", "-refresh=false", good=(1,)).stderr.replace("│", " ").split())
    assert "Version 8.4 is not one of mariadb" in said


def test_destroy_leaves_nothing(made: Root, program: Path) -> None:
    made.write(blocks(program))
    made.run("apply", "-destroy", "-auto-approve")
    assert left(made) == {}


def left(root: Root) -> dict[str, list[Any]]:
    """What the simulated account still holds of us."""
    rds, caches, efs, ec2 = (root.client(service) for service in ("rds", "elasticache", "efs", "ec2"))
    found = {
        "databases": rds.describe_db_instances()["DBInstances"],
        "subnet groups": rds.describe_db_subnet_groups()["DBSubnetGroups"],
        "parameter groups": [group for group in rds.describe_db_parameter_groups()["DBParameterGroups"]
                             if not group["DBParameterGroupName"].startswith("default")],
        "caches": caches.describe_replication_groups()["ReplicationGroups"],
        "nodes": caches.describe_cache_clusters()["CacheClusters"],
        "cache subnet groups": caches.describe_cache_subnet_groups()["CacheSubnetGroups"],
        "cache parameter groups": caches.describe_cache_parameter_groups()["CacheParameterGroups"],
        "brokers": root.client("mq").list_brokers()["BrokerSummaries"],
        "file systems": efs.describe_file_systems()["FileSystems"],
        "interfaces": ec2.describe_network_interfaces()["NetworkInterfaces"],
        "groups": [group for group in ec2.describe_security_groups()["SecurityGroups"] if group["GroupName"] != "default"],
        "queues": root.client("sqs").list_queues().get("QueueUrls", []),
        "topics": root.client("sns").list_topics()["Topics"],
        "subscriptions": root.client("sns").list_subscriptions()["Subscriptions"],
        "functions": root.client("lambda").list_functions()["Functions"],
        "mappings": root.client("lambda").list_event_source_mappings()["EventSourceMappings"],
        "roles": [role for role in root.client("iam").list_roles()["Roles"] if role["RoleName"].startswith("shop-")],
        "logs": root.client("logs").describe_log_groups()["logGroups"],
        "secrets": root.client("secretsmanager").list_secrets()["SecretList"],
    }
    return {kind: things for kind, things in found.items() if things}
