"""Answers of the simulated AWS that differ from AWS, corrected. Only what a module of ours meets; each says what AWS does.

Runs in the server's own process only. A correction must be right when moto comes to answer like AWS by itself.
"""

import json
import secrets
import string
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote

from moto.apigatewayv2.responses import ApiGatewayV2Response
from moto.awslambda.models import LambdaFunction
from moto.dynamodb.exceptions import ResourceNotFoundException
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.table import Table
from moto.ec2.models import amis
from moto.ec2.models.instances import Instance
from moto.ec2.models.nat_gateways import NatGateway, NatGatewayBackend
from moto.efs.models import FileSystem
from moto.efs.responses import EFSResponse
from moto.elasticache.responses import ElastiCacheResponse
from moto.iam.access_control import IAMPolicyStatement, PermissionResult
from moto.mq.models import Broker
from moto.rds.models import DBInstance, DBParameterGroup, MasterUserSecret
from moto.s3.models import FakeDeleteMarker
from moto.sqs.models import Queue

from provisioner.sandbox import caches, functions, programs
from provisioner.sandbox.containers.services import Services
from provisioner.sandbox.containers.tasks import Tasks
from provisioner.sandbox.servers.apis import Apis
from provisioner.sandbox.servers.balancers import Balancers
from provisioner.sandbox.servers.brokers import Brokers
from provisioner.sandbox.servers.caches import Caches
from provisioner.sandbox.servers.databases import Databases
from provisioner.sandbox.servers.doors import Doors
from provisioner.sandbox.servers.keeper import Keeper
from provisioner.sandbox.servers.names import Names

DEBIAN = {
    "ami_id": "ami-0debf12f0000000a1", "state": "available", "public": True, "owner_id": "136693071363", "image_type": "machine",
    "image_location": "136693071363/debian-12-amd64-20250101-1981", "name": "debian-12-amd64-20250101-1981",
    "description": "Debian 12 (20250101-1981)", "architecture": "x86_64", "platform": None, "virtualization_type": "hvm",
    "hypervisor": "xen", "root_device_type": "ebs", "root_device_name": "/dev/xvda", "sriov": "simple",
    "creation_date": "2025-01-01T00:00:00.000Z",
}

PASSWORD = string.ascii_letters + string.digits + "".join(sorted(set(string.punctuation) - set('/@"')))


def install(keeper: Keeper, doors: Doors, tasks: Tasks) -> None:
    """Put the corrections, the servers and the tasks into moto; called once, in the server's own process, before the first request."""
    image_of_debian()
    queue_attributes()
    database_identity()
    database_parameters()
    database_secret()
    transport_is_secure()
    stage_update()
    interface_outlives_machine()
    gateway_takes_its_interface()
    delete_markers()
    missing_table()
    cache_groups()
    functions_run()
    backup_policy()
    broker_address()
    programs.services_run(_wrap)
    programs.certificates_are_proved(_wrap)
    programs.namespace_takes_its_zone(_wrap)
    programs.machine_takes_its_interface(_wrap)
    programs.machines_are_refreshed(_add)
    programs.template_has_its_own_tags(_wrap)
    programs.template_versions_have_user_data(_wrap)
    programs.containers_share_memory(_wrap)
    programs.tasks_leave_the_network(_wrap)
    programs.policies_are_enabled(_wrap)
    Databases(keeper).install(_wrap)
    Caches(keeper).install(_wrap)
    Brokers(keeper).install(_wrap)
    Apis(doors, Names(doors)).install(_wrap)
    Balancers(doors).install(_wrap)
    tasks.install(_wrap)
    Services(tasks).install(_wrap)


def image_of_debian() -> None:
    """AWS offers the images of Debian (owner 136693071363) in every region; moto's list, made in 2017, has none of Debian 12."""
    if not any(image["ami_id"] == DEBIAN["ami_id"] for image in amis.AMIS):
        amis.AMIS.append(dict(DEBIAN))


