"""The simulated AWS as a process: one for a folder, found again, gone when told, no way to a real account; its corrections and faults. 15 s."""

import json
import os
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from provisioner.process import identity
from provisioner.sandbox import simulator


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    simulator.stop(tmp_path)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[simulator.Simulator]:
    place = tmp_path_factory.mktemp("simulated")
    yield simulator.start(place)
    simulator.stop(place)


@pytest.fixture
def control(running: simulator.Simulator) -> Iterator["Control"]:
    found = Control(running.endpoint)
    yield found
    found.ask("DELETE")


class Control:
    """The address by which tests set faults."""

    def __init__(self, endpoint: str) -> None:
        self.address = f"{endpoint}/_provision/faults"

    def ask(self, method: str, fault: Any = None) -> Any:
        body = None if fault is None else json.dumps(fault).encode()
        with urllib.request.urlopen(urllib.request.Request(self.address, body, method=method), timeout=120) as answer:
            return json.loads(answer.read())

    def set(self, **fault: Any) -> None:
        self.ask("POST", fault)


def client(running: simulator.Simulator, service: str) -> Any:
    return boto3.client(service, endpoint_url=running.endpoint, region_name=simulator.REGION, aws_access_key_id="test",
                        aws_secret_access_key="test", config=Config(retries={"total_max_attempts": 1}, read_timeout=600))


# ------------------------------------------------------------------ the process
def test_one_server_for_one_folder(folder: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: simulator.start(folder), range(4)))
    assert len({(server.pid, server.port) for server in found}) == 1
    assert not any(server.fresh for server in found)
    again = simulator.find(folder)
    assert again is not None and again.pid == found[0].pid
    record = folder / ".provision" / "simulator" / "server.json"
    assert record.stat().st_mode & 0o077 == 0


def test_what_it_holds_stays_between_commands_and_goes_with_it(folder: Path) -> None:
    first = simulator.start(folder)
    client(first, "sqs").create_queue(QueueName="kept")
    assert client(simulator.start(folder), "sqs").list_queues()["QueueUrls"]
    os.kill(first.pid, signal.SIGKILL)
    _gone(first.pid)
    assert simulator.find(folder) is None
    second = simulator.start(folder)
    assert second.fresh and second.port == first.port
    assert "QueueUrls" not in client(second, "sqs").list_queues()


def test_stop_says_whether_one_ran(folder: Path) -> None:
    simulator.start(folder)
    assert simulator.stop(folder) is True
    assert simulator.stop(folder) is False


def test_ends_without_requests(folder: Path) -> None:
    # long enough for a busy machine to see that it has started
    _gone(simulator.start(folder, idle=6).pid)


def test_ends_when_its_record_is_gone(folder: Path) -> None:
    server = simulator.start(folder)
    (folder / ".provision" / "simulator" / "server.json").unlink()
    _gone(server.pid)


def test_a_foreign_process_with_the_recorded_pid_is_left_alone(folder: Path) -> None:
    place = folder / ".provision" / "simulator"
    place.mkdir(parents=True)
    (place / "server.json").write_text(json.dumps({"pid": os.getpid(), "start": "1", "boot": "other", "port": 1, "started": ""}))
    assert simulator.find(folder) is None
    assert simulator.start(folder).pid != os.getpid()


def test_a_broken_record_is_no_record(folder: Path) -> None:
    place = folder / ".provision" / "simulator"
    place.mkdir(parents=True)
    (place / "server.json").write_text("{half")
    assert simulator.find(folder) is None
    assert simulator.start(folder).port


def test_listens_on_loopback_only(running: simulator.Simulator) -> None:
    wanted = f":{running.port:04X}"
    lines = [line.split() for name in ("tcp", "tcp6") if (file := Path("/proc/net") / name).exists() for line in file.read_text().splitlines()[1:]]
    assert {line[1] for line in lines if line[1].endswith(wanted) and line[3] == "0A"} == {f"0100007F{wanted}"}


