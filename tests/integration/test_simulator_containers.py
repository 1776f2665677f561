"""Containers of the simulated ECS really run: as a service, as a task, with others of the sandbox; and they end. 40 s."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest

from provisioner.sandbox import simulator
from provisioner.sandbox.servers import programs
from tests.clients import web
from tests.integration import registry
from tests.integration.images import PAGE, image
from tests.integration.test_simulator_servers import until

LOGIN = "shop:a:b"
ASK = '''#!/bin/sh
# asks others: whom it is told of, and the container beside it
sleep 1
wget -qO- "$OTHER" && wget -qO- http://web.shop.internal:8080/ && wget -qO- http://127.0.0.1:8080/ || exit 5
nslookup example.org > /dev/null && exit 6
head -c 27 "$SSL_CERT_FILE" && cat /shared/word
'''
WRITE = "#!/bin/sh\necho written > /shared/word\n"


class Cloud:
    """Clients of one simulated account with a cluster, and images in a registry."""

    def __init__(self, running: simulator.Simulator, host: str) -> None:
        self.running, self.host = running, host
        self.subnets = [subnet["SubnetId"] for subnet in self("ec2").describe_subnets()["Subnets"]][:2]
        self.network = {"awsvpcConfiguration": {"subnets": self.subnets, "securityGroups": [], "assignPublicIp": "DISABLED"}}
        self.ecs = self("ecs")
        self.ecs.create_cluster(clusterName="c")
        self("logs").create_log_group(logGroupName="/ecs")

    def __call__(self, service: str) -> Any:
        return boto3.client(service, endpoint_url=self.running.endpoint, region_name=simulator.REGION, aws_access_key_id="test",
                            aws_secret_access_key="test")

    def define(self, *containers: dict[str, Any], family: str = "f", **more: Any) -> str:
        log = {"logDriver": "awslogs", "options": {"awslogs-group": "/ecs", "awslogs-region": simulator.REGION, "awslogs-stream-prefix": family}}
        made = [{"name": "main", "essential": True, "logConfiguration": log, "image": f"{self.host}/shop/web:1", **one} for one in containers]
        return str(self.ecs.register_task_definition(family=family, containerDefinitions=made, requiresCompatibilities=["FARGATE"], cpu="256",
                                                     networkMode="awsvpc", memory="512", **more)["taskDefinition"]["taskDefinitionArn"])

    def service(self, definition: str, name: str = "s", **more: Any) -> dict[str, Any]:
        self.ecs.create_service(cluster="c", serviceName=name, taskDefinition=definition, launchType="FARGATE", networkConfiguration=self.network,
                                **{"desiredCount": 1, **more})
        return self.steady(name)

    def described(self, name: str) -> dict[str, Any]:
        return dict(self.ecs.describe_services(cluster="c", services=[name])["services"][0])

    def steady(self, name: str) -> dict[str, Any]:
        return dict(until(lambda: self.described(name), lambda found: len(found["deployments"]) == 1 and not found["pendingCount"]
                          and found["runningCount"] == found["desiredCount"] and found["deployments"][0]["rolloutState"] == "COMPLETED"))

    def tasks(self, name: str = "") -> dict[str, dict[str, Any]]:
        """Those that run, of a service or all, by their address."""
        arns = self.ecs.list_tasks(cluster="c", desiredStatus="RUNNING", **({"serviceName": name} if name else {}))["taskArns"]
        found = self.ecs.describe_tasks(cluster="c", tasks=arns)["tasks"] if arns else []
        return {task["containers"][0]["networkInterfaces"][0]["privateIpv4Address"]: task for task in found if task["lastStatus"] == "RUNNING"}

    def ran(self, definition: str, **override: Any) -> dict[str, Any]:
        """A task that has run to its end."""
        started = self.ecs.run_task(cluster="c", taskDefinition=definition, launchType="FARGATE", networkConfiguration=self.network,
                                    overrides={"containerOverrides": [{"name": "main", **override}]} if override else {})["tasks"][0]
        return dict(until(lambda: self.ecs.describe_tasks(cluster="c", tasks=[started["taskArn"]])["tasks"][0],
                          lambda task: task["lastStatus"] == "STOPPED"))

    def log(self, family: str, task: dict[str, Any], container: str = "main") -> str:
        stream = f"{family}/{container}/{task['taskArn'].rpartition('/')[2]}"
        return "\n".join(event["message"] for event in self("logs").get_log_events(logGroupName="/ecs", logStreamName=stream)["events"])


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A registry, as HOST:PORT."""
    folder = tmp_path_factory.mktemp("registry")
    for version in ("1", "2"):
        image(folder / "shop" / "web" / f"{version}.tar", version=version, files={"start": PAGE, "ask": ASK, "write": WRITE})
    with serving(folder) as where:
        yield where


