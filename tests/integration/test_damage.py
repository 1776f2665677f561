"""`sandbox break` against the real simulator, and files of a host below a folder of its own. 10 s."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from provisioner.errors import ProvisionError
from provisioner.model import Delivered, Host, Unit
from provisioner.sandbox import simulator
from provisioner.sandbox.damage import client_of, damage


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[simulator.Simulator]:
    place = tmp_path_factory.mktemp("simulated")
    yield simulator.start(place)
    simulator.stop(place)


def made(kind: str, outputs: dict[str, Any], component: str = "it") -> dict[str, Delivered]:
    unit = Unit(f"{component}@aws", component, kind, "aws", "terraform", root="aws")
    return {unit.name: Delivered(unit, "delivered", outputs)}


def test_a_bucket_goes_with_all_versions(running: simulator.Simulator) -> None:
    s3 = client_of(running)("s3")
    s3.create_bucket(Bucket="full")
    s3.put_bucket_versioning(Bucket="full", VersioningConfiguration={"Status": "Enabled"})
    for _ in range(2):
        s3.put_object(Bucket="full", Key="a", Body=b"x")
    s3.delete_object(Bucket="full", Key="a")
    assert damage(made("bucket", {"name": "full"}), "bucket", running) == ["bucket full was deleted, with all that was in it"]
    assert s3.list_buckets()["Buckets"] == []


def test_table_and_queue(running: simulator.Simulator) -> None:
    client = client_of(running)
    client("dynamodb").create_table(TableName="visits", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}], BillingMode="PAY_PER_REQUEST",
                                    AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}], DeletionProtectionEnabled=True)
    url = client("sqs").create_queue(QueueName="jobs")["QueueUrl"]
    both = made("table", {"name": "visits"}, "visits") | made("queue", {"url": url}, "jobs")
    assert damage(both, "visits", running) == ["table visits was deleted"]
    assert damage(both, "jobs@aws", running) == [f"queue {url} was deleted"]
    assert client("dynamodb").list_tables()["TableNames"] == [] and "QueueUrls" not in client("sqs").list_queues()


def test_database_machine_network_and_gateway(running: simulator.Simulator) -> None:
    client = client_of(running)
    database = client("rds").create_db_instance(DBInstanceIdentifier="ledger", Engine="postgres", DBInstanceClass="db.t3.micro", AllocatedStorage=5,
                                                MasterUsername="app", MasterUserPassword="not-a-secret", DeletionProtection=True)["DBInstance"]
    host = database.get("Endpoint", {}).get("Address") or "ledger.invented.rds.example"
    damage(made("postgres", {"host": host}), "it", running)
    assert client("rds").describe_db_instances()["DBInstances"] == []
    ec2 = client("ec2")
    machine = ec2.run_instances(ImageId=ec2.describe_images()["Images"][0]["ImageId"], MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    damage(made("vm", {"ids": [machine]}), "it", running)
    states = [one["State"]["Name"] for group in ec2.describe_instances()["Reservations"] for one in group["Instances"]]
    assert states == ["terminated"]
    group = ec2.create_security_group(GroupName="inside", Description="x", VpcId=ec2.describe_vpcs()["Vpcs"][0]["VpcId"])["GroupId"]
    network = made("network", {"securityGroup": group})
    assert "telnet" in damage(network, "network", running)[0] and "taken out" in damage(network, "network", running)[0]
    api = client("apigatewayv2").create_api(Name="door", ProtocolType="HTTP")["ApiId"]
    damage(made("gateway", {"host": f"{api}.execute-api.us-east-1.amazonaws.com"}), "it", running)
    assert client("apigatewayv2").get_apis()["Items"] == []


def test_topic_cache_broker_and_files(running: simulator.Simulator) -> None:
    client = client_of(running)
    topic = client("sns").create_topic(Name="paid")["TopicArn"]
    damage(made("topic", {"arn": topic, "name": "paid"}), "it", running)
    assert client("sns").list_topics()["Topics"] == []
    cache = client("elasticache")
    group = cache.create_replication_group(ReplicationGroupId="pages", ReplicationGroupDescription="x")["ReplicationGroup"]
    assert damage(made("cache", {"host": group["NodeGroups"][0]["PrimaryEndpoint"]["Address"]}), "it", running) == ["cache pages was deleted"]
    assert cache.describe_replication_groups()["ReplicationGroups"] == []
    broker = client("mq").create_broker(BrokerName="events", EngineType="RABBITMQ", DeploymentMode="SINGLE_INSTANCE", PubliclyAccessible=False,
                                        HostInstanceType="mq.t3.micro", Users=[{"Username": "app", "Password": "not-a-secret"}])
    endpoint = client("mq").describe_broker(BrokerId=broker["BrokerId"])["BrokerInstances"][0]["Endpoints"][0]
    damage(made("broker", {"host": endpoint.removeprefix("amqps://").partition(":")[0]}), "it", running)
    assert client("mq").list_brokers()["BrokerSummaries"] == []
    efs = client("efs")
    name = efs.create_file_system(CreationToken="files")["FileSystemId"]
    efs.create_mount_target(FileSystemId=name, SubnetId=client("ec2").describe_subnets()["Subnets"][0]["SubnetId"])
    damage(made("filesystem", {"host": f"{name}.efs.us-east-1.amazonaws.com"}), "it", running)
    assert efs.describe_file_systems()["FileSystems"] == []


@pytest.mark.parametrize(("delivered", "name", "words"), [
    ({}, "bucket", "no delivered component"), (made("table", {"name": "x"}, "visits"), "visit", "no delivered component"),
    (made("odd", {}), "it", "nothing that can be damaged"), (made("table", {"name": "x"}), "it", "is not running"),
])
def test_what_cannot_be_damaged(delivered: dict[str, Delivered], name: str, words: str) -> None:
    with pytest.raises(ProvisionError, match=words) as caught:
        damage(delivered, name, None)
    assert caught.value.code == "PRV-6411"


def on_host(root: Path, connection: Any = "local") -> dict[str, Delivered]:
    host = Host("local", "127.0.0.1", "local", connection=connection, vars={"provision_root": str(root)})
    unit = Unit("web@local", "web", "webservice", "local", "ansible", hosts=(host,))
    return {unit.name: Delivered(unit, "delivered")}


def test_a_file_on_this_machine_is_edited(tmp_path: Path) -> None:
    root, outside = tmp_path / "host", tmp_path / "outside.conf"
    units = root / "var/lib/provision/units"
    units.mkdir(parents=True)
    outside.write_text("not ours\n")
    (root / "link.conf").symlink_to(outside)
    for name in ("a-program", "web.conf", "env"):
        (root / name).write_text("x\n")
    files = [str(root / name) for name in ("a-program", "link.conf", "web.conf", "env")] + [str(outside)]
    (units / "shop.web@local.json").write_text(json.dumps({"unit": "web@local", "files": files}))
    (units / "shop.other@local.json").write_text(json.dumps({"unit": "other@local", "files": [str(root / "env")]}))
    (units / "broken.json").write_text("{")
    assert damage(on_host(root), "web", None) == [f"{root / 'web.conf'} was edited by hand"]
    assert "edited by hand" in (root / "web.conf").read_text()
    assert (outside.read_text(), (root / "env").read_text()) == ("not ours\n", "x\n")


def test_a_host_elsewhere_is_never_touched(tmp_path: Path) -> None:
    with pytest.raises(ProvisionError, match="nothing that can be damaged"):
        damage(on_host(tmp_path, "ssh"), "web", None)
