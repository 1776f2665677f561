"""The services of the simulated ECS: as many tasks as are wanted, of the newest definition, started anew where one ends.

A thread for each looks at it whenever something happened. Where this machine can't run the tasks a service is what `programs` makes of it.
"""

import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from inspect import signature
from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.ecs.models import EC2ContainerServiceBackend, Service, Task
from moto.ecs.responses import EC2ContainerServiceResponse
from moto.elbv2.models import elbv2_backends
from moto.moto_api._internal import mock_random
from moto.route53.models import route53_backends
from moto.servicediscovery.models import servicediscovery_backends
from moto.utilities.utils import get_partition

from provisioner.sandbox.containers import shown
from provisioner.sandbox.containers.tasks import Call, Live, Tasks, Wrap

LOOK_SECONDS = 1.0
STEADY_SECONDS = 2.0
"""A task that has run for so long counts: one that ends at once is seen before its deployment is called complete."""
LEAST_FAILURES = 3
MOST_PAUSE = 30.0
MOST_ENDED = 10


@dataclass(eq=False)
class Kept:
    """One service and its tasks."""

    service: Any
    backend: EC2ContainerServiceBackend
    tasks: list[Live] = field(default_factory=list)
    known: set[str] = field(default_factory=set)
    """Tasks that load balancers and Cloud Map were told of."""
    failed: int = 0
    after: float = 0.0
    """When the next task may be started."""
    good: str = ""
    """Task definition of the last deployment that was complete."""
    event: threading.Event = field(default_factory=threading.Event)


