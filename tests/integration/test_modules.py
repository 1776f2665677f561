"""Terraform modules against the simulated AWS: each is valid and described; those of the foundation made, nothing to do, changed, gone. 4 minutes."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from provisioner.engines.terraform import interface
from provisioner.sandbox import simulator
from tests.integration.changes_world import judge
from tests.integration.modules_world import MODULES, PROJECT, Root

NAMES = sorted(folder.name for folder in MODULES.iterdir() if folder.is_dir())
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIF1Yb2rhZ1u1mE3vqjZJr3d0bH5p8mYzkq0cF0Zb0b0b someone"


# ------------------------------------------------------------------ each module alone
def test_modules_are_valid(tmp_path: Path, running: simulator.Simulator) -> None:
    """All of them in one root, because each start of the provider costs seconds; what a module needs is a value that nobody knows."""
    root = Root(tmp_path, running)
    needed = {name: {variable for variable, body in interface.parse(MODULES / name).variables.items() if body.required} for name in NAMES}
    unknown = {name: dict.fromkeys(sorted(variables - {"name"}), "${terraform_data.any.output}") for name, variables in needed.items()}
    root.write({name: {"module": name, **values} for name, values in unknown.items()}, resource={"terraform_data": {"any": {}}})
    root.run("init")
    assert json.loads(root.run("validate", "-json").stdout)["diagnostics"] == []
    root.run("fmt", "-check", "-recursive", "-diff", str(MODULES))


@pytest.mark.parametrize("name", NAMES)
def test_module_is_described(name: str) -> None:
    files = {file.name for file in (MODULES / name).iterdir() if file.is_file()}
    assert {file for file in files if file.endswith(".tf")} == {"versions.tf", "variables.tf", "main.tf", "outputs.tf"}
    main = (MODULES / name / "main.tf").read_text()
    assert all(file in main for file in files if not file.endswith(".tf")), "a program beside it is one that it runs"
    for file in ("variables.tf", "outputs.tf"):
        text = (MODULES / name / file).read_text()
        blocks = text.count("\nvariable ") + text.startswith("variable ") + text.count("\noutput ") + text.startswith("output ")
        assert text.count('  description = "') == blocks, f"{name}/{file}: each block has a description"


@pytest.mark.parametrize("name", NAMES)
def test_definition_and_module_agree(name: str) -> None:
    """The definitions that use it; a part of other modules is used by these alone."""
    module = interface.parse(MODULES / name)
    assert not module.problem
    found = [(spec, entry) for path in (PROJECT / "components").glob("*.yaml") for spec in [yaml.safe_load(path.read_text())["spec"]]
             for entry in spec.get("implementations", ()) if entry.get("terraform", {}).get("module") == f"modules/aws/{name}"]
    assert found or any(f'source = "../{name}"' in path.read_text() for path in MODULES.glob("*/main.tf"))
    for spec, entry in found:
        given = {*entry["variables"], *entry.get("secrets", {}).values(), *filter(None, [entry.get("attach", {}).get("variable")])}
        assert given <= module.variables.keys()
        assert {variable for variable, body in module.variables.items() if body.required} <= entry["variables"].keys()
        used = {text.split("${module.")[1].split("}")[0] for text in map(str, _texts(entry.get("outputs", {}))) if "${module." in text}
        assert used | {entry[key] for key in ("hostsOutput",) if key in entry} <= module.outputs.keys()
        without_value = {output for output, body in spec["outputs"].items() if "value" not in body}
        assert without_value <= entry.get("outputs", {}).keys() <= spec["outputs"].keys()
        assert any(entry["needs"] == "existing" for entry in spec["implementations"])


def _texts(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    else:
        yield value


# ------------------------------------------------------------------ all of them, delivered
def blocks() -> dict[str, dict[str, Any]]:
    """One root with all of them; what takes long in the provider (RDS) is made beside the others."""
    network = {"subnet_ids": "${module.net.private_subnet_ids}"}
    return {
        "net": {"module": "network", "nat": True, "allow": [{"port": 22, "from": ["192.0.2.0/24"]}]},
        "fleet": {"module": "vm", "instances": 2, "private_ips": ["10.0.128.11", "10.0.144.11"], "public_key": KEY,
                  "security_group_ids": ["${module.net.security_group_id}"], **network},
        # depends_on defers the data sources of a module while what it names has changes: that must replace nothing
        "jump": {"module": "vm", "public": True, "depends_on": ["module.net"]},
        "files": {"module": "bucket", "force_destroy": True},
        "items": {"module": "table", "range_key": "at", "range_key_type": "number", "ttl_attribute": "gone"},
        "jobs": {"module": "queue", "dead_letter_after": 5},
        "ordered": {"module": "queue", "fifo": True},
        "door": {"module": "gateway", "routes": [
            {"path": "/", "backends": ["${module.fleet.address}"], "port": 8080},
            {"path": "/old", "backends": "http://old.example:8000/", "rewrite": True}]},
        "db": {"module": "postgres", "vpc_id": "${module.net.id}", **network},
        "archive": {"module": "postgres", "engine_version": "16", "size": "medium", "depends_on": ["module.net"]},
    }


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, running: simulator.Simulator) -> Root:
    root = Root(tmp_path_factory.mktemp("all"), running)
    root.write(blocks())
    root.run("init")
    root.run("apply", "-no-color", "-auto-approve")
    return root


def test_second_plan_is_empty(made: Root) -> None:
    assert made.plan() == {}


def test_what_is_made_anew_by_a_change_is_what_its_definition_says(made: Root, tmp_path: Path) -> None:
    judge("test_modules", made, blocks(), made.write, tmp_path)


def test_outputs_say_how_to_reach_what_was_made(made: Root) -> None:
    found = made.outputs()
    machines = found["fleet"]["hosts"]
    assert [(host["name"], host["address"]) for host in machines] == [("shop-test-fleet-1", "10.0.128.11"), ("shop-test-fleet-2", "10.0.144.11")]
    assert [host["id"] for host in machines] == found["fleet"]["ids"]
    assert found["jump"]["address"] != found["jump"]["private_addresses"][0]
    assert made.client("sqs").get_queue_attributes(QueueUrl=found["jobs"]["url"], AttributeNames=["All"])["Attributes"]["RedrivePolicy"]
    assert found["ordered"]["name"].endswith(".fifo")
    assert found["door"]["url"] == f"https://{found['door']['host']}"
    secret = json.loads(made.client("secretsmanager").get_secret_value(SecretId=found["db"]["master_secret_arn"])["SecretString"])
    assert secret["username"] == "app" and secret["password"]
    assert found["db"]["master_secret_arn"] != found["archive"]["master_secret_arn"]


def test_defaults_are_secure(made: Root) -> None:
    found, ec2 = made.outputs(), made.client("ec2")
    machine = ec2.describe_instances(InstanceIds=found["fleet"]["ids"][:1])["Reservations"][0]["Instances"][0]
    assert machine["MetadataOptions"]["HttpTokens"] == "required"
    assert "PublicIpAddress" not in machine
    volume = machine["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
    assert ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]["Encrypted"]
    blocked = made.client("s3").get_public_access_block(Bucket=found["files"]["name"])["PublicAccessBlockConfiguration"]
    assert all(blocked.values())
    database = made.client("rds").describe_db_instances(DBInstanceIdentifier=found["db"]["identifier"])["DBInstances"][0]
    assert database["StorageEncrypted"] and not database["PubliclyAccessible"] and database["BackupRetentionPeriod"] == 7


def test_one_change_touches_only_that(made: Root) -> None:
    """A change in each module at once: exactly the named resources change, in place but for a machine with another image."""
    changed = blocks()
    changed["net"]["allow"] = [{"port": 22, "from": ["192.0.2.0/24"]}, {"port": 443, "from": ["0.0.0.0/0"]}]
    changed["fleet"]["size"] = "medium"
    changed["fleet"]["user_data"] = "#!/bin/sh\necho only new machines run this\n"
    changed["jump"]["ami"] = "ami-0b301ce3ce347599c"
    changed["files"]["versioned"] = False
    changed["items"]["point_in_time_recovery"] = False
    changed["jobs"]["visibility_seconds"] = 60
    changed["door"] |= {"rate": 50, "routes": [changed["door"]["routes"][0], {"path": "/old", "backends": "http://new.example", "rewrite": True}]}
    changed["db"]["allow_from"] = ["10.0.0.0/16"]
    made.write(changed)
    update = ["update"]
    assert made.plan() == {
        "module.net.aws_security_group.this": update,
        "module.fleet.aws_instance.this[0]": update,
        "module.fleet.aws_instance.this[1]": update,
        "module.jump.aws_instance.this[0]": ["delete", "create"],
        "module.jump.terraform_data.image": ["delete", "create"],
        "module.files.aws_s3_bucket_versioning.this": update,
        "module.items.aws_dynamodb_table.this": update,
        "module.jobs.aws_sqs_queue.this": update,
        "module.door.aws_apigatewayv2_stage.this": update,
        'module.door.aws_apigatewayv2_integration.this["/old"]': update,
        'module.door.aws_apigatewayv2_integration.this["/old/{proxy+}"]': update,
        "module.db.aws_security_group.this": update,
    }
    address = made.outputs()["jump"]["address"]
    made.run("apply", "-no-color", "plan")
    assert made.plan() == {}
    assert made.outputs()["jump"]["address"] == address, "a replaced machine keeps its address"


def test_database_grows_and_is_upgraded_in_place(made: Root) -> None:
    """Planned only: RDS takes 80 s for each change."""
    changed = blocks()
    changed["archive"] |= {"engine_version": "17", "allocated_storage": 100, "size": "large", "multi_az": True}
    made.write(changed)
    planned = {address: actions for address, actions in made.plan("-refresh=false").items() if address.startswith("module.archive.")}
    assert planned == {"module.archive.aws_db_instance.this": ["update"], "module.archive.aws_db_parameter_group.this": ["create", "delete"]}


def test_fleet_shrinks_at_its_end(made: Root) -> None:
    changed = blocks()
    changed["fleet"]["instances"] = 1
    made.write(changed)
    gone = {address for address, actions in made.plan("-refresh=false").items() if address.startswith("module.fleet.") and actions == ["delete"]}
    assert gone == {"module.fleet.aws_instance.this[1]", "module.fleet.aws_network_interface.this[1]"}


VALIDATED: list[tuple[str, dict[str, Any], str]] = [
    ("door", {"routes": [{"path": "/a", "host": "a.example", "backends": "http://x"}, {"path": "/a/", "backends": "http://y"}]},
     "routes by path only"),
    ("door", {}, "Two routes have the same path"),
    ("net", {"cidr": "10.0.0.0/8"}, "from /16 to /24"),
    ("db", {"username": "postgres"}, "AWS's own"),
    ("jobs", {"retention_seconds": 5}, "60 to 1209600 seconds"),
    ("files", {"bucket_name": "No"}, "3 to 63 lower-case letters"),
]
CONDITIONS: list[tuple[str, dict[str, Any], str]] = [
    ("door", {"routes": [{"path": "/", "backends": ["10.0.0.1", "10.0.0.2"]}]}, "passes a route on to one address"),
    ("fleet", {"private_ips": ["10.0.128.11"]}, "a fixed private address for each machine"),
    ("items", {"range_key": "id"}, "must be another attribute"),
]


@pytest.mark.parametrize("cases", [VALIDATED, CONDITIONS], ids=["validated", "conditions"])
def test_wrong_values_are_named(made: Root, cases: list[tuple[str, dict[str, Any], str]]) -> None:
    wrong = blocks()
    for block, change, _ in cases:
        wrong[block] |= change
    made.write(wrong)
    said = " ".join(made.run("plan", "-no-color", "-refresh=false", good=(1,)).stderr.split())
    assert [message for _, _, message in cases if message not in said] == []


def test_destroy_leaves_nothing(made: Root) -> None:
    found = made.outputs()
    objects = made.client("s3")
    for text in (b"one", b"two"):
        objects.put_object(Bucket=found["files"]["name"], Key="report", Body=text)
    objects.delete_object(Bucket=found["files"]["name"], Key="report")
    made.write(blocks())
    made.run("apply", "-destroy", "-auto-approve")
    assert left(made, found["net"]["id"]) == {}


def left(root: Root, network: str) -> dict[str, list[Any]]:
    """What the simulated account still holds of us."""
    ec2, rds = root.client("ec2"), root.client("rds")
    in_network = [{"Name": "vpc-id", "Values": [network]}]
    machines = [machine["InstanceId"] for group in ec2.describe_instances()["Reservations"] for machine in group["Instances"]
                if machine["State"]["Name"] != "terminated"]
    found = {
        "buckets": root.client("s3").list_buckets()["Buckets"],
        "tables": root.client("dynamodb").list_tables()["TableNames"],
        "queues": root.client("sqs").list_queues().get("QueueUrls", []),
        "machines": machines,
        "volumes": ec2.describe_volumes()["Volumes"],
        "interfaces": ec2.describe_network_interfaces()["NetworkInterfaces"],
        "addresses": ec2.describe_addresses()["Addresses"],
        "keys": ec2.describe_key_pairs()["KeyPairs"],
        "networks": ec2.describe_vpcs(Filters=in_network)["Vpcs"],
        "subnets": ec2.describe_subnets(Filters=in_network)["Subnets"],
        "groups": [group for group in ec2.describe_security_groups()["SecurityGroups"] if group["GroupName"] != "default"],
        "nat": [gateway for gateway in ec2.describe_nat_gateways()["NatGateways"] if gateway["State"] != "deleted"],
        "databases": rds.describe_db_instances()["DBInstances"],
        "snapshots": rds.describe_db_snapshots()["DBSnapshots"],
        "subnet groups": rds.describe_db_subnet_groups()["DBSubnetGroups"],
        "parameter groups": [group for group in rds.describe_db_parameter_groups()["DBParameterGroups"]
                             if not group["DBParameterGroupName"].startswith("default")],
        "secrets": root.client("secretsmanager").list_secrets()["SecretList"],
        "gateways": root.client("apigatewayv2").get_apis()["Items"],
        "logs": root.client("logs").describe_log_groups()["logGroups"],
    }
    return {kind: things for kind, things in found.items() if things}