def test_real_credentials_do_not_get_through(running: simulator.Simulator) -> None:
    real = {"AWS_PROFILE": "prod", "AWS_ACCESS_KEY_ID": "AKIAREAL", "AWS_SESSION_TOKEN": "t", "AWS_ENDPOINT_URL_S3": "https://s3.example",
            "TF_AWS_DEFAULT_TAGS_x": "y", "HTTPS_PROXY": "http://proxy.example", "PATH": "/bin"}
    seen = simulator.without_empty(real, simulator.environ(running, real))
    assert {"AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3", "TF_AWS_DEFAULT_TAGS_x"}.isdisjoint(seen)
    assert seen["AWS_ACCESS_KEY_ID"] == "test" and seen["AWS_ENDPOINT_URL"] == running.endpoint and seen["PATH"] == "/bin"
    assert "127.0.0.1" in seen["NO_PROXY"]
    assert simulator.ignored_credentials(real) == ["AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_SESSION_TOKEN"]


def _gone(pid: int) -> None:
    end = time.monotonic() + 600
    while time.monotonic() < end:
        if identity.of(pid) is None:
            return
        time.sleep(0.05)
    pytest.fail(f"process {pid} is still there")


# ------------------------------------------------------------------ faults
CALLS: list[tuple[str, str, str, dict[str, Any]]] = [
    ("sqs", "CreateQueue", "create_queue", {"QueueName": "refused"}),
    ("dynamodb", "CreateTable", "create_table", {"TableName": "refused", "BillingMode": "PAY_PER_REQUEST", "KeySchema": [
        {"AttributeName": "id", "KeyType": "HASH"}], "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}]}),
    ("s3", "CreateBucket", "create_bucket", {"Bucket": "refused"}),
    ("rds", "CreateDBSubnetGroup", "create_db_subnet_group",
     {"DBSubnetGroupName": "refused", "DBSubnetGroupDescription": "d", "SubnetIds": ["subnet-1"]}),
    ("ec2", "CreateKeyPair", "create_key_pair", {"KeyName": "refused"}),
    ("apigateway", "CreateApi", "create_api", {"Name": "refused", "ProtocolType": "HTTP"}),
]


@pytest.mark.parametrize(("service", "action", "method", "arguments"), CALLS)
def test_a_call_is_refused_in_the_words_of_its_api(running: simulator.Simulator, control: Control, service: str, action: str, method: str,
                                                   arguments: dict[str, Any]) -> None:
    control.set(service=service, action=action, match="refused", code="AccessDenied", message="User: arn:aws:iam::1:user/x is not authorized <here>")
    asked = client(running, "apigatewayv2" if service == "apigateway" else service)
    with pytest.raises(ClientError) as refused:
        getattr(asked, method)(**arguments)
    error = refused.value.response
    assert error["Error"]["Code"] == "AccessDenied"
    assert error["Error"]["Message"] == "User: arn:aws:iam::1:user/x is not authorized <here>"
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_others_are_not_refused(running: simulator.Simulator, control: Control) -> None:
    control.set(service="sqs", action="CreateQueue", match="refused", code="AccessDenied")
    queues = client(running, "sqs")
    assert queues.create_queue(QueueName="fine")["QueueUrl"]
    assert client(running, "s3").list_buckets()["Buckets"] == []
    control.ask("DELETE")
    assert queues.create_queue(QueueName="refused")["QueueUrl"]


def test_a_fault_strikes_as_often_as_told(running: simulator.Simulator, control: Control) -> None:
    control.set(service="sqs", action="ListQueues", code="ThrottlingException", times=2)
    queues = client(running, "sqs")
    assert [fault["times"] for fault in control.ask("GET")] == [2]
    for _ in range(2):
        with pytest.raises(ClientError):
            queues.list_queues()
    queues.list_queues()
    assert control.ask("GET") == []


def test_a_delay_holds_a_call_and_no_other(running: simulator.Simulator, control: Control) -> None:
    control.set(service="sqs", action="CreateQueue", delay_seconds=600)
    queues, buckets = client(running, "sqs"), client(running, "s3")
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(queues.create_queue, QueueName="slow")
        try:
            buckets.list_buckets()
            assert not slow.done()
        finally:
            control.ask("DELETE")
        assert slow.result()["QueueUrl"]


@pytest.mark.parametrize("wrong", [[], {"servce": "sqs"}, {"times": "often"}])
def test_a_wrong_fault_is_not_taken(control: Control, wrong: Any) -> None:
    with pytest.raises(urllib.error.HTTPError, match="400"):
        control.ask("POST", wrong)
    assert control.ask("GET") == []


# ------------------------------------------------------------------ corrections: what AWS answers
def test_debian_is_offered(running: simulator.Simulator) -> None:
    images = client(running, "ec2").describe_images(Owners=["136693071363"], Filters=[{"Name": "name", "Values": ["debian-12-amd64-*"]}])["Images"]
    assert [image["RootDeviceType"] for image in images] == ["ebs"]


def test_setting_one_attribute_of_a_queue_keeps_the_others(running: simulator.Simulator) -> None:
    queues = client(running, "sqs")
    dead = queues.create_queue(QueueName="dead")["QueueUrl"]
    statement = {"Sid": "a", "Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    url = queues.create_queue(QueueName="main", Attributes={"Policy": policy})["QueueUrl"]
    arn = queues.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    queues.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 3})})
    found = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert json.loads(found["Policy"]) == json.loads(policy)
    assert found["RedrivePolicy"] == '{"deadLetterTargetArn":"%s","maxReceiveCount":3}' % arn
    queues.set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})
    assert "Policy" not in queues.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]