@contextmanager
def serving(folder: Path, *login: str) -> Iterator[str]:
    """A registry of what is in a folder; what was pulled from it goes, too."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with subprocess.Popen([sys.executable, registry.__file__, str(port), str(folder), *login], stderr=subprocess.DEVNULL) as child:
        try:
            until(lambda: answers("127.0.0.1", port), bool)
            yield f"127.0.0.1:{port}"
        finally:
            child.kill()
            left = podman("images", "--format", "{{.Repository}}:{{.Tag}}", "--filter", f"reference=127.0.0.1:{port}/shop/web")
            podman("rmi", "--force", *set(left.split()))


@pytest.fixture(scope="module")
def cloud(running: simulator.Simulator, host: str) -> Cloud:
    assert programs.found("container"), "scripts/need podman=podman crun=crun"
    return Cloud(running, host)


def podman(*words: str) -> str:
    return subprocess.run(["podman", *words], capture_output=True, text=True, check=False).stdout


def answers(address: str, port: int) -> bool:
    try:
        socket.create_connection((address, port), timeout=2).close()
    except OSError:
        return False
    return True


def page(address: str) -> str:
    with urllib.request.urlopen(f"http://{address}:8080/", timeout=10) as answer:
        return str(answer.read().decode())


WEB = {"environment": [{"name": "GREETING", "value": "hello"}], "portMappings": [{"containerPort": 8080, "hostPort": 8080, "protocol": "tcp"}],
       "linuxParameters": {"initProcessEnabled": True}}


@pytest.fixture(scope="module")
def served(cloud: Cloud) -> Callable[[], dict[str, dict[str, Any]]]:
    """A service of two copies with a secret, a name in Cloud Map and a target group."""
    secret = cloud("secretsmanager").create_secret(Name="pin", SecretString=json.dumps({"PIN": "1234"}))["ARN"]
    definition = cloud.define({**WEB, "secrets": [{"name": "PIN", "valueFrom": f"{secret}:PIN::"}]}, family="web")
    found = cloud("servicediscovery")
    network = cloud("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
    found.create_private_dns_namespace(Name="shop.internal", Vpc=network)
    namespace = found.list_namespaces()["Namespaces"][0]["Id"]
    dns = {"NamespaceId": namespace, "RoutingPolicy": "MULTIVALUE", "DnsRecords": [{"Type": "A", "TTL": 10}]}
    name = found.create_service(Name="web", NamespaceId=namespace, DnsConfig=dns)["Service"]
    group = cloud("elbv2").create_target_group(Name="web", Protocol="HTTP", Port=8080, VpcId=network, TargetType="ip")["TargetGroups"][0]
    cloud.service(definition, desiredCount=2, serviceRegistries=[{"registryArn": name["Arn"]}],
                  loadBalancers=[{"targetGroupArn": group["TargetGroupArn"], "containerName": "main", "containerPort": 8080}],
                  deploymentConfiguration={"maximumPercent": 200, "minimumHealthyPercent": 100,
                                           "deploymentCircuitBreaker": {"enable": True, "rollback": True}})
    return lambda: cloud.tasks("s")


def test_the_copies_of_a_service_answer_where_all_say_that_they_are(cloud: Cloud, served: Callable[[], dict[str, dict[str, Any]]]) -> None:
    copies = served()
    assert len(copies) == 2
    for address, task in copies.items():
        web.http({"url": f"http://{address}:8080/"})
        assert page(address) == "1|hello|has a pin"
        assert cloud.log("web", task) == "starting as 0 with hello"
    group = cloud("elbv2").describe_target_groups(Names=["web"])["TargetGroups"][0]["TargetGroupArn"]
    targets = cloud("elbv2").describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    assert {(one["Target"]["Id"], one["Target"]["Port"]) for one in targets} == {(address, 8080) for address in copies}
    (name,) = cloud("servicediscovery").list_services()["Services"]
    found = cloud("servicediscovery").list_instances(ServiceId=name["Id"])["Instances"]
    assert {one["Attributes"]["AWS_INSTANCE_IPV4"] for one in found} == set(copies)
    assert {(one["kind"], one["address"], one["state"]) for one in simulator.servers(cloud.running)} >= {
        ("container", address, "running") for address in copies}
    # its name in Cloud Map, by the proxy for the names that the sandbox owns
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({"http": cloud.running.endpoint}))
    with opener.open("http://web.shop.internal:8080/", timeout=10) as answer:
        assert answer.read().decode() == "1|hello|has a pin"


def test_a_task_runs_to_its_end_with_its_exit_code_beside_the_service(cloud: Cloud, served: Callable[[], dict[str, dict[str, Any]]]) -> None:
    """Several containers: on one localhost, of which one waits for another; a volume of the task; and it reaches a service, by its name too."""
    other = next(iter(served()))
    shared = [{"sourceVolume": "shared", "containerPath": "/shared"}]
    definition = cloud.define(
        {**WEB, "name": "web", "essential": False, "image": f"{cloud.host}/shop/web:2"},
        {"name": "write", "entryPoint": ["/write"], "essential": False, "mountPoints": shared},
        {"entryPoint": ["/bin/sh", "-c"], "command": ["exec /ask"], "environment": [{"name": "OTHER", "value": f"http://{other}:8080/"}],
         "mountPoints": shared, "user": "1000", "workingDirectory": "/tmp",
         "dependsOn": [{"containerName": "write", "condition": "SUCCESS"}, {"containerName": "web", "condition": "START"}]},
        family="ask", volumes=[{"name": "shared"}])
    done = cloud.ran(definition)
    codes = {one["name"]: one["exitCode"] for one in done["containers"]}
    assert (codes["main"], codes["write"], done["stopCode"]) == (0, 0, "EssentialContainerExited"), cloud.log("ask", done)
    assert cloud.log("ask", done) == "1|hello|has a pin1|hello|has a pin2|hello|-----BEGIN CERTIFICATE-----written"
    failed = cloud.ran(definition, command=["env; exit 7"], environment=[{"name": "WORD", "value": "given at the start"}])
    assert {one["name"]: one["exitCode"] for one in failed["containers"]}["main"] == 7
    told = cloud.log("ask", failed)
    assert "WORD=given at the start" in told and f"AWS_ENDPOINT_URL={cloud.running.endpoint}" in told
    missing = cloud.ran(cloud.define({"secrets": [{"name": "PIN", "valueFrom": "no-such-parameter"}]}, family="missing"))
    assert missing["stopCode"] == "TaskFailedToStart" and "no-such-parameter" in missing["stoppedReason"]


def test_another_definition_another_number_and_an_end_by_itself(cloud: Cloud, served: Callable[[], dict[str, dict[str, Any]]]) -> None:
    before = served()
    definition = cloud.define({**WEB, "image": f"{cloud.host}/shop/web:2"}, family="web")
    cloud.ecs.update_service(cluster="c", service="s", taskDefinition=definition, desiredCount=1)
    assert len(cloud.described("s")["deployments"]) == 2, "those of the one before stay until the new ones run"
    found = cloud.steady("s")
    ((address, task),) = served().items()
    assert address not in before and page(address) == "2|hello|" and found["taskDefinition"] == definition
    assert not any(answers(gone, 8080) for gone in before)
    group = cloud("elbv2").describe_target_groups(Names=["web"])["TargetGroups"][0]["TargetGroupArn"]
    (target,) = cloud("elbv2").describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    assert target["Target"]["Id"] == address
    podman("kill", f"provision-{task['taskArn'].rpartition('/')[2]}-main")
    until(served, lambda copies: copies and address not in copies)
    ended = cloud.ecs.describe_tasks(cluster="c", tasks=[task["taskArn"]])["tasks"][0]
    assert (ended["lastStatus"], ended["containers"][0]["exitCode"]) == ("STOPPED", 137), "and another is in its place"
    cloud.steady("s")


def test_a_deployment_that_fails_goes_back(cloud: Cloud, served: Callable[[], dict[str, dict[str, Any]]]) -> None:
    good, copies = cloud.described("s")["taskDefinition"], set(served())
    broken = cloud.define({**WEB, "environment": [{"name": "BROKEN", "value": "1"}]}, family="web")
    cloud.ecs.update_service(cluster="c", service="s", taskDefinition=broken)
    until(lambda: cloud.described("s")["taskDefinition"], lambda found: found == good)
    assert [one["rolloutState"] for one in cloud.described("s")["deployments"]][1] == "FAILED"
    cloud.steady("s")
    assert not copies & set(served()), "it is a deployment of its own"


def test_an_image_behind_a_login_and_one_that_is_not_to_be_had(cloud: Cloud, tmp_path: Path) -> None:
    image(tmp_path / "shop" / "web" / "1.tar", version="3")
    with serving(tmp_path, LOGIN) as where:
        user, _, password = LOGIN.partition(":")
        secret = cloud("secretsmanager").create_secret(Name="login", SecretString=json.dumps({"username": user, "password": password}))["ARN"]
        closed = {**WEB, "image": f"{where}/shop/web:1", "environment": [{"name": "ONCE", "value": "1"}]}
        done = cloud.ran(cloud.define({**closed, "repositoryCredentials": {"credentialsParameter": secret}}, family="closed"))
        assert (done["containers"][0]["exitCode"], cloud.log("closed", done)) == (0, "starting as 0 with ")
    there = set(podman("ps", "--all", "--format", "{{.Names}}").split())
    for name in (f"{where}/shop/other:1", "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop/web:1"):
        found = cloud.service(cloud.define({**WEB, "image": name}, family="paper"), name=name[:3], desiredCount=2)
        assert (found["runningCount"], cloud.tasks(name[:3])) == (2, {}), "on paper, as where podman is missing"
        assert cloud.ran(cloud.define({"image": name}, family="paper"))["containers"][0]["exitCode"] == 0
    assert set(podman("ps", "--all", "--format", "{{.Names}}").split()) <= there
    cloud.ecs.update_service(cluster="c", service=name[:3], taskDefinition=cloud.define(WEB, family="paper"), desiredCount=1)
    ((address, _),) = until(lambda: cloud.tasks(name[:3]), bool).items()
    assert cloud.steady(name[:3])["runningCount"] == 1 and page(address) == "1|hello|", "the next one is to be had"
    cloud.ecs.delete_service(cluster="c", service=name[:3], force=True)


def test_what_is_deleted_ends(cloud: Cloud, served: Callable[[], dict[str, dict[str, Any]]]) -> None:
    copies = served()
    cloud.ecs.delete_service(cluster="c", service="s", force=True)
    until(lambda: cloud.described("s")["status"], lambda status: status == "INACTIVE")
    assert copies and not served() and not any(answers(gone, 8080) for gone in copies)
    assert left_of(copies) == []
    assert cloud("servicediscovery").list_instances(ServiceId=cloud("servicediscovery").list_services()["Services"][0]["Id"])["Instances"] == []


def test_with_the_simulator_all_ends(tmp_path: Path, host: str) -> None:
    """Killed, and asked to end."""
    try:
        for number in (signal.SIGKILL, signal.SIGTERM):
            running = simulator.start(tmp_path)
            cloud = Cloud(running, host)
            started = cloud.ecs.run_task(cluster="c", taskDefinition=cloud.define(WEB), launchType="FARGATE", networkConfiguration=cloud.network)
            until(cloud.tasks, lambda copies: copies)
            copies = cloud.tasks()
            assert [task["taskArn"] for task in copies.values()] == [started["tasks"][0]["taskArn"]] and left_of(copies)
            os.kill(running.pid, number)
            until(lambda copies=copies: left_of(copies), lambda left: left == [])
    finally:
        simulator.stop(tmp_path)


def left_of(copies: dict[str, dict[str, Any]]) -> list[str]:
    """Containers and processes of tasks."""
    tasks = [task["taskArn"].rpartition("/")[2] for task in copies.values()]
    containers = [name for name in podman("ps", "--all", "--format", "{{.Names}}").split() if any(task in name for task in tasks)]
    processes = [path.parent.name for path in Path("/proc").glob("[0-9]*/cmdline") if any(address in words(path) for address in copies)]
    return containers + processes


def words(path: Path) -> list[str]:
    try:
        return path.read_text(errors="replace").split("\0")
    except OSError:
        return []
