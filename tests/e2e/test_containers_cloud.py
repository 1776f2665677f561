"""examples/containers, the very app.yaml that goes to hosts, delivered to ECS in the simulated AWS, where its containers run. Budget: 5 minutes."""

import json
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3  # type: ignore[import-untyped]
import pytest

from provisioner.sandbox import simulator
from tests import clients
from tests.e2e.conftest import ROOT, Project
from tests.e2e.test_containers import build

ENVIRONMENT = """
apiVersion: provision/v1
kind: Environment
metadata: {name: cloud}
spec:
  targets:
    - name: cloud
      aws: {region: us-east-1, endpoint: "${env.CLOUD_ENDPOINT}"}
      simulated: true
"""


class Cloud:
    """The delivered example and its cloud."""

    def __init__(self, project: Project, endpoint: str, folder: Path) -> None:
        self.project, self.endpoint, self.folder = project, endpoint, folder

    def client(self, service: str) -> Any:
        return boto3.client(service, endpoint_url=self.endpoint, region_name=simulator.REGION, aws_access_key_id="test", aws_secret_access_key="test")

    def containers(self) -> list[str]:
        """Those on this machine."""
        label = f"label=provision.sandbox={self.folder / '.provision' / 'simulator'}"
        return subprocess.run(["podman", "ps", "--all", "--quiet", "--filter", label], check=True, capture_output=True, text=True).stdout.split()

    def task(self, name: str) -> dict[str, Any]:
        """The container of the newest task definition of a component."""
        definition = self.client("ecs").describe_task_definition(taskDefinition=f"counter-cloud-{name}")["taskDefinition"]
        container: dict[str, Any] = definition["containerDefinitions"][0]
        return container


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The example's image, on this machine: its registry does not answer here. It stays, as a pulled one does: another run may be using it."""
    archive = tmp_path_factory.mktemp("image") / "counter.tar"
    build(archive)
    subprocess.run(["podman", "load", "--quiet", "--input", archive], check=True, capture_output=True)


