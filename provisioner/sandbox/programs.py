"""Corrections of the simulated ECS, Cloud Map, ACM and autoscaling. See `corrections`."""

from collections.abc import Callable, Mapping
from copy import copy
from typing import Any

from moto.acm.models import CertBundle
from moto.autoscaling.models import FakeAutoScalingGroup, FakeScalingPolicy
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult
from moto.core.types import Base64EncodedString
from moto.core.utils import camelcase_to_underscores, utcnow
from moto.ec2.models import ec2_backends
from moto.ec2.models.instances import Instance
from moto.ec2.models.launch_templates import LaunchTemplateVersion
from moto.ecs.models import EC2ContainerServiceBackend, Service, Task
from moto.ecs.responses import EC2ContainerServiceResponse
from moto.moto_api._internal import mock_random
from moto.route53.models import route53_backends
from moto.servicediscovery.models import ServiceDiscoveryBackend

KEPT = ("availabilityZoneRebalancing", "deploymentConfiguration", "enableECSManagedTags", "enableExecuteCommand", "healthCheckGracePeriodSeconds")
"""What a service is asked for and moto forgets."""
Wrap = Callable[[Any, str, Callable[[Any], Any]], None]


def services_run(wrap: Wrap) -> None:
    """The copies of an ECS service run a moment after it was made or changed, by its newest task definition; in moto they are pending for
    ever. It is described with what was asked for; moto forgets some of it, which the provider takes for a change.
    """
    def create(stock: Callable[[EC2ContainerServiceResponse], ActionResult]) -> Callable[[EC2ContainerServiceResponse], ActionResult]:
        def create_service(response: EC2ContainerServiceResponse) -> ActionResult:
            answer = stock(response)
            service: Any = answer.result["service"]  # type: ignore[index]
            _keep(service, {"availabilityZoneRebalancing": "DISABLED", **response._get_params()})
            _run(service)
            return answer
        return create_service

    def update(stock: Callable[..., Service]) -> Callable[..., Service]:
        def update_service(backend: EC2ContainerServiceBackend, service_properties: dict[str, Any]) -> Service:
            service = stock(backend, service_properties)
            _run(service)
            return service
        return update_service

    wrap(EC2ContainerServiceResponse, "create_service", create)
    wrap(EC2ContainerServiceBackend, "update_service", update)


def _keep(service: Any, asked: Mapping[str, Any]) -> None:
    for name in KEPT:
        if asked.get(name) is not None:
            setattr(service, camelcase_to_underscores(name), asked[name])


def _run(service: Any) -> None:
    service.running_count, service.pending_count = service.desired_count, 0
    for deployment in service.deployments[:1]:
        if deployment["taskDefinition"] != service.task_definition:
            deployment["id"], deployment["createdAt"] = f"ecs-svc/{mock_random.randint(0, 32**12)}", utcnow()
        deployment.update(
            taskDefinition=service.task_definition, desiredCount=service.desired_count, runningCount=service.desired_count, pendingCount=0,
            networkConfiguration=service.network_configuration, updatedAt=utcnow(), rolloutState="COMPLETED",
            rolloutStateReason=f"ECS deployment {deployment['id']} completed.")


def certificates_are_proved(wrap: Wrap) -> None:
    """A certificate is issued once the records that prove its names are in DNS; in moto after 60 s, whether they are or not."""
    def prove(stock: Callable[[CertBundle], None]) -> Callable[[CertBundle], None]:
        def check(certificate: CertBundle) -> None:
            waiting = certificate.status == "PENDING_VALIDATION"
            stock(certificate)
            if certificate.type == "AMAZON_ISSUED" and waiting and certificate.status != "EXPIRED":
                options = certificate.describe()["Certificate"]["DomainValidationOptions"]
                proofs = {option["ResourceRecord"]["Name"].rstrip(".") for option in options}
                certificate.status = "ISSUED" if proofs <= _records(certificate.arn.split(":")[4]) else "PENDING_VALIDATION"
        return check

    wrap(CertBundle, "check", prove)


def _records(account: str) -> set[str]:
    """Names of the records of validation in all hosted zones."""
    return {record.name.rstrip(".") for partition in route53_backends[account].values() for zone in partition.zones.values()
            for record in zone.rrsets if record.name.startswith("_")}


def namespace_takes_its_zone(wrap: Wrap) -> None:
    """A private namespace's hosted zone goes with it; in moto it stays."""
    def take_away(stock: Callable[[ServiceDiscoveryBackend, str], str]) -> Callable[[ServiceDiscoveryBackend, str], str]:
        def delete_namespace(backend: ServiceDiscoveryBackend, namespace_id: str) -> str:
            namespace = backend.namespaces.get(namespace_id)
            operation = stock(backend, namespace_id)
            zone = str((namespace.dns_properties or {}).get("HostedZoneId", "")) if namespace else ""
            for partition in route53_backends[backend.account_id].values():
                partition.zones.pop(zone.rpartition("/")[2], None)
            return operation
        return delete_namespace

    wrap(ServiceDiscoveryBackend, "delete_namespace", take_away)