def test_each_database_has_its_own_identity_and_secret(running: simulator.Simulator) -> None:
    databases, kept = client(running, "rds"), client(running, "secretsmanager")
    made = [databases.create_db_instance(DBInstanceIdentifier=name, Engine="postgres", DBInstanceClass="db.t4g.micro", AllocatedStorage=20,
                                         MasterUsername=name, ManageMasterUserPassword=True)["DBInstance"] for name in ("one", "two")]
    assert len({database["DbiResourceId"] for database in made}) == 2
    found = [json.loads(kept.get_secret_value(SecretId=database["MasterUserSecret"]["SecretArn"])["SecretString"]) for database in made]
    assert [secret["username"] for secret in found] == ["one", "two"]
    assert found[0]["password"] != found[1]["password"]


def test_a_parameter_that_was_set_says_so(running: simulator.Simulator) -> None:
    databases = client(running, "rds")
    databases.create_db_parameter_group(DBParameterGroupName="tls", DBParameterGroupFamily="postgres15", Description="d")
    databases.modify_db_parameter_group(DBParameterGroupName="tls", Parameters=[
        {"ParameterName": "rds.force_ssl", "ParameterValue": "1", "ApplyMethod": "immediate"}])
    assert [parameter["Source"] for parameter in databases.describe_db_parameters(DBParameterGroupName="tls")["Parameters"]] == ["user"]


def test_a_versioned_bucket_can_be_emptied_and_deleted(running: simulator.Simulator) -> None:
    objects = client(running, "s3")
    objects.create_bucket(Bucket="versions")
    objects.put_bucket_versioning(Bucket="versions", VersioningConfiguration={"Status": "Enabled"})
    for body in (b"1", b"2"):
        objects.put_object(Bucket="versions", Key="k", Body=body)
    objects.delete_object(Bucket="versions", Key="k")
    with pytest.raises(ClientError, match="BucketNotEmpty"):
        objects.delete_bucket(Bucket="versions")
    found = objects.list_object_versions(Bucket="versions")
    every = [{"Key": entry["Key"], "VersionId": entry["VersionId"]} for entry in found["Versions"] + found["DeleteMarkers"]]
    assert len(every) == 3
    objects.put_bucket_versioning(Bucket="versions", VersioningConfiguration={"Status": "Suspended"})
    assert "Errors" not in objects.delete_objects(Bucket="versions", Delete={"Objects": every})
    objects.delete_bucket(Bucket="versions")