@pytest.fixture(scope="module")
def cloud(built: None, example: Callable[..., Project], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    folder = tmp_path_factory.mktemp("cloud")
    running = simulator.start(folder)
    try:
        project = example("containers", CLOUD_ENDPOINT=running.endpoint, AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test")
        (project.folder / "environments" / "cloud.yaml").write_text(ENVIRONMENT)
        project.provision("apply", "-e", "cloud", "--yes")
        yield Cloud(project, running.endpoint, folder)
    finally:
        simulator.stop(folder)


def test_the_file_is_the_one_for_hosts(cloud: Cloud) -> None:
    assert (cloud.project.folder / "app.yaml").read_bytes() == (ROOT / "examples" / "containers" / "app.yaml").read_bytes()


def test_the_service_has_its_copies_its_volume_and_its_door(cloud: Cloud) -> None:
    service = cloud.client("ecs").describe_services(cluster="counter-cloud-web", services=["counter-cloud-web"])["services"][0]
    assert service["runningCount"] == service["desiredCount"] == 2 == len(cloud.containers())
    group = cloud.client("elbv2").describe_target_groups(TargetGroupArns=[service["loadBalancers"][0]["targetGroupArn"]])["TargetGroups"][0]
    assert group["HealthCheckPath"] == "/cgi-bin/healthz" and group["LoadBalancerArns"]
    assert [mount["containerPath"] for mount in cloud.task("web")["mountPoints"]] == ["/data"]
    door = cloud.project.outputs("web-gateway")
    assert door["host"].endswith(".elb.amazonaws.com") and door["url"] == f"http://{door['host']}"


def test_the_copies_answer_through_the_load_balancer(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both reach the database, and share the volume."""
    monkeypatch.setenv("http_proxy", cloud.endpoint)
    door = cloud.project.outputs("web-gateway")
    clients.CLIENTS["http"]({"url": f"{door['url']}/cgi-bin/healthz"})
    clients.CLIENTS["http"]({"url": f"{cloud.project.outputs('web')['url']}/cgi-bin/healthz"})
    answered: list[tuple[str, str]] = []
    asking = urllib.request.build_opener()  # not urlopen: it keeps the proxies of its first call, for all tests of this process
    # a copy whose first check came too early is asked again by the load balancer after its interval
    end = time.monotonic() + 600
    while len({name for name, _ in answered}) < 2 and time.monotonic() < end:
        name, number = asking.open(f"{door['url']}/cgi-bin/count", timeout=20).read().decode().split()
        answered.append((name, number))
        time.sleep(0.2)
    assert len({name for name, _ in answered}) == 2
    assert [int(number) for _, number in answered] == list(range(1, len(answered) + 1))


def test_the_password_is_in_no_task_definition(cloud: Cloud) -> None:
    container = cloud.task("web")
    clear, secret = {entry["name"]: entry["value"] for entry in container["environment"]}, {entry["name"] for entry in container["secrets"]}
    database = cloud.client("rds").describe_db_instances()["DBInstances"][0]
    assert clear["DB_HOST"] == database["Endpoint"]["Address"] and clear["DB_PORT"] == "5432" and secret == {"DATABASE_URL"}
    secrets = cloud.client("secretsmanager")
    password = json.loads(secrets.get_secret_value(SecretId=database["MasterUserSecret"]["SecretArn"])["SecretString"])["password"]
    assert password not in json.dumps(container) and password not in cloud.project.provision("outputs", "-e", "cloud", "-o", "json").stdout
    holding = [path.name for path in Path(cloud.project.folder).rglob("*") if path.is_file() and password.encode() in path.read_bytes()]
    assert set(holding) <= {"terraform.tfstate", "terraform.tfstate.backup"}


def test_what_runs_once_has_run_to_its_end_and_the_rest_is_scheduled(cloud: Cloud) -> None:
    ecs, scheduler = cloud.client("ecs"), cloud.client("scheduler")
    ran = ecs.list_tasks(cluster="counter-cloud-greet", family="counter-cloud-greet", desiredStatus="STOPPED")["taskArns"]
    (task,) = ecs.describe_tasks(cluster="counter-cloud-greet", tasks=ran)["tasks"]
    assert (task["lastStatus"], task["containers"][0]["exitCode"]) == ("STOPPED", 0)
    (stream,) = cloud.client("logs").describe_log_streams(logGroupName="/ecs/counter-cloud-greet")["logStreams"]
    said = cloud.client("logs").get_log_events(logGroupName="/ecs/counter-cloud-greet", logStreamName=stream["logStreamName"])["events"]
    assert said[-1]["message"] == "database: S", "it has asked PostgreSQL"
    assert [one["Name"] for one in scheduler.list_schedules()["Schedules"]] == ["counter-cloud-tidy"]
    assert scheduler.get_schedule(Name="counter-cloud-tidy")["ScheduleExpression"] == "cron(30 2 ? * MON-FRI *)"


def test_a_second_apply_changes_nothing(cloud: Cloud) -> None:
    done = cloud.project.provision("apply", "-e", "cloud", "--yes")
    assert "nothing to do" in (done.stdout + done.stderr).lower()
    cloud.project.provision("plan", "-e", "cloud", "--detailed-exitcode")


def test_a_restart_is_the_same_word_as_on_hosts(cloud: Cloud) -> None:
    """ECS is asked for a new deployment, and waited for."""
    ecs, name = cloud.client("ecs"), "counter-cloud-web"

    def running() -> set[str]:
        return set(ecs.list_tasks(cluster=name, serviceName=name, desiredStatus="RUNNING")["taskArns"])

    before = running()
    assert len(before) == 2
    done = cloud.project.json("restart", "web", "-e", "cloud", "--yes")
    assert [(step["step"], step["state"]) for step in done["run"]["steps"]] == [("restart web@cloud", "done")]
    service = ecs.describe_services(cluster=name, services=[name])["services"][0]
    assert service["runningCount"] == service["desiredCount"] == 2 and not before & running()
    assert cloud.project.json("drift", "-e", "cloud")["differences"] == []


SHOP = "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop/web"
SECOND = """
apiVersion: core.oam.dev/v1beta1
kind: Application
metadata: {name: second}
spec: {components: [{name: loop, type: worker, properties: {image: "%s:1"}}]}
"""


def test_an_image_is_the_one_that_its_name_meant_when_it_was_planned(cloud: Cloud) -> None:
    """The tag is moved between plan and apply, and before it is promoted; a registry that has nothing more takes nothing away."""
    project, ecr, ecs = cloud.project, cloud.client("ecr"), cloud.client("ecs")
    ecr.create_repository(repositoryName="shop/web")

    def push(content: str) -> str:
        manifest = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "config": {}, "layers": [{"digest": content}]}
        pushed = ecr.put_image(repositoryName="shop/web", imageTag="1", imageManifest=json.dumps(manifest))
        return str(pushed["image"]["imageId"]["imageDigest"])

    def runs(environment: str) -> str:
        definition = ecs.describe_task_definition(taskDefinition=f"second-{environment}-loop")["taskDefinition"]
        return str(definition["containerDefinitions"][0]["image"])

    (project.folder / "second.yaml").write_text(SECOND % SHOP)
    (project.folder / "environments" / "next.yaml").write_text(ENVIRONMENT.replace("{name: cloud}", "{name: next}"))
    first = push("first")
    project.provision("plan", "second.yaml", "-e", "cloud", "--out", "second.plan")
    then = push("second")
    assert first != then
    project.provision("apply", "second.plan", "-e", "cloud", "--yes")
    assert runs("cloud") == f"{SHOP}@{first}"
    [unit] = project.json("plan", "second.yaml", "-e", "cloud")["units"]
    assert unit["inputs"]["image_digest"] == then and unit["changes"], "its tag means another one by now"
    project.provision("promote", "second.yaml", "--from", "cloud", "--to", "next", "--yes")
    assert runs("next") == f"{SHOP}@{first}"
    ecr.batch_delete_image(repositoryName="shop/web", imageIds=[{"imageTag": "1"}])
    told = project.provision("plan", "second.yaml", "-e", "cloud", "--detailed-exitcode")
    assert f"loop@cloud: {SHOP}:1 stays the image that was delivered, {first[:19]}: ECR does not say what it is" in told.stderr
    for environment in ("cloud", "next"):
        project.provision("destroy", "second.yaml", "-e", environment, "--yes")


def test_a_change_is_made_in_place(cloud: Cloud) -> None:
    cloud.project.edit("replicas: 2", "replicas: 3")
    cloud.project.release()
    cloud.project.provision("apply", "-e", "cloud", "--yes")
    service = cloud.client("ecs").describe_services(cluster="counter-cloud-web", services=["counter-cloud-web"])["services"][0]
    assert service["runningCount"] == 3


def test_destroy_leaves_nothing(cloud: Cloud) -> None:
    done = cloud.project.provision("destroy", "-e", "cloud", "--yes", "--allow-destroy", "db", exit=5)
    assert "web@cloud (webservice) would be destroyed" in done.stderr, "its volume is a file system of its own"
    cloud.project.provision("destroy", "-e", "cloud", "--yes", "--allow-destroy", "db", "--allow-destroy", "web")
    ecs = cloud.client("ecs")
    clusters = ecs.describe_clusters(clusters=ecs.list_clusters()["clusterArns"])["clusters"] if ecs.list_clusters()["clusterArns"] else []
    assert [cluster for cluster in clusters if cluster["status"] != "INACTIVE"] == []
    assert ecs.list_task_definitions(status="ACTIVE")["taskDefinitionArns"] == []
    assert cloud.containers() == [], "none is left"
    assert cloud.client("elbv2").describe_load_balancers()["LoadBalancers"] == []
    assert cloud.client("rds").describe_db_instances()["DBInstances"] == []
    assert cloud.client("secretsmanager").list_secrets()["SecretList"] == []
    assert cloud.client("efs").describe_file_systems()["FileSystems"] == []
    assert cloud.client("servicediscovery").list_namespaces()["Namespaces"] == []