def machine_takes_its_interface(wrap: Wrap) -> None:
    """The network interface that AWS makes for a machine goes with it, unless that is said otherwise; in moto it stays, unless that is said."""
    def mark(stock: Callable[..., None]) -> Callable[..., None]:
        def prep_nics(machine: Instance, nic_spec: list[dict[str, Any]], *positional: Any, **named: Any) -> None:
            made = [nic if "NetworkInterfaceId" in nic else {"DeleteOnTermination": True, **nic} for nic in nic_spec]
            stock(machine, made or [{"DeviceIndex": 0, "DeleteOnTermination": True}], *positional, **named)
        return prep_nics

    wrap(Instance, "prep_nics", mark)


def template_has_its_own_tags(wrap: Wrap) -> None:
    """The tags of a launch template are no part of what it launches; in moto they come back among those of machines and volumes."""
    def leave_out(stock: Callable[..., None]) -> Callable[..., None]:
        def init(version: LaunchTemplateVersion, template: Any, number: int, data: dict[str, Any], *positional: Any, **named: Any) -> None:
            tags = [tags for tags in data.get("TagSpecifications", []) if tags.get("ResourceType") != "launch-template"]
            stock(version, template, number, {**data, "TagSpecifications": tags} if "TagSpecifications" in data else data, *positional, **named)
        return init

    wrap(LaunchTemplateVersion, "__init__", leave_out)


def template_versions_have_user_data(wrap: Wrap) -> None:
    """A further version of a launch template may have user data, or none; moto fails with 500 when a machine is started by one."""
    def encode(stock: Callable[..., None]) -> Callable[..., None]:
        def init(version: LaunchTemplateVersion, template: Any, number: int, data: dict[str, Any], *positional: Any, **named: Any) -> None:
            given = data.get("UserData")
            kept = {key: value for key, value in data.items() if key != "UserData" or given}
            stock(version, template, number, {**kept, "UserData": Base64EncodedString(given)} if given and isinstance(given, str) else kept,
                  *positional, **named)
        return init

    wrap(LaunchTemplateVersion, "__init__", encode)


def containers_share_memory(wrap: Wrap) -> None:
    """On Fargate a task definition says how much memory there is, and its containers need not; moto fails with 500 when such a task is run."""
    def fill(stock: Callable[[Any], dict[str, Any]]) -> Any:
        def requirements(task_definition: Any) -> dict[str, Any]:
            given = copy(task_definition)
            given.container_definitions = [{"memory": int(task_definition.memory or 0), **one} for one in task_definition.container_definitions]
            return stock(given)
        return staticmethod(requirements)

    wrap(EC2ContainerServiceBackend, "_calculate_task_resource_requirements", fill)


def tasks_leave_the_network(wrap: Wrap) -> None:
    """The network interface of an ECS task goes when the task has ended; in moto it stays, and so does the security group that it is in."""
    def release(stock: Callable[..., list[Task]]) -> Callable[..., list[Task]]:
        def describe_tasks(backend: EC2ContainerServiceBackend, *positional: Any, **named: Any) -> list[Task]:
            found = stock(backend, *positional, **named)
            for task in found:
                if task.last_status == "STOPPED":
                    task.desired_status = "STOPPED"
                    for attachment in task.attachments:
                        details: Any = attachment["details"]
                        interface = next((one["value"] for one in details if one["name"] == "networkInterfaceId"), "")
                        ec2_backends[backend.account_id][backend.region_name].enis.pop(interface, None)
            return found
        return describe_tasks

    wrap(EC2ContainerServiceBackend, "describe_tasks", release)


def policies_are_enabled(wrap: Wrap) -> None:
    """A scaling policy says that it is enabled, and of prediction only where it predicts; moto says neither."""
    def complete(stock: Callable[..., None]) -> Callable[..., None]:
        def init(policy: FakeScalingPolicy, *positional: Any, **named: Any) -> None:
            stock(policy, *positional, **named)
            policy.enabled = True  # type: ignore[attr-defined]
            policy.predictive_scaling_configuration = policy.predictive_scaling_configuration or None  # type: ignore[assignment]
        return init

    wrap(FakeScalingPolicy, "__init__", complete)


def machines_are_refreshed(add: Callable[[Any, str, object], None]) -> None:
    """StartInstanceRefresh replaces the machines of a group by ones of its newest template; moto has no such call. Here it is done at once."""
    def start(response: AutoScalingResponse) -> ActionResult:
        group: FakeAutoScalingGroup = response.autoscaling_backend.autoscaling_groups[response._get_param("AutoScalingGroupName")]
        for state in list(group.instance_states):
            response.autoscaling_backend.terminate_instance(state.instance.id, False)
        return ActionResult({"InstanceRefreshId": f"{mock_random.uuid4()}"})

    def describe(response: AutoScalingResponse) -> ActionResult:
        return ActionResult({"InstanceRefreshes": []})

    add(AutoScalingResponse, "start_instance_refresh", start)
    add(AutoScalingResponse, "describe_instance_refreshes", describe)
