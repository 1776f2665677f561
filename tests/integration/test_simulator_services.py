"""Corrections of the simulated AWS for caches, functions, brokers and shared files: each answers as AWS does. 15 s."""

import io
import json
import zipfile
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from provisioner.sandbox import simulator

PROGRAM = """
import os, sys, time
import boto3
def handle(event, context):
    print("said on the way")
    if event.get("sleep"):
        time.sleep(event["sleep"])
    if event.get("exit"):
        os._exit(3)
    if event.get("raise"):
        raise KeyError("nothing there")
    queues = boto3.client("sqs").list_queues().get("QueueUrls", [])
    return {"event": event, "queues": len(queues), "name": context.function_name, "path": "SECRET_OF_THE_SERVER" in os.environ}
"""


@pytest.fixture
def client(running: simulator.Simulator) -> Any:
    def make(service: str) -> Any:
        return boto3.client(service, endpoint_url=running.endpoint, region_name=simulator.REGION, aws_access_key_id="test",
                            aws_secret_access_key="test")
    return make


# ------------------------------------------------------------------ ElastiCache
def test_parameter_groups_of_caches(client: Any) -> None:
    caches = client("elasticache")
    caches.create_cache_parameter_group(CacheParameterGroupName="mine", CacheParameterGroupFamily="redis7", Description="d",
                                        Tags=[{"Key": "a", "Value": "b"}])
    (group,) = caches.describe_cache_parameter_groups(CacheParameterGroupName="mine")["CacheParameterGroups"]
    assert (group["CacheParameterGroupFamily"], group["Description"]) == ("redis7", "d")
    assert caches.list_tags_for_resource(ResourceName=group["ARN"])["TagList"] == [{"Key": "a", "Value": "b"}]
    wanted = [{"ParameterName": "maxmemory-policy", "ParameterValue": "noeviction"}, {"ParameterName": "timeout", "ParameterValue": "9"}]
    caches.modify_cache_parameter_group(CacheParameterGroupName="mine", ParameterNameValues=wanted)
    found = caches.describe_cache_parameters(CacheParameterGroupName="mine", Source="user")["Parameters"]
    assert {(one["ParameterName"], one["ParameterValue"], one["Source"]) for one in found} == {
        ("maxmemory-policy", "noeviction", "user"), ("timeout", "9", "user")}
    caches.reset_cache_parameter_group(CacheParameterGroupName="mine", ParameterNameValues=wanted[1:])
    assert len(caches.describe_cache_parameters(CacheParameterGroupName="mine")["Parameters"]) == 1
    caches.delete_cache_parameter_group(CacheParameterGroupName="mine")
    with pytest.raises(caches.exceptions.CacheParameterGroupNotFoundFault):
        caches.describe_cache_parameter_groups(CacheParameterGroupName="mine")


def test_subnet_groups_of_caches_change_and_go(client: Any) -> None:
    caches = client("elasticache")
    subnets = [subnet["SubnetId"] for subnet in client("ec2").describe_subnets()["Subnets"]]
    caches.create_cache_subnet_group(CacheSubnetGroupName="here", CacheSubnetGroupDescription="d", SubnetIds=subnets[:1])
    changed = caches.modify_cache_subnet_group(CacheSubnetGroupName="here", SubnetIds=subnets[:2])["CacheSubnetGroup"]
    assert {subnet["SubnetIdentifier"] for subnet in changed["Subnets"]} == set(subnets[:2])
    caches.delete_cache_subnet_group(CacheSubnetGroupName="here")
    with pytest.raises(caches.exceptions.CacheSubnetGroupNotFoundFault):
        caches.describe_cache_subnet_groups(CacheSubnetGroupName="here")


def test_a_replication_group_has_nodes_and_goes_with_them(client: Any) -> None:
    caches = client("elasticache")
    caches.create_replication_group(ReplicationGroupId="pair", ReplicationGroupDescription="d", NumCacheClusters=2, AutomaticFailoverEnabled=True,
                                    Engine="redis", EngineVersion="7.1", CacheParameterGroupName="default.redis7", SecurityGroupIds=["sg-1"])

    def nodes() -> list[Any]:
        found: list[Any] = [node for node in caches.describe_cache_clusters()["CacheClusters"] if node["ReplicationGroupId"] == "pair"]
        return found

    assert [node["CacheClusterId"] for node in nodes()] == ["pair-001", "pair-002"]
    caches.modify_replication_group(ReplicationGroupId="pair", EngineVersion="7.2", CacheParameterGroupName="other", SecurityGroupIds=["sg-2"])
    for node in nodes():
        assert (node["EngineVersion"], node["CacheParameterGroup"]["CacheParameterGroupName"]) == ("7.2", "other")
        assert [group["SecurityGroupId"] for group in node["SecurityGroups"]] == ["sg-2"]
    caches.decrease_replica_count(ReplicationGroupId="pair", NewReplicaCount=0, ApplyImmediately=True)
    assert [node["CacheClusterId"] for node in nodes()] == ["pair-001"]
    grown = caches.increase_replica_count(ReplicationGroupId="pair", NewReplicaCount=2, ApplyImmediately=True)["ReplicationGroup"]
    assert grown["MemberClusters"] == [node["CacheClusterId"] for node in nodes()] == ["pair-001", "pair-002", "pair-003"]
    caches.delete_replication_group(ReplicationGroupId="pair")
    assert nodes() == []
    with pytest.raises(caches.exceptions.ReplicationGroupNotFoundFault):
        caches.describe_replication_groups(ReplicationGroupId="pair")


