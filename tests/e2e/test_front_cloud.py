"""What stands before an application, in the simulated AWS: network, group of machines behind a load balancer, certificate, name, secret, site.

Delivered, nothing to do, changed in place, gone; asked of the cloud itself. Budget: 3 minutes, most of it the provider's own waiting.
"""

import shutil
import urllib.error
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3  # type: ignore[import-untyped]
import pytest

from provisioner.sandbox import simulator
from provisioner.sandbox.servers import doors
from tests import clients
from tests.e2e.conftest import Project
from tests.http_world import ask, backends

DATA = Path(__file__).parent.parent / "data"
PIN = "4711-canary"
PORT = 8080


class Front:
    """The delivered application and its cloud."""

    def __init__(self, project: Project, endpoint: str, folder: Path) -> None:
        self.project, self.endpoint, self.folder = project, endpoint, folder
        self.zone = self.client("route53").create_hosted_zone(Name="pay.example", CallerReference="test")["HostedZone"]["Id"].rpartition("/")[2]
        project.environ["CLOUD_ZONE"] = self.zone

    def client(self, service: str) -> Any:
        return boto3.client(service, endpoint_url=self.endpoint, region_name=simulator.REGION, aws_access_key_id="test", aws_secret_access_key="test")

    def records(self) -> dict[str, dict[str, Any]]:
        found = self.client("route53").list_resource_record_sets(HostedZoneId=self.zone)["ResourceRecordSets"]
        return {record["Name"].rstrip("."): record for record in found if record["Type"] not in ("NS", "SOA")}


