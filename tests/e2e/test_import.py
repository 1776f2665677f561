"""`provision import`: a bucket and a machine that somebody made by hand become components; nothing of them is replaced. Budget: 60 s."""

import os
from collections.abc import Iterator
from typing import Any

import boto3  # type: ignore[import-untyped]
import pytest

from provisioner.sandbox import simulator
from tests.e2e.conftest import Project

APPLICATION = """
apiVersion: core.oam.dev/v1beta1
kind: Application
metadata: {name: legacy}
spec:
  components:
    - {name: files, type: bucket, properties: {name: made-by-hand}}
    - {name: machine, type: terraform-module, properties: {module: modules/machine, needs: aws, variables: {image: IMAGE}}}
"""
MODULE = """
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
variable "image" { type = string }
resource "aws_instance" "this" {
  ami           = var.image
  instance_type = "t3.small"
}
output "id" { value = aws_instance.this.id }
"""


def client(project: Project, service: str) -> Any:
    running = simulator.start(project.folder)
    return boto3.client(service, endpoint_url=running.endpoint, region_name=simulator.REGION, aws_access_key_id="test", aws_secret_access_key="test")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    folder = tmp_path_factory.mktemp("legacy")
    (folder / "modules/machine").mkdir(parents=True)
    (folder / "modules/machine/main.tf").write_text(MODULE)
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "PROVISION_"))}
    made = Project(folder, {**kept, "NO_COLOR": "1"})
    image = client(made, "ec2").describe_images()["Images"][0]["ImageId"]
    (folder / "app.yaml").write_text(APPLICATION.replace("IMAGE", image))
    yield made
    made.end()


@pytest.fixture(scope="module")
def machine(project: Project) -> str:
    ec2 = client(project, "ec2")
    image = ec2.describe_images()["Images"][0]["ImageId"]
    return str(ec2.run_instances(ImageId=image, InstanceType="t3.small", MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"])


def test_what_would_be_replaced_or_is_not_there_is_not_taken_over(project: Project) -> None:
    client(project, "s3").create_bucket(Bucket="another")
    done = project.provision("import", "files", "aws_s3_bucket.this", "another", "--yes", exit=5)
    assert "PRV-6424" in done.stderr and "aws_s3_bucket.this would be replaced (forces replacement: bucket" in done.stderr
    done = project.provision("import", "files", "aws_s3_bucket.nothing", "another", "--yes", exit=5)
    assert "PRV-6424" in done.stderr and "import target does not exist" in done.stderr
    assert project.json("runs")["runs"] == []


def test_what_was_made_by_hand_becomes_a_component(project: Project, machine: str) -> None:
    client(project, "s3").create_bucket(Bucket="made-by-hand")
    client(project, "s3").put_object(Bucket="made-by-hand", Key="kept", Body=b"x")
    done = project.provision("import", "machine", "aws_instance.this", machine, "--yes", "--keep", "files", exit=None)
    assert f"is taken over: {machine}" in done.stdout, done.stdout + done.stderr
    project.provision("import", "files", "aws_s3_bucket.this", "made-by-hand", "--yes", exit=None)
    project.provision("plan", "--detailed-exitcode")
    assert project.outputs("machine")["id"] == machine
    assert client(project, "s3").list_objects_v2(Bucket="made-by-hand")["KeyCount"] == 1
    states = [one["State"]["Name"] for group in client(project, "ec2").describe_instances()["Reservations"] for one in group["Instances"]]
    assert states == ["running"]
