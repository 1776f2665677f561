"""kill -9 of provision at ten moments; `resume` goes on: empty plan, the same resources, nothing done twice, no process left.

One application is delivered, changed and shrunk through the tests, in order. Budget: 5 minutes.
"""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import boto3  # type: ignore[import-untyped]
import pytest

from provisioner import model
from provisioner.sandbox import simulator
from tests.conftest import LabHosts
from tests.e2e.conftest import ROOT, Project
from tests.e2e.crashing import Cloud, Moment, kill_at, none_left, said, steps, until, without_terraform
from tests.lab import Lab

FIXED = ("apply", "-e", "lab", "--yes")
LONG = 1200
"""Seconds that a call to the cloud is held at most; the test lets it go on once it has seen what it wants."""


class Crash:
    """The application, its hosts and its cloud."""

    def __init__(self, project: Project, lab: Lab, hosts: list[model.Host], endpoint: str) -> None:
        self.project, self.lab, self.hosts = project, lab, hosts
        self.endpoint = endpoint
        self.cloud = Cloud(endpoint)
        self.done: dict[str, tuple[str, int]] = {}
        self.made: dict[str, str] = {}

    def ask(self, service: str) -> Any:
        """A client of the simulated cloud."""
        return boto3.client(service, endpoint_url=self.endpoint, region_name=simulator.REGION, aws_access_key_id="test",
                            aws_secret_access_key="test")

    def resources(self) -> dict[str, str]:
        """Name to identity of everything in the cloud; what is made twice has another identity."""
        found = {each["Name"]: str(each["CreationDate"]) for each in self.ask("s3").list_buckets()["Buckets"]}
        dynamo = self.ask("dynamodb")
        for name in dynamo.list_tables()["TableNames"]:
            found[name] = str(dynamo.describe_table(TableName=name)["Table"]["CreationDateTime"])
        found |= {url: url for url in self.ask("sqs").list_queues().get("QueueUrls", [])}
        found |= {each["ApiId"]: each["Name"] for each in self.ask("apigatewayv2").get_apis()["Items"]}
        machines = self.ask("ec2").describe_instances(Filters=[{"Name": "instance-state-name", "Values": ["pending", "running", "stopped"]}])
        return found | {each["InstanceId"]: each["PrivateIpAddress"] for group in machines["Reservations"] for each in group["Instances"]}

    def kill(self, moment: Moment, *arguments: str) -> str:
        """Kill a command at the moment; Ansible and SSH end with it, Terraform alone may go on."""
        told = kill_at(self.project, moment, *(arguments or FIXED))
        until(lambda: not without_terraform(self.project))
        self.done = {name: row for name, row in steps(self.project).items() if row[0] == "done"}
        self.made = self.resources()
        return told

    def resume(self, *gone: str) -> None:
        """Go on, and check what must be true after that; `gone`: parts of names of resources that have been removed."""
        self.project.provision("resume")
        self.check(*gone)

    def check(self, *gone: str) -> None:
        """An empty plan, the resources that were there before, no finished step done again, no process."""
        assert {name: row for name, row in steps(self.project).items() if name in self.done} == self.done
        none_left(self.project)
        self.project.provision("plan", "-e", "lab", "--detailed-exitcode")
        now = self.resources()
        assert {name: identity for name, identity in self.made.items() if name in now} == {
            name: identity for name, identity in self.made.items() if not any(part in name for part in gone)}
        assert len([name for name in now if "crash" in name]) == len({name.rpartition("/")[2] for name in now if "crash" in name})
        none_left(self.project)

    def add(self, component: str) -> None:
        """One more component, first in app.yaml."""
        self.project.edit("  components:\n", f"  components:\n    - {component}\n")

    def answers(self) -> list[str]:
        """What the service says on each host."""
        return [self.lab.exec(["curl", "-sSf", "--max-time", "120", f"http://{host.address}:8080/"]).stdout for host in self.hosts]

    @contextmanager
    def held(self) -> Iterator[None]:
        """The service on the hosts becomes ready, and ends, when the block is over, or much later by itself."""
        for host in self.hosts:
            self.lab.ssh(host, "rm -f /run/go")
        try:
            yield
        finally:
            for host in self.hosts:
                self.lab.ssh(host, "touch /run/go")

    def on_host(self, command: str) -> str:
        """Output of a command on the first host, whatever its end."""
        return self.lab.ssh(self.hosts[0], command, check=False).stdout