def queue_attributes() -> None:
    """SetQueueAttributes changes the attributes that are named and leaves the others; moto takes the queue's policy away.

    GetQueueAttributes answers RedrivePolicy without white space; moto with, which the provider takes for a change.
    """
    def keep_policy(stock: Callable[..., None]) -> Callable[..., None]:
        def set_attributes(queue: Queue, attributes: dict[str, Any], now: float | None = None) -> None:
            made = hasattr(queue, "_policy_json")
            kept = {"Policy": queue.policy} if made and "Policy" not in attributes else {}
            stock(queue, {**attributes, **kept}, now)
        return set_attributes

    def compact(stock: property) -> property:
        def attributes(queue: Queue) -> dict[str, Any]:
            found: dict[str, Any] = stock.__get__(queue)
            if found.get("RedrivePolicy"):
                found["RedrivePolicy"] = json.dumps(json.loads(found["RedrivePolicy"]), separators=(",", ":"))
            return found
        return property(attributes)

    _wrap(Queue, "_set_attributes", keep_policy)
    _wrap(Queue, "attributes", compact)


def database_identity() -> None:
    """Each RDS instance has a DbiResourceId of its own; moto gives all the same, and the provider finds them by it."""
    def unique(stock: Callable[..., None]) -> Callable[..., None]:
        def begin(instance: DBInstance, *positional: Any, **named: Any) -> None:
            stock(instance, *positional, **named)
            instance.dbi_resource_id = "db-" + _random(string.ascii_uppercase + string.digits, 26)
        return begin

    _wrap(DBInstance, "__init__", unique)


def database_parameters() -> None:
    """DescribeDBParameters says "user" as the source of a parameter that was set; moto says none, and the provider passes it over."""
    def name_source(stock: Callable[..., None]) -> Callable[..., None]:
        def update(group: DBParameterGroup, parameters: Iterable[dict[str, Any]]) -> None:
            stock(group, [{"Source": "user", **parameter} for parameter in parameters])
        return update

    _wrap(DBParameterGroup, "update_parameters", name_source)


def database_secret() -> None:
    """The secret that RDS manages holds the master user's name and a password of its own, of all printable characters but / @ " and
    space; moto's holds "admin" and the same word for all.
    """
    def credentials(_stock: object) -> Callable[..., str]:
        def generate(secret: MasterUserSecret) -> str:
            user = getattr(secret.resource, "master_username", None)
            return json.dumps({"username": user, "password": _random(PASSWORD, 28)})
        return generate

    _wrap(MasterUserSecret, "_generate_secret_string", credentials)


def transport_is_secure() -> None:
    """A policy that denies what does not come by TLS denies nothing here: AWS is asked over https, and the simulator stands for it, though
    it is asked over http on loopback. moto knows no `aws:SecureTransport` and denies every request.
    """
    def pass_over(stock: Callable[..., PermissionResult]) -> Callable[..., PermissionResult]:
        def is_action_permitted(statement: IAMPolicyStatement, *positional: Any, **named: Any) -> PermissionResult:
            conditions = statement._statement.get("Condition") or {}
            if str(conditions.get("Bool", {}).get("aws:SecureTransport", "")).lower() == "false":
                return PermissionResult.NEUTRAL
            return stock(statement, *positional, **named)
        return is_action_permitted

    _wrap(IAMPolicyStatement, "is_action_permitted", pass_over)


def stage_update() -> None:
    """UpdateStage of API Gateway v2 changes the named settings of a stage; moto has no such call and answers 500."""
    def update_stage(response: ApiGatewayV2Response) -> tuple[int, dict[str, str], str]:
        api_id, name = response.path.split("/")[-3], unquote(response.path.split("/")[-1])
        api = response.apigatewayv2_backend.get_api(api_id)
        before = api.get_stage(name)
        after = api.create_stage({**before.config, **json.loads(response.body)})
        after.created = before.created
        return 200, {}, json.dumps(after.to_json())

    _add(ApiGatewayV2Response, "update_stage", update_stage)


def interface_outlives_machine() -> None:
    """When a machine is terminated its network interfaces that are not deleted with it are detached and available again; in moto they stay
    attached to the terminated machine for ever and cannot be deleted.
    """
    def detach(stock: Callable[[Instance], Any]) -> Callable[[Instance], Any]:
        def terminate(machine: Instance) -> Any:
            answer = stock(machine)
            for interface in machine.nics.values():
                # it stays in `nics`: moto describes a terminated machine by its first one
                interface.instance = interface.attachment_id = interface.attach_time = None
                interface.status = "available"
            return answer
        return terminate

    _wrap(Instance, "terminate", detach)


