"""`provision import`: a bucket, a machine, what another Terraform made, and a host with nginx that somebody set up by hand become components.

Nothing of them is replaced, and the plan is empty afterwards. Budget: 2 minutes.
"""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3  # type: ignore[import-untyped]
import pytest

from provisioner import model
from provisioner.sandbox import simulator
from tests.conftest import LabHosts
from tests.e2e.conftest import Project
from tests.lab import Lab

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
    told = project.provision("import", "files", "aws_s3_bucket.this", "another", "--yes", exit=5).stderr
    assert "aws_s3_bucket.this is managed already, so another was not taken over" in told
    assert client(project, "s3").list_objects_v2(Bucket="made-by-hand")["KeyCount"] == 1
    states = [one["State"]["Name"] for group in client(project, "ec2").describe_instances()["Reservations"] for one in group["Instances"]]
    assert states == ["running"]


OTHERS = """
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
provider "aws" {
  region = "eu-central-1"
  s3_use_path_style = true
  skip_credentials_validation = true
  skip_requesting_account_id = true
  skip_metadata_api_check = true
}
resource "aws_s3_bucket" "statements" { bucket = "statements-of-old" }
resource "aws_s3_bucket_versioning" "statements" {
  bucket = aws_s3_bucket.statements.id
  versioning_configuration { status = "Enabled" }
}
resource "aws_sqs_queue" "unrelated" { name = "unrelated" }
"""


def test_what_another_terraform_made_is_taken_over_from_its_state(project: Project, tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(OTHERS)
    environ = {**project.environ, "TF_CLI_CONFIG_FILE": str(project.folder / ".provision/terraform/cli.tfrc"), "AWS_ACCESS_KEY_ID": "test",
               "AWS_SECRET_ACCESS_KEY": "test", "AWS_ENDPOINT_URL": simulator.start(project.folder).endpoint}
    for command in (["init"], ["apply", "-auto-approve"]):
        done = subprocess.run(["terraform", *command, "-no-color"], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    before = client(project, "s3").list_buckets()["Buckets"]
    project.edit("  components:\n", "  components:\n    - {name: statements, type: bucket, properties: {name: statements-of-old}}\n")
    state = str(tmp_path / "terraform.tfstate")
    done = project.provision("import", "statements", "--state", state, "--yes")
    assert done.stdout.count("is taken over: statements-of-old") == 2, done.stdout
    project.provision("plan", "--detailed-exitcode")
    assert client(project, "s3").list_buckets()["Buckets"] == before, "the same bucket, no other one"
    assert "PRV-6425" in project.provision("import", "machine", "--state", state, exit=64).stderr


# ------------------------------------------------------------------ a host
ENVIRONMENT = """
apiVersion: provision/v1
kind: Environment
metadata: {{name: lab}}
spec:
  targets:
    - name: dc
      hosts:
        user: root
        privateKey: {key}
        sshArgs: '{args}'
        knownHosts: {known}
        list: [{{name: {name}, address: {address}}}]
"""
ON_HOST = """
apiVersion: core.oam.dev/v1beta1
kind: Application
metadata: {name: front}
spec:
  components:
    - {name: door, type: gateway, properties: {routes: [{path: /, backends: ["127.0.0.1"], port: 8081}]}}
    - name: hello
      type: webservice
      properties:
        artifact: service
        cmd: [python3, -m, http.server, "8081"]
        ports: [{port: 8081}]
    - {name: banner, type: ansible-playbook, properties: {playbook: banner.yml, check: exact}}
"""
BANNER = """
- name: What somebody wrote on the host
  hosts: all
  gather_facts: false
  tasks:
    - name: Write the banner
      ansible.builtin.copy: {dest: /etc/motd, content: "made by hand\\n", mode: "0644"}
"""
ANSWERS = "for n in $(seq 1200); do curl -sf http://127.0.0.1/ && break; sleep 0.1; done"
BY_HAND = r"""
mkdir -p /srv/hello; echo by-hand > /srv/hello/index.html; echo 'made by hand' > /etc/motd; chmod 644 /etc/motd
cat > /etc/systemd/system/hello.service <<'END'
[Service]
WorkingDirectory=/srv/hello
ExecStart=/usr/bin/python3 -m http.server 8081
[Install]
WantedBy=multi-user.target
END
cat > /etc/nginx/conf.d/door.conf <<'END'
server { listen 80; listen [::]:80; location / { proxy_pass http://127.0.0.1:8081; } }
END
rm -f /etc/nginx/sites-enabled/default
systemctl daemon-reload; systemctl enable --now hello nginx; systemctl reload nginx
""" + ANSWERS


@pytest.fixture(scope="module")
def host(lab: Lab, lab_hosts: LabHosts) -> model.Host:
    (made,) = lab_hosts(1)
    assert lab.ssh(made, BY_HAND).stdout == "by-hand\n"
    return made


@pytest.fixture(scope="module")
def front(lab: Lab, host: model.Host, project: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("front")
    (folder / "environments").mkdir()
    (folder / "environments/lab.yaml").write_text(ENVIRONMENT.format(
        name=host.name, address=host.address, key=lab.key, args=lab.ssh_args, known=lab.known_hosts))
    (folder / "service").mkdir()
    (folder / "service/index.html").write_text("by-hand\n")
    (folder / "banner.yml").write_text(BANNER)
    (folder / "app.yaml").write_text(ON_HOST)
    return Project(folder, project.environ)


def test_a_host_that_was_set_up_by_hand_becomes_components(lab: Lab, host: model.Host, front: Project) -> None:
    assert "provision import hello" in front.provision("plan").stdout
    motd = lab.ssh(host, "stat -c %Y /etc/motd").stdout
    taken = front.provision("import", "hello", "--yes")
    assert "-ExecStart" not in taken.stdout and "- ExecStart=/usr/bin/python3 -m http.server 8081" in taken.stdout, "says what differs"
    # the gateway came with it, beside the file that answers for the same; the plan said so
    assert "/etc/nginx/conf.d/door.conf was not made by provision" in taken.stdout
    taken = front.provision("import", "door", "--yes")
    assert "is taken over" in taken.stdout and "remove /etc/nginx/conf.d/door.conf" in taken.stdout
    front.provision("plan", "--detailed-exitcode")
    assert front.json("drift")["differences"] == []
    assert lab.ssh(host, "ls /etc/nginx/conf.d; curl -s http://127.0.0.1/; stat -c %Y /etc/motd").stdout.split() == [
        "provision-front-door@dc.conf", "by-hand", motd.strip()]


def test_what_was_taken_over_is_put_back_when_the_components_go(lab: Lab, host: model.Host, front: Project) -> None:
    front.provision("destroy", "--yes")
    back = lab.ssh(host, f"systemctl start hello; {ANSWERS}; ls /etc/nginx/conf.d; cat /etc/motd")
    assert back.stdout.splitlines() == ["by-hand", "door.conf", "made by hand"]