class Services:
    """All services of one simulator whose tasks really run."""

    def __init__(self, tasks: Tasks) -> None:
        self._tasks = tasks
        self._kept: dict[str, Kept] = {}

    def install(self, wrap: Wrap) -> None:
        """Put them into moto, over what makes services run on paper."""
        wrap(EC2ContainerServiceResponse, "create_service", self.created)
        wrap(EC2ContainerServiceBackend, "update_service", self.updated)
        wrap(EC2ContainerServiceBackend, "delete_service", self.deleted)
        wrap(EC2ContainerServiceBackend, "list_tasks", self.listed)

    def created(self, stock: Call) -> Call:
        """Its tasks are started."""
        def create_service(response: EC2ContainerServiceResponse) -> ActionResult:
            answer: ActionResult = stock(response)
            service: Any = answer.result["service"]  # type: ignore[index]
            self._keep(response.ecs_backend, service)
            return answer
        return create_service

    def updated(self, stock: Call) -> Call:
        """Another definition, or a new deployment by force, replaces its tasks one after the other; another number starts or ends some."""
        def update_service(backend: EC2ContainerServiceBackend, service_properties: dict[str, Any]) -> Service:
            before: Any = backend._get_service(service_properties.get("cluster", "default"), str(service_properties["service"]).rpartition("/")[2])
            kept = self._kept.get(before.arn)
            deploys = service_properties.get("task_definition") or service_properties.get("force_new_deployment")
            counts, deployment = (before.running_count, before.pending_count), dict(before.deployments[0]) if before.deployments else {}
            service: Service = stock(backend, service_properties)
            if kept:
                service.running_count, service.pending_count = counts
                _begin(kept, deployment)
                kept.event.set()
            elif deploys:  # what was not to be had may be there by now
                self._keep(backend, service)
            return service
        return update_service

    def deleted(self, stock: Call) -> Call:
        """Its tasks end, and then it is gone."""
        def delete_service(backend: EC2ContainerServiceBackend, cluster_name: str, service_name: str, force: bool) -> Service:
            service: Service = stock(backend, cluster_name, service_name, force)
            if kept := self._kept.get(service.arn):
                service.status, service.desired_count = "DRAINING", 0
                kept.event.set()
            return service
        return delete_service

    def listed(self, stock: Call) -> Call:
        """Those of one service are those that it started; moto lists all."""
        def list_tasks(backend: EC2ContainerServiceBackend, *positional: Any, **named: Any) -> list[Task]:
            found: list[Task] = stock(backend, *positional, **named)
            asked = signature(stock).bind(backend, *positional, **named).arguments.get("service_name")
            return [task for task in found if not asked or task.group == f"service:{asked.rpartition('/')[2]}"]
        return list_tasks

    # ------------------------------------------------------------------ one service
    def _keep(self, backend: EC2ContainerServiceBackend, service: Any) -> None:
        """From now on it is looked after, where this machine can run its tasks."""
        if self._tasks.possible() and service.network_configuration and service.deployments:
            self._kept[service.arn] = kept = Kept(service, backend)
            _begin(kept)
            threading.Thread(target=self._follow, args=(kept,), daemon=True).start()

    def _follow(self, kept: Kept) -> None:
        while True:
            kept.event.wait(LOOK_SECONDS)
            kept.event.clear()
            on_paper = next((live for live in kept.tasks if live.on_paper), None)
            if on_paper:
                self._give_up(kept)
                return
            self._look(kept)
            if kept.service.status == "DRAINING" and not kept.tasks:
                kept.service.status = "INACTIVE"
                self._kept.pop(kept.service.arn, None)
                return

    def _give_up(self, kept: Kept) -> None:
        """It is on paper: what it was before, and what it still has ends."""
        service = kept.service
        self._kept.pop(service.arn, None)
        for live in kept.tasks:
            self._tasks.stop(live, "The service is on paper only", "ServiceSchedulerInitiated")
            _leave(kept, live)
            _remove(kept, live.task)
        if service.status == "DRAINING":
            service.status = "INACTIVE"
        else:
            _complete(kept, service.deployments[0], service.desired_count)

    def _look(self, kept: Kept) -> None:
        """Bring what is nearer to what is wanted."""
        service = kept.service
        newest = service.deployments[0]
        for live in [live for live in kept.tasks if live.task.last_status == "STOPPED"]:
            self._ended(kept, live, newest)
        mine = [live for live in kept.tasks if live.task.desired_status == "RUNNING" and live.task.started_by == newest["id"]]
        old = [live for live in kept.tasks if live.task.desired_status == "RUNNING" and live.task.started_by != newest["id"]]
        if service.status == "ACTIVE" and newest["rolloutState"] != "FAILED" and time.monotonic() >= kept.after:
            for _ in range(service.desired_count - len(mine)):
                self._start(kept, newest)
        steady = [live for live in mine if live.pod.state == "running" and time.monotonic() - live.pod.began >= STEADY_SECONDS]
        for live in mine:
            _join(kept, live)
        if len(steady) >= service.desired_count:
            for live in [*old, *steady[service.desired_count:]]:
                self._end(kept, live)
        _count(kept, sum(live.task.last_status == "RUNNING" for live in kept.tasks), newest, steady=len(steady))
        if len(steady) == service.desired_count and len(kept.tasks) == len(steady) and newest["rolloutState"] == "IN_PROGRESS":
            kept.good, kept.failed = newest["taskDefinition"], 0
            _complete(kept, newest, len(steady))

    def _start(self, kept: Kept, deployment: dict[str, Any]) -> None:
        service, backend = kept.service, kept.backend
        cluster = backend._get_cluster(service.cluster_name)
        definition = backend.describe_task_definition(deployment["taskDefinition"])
        task: Any = Task(cluster, definition, None, backend._calculate_task_resource_requirements(definition), backend, f"service:{service.name}",
                         launch_type=service.launch_type or "FARGATE", started_by=deployment["id"], tags=service.tags,
                         networking_configuration=service.network_configuration, platform_version=service.platform_version)
        backend.tasks.setdefault(cluster.name, {})[task.task_arn] = task
        live = self._tasks.start(backend, task, lambda live: kept.event.set())
        if live:
            kept.tasks.append(live)
        else:
            _remove(kept, task)

    def _end(self, kept: Kept, live: Live) -> None:
        _leave(kept, live)
        self._tasks.stop(live, f"Scaling activity initiated by (deployment {kept.service.deployments[0]['id']})", "ServiceSchedulerInitiated")

    def _ended(self, kept: Kept, live: Live, newest: dict[str, Any]) -> None:
        """A task is over: by us, or by itself, which counts against its deployment."""
        kept.tasks.remove(live)
        _leave(kept, live)
        _forget_oldest(kept)
        if live.task.stop_code in ("ServiceSchedulerInitiated", "UserInitiated"):
            return
        kept.failed += 1
        kept.after = time.monotonic() + min(2.0 ** (kept.failed - 1), MOST_PAUSE)
        newest["failedTasks"] = kept.failed
        service = kept.service
        breaker = (getattr(service, "deployment_configuration", None) or {}).get("deploymentCircuitBreaker") or {}
        if newest["rolloutState"] != "IN_PROGRESS" or not breaker.get("enable") or kept.failed < max(LEAST_FAILURES, service.desired_count // 2):
            return
        newest["rolloutState"], newest["rolloutStateReason"] = "FAILED", "ECS deployment circuit breaker: tasks failed to start."
        if breaker.get("rollback") and kept.good and kept.good != newest["taskDefinition"]:
            service.task_definition = kept.good
            back = {**newest, "id": f"ecs-svc/{mock_random.randint(0, 32**12)}", "taskDefinition": kept.good, "createdAt": utcnow()}
            service.deployments.insert(0, back)
            _begin(kept, newest)


def _begin(kept: Kept, before: dict[str, Any] | None = None) -> None:
    """Its newest deployment is under way; the one before stays until that is complete."""
    service = kept.service
    newest = service.deployments[0]
    newest.update(status="PRIMARY", desiredCount=service.desired_count, rolloutState="IN_PROGRESS",
                  rolloutStateReason=f"ECS deployment {newest['id']} in progress.")
    if before is None:
        _count(kept, 0, newest, steady=0)
    elif before.get("id") != newest["id"]:
        kept.failed, kept.after = 0, 0.0
        newest.update(failedTasks=0, runningCount=0, pendingCount=service.desired_count)
        service.deployments = [newest, {**before, "status": "ACTIVE", "desiredCount": 0}]


def _complete(kept: Kept, newest: dict[str, Any], running: int) -> None:
    _count(kept, running, newest, steady=running)
    newest.update(rolloutState="COMPLETED", rolloutStateReason=f"ECS deployment {newest['id']} completed.", updatedAt=utcnow())
    kept.service.deployments = [newest]


def _count(kept: Kept, running: int, newest: dict[str, Any], *, steady: int) -> None:
    service = kept.service
    with suppress(Exception):  # the cluster is gone
        cluster = kept.backend._get_cluster(service.cluster_name)
        kept.backend.update_cluster_resources(cluster, running - service.running_count, task_state="RUNNING")
    service.running_count, service.pending_count = running, max(0, service.desired_count - steady)
    newest.update(desiredCount=service.desired_count, runningCount=steady, pendingCount=service.pending_count)


def _remove(kept: Kept, task: Any) -> None:
    shown.release(task)
    kept.backend.tasks[kept.service.cluster_name].pop(task.task_arn, None)


def _forget_oldest(kept: Kept) -> None:
    """AWS shows ended tasks for an hour."""
    tasks = kept.backend.tasks[kept.service.cluster_name]
    ended = [arn for arn, task in tasks.items() if task.group == f"service:{kept.service.name}" and task.last_status == "STOPPED"]
    for arn in ended[:-MOST_ENDED]:
        tasks.pop(arn, None)


# ------------------------------------------------------------------ who is told where its tasks are
def _join(kept: Kept, live: Live) -> None:
    """Load balancers and Cloud Map know a task as soon as it runs."""
    task, address = live.task, live.pod.address
    if live.pod.state != "running" or task.id in kept.known:
        return
    kept.known.add(task.id)
    for group, port in _groups(kept):
        with suppress(Exception):  # deleted behind its back
            elbv2_backends[task._account_id][task.region_name].register_targets(group, [{"Id": address, "Port": port}])
    for registry in _registries(kept):
        with suppress(Exception):
            servicediscovery_backends[task._account_id][task.region_name].register_instance(
                registry, task.id, "", {"AWS_INSTANCE_IPV4": address, "ECS_SERVICE_NAME": kept.service.name})
            _in_dns(task, registry)


def _leave(kept: Kept, live: Live) -> None:
    task, address = live.task, live.pod.address
    if task.id not in kept.known:
        return
    kept.known.discard(task.id)
    for group, port in _groups(kept):
        with suppress(Exception):
            elbv2_backends[task._account_id][task.region_name].deregister_targets(group, [{"Id": address, "Port": port}])
    for registry in _registries(kept):
        with suppress(Exception):
            servicediscovery_backends[task._account_id][task.region_name].deregister_instance(registry, task.id)
            _in_dns(task, registry)


def _in_dns(task: Any, registry: str) -> None:
    """The record that Cloud Map keeps in the zone of its namespace: the addresses of those that are registered."""
    cloud_map = servicediscovery_backends[task._account_id][task.region_name]
    service = cloud_map.get_service(registry)
    namespace = cloud_map.get_namespace(service.namespace_id or (service.dns_config or {}).get("NamespaceId", ""))
    zone_id = str((namespace.dns_properties or {}).get("HostedZoneId", "")).rpartition("/")[2]
    addresses = [one.attributes["AWS_INSTANCE_IPV4"] for one in service.instances]
    zone = route53_backends[task._account_id][get_partition(task.region_name)].get_hosted_zone(zone_id)
    record = {"Name": f"{service.name}.{namespace.name}.", "Type": "A", "TTL": 10, "ResourceRecords": addresses}
    if addresses:
        zone.upsert_rrset(record)
    else:
        zone.delete_rrset(record)


def _groups(kept: Kept) -> list[tuple[str, int]]:
    return [(one["targetGroupArn"], int(one["containerPort"])) for one in kept.service.load_balancers or () if one.get("targetGroupArn")]


def _registries(kept: Kept) -> list[str]:
    return [str(one["registryArn"]).rpartition("/")[2] for one in kept.service.service_registries or ()]