def gateway_takes_its_interface() -> None:
    """A NAT gateway's network interface goes with it; in moto it stays for ever."""
    def take_away(stock: Callable[[NatGatewayBackend, str], NatGateway]) -> Callable[[NatGatewayBackend, str], NatGateway]:
        def delete_nat_gateway(backend: NatGatewayBackend, nat_gateway_id: str) -> NatGateway:
            gateway = stock(backend, nat_gateway_id)
            gateway.ec2_backend.enis.pop(gateway._eni.id, None)
            return gateway
        return delete_nat_gateway

    _wrap(NatGatewayBackend, "delete_nat_gateway", take_away)


def delete_markers() -> None:
    """A bucket whose versioning is suspended can be emptied, delete markers too; moto fails on them with 500."""
    _add(FakeDeleteMarker, "dispose", lambda marker, garbage=False: None)


def missing_table() -> None:
    """DeleteTable names the table that it does not find, and by that the provider knows that it is gone, as after a request whose answer
    was lost and that was sent again; moto does not name it, and the provider fails.
    """
    def name_it(stock: Callable[[DynamoDBBackend, str], Table]) -> Callable[[DynamoDBBackend, str], Table]:
        def delete_table(backend: DynamoDBBackend, name: str) -> Table:
            if name.rsplit("/", 1)[-1] not in backend.tables:
                raise ResourceNotFoundException(table_name=name)
            return stock(backend, name)
        return delete_table

    _wrap(DynamoDBBackend, "delete_table", name_it)


def cache_groups() -> None:
    """ElastiCache's replication, parameter and subnet groups: most calls are not in moto, see `caches`."""
    for call in caches.ADDED:
        _add(ElastiCacheResponse, call.__name__, call)
    for owner, name, make in caches.WRAPPED:
        _wrap(owner, name, make)


def functions_run() -> None:
    """A function that is called runs; moto wants Docker for it, and answers an error where there is none. See `functions`."""
    _wrap(LambdaFunction, "_invoke_lambda", lambda _stock: functions.invoke)


def backup_policy() -> None:
    """PutBackupPolicy of EFS switches daily backups, and DescribeBackupPolicy says so; moto has the first not at all."""
    def put_backup_policy(response: EFSResponse) -> tuple[int, dict[str, str], str]:
        policy = json.loads(response.body)["BackupPolicy"]
        vars(response.efs_backend.file_systems_by_id[response.path.split("/")[-2]])["_set_policy"] = policy
        return 200, {"Content-Type": "application/json"}, json.dumps({"BackupPolicy": policy})

    def remember(stock: property) -> property:
        return property(lambda system: vars(system).get("_set_policy") or stock.__get__(system))

    _add(EFSResponse, "put_backup_policy", put_backup_policy)
    _wrap(FileSystem, "backup_policy", remember)


def broker_address() -> None:
    """Each broker of Amazon MQ has a host name of its own, made of its id; moto gives all the same."""
    def own_name(stock: Callable[..., None]) -> Callable[..., None]:
        def begin(broker: Broker, *positional: Any, **named: Any) -> None:
            stock(broker, *positional, **named)
            for instance in broker.instances:
                instance["endpoints"] = [endpoint.replace("://mockmq:", f"://b-{broker.id}.mq.{broker.arn.split(':')[3]}.on.aws:")
                                         for endpoint in instance["endpoints"]]
        return begin

    _wrap(Broker, "__init__", own_name)


def _random(letters: str, length: int) -> str:
    return "".join(secrets.choice(letters) for _ in range(length))


def _add(owner: Any, name: str, what: object) -> None:
    """Give a moto class what it lacks."""
    if not hasattr(owner, name):
        setattr(owner, name, what)


def _wrap(owner: Any, name: str, make: Callable[[Any], Any]) -> None:
    """Replace an attribute of a moto class by what `make` makes of it."""
    setattr(owner, name, make(vars(owner)[name]))