@pytest.fixture(scope="module")
def crash(lab: Lab, lab_hosts: LabHosts, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crash]:
    clouds, folder = tmp_path_factory.mktemp("cloud"), tmp_path_factory.mktemp("crash") / "crash"
    shutil.copytree(ROOT / "tests" / "data" / "crash", folder)
    hosts = lab_hosts(2)
    running = simulator.start(clouds)
    try:
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "PROVISION_"))}
        project = Project(folder, {
            **kept, "NO_COLOR": "1", "LAB_ENDPOINT": running.endpoint, "LAB_KEY": str(lab.key), "LAB_SSH_ARGS": lab.ssh_args,
            "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
            **{f"LAB_ADDRESS_{number}": host.address for number, host in enumerate(hosts, 1)}})
        made = Crash(project, lab, hosts, running.endpoint)
        project.environ |= network(made.ask("ec2"), lab.network.gateway.removesuffix(".0.1"))
        yield made
    finally:
        simulator.stop(clouds)


def network(ec2: Any, prefix: str) -> dict[str, str]:
    """A network that others made, with the addresses of the lab."""
    vpc = ec2.create_vpc(CidrBlock=f"{prefix}.0.0/16")["Vpc"]["VpcId"]
    return {"LAB_SUBNET": ec2.create_subnet(VpcId=vpc, CidrBlock=f"{prefix}.0.0/16")["Subnet"]["SubnetId"]}


# ------------------------------------------------------------------ the first delivery
def test_while_the_plan_is_saved(crash: Crash) -> None:
    """The store is held by the test once planning has begun, so that the plan can be made and not saved."""
    state = crash.project.folder / ".provision"
    with closing(killed_while_saving(crash, state)):
        assert list(state.rglob("preview.json"))
    assert crash.project.json("runs")["runs"] == []
    assert crash.resources() == {}


def killed_while_saving(crash: Crash, state: Path) -> sqlite3.Connection:
    """The connection that holds the store."""
    holding: list[sqlite3.Connection] = []

    def planned(told: str) -> bool:
        if not holding and list(state.rglob("main.tf.json")):
            holding.append(sqlite3.connect(state / "store.db", timeout=120, check_same_thread=False))
            holding[0].execute("BEGIN IMMEDIATE")
        return bool(holding) and bool(list(state.rglob("preview.json")))

    kill_at(crash.project, planned, *FIXED)
    return holding[0]


def test_before_the_first_create(crash: Crash) -> None:
    """Terraform may have been started by the moment of the kill: the cloud makes nothing until then."""
    crash.cloud.fault(service="dynamodb", action="CreateTable", match="ledger", delay_seconds=LONG, times=1)
    others = {"s3": "CreateBucket", "ec2": "RunInstances"}
    for service, action in others.items():
        crash.cloud.fault(service=service, action=action, delay_seconds=LONG)
    crash.kill(said("status=started attempt=1"))
    assert crash.resources() == {} and crash.done == {}
    for service in others:
        crash.cloud.mend(service)


def test_while_a_slow_resource_is_made(crash: Crash) -> None:
    crash.kill(said("step=api@cloud status=done"), "resume")
    assert crash.done["api@cloud"] == ("done", 1) and "ledger@cloud" not in crash.done


def test_between_the_ranks(crash: Crash) -> None:
    mended: list[None] = []

    def delivered(told: str) -> bool:
        if "run=" in told and not mended:
            mended.append(crash.cloud.mend())
        return "step=ledger@cloud status=done" in told

    crash.kill(delivered, "resume")
    assert "door@cloud" not in crash.done
    crash.resume()
    assert len(crash.answers()) == 2
    assert {name for name in crash.made if "crash" in name}


# ------------------------------------------------------------------ changes
def test_in_a_create(crash: Crash) -> None:
    crash.add("{name: orders, type: table}")
    crash.cloud.fault(service="dynamodb", action="CreateTable", delay_seconds=LONG, times=1)
    crash.kill(said('module.orders.aws_dynamodb_table.this'))
    assert not [name for name in crash.made if "orders" in name]
    crash.cloud.mend()
    crash.resume()
    assert [name for name in crash.resources() if "orders" in name]


