"""What moto's task says of the pod that it is: state, address, exit codes."""

from typing import Any

from moto.core.utils import utcnow
from moto.ec2.models import ec2_backends
from moto.ecs.models import Container, Task

from provisioner.sandbox.containers.pod import Pod

STATES = {"pending": "PENDING", "running": "RUNNING", "stopped": "STOPPED"}


def begin(task: Any, definition: Any) -> None:
    """It waits for its images, with all its containers; moto has it run at once, with one."""
    task.stock = task._transitions, task.containers
    task._transitions = []  # moto moves it on whenever it is looked at
    task.last_status, task.containers = "PENDING", [_container(definition, given) for given in definition.container_definitions]


def on_paper(task: Any) -> None:
    """It is what moto makes of it."""
    if task.desired_status != "STOPPED":
        task._transitions, task.containers = task.stock
        task._tick, task.last_status = 0, "RUNNING"
    else:
        task.last_status = "STOPPED"


def show(task: Any, pod: Pod) -> None:
    """It is as the pod is."""
    parts = {part.container.name: part for part in pod.parts}
    for container in task.containers:
        if part := parts.get(container.name):
            container.last_status, container.exitCode, container.health_status = STATES[part.state], part.code, part.health
    if pod.state == "running" and task.last_status == "PENDING":
        _move_to(task, pod.address)
        task.started_at, task.last_status = utcnow(), "RUNNING"
    if pod.state == "stopped" and task.last_status != "STOPPED":
        task.stop_code = getattr(task, "stop_code", None) or "EssentialContainerExited"
        task.stopped_reason = task.stopped_reason or pod.reason
        release(task)
        task.stopped_at, task.desired_status, task.last_status = utcnow(), "STOPPED", "STOPPED"


def release(task: Task) -> None:
    """Its network interface goes with it."""
    interfaces = ec2_backends[task._account_id][task.region_name].enis
    for details in _details(task):
        interfaces.pop(details.get("networkInterfaceId", ""), None)


def _move_to(task: Any, address: str) -> None:
    """Its network interface has this address."""
    interfaces = ec2_backends[task._account_id][task.region_name].enis
    for attachment in task.attachments:
        for one in attachment["details"]:
            one["value"] = address if one["name"] == "privateIPv4Address" else one["value"]
    for details in _details(task):
        if interface := interfaces.get(details.get("networkInterfaceId", "")):
            interface.private_ip_address = address
            interface.private_ip_addresses = [{"Primary": True, "PrivateIpAddress": address}]
        for container in task.containers:
            container.network_interfaces = [{"attachmentId": task.attachments[0]["id"], "privateIpv4Address": address}]


def _details(task: Any) -> list[dict[str, str]]:
    return [{one["name"]: one["value"] for one in attachment["details"]} for attachment in task.attachments]


def _container(definition: Any, given: dict[str, Any]) -> Container:
    kind: Any = Container  # moto's own class, which its types call abstract
    shown = kind(definition)
    shown.name, shown.image, shown.command, shown.environment = given["name"], given["image"], given.get("command"), given.get("environment")
    shown.cpu, shown.memory, shown.exitCode, shown.health_status = given.get("cpu", 0), given.get("memory"), None, "UNKNOWN"
    return shown  # type: ignore[no-any-return]