@pytest.fixture(scope="module")
def front(example: Callable[..., Project], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    folder = tmp_path_factory.mktemp("cloud")
    running = simulator.start(folder)
    address = doors.free_address(PORT)
    assert address
    try:
        project = example("front", folder=DATA, CLOUD_ENDPOINT=running.endpoint, AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test", PIN=PIN,
                          BACKEND=address)
        made = Front(project, running.endpoint, folder)
        for _ in backends(address, port=PORT):
            project.provision("apply", "-e", "cloud", "--yes")
            yield made
    finally:
        simulator.stop(folder)
        shutil.rmtree(folder, ignore_errors=True)


def test_machines_stand_behind_the_load_balancer(front: Front) -> None:
    (group,) = front.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    balancers = front.client("elbv2")
    (targets,) = (one for one in balancers.describe_target_groups()["TargetGroups"] if one["TargetType"] == "instance")
    assert (group["TargetGroupARNs"], group["HealthCheckType"]) == ([targets["TargetGroupArn"]], "ELB")
    assert (targets["TargetType"], targets["Port"], targets["HealthCheckPath"]) == ("instance", 8080, "/ready")
    there = balancers.describe_target_health(TargetGroupArn=targets["TargetGroupArn"])["TargetHealthDescriptions"]
    assert {one["Target"]["Id"] for one in there} == {one["InstanceId"] for one in group["Instances"]} and len(there) == 2
    (balancer,) = balancers.describe_load_balancers()["LoadBalancers"]
    groups = {one["GroupName"].partition("-door-")[0]: one for one in front.client("ec2").describe_security_groups()["SecurityGroups"]}
    (rule,) = groups["front-cloud-fleet"]["IpPermissions"]
    assert rule["FromPort"] == 8080 and [pair["GroupId"] for pair in rule["UserIdGroupPairs"]] == balancer["SecurityGroups"]


@pytest.fixture
def inside(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    """This process finds names, and trusts, as programs in the simulated cloud do."""
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, front.endpoint)
    monkeypatch.setenv("SSL_CERT_FILE", str(simulator.trusted(front.folder)))


@pytest.mark.usefixtures("inside")
@pytest.mark.parametrize("component", ["pages", "way", "door"])
def test_the_client_of_http_works_with_the_outputs_alone(front: Front, component: str) -> None:
    clients.http(front.project.outputs(component))


@pytest.mark.usefixtures("inside")
def test_the_load_balancer_answers_for_its_name_only(front: Front) -> None:
    door = front.project.outputs("door")
    assert ask(f"{door['url']}/healthz")[::2] == (200, "ok")
    assert ask(f"{door['url']}/fleet")[0] == 504, "machines do not run"
    with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
        ask(f"https://{door['host']}/healthz")


def test_the_name_leads_to_it_and_the_certificate_is_issued(front: Front) -> None:
    door = front.project.outputs("door")
    assert door["url"] == "https://pay.example"
    assert front.records()["pay.example"]["AliasTarget"]["DNSName"].rstrip(".") == door["host"]
    arn = front.project.outputs("tls")["id"]
    assert front.client("acm").describe_certificate(CertificateArn=arn)["Certificate"]["Status"] == "ISSUED"


def test_the_secret_is_in_the_cloud_and_in_no_output(front: Front) -> None:
    arn = front.project.outputs("pin")["arn"]
    assert front.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"] == PIN
    assert PIN not in front.project.provision("outputs", "-e", "cloud", "-o", "json").stdout


def test_the_site_is_the_folder(front: Front) -> None:
    assert site(front) == {"index.html": "<h1>Hello</h1>\n", "404.html": "nothing\n"}


def site(front: Front) -> dict[str, str]:
    store = front.client("s3")
    (bucket,) = (one["Name"] for one in store.list_buckets()["Buckets"])
    names = [one["Key"] for one in store.list_objects_v2(Bucket=bucket)["Contents"]]
    return {name: store.get_object(Bucket=bucket, Key=name)["Body"].read().decode() for name in names}


def test_a_second_plan_is_empty(front: Front) -> None:
    front.project.provision("plan", "-e", "cloud", "--detailed-exitcode")


def test_a_smaller_disk_is_refused_before_anything_is_asked_of_the_cloud(front: Front) -> None:
    front.project.edit("diskGB: 30", "diskGB: 20")
    done = front.project.provision("apply", "-e", "cloud", "--yes", exit=5)
    assert "fleet@cloud: diskGB is 30 and can only grow: 20 asked" in done.stderr and "app.yaml:13:" in done.stderr
    front.project.edit("diskGB: 20", "diskGB: 40")


def test_changes_are_made_in_place(front: Front) -> None:
    front.project.edit("max: 4", "max: 6")
    (front.project.folder / "pages" / "index.html").write_text("<h1>Good day</h1>\n")
    told = front.project.json("apply", "-e", "cloud", "--yes")
    assert {kind: number for kind, number in told["summary"].items() if number and kind != "none"} == {"update": 2}
    (group,) = front.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    assert group["MaxSize"] == 6 and site(front)["index.html"] == "<h1>Good day</h1>\n"
    front.project.provision("plan", "-e", "cloud", "--detailed-exitcode")


def test_destroy_leaves_nothing(front: Front) -> None:
    front.project.provision("destroy", "-e", "cloud", "--yes")
    ec2, balancers = front.client("ec2"), front.client("elbv2")
    found = {
        "machines": [one for each in ec2.describe_instances()["Reservations"] for one in each["Instances"] if one["State"]["Name"] != "terminated"],
        "groups of machines": front.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"],
        "templates": ec2.describe_launch_templates()["LaunchTemplates"],
        "balancers": balancers.describe_load_balancers()["LoadBalancers"],
        "targets": balancers.describe_target_groups()["TargetGroups"],
        "networks": [one for one in ec2.describe_vpcs()["Vpcs"] if not one["IsDefault"]],
        "groups": [one["GroupName"] for one in ec2.describe_security_groups()["SecurityGroups"] if one["GroupName"] != "default"],
        "certificates": front.client("acm").list_certificates()["CertificateSummaryList"],
        "records": front.records(),
        "secrets": front.client("secretsmanager").list_secrets()["SecretList"],
        "apis": front.client("apigatewayv2").get_apis()["Items"],
        "buckets": front.client("s3").list_buckets()["Buckets"],
    }
    assert {kind: things for kind, things in found.items() if things} == {}