def test_after_a_create(crash: Crash) -> None:
    crash.add("{name: early, type: queue}")
    crash.add("{name: late, type: table}")
    crash.cloud.fault(service="dynamodb", action="CreateTable", delay_seconds=LONG, times=1)
    crash.kill(said("step=early@cloud status=done"))
    assert [name for name in crash.made if "early" in name] and not [name for name in crash.made if "late" in name]
    crash.cloud.mend()
    # apply ends that run and then delivers what has changed since: the spec is the same, the artefact is not
    code = crash.project.folder / "service" / "api.py"
    code.write_text(code.read_text() + "# a release that the run knew nothing of\n")
    crash.project.provision(*FIXED)
    assert {answer.rpartition(" ")[2] for answer in crash.answers()} == {str(len(code.read_text()))}
    crash.done = {}
    crash.check()


def test_while_a_host_copies_the_artefact(crash: Crash) -> None:
    (crash.project.folder / "service" / "ballast").write_bytes(os.urandom(24 << 20))
    code = crash.project.folder / "service" / "api.py"
    code.write_text(code.read_text() + "# the second release\n")
    machine = crash.lab.machine(crash.hosts[0])
    machine.slow("4mbit")
    try:
        # looked at on its disk: the network is busy for almost a minute
        crash.kill(lambda told: "step=api@cloud status=started" in told and bool(list(machine.disk.glob("root/.ansible/tmp/*/artifact"))))
    finally:
        machine.slow()
    crash.resume()
    assert {answer.rpartition(" ")[2] for answer in crash.answers()} == {str(len(code.read_text()))}


def test_in_the_restart(crash: Crash) -> None:
    crash.project.edit('LINGER: "0"', 'LINGER: "80"')
    crash.project.provision(*FIXED)
    crash.project.edit('GREETING: "first"', 'GREETING: "second"')
    with crash.held():
        crash.kill(lambda told: "step=api@cloud status=started" in told and "lingers for 80 s" in crash.on_host(JOURNAL))
    crash.resume()
    assert {answer.partition(" ")[0] for answer in crash.answers()} == {"second"}


def test_in_the_health_check(crash: Crash) -> None:
    crash.project.edit('LINGER: "80"', 'LINGER: "0"')
    crash.project.provision(*FIXED)
    crash.project.edit('WARM_UP: "0"', 'WARM_UP: "600"')
    with crash.held():
        crash.kill(lambda told: "step=api@cloud status=started" in told and '" 503 ' in crash.on_host(JOURNAL))
    crash.resume()


JOURNAL = "journalctl -u api --no-pager"


# ------------------------------------------------------------------ removals
def test_in_a_removal_by_terraform(crash: Crash) -> None:
    crash.project.edit("    - {name: early, type: queue}\n", "")
    crash.cloud.fault(service="sqs", action="DeleteQueue", delay_seconds=LONG, times=1)
    crash.kill(said("module.early.aws_sqs_queue.this action=delete"))
    assert [name for name in crash.made if "early" in name]
    crash.cloud.mend()
    crash.resume("early")
    assert not [name for name in crash.resources() if "early" in name]


def test_destroy_is_killed_in_the_removal_from_hosts(crash: Crash) -> None:
    crash.project.edit('LINGER: "0"', 'LINGER: "81"')
    crash.project.provision(*FIXED)
    data = ("files", "ledger", "orders", "late", "fleet")
    with crash.held():
        crash.kill(lambda told: '"remove api@cloud" status=started' in told and "lingers for 81 s" in crash.on_host(JOURNAL),
                   "destroy", "-e", "lab", "--yes", *(word for name in data for word in ("--allow-destroy", name)))
    crash.project.provision("resume")
    assert crash.resources() == {}
    none_left(crash.project)
    assert crash.on_host("ls -d /opt/api /etc/api /etc/systemd/system/api.service /var/lib/provision/units/* 2>/dev/null") == ""
    assert crash.project.json("outputs")["outputs"] == {}
