"""Damages one component of the sandbox behind the tool's back, so that drift and healing can be tried. Never reaches a real account:
endpoint and keys are the simulator's, and files are those below the sandbox's own folder."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from provisioner.errors import ProvisionError
from provisioner.model import Delivered, Json
from provisioner.sandbox.simulator import REGION, Simulator
from provisioner.suggest import suggestion

Client = Callable[[str], Any]
"""A boto3 client by the name of its service."""
Outputs = Mapping[str, Json]
CONFIGURATION = (".conf", ".yml", ".yaml", ".json", ".ini", ".toml")
SCRATCH = "\n# edited by hand: provision sandbox break\n"


def damage(delivered: Mapping[str, Delivered], name: str, running: Simulator | None) -> list[str]:
    """Damage every copy of the component (or of the first component of the type) `name`; sentences of what was done. Raises ProvisionError."""
    chosen = _chosen(delivered, name)
    done = [sentence for entry in chosen if (sentence := _one(entry, running))]
    if not done:
        raise ProvisionError(f"{name} has nothing that can be damaged", code="PRV-6411", hint="choose another component", next="provision status")
    return done


def _chosen(delivered: Mapping[str, Delivered], name: str) -> list[Delivered]:
    by_name = [entry for entry in delivered.values() if name in (entry.unit.component, entry.unit.name)]
    by_type = [entry for entry in delivered.values() if entry.unit.type == name][:1]
    if not by_name and not by_type:
        known = {entry.unit.component for entry in delivered.values()} | {entry.unit.type for entry in delivered.values()}
        raise ProvisionError(f'no delivered component of the sandbox has the name or type "{name}"', code="PRV-6411",
                             hint=suggestion(name, known) or "nothing is delivered yet", next="provision apply")
    return by_name or by_type


def _one(entry: Delivered, running: Simulator | None) -> str:
    if entry.unit.engine == "ansible":
        return _edit(entry)
    act = ACTS.get(entry.unit.type)
    if entry.unit.engine != "terraform" or act is None:
        return ""
    if running is None:
        raise ProvisionError("the simulated cloud is not running", code="PRV-6411", next="provision apply")
    return act(client_of(running), entry.outputs)


def client_of(running: Simulator) -> Client:
    """Clients that see the simulator and nothing else."""
    # boto3 takes half a second to import
    import boto3  # type: ignore[import-untyped]
    from botocore.config import Config  # type: ignore[import-untyped]

    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=REGION)
    config = Config(proxies={}, retries={"max_attempts": 2}, s3={"addressing_style": "path"})
    return lambda service: session.client(service, endpoint_url=running.endpoint, config=config)


# ------------------------------------------------------------------ in the simulated cloud
def _bucket(client: Client, outputs: Outputs) -> str:
    s3, name = client("s3"), str(outputs["name"])
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=name):
        for one in [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]:
            s3.delete_object(Bucket=name, Key=one["Key"], VersionId=one["VersionId"])
    s3.delete_bucket(Bucket=name)
    return f"bucket {name} was deleted, with all that was in it"


def _table(client: Client, outputs: Outputs) -> str:
    dynamodb, name = client("dynamodb"), str(outputs["name"])
    dynamodb.update_table(TableName=name, DeletionProtectionEnabled=False)
    dynamodb.delete_table(TableName=name)
    return f"table {name} was deleted"


def _queue(client: Client, outputs: Outputs) -> str:
    client("sqs").delete_queue(QueueUrl=str(outputs["url"]))
    return f"queue {outputs['url']} was deleted"


def _database(client: Client, outputs: Outputs) -> str:
    rds = client("rds")
    instances = rds.describe_db_instances()["DBInstances"]
    name = _behind(outputs, {one["DBInstanceIdentifier"]: one.get("Endpoint", {}).get("Address") for one in instances})
    rds.modify_db_instance(DBInstanceIdentifier=name, DeletionProtection=False, ApplyImmediately=True)
    rds.delete_db_instance(DBInstanceIdentifier=name, SkipFinalSnapshot=True)
    return f"database {name} was deleted"


def _behind(outputs: Outputs, addresses: Mapping[str, str | None]) -> str:
    """The name of what has the address of these outputs."""
    found = [name for name, address in addresses.items() if address == outputs["host"]]
    if not found:
        raise ProvisionError(f"nothing in the simulated cloud has the address {outputs['host']}", code="PRV-6411", next="provision plan")
    return found[0]


def _vm(client: Client, outputs: Outputs) -> str:
    first = str(list(outputs["ids"])[0])
    client("ec2").terminate_instances(InstanceIds=[first])
    return f"instance {first} was terminated"


def _network(client: Client, outputs: Outputs) -> str:
    ec2, group = client("ec2"), str(outputs["securityGroup"])
    found = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]
    if found["IpPermissions"]:
        ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=found["IpPermissions"])
        return f"all rules of security group {group} were taken out"
    rule = {"IpProtocol": "tcp", "FromPort": 23, "ToPort": 23, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
    return f"security group {group} was opened for telnet from everywhere"


def _gateway(client: Client, outputs: Outputs) -> str:
    api = str(outputs["host"]).partition(".")[0]
    client("apigatewayv2").delete_api(ApiId=api)
    return f"HTTP API {api} was deleted"


def _topic(client: Client, outputs: Outputs) -> str:
    client("sns").delete_topic(TopicArn=str(outputs["arn"]))
    return f"topic {outputs['name']} was deleted"


def _function(client: Client, outputs: Outputs) -> str:
    client("lambda").delete_function(FunctionName=str(outputs["name"]))
    return f"function {outputs['name']} was deleted"


def _cache(client: Client, outputs: Outputs) -> str:
    caches = client("elasticache")
    name = _behind(outputs, {one["ReplicationGroupId"]: one["NodeGroups"][0]["PrimaryEndpoint"]["Address"]
                             for one in caches.describe_replication_groups()["ReplicationGroups"]})
    caches.delete_replication_group(ReplicationGroupId=name)
    return f"cache {name} was deleted"


def _broker(client: Client, outputs: Outputs) -> str:
    brokers = client("mq")
    ids = [one["BrokerId"] for one in brokers.list_brokers()["BrokerSummaries"]]
    name = _behind(outputs, {one: urlsplit(brokers.describe_broker(BrokerId=one)["BrokerInstances"][0]["Endpoints"][0]).hostname for one in ids})
    brokers.delete_broker(BrokerId=name)
    return f"broker {name} was deleted"


def _filesystem(client: Client, outputs: Outputs) -> str:
    efs, name = client("efs"), str(outputs["host"]).partition(".")[0]
    for target in efs.describe_mount_targets(FileSystemId=name)["MountTargets"]:
        efs.delete_mount_target(MountTargetId=target["MountTargetId"])
    efs.delete_file_system(FileSystemId=name)
    return f"file system {name} was deleted, with all that was in it"


ACTS: dict[str, Callable[[Client, Outputs], str]] = {
    "bucket": _bucket, "table": _table, "queue": _queue, "postgres": _database, "vm": _vm, "network": _network, "gateway": _gateway,
    "mysql": _database, "topic": _topic, "function": _function, "cache": _cache, "broker": _broker, "filesystem": _filesystem,
}


# ------------------------------------------------------------------ on this machine
def _edit(entry: Delivered) -> str:
    """Append a line to the first text file of the unit, as somebody in a hurry would."""
    for host in entry.unit.hosts:
        root = str(host.vars.get("provision_root", ""))
        if host.connection == "local" and root:
            for path in _files(Path(root), entry.unit.name):
                with path.open("a", encoding="utf-8") as stream:
                    stream.write(SCRATCH)
                return f"{path} was edited by hand"
    return ""


def _files(root: Path, unit: str) -> list[Path]:
    """Text files that the manifest of this unit names, configuration first."""
    found: list[Path] = []
    for manifest in sorted(root.rglob("lib/provision/units/*.json")):
        try:
            record = json.loads(manifest.read_text())
        except (OSError, ValueError):
            continue
        if isinstance(record, dict) and record.get("unit") == unit:
            found += [path for path in map(Path, record.get("files", ())) if _is_ours(path, root)]
    return sorted(found, key=lambda path: (path.suffix not in CONFIGURATION, path.name != "env", str(path)))


def _is_ours(path: Path, root: Path) -> bool:
    """True for a plain file below the sandbox's folder."""
    return path.is_file() and not path.is_symlink() and path.resolve().is_relative_to(root.resolve())