def test_a_deleted_cache_is_gone(client: Any) -> None:
    caches = client("elasticache")
    caches.create_cache_cluster(CacheClusterId="alone", Engine="memcached", CacheNodeType="cache.t4g.micro", NumCacheNodes=1)
    caches.delete_cache_cluster(CacheClusterId="alone")
    with pytest.raises(caches.exceptions.CacheClusterNotFoundFault):
        caches.describe_cache_clusters(CacheClusterId="alone")


# ------------------------------------------------------------------ Lambda
def deploy(client: Any, name: str, runtime: str = "python3.12", timeout: int = 600) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("app.py", PROGRAM)
    role = client("iam").create_role(RoleName=name, AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    client("lambda").create_function(FunctionName=name, Runtime=runtime, Role=role, Handler="app.handle", Timeout=timeout,
                                     Code={"ZipFile": packed.getvalue()})


def test_a_function_runs_and_reaches_the_simulated_cloud(client: Any) -> None:
    deploy(client, "runs")
    client("sqs").create_queue(QueueName="seen-by-the-function")
    answer = client("lambda").invoke(FunctionName="runs", Payload=json.dumps({"a": "ä€"}))
    assert json.load(answer["Payload"]) == {"event": {"a": "ä€"}, "queues": 1, "name": "runs", "path": False}
    logs = client("logs")
    (stream,) = logs.describe_log_streams(logGroupName="/aws/lambda/runs")["logStreams"]
    events = logs.get_log_events(logGroupName="/aws/lambda/runs", logStreamName=stream["logStreamName"])["events"]
    assert [event["message"] for event in events] == ["said on the way"]


FAILURES: list[tuple[dict[str, Any], str, str]] = [
    ({"raise": True}, "KeyError", "nothing there"),
    ({"exit": True}, "Sandbox", "the runtime exited with 3"),
    ({"sleep": 600}, "Sandbox", "Task timed out after 2 seconds"),
]


@pytest.mark.parametrize(("event", "kind", "said"), FAILURES, ids=["raises", "ends", "too slow"])
def test_a_function_that_fails_says_why(client: Any, event: dict[str, Any], kind: str, said: str) -> None:
    name = f"fails-{kind}-{len(said)}"
    # only the one that shall be too slow has little time
    deploy(client, name, timeout=2 if "sleep" in event else 600)
    answer = client("lambda").invoke(FunctionName=name, Payload=json.dumps(event))
    told = json.load(answer["Payload"])
    assert answer["FunctionError"] and told["errorType"] == kind and said in told["errorMessage"]


def test_only_python_runs(client: Any) -> None:
    deploy(client, "node", runtime="nodejs22.x")
    answer = client("lambda").invoke(FunctionName="node", Payload="{}")
    assert "Python only, not in nodejs22.x" in json.load(answer["Payload"])["errorMessage"] and answer["FunctionError"]


# ------------------------------------------------------------------ EFS, Amazon MQ
@pytest.mark.parametrize("status", ["ENABLED", "DISABLED"])
def test_backups_of_files_can_be_switched(client: Any, status: str) -> None:
    files = client("efs")
    name = files.create_file_system(CreationToken=status)["FileSystemId"]
    with pytest.raises(ClientError, match="PolicyNotFound"):
        files.describe_backup_policy(FileSystemId=name)
    assert files.put_backup_policy(FileSystemId=name, BackupPolicy={"Status": status})["BackupPolicy"] == {"Status": status}
    assert files.describe_backup_policy(FileSystemId=name)["BackupPolicy"] == {"Status": status}


def test_each_broker_has_its_own_address(client: Any) -> None:
    brokers = client("mq")
    made = [brokers.create_broker(BrokerName=name, EngineType="RABBITMQ", DeploymentMode="SINGLE_INSTANCE", PubliclyAccessible=False,
                                  HostInstanceType="mq.t3.micro", Users=[{"Username": "app", "Password": "not-a-secret"}])["BrokerId"]
            for name in ("one", "two")]
    ends = [brokers.describe_broker(BrokerId=name)["BrokerInstances"][0]["Endpoints"] for name in made]
    assert ends[0] != ends[1] and all(end.startswith("amqps://") and end.endswith(":5671") for (end,) in ends)