def test_a_bucket_that_asks_for_tls_can_be_used(running: simulator.Simulator) -> None:
    objects = client(running, "s3")
    objects.create_bucket(Bucket="private")

    def deny(condition: dict[str, Any]) -> None:
        statement = {"Sid": "a", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::private/*", **condition}
        objects.put_bucket_policy(Bucket="private", Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))

    deny({"Condition": {"Bool": {"aws:SecureTransport": "false"}}})
    objects.put_object(Bucket="private", Key="k", Body=b"text")
    assert objects.get_object(Bucket="private", Key="k")["Body"].read() == b"text"
    deny({})
    with pytest.raises(ClientError, match="403|AccessDenied"):
        objects.put_object(Bucket="private", Key="k", Body=b"text")


def test_a_stage_can_be_changed(running: simulator.Simulator) -> None:
    doors = client(running, "apigatewayv2")
    api = doors.create_api(Name="door", ProtocolType="HTTP")["ApiId"]
    made = doors.create_stage(ApiId=api, StageName="$default", AutoDeploy=True, Description="first")
    doors.update_stage(ApiId=api, StageName="$default", DefaultRouteSettings={"ThrottlingRateLimit": 5.0})
    found = doors.get_stage(ApiId=api, StageName="$default")
    assert (found["AutoDeploy"], found["Description"], found["DefaultRouteSettings"]) == (True, "first", {"ThrottlingRateLimit": 5.0})
    assert found["CreatedDate"] == made["CreatedDate"]


def test_an_interface_outlives_its_machine(running: simulator.Simulator) -> None:
    ec2 = client(running, "ec2")
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    interface = ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]

    def run() -> str:
        made: str = ec2.run_instances(ImageId="ami-0debf12f0000000a1", InstanceType="t3.small", MinCount=1, MaxCount=1, NetworkInterfaces=[
            {"DeviceIndex": 0, "NetworkInterfaceId": interface}])["Instances"][0]["InstanceId"]
        return made

    for _ in range(2):
        machine = run()
        attached = ec2.describe_network_interfaces(NetworkInterfaceIds=[interface])["NetworkInterfaces"][0]
        assert attached["Status"] == "in-use"
        ec2.terminate_instances(InstanceIds=[machine])
        ec2.describe_instances(InstanceIds=[machine])
    assert ec2.describe_network_interfaces(NetworkInterfaceIds=[interface])["NetworkInterfaces"][0]["Status"] == "available"
    ec2.delete_network_interface(NetworkInterfaceId=interface)


def test_a_nat_gateway_takes_its_interface_away(running: simulator.Simulator) -> None:
    ec2 = client(running, "ec2")
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    before = len(ec2.describe_network_interfaces()["NetworkInterfaces"])
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    gateway = ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address)["NatGateway"]["NatGatewayId"]
    assert len(ec2.describe_network_interfaces()["NetworkInterfaces"]) == before + 1
    ec2.delete_nat_gateway(NatGatewayId=gateway)
    assert len(ec2.describe_network_interfaces()["NetworkInterfaces"]) == before
    assert ec2.describe_nat_gateways(NatGatewayIds=[gateway])["NatGateways"][0]["State"] == "deleted"


def test_a_table_that_is_gone_is_named(running: simulator.Simulator) -> None:
    tables = client(running, "dynamodb")
    tables.create_table(TableName="here", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
                        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}])
    tables.delete_table(TableName="here")
    with pytest.raises(ClientError, match="Requested resource not found: Table: here not found"):
        tables.delete_table(TableName="here")


def test_a_call_that_is_sent_again_gets_its_first_answer(running: simulator.Simulator) -> None:
    """As the SDKs do when a connection breaks: same call, next attempt."""
    tables = client(running, "dynamodb")
    tables.create_table(TableName="once", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
                        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}])

    def delete(call: str, attempt: int) -> int:
        headers = {"X-Amz-Target": "DynamoDB_20120810.DeleteTable", "Content-Type": "application/x-amz-json-1.0",
                   "Authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/dynamodb/aws4_request",
                   "amz-sdk-invocation-id": call, "amz-sdk-request": f"attempt={attempt}; max=25"}
        request = urllib.request.Request(running.endpoint, b'{"TableName": "once"}', headers)
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                assert json.loads(answer.read())["TableDescription"]["TableName"] == "once"
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    assert [delete("a", 1), delete("a", 2), delete("a", 3)] == [200, 200, 200]
    assert [delete("b", 1), delete("b", 2)] == [400, 400]
