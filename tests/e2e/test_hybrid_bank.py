"""examples/hybrid-bank for real: a simulated AWS says it made three machines, and lab hosts with their addresses are there.

Terraform makes network, RDS and fleet; Ansible sets up PostgreSQL, the service and the gateway on the fleet, in the same run.
Budget: 7 minutes (an RDS takes 80 s in the provider, its removal half a minute).
"""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3  # type: ignore[import-untyped]
import pytest

from provisioner import model
from provisioner.sandbox import simulator
from tests.conftest import LabHosts
from tests.e2e.asking import asked_meanwhile, use
from tests.e2e.conftest import Project
from tests.e2e.crashing import Cloud, kill_at, none_left, said, steps, until, without_terraform
from tests.lab import Lab

STAMP = ("stat -c '%Y %n' /opt/*/current /etc/api/* /etc/nginx/conf.d/* /etc/nginx/sites-enabled/* 2>/dev/null; "
         "systemctl show -p MainPID api nginx")
"""What changes on a host when anything is delivered to it."""
OURS = "ls -d /opt/api /etc/api /etc/systemd/system/api.service /var/lib/provision/units/* 2>/dev/null"


class Bank:
    """The delivered example, its hosts and its cloud."""

    def __init__(self, project: Project, lab: Lab, hosts: list[model.Host], endpoint: str) -> None:
        self.project = project
        self.lab = lab
        self.hosts = hosts
        self.endpoint = endpoint
        self.killed: dict[str, Any] = {}
        """What was there when the first apply was killed, and how far it had come."""

    def first_apply(self) -> None:
        """Killed while the RDS is being made and the hosts are set up, then resumed. The cloud does not tell that the RDS is there until then."""
        cloud = Cloud(self.endpoint)
        cloud.fault(service="rds", action="DescribeDBInstances", delay_seconds=3000)
        kill_at(self.project, said("step=ledger@cloud status=done"), "apply", "-e", "lab", "--yes")
        until(lambda: not without_terraform(self.project))
        then = steps(self.project)
        cloud.mend()
        self.killed = {"resources": self.resources(), "steps": then}
        self.project.provision("resume", "-e", "lab")

    def curl(self, *arguments: str) -> Any:
        """Ask the gateway, from inside the lab."""
        url = self.project.outputs("door")["url"]
        path = arguments[-1] if arguments and arguments[-1].startswith("/") else "/"
        options = [each for each in arguments if not each.startswith("/")]
        return json.loads(self.lab.exec(["curl", "-sSf", "--max-time", "120", *options, url.rstrip("/") + path]).stdout)

    def cloud(self, service: str) -> Any:
        return boto3.client(service, endpoint_url=self.endpoint, region_name=simulator.REGION, aws_access_key_id="test",
                            aws_secret_access_key="test")

    def resources(self) -> dict[str, list[str]]:
        """Ids of what Terraform made for us, by kind."""
        machines = self.cloud("ec2").describe_instances(Filters=[{"Name": "instance-state-name", "Values": ["pending", "running", "stopped"]}])
        return {
            "machines": sorted(each["InstanceId"] for group in machines["Reservations"] for each in group["Instances"]),
            "databases": sorted(each["DbiResourceId"] for each in self.cloud("rds").describe_db_instances()["DBInstances"]),
            "networks": sorted(each["VpcId"] for each in self.cloud("ec2").describe_vpcs()["Vpcs"] if not each["IsDefault"]),
        }


@pytest.fixture(scope="module")
def bank(example: Callable[..., Project], lab: Lab, lab_hosts: LabHosts, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bank]:
    folder = tmp_path_factory.mktemp("cloud")
    hosts = lab_hosts(3, names=("bank-lab-fleet-1", "bank-lab-fleet-2", "bank-lab-fleet-3"))
    running = simulator.start(folder)
    try:
        project = example(
            "hybrid-bank", LAB_ENDPOINT=running.endpoint, LAB_CIDR=f"{lab.network.gateway.removesuffix('.0.1')}.0.0/16", LAB_KEY=str(lab.key),
            LAB_SSH_ARGS=lab.ssh_args, AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test",
            **{f"LAB_ADDRESS_{number}": host.address for number, host in enumerate(hosts, 1)})
        made = Bank(project, lab, hosts, running.endpoint)
        made.first_apply()
        yield made
    finally:
        simulator.stop(folder)


def test_killed_while_the_database_is_made_nothing_is_made_twice(bank: Bank) -> None:
    steps_then, steps_now = bank.killed["steps"], steps(bank.project)
    assert steps_then["archive@cloud"][0] == "running", "the RDS was being made"
    assert bank.killed["resources"]["databases"] and bank.resources() == bank.killed["resources"]
    done = {name: row for name, row in steps_then.items() if row[0] == "done"}
    assert {"net@cloud", "fleet@cloud", "ledger@cloud"} <= done.keys()
    assert {name: row for name, row in steps_now.items() if name in done} == done, "what had ended is not repeated"
    none_left(bank.project)
    bank.project.provision("plan", "-e", "lab", "--detailed-exitcode")


def test_both_service_hosts_answer_through_the_gateway_from_one_ledger(bank: Bank) -> None:
    before = bank.curl("/")["balance"]
    assert bank.curl("-X", "POST", "/250") == {"booked": 250}
    answers = [bank.curl("/") for _ in range(12)]
    assert {answer["host"] for answer in answers} == {"bank-lab-fleet-2", "bank-lab-fleet-3"}
    assert {answer["balance"] for answer in answers} == {before + 250}
    archive = bank.project.outputs("archive")
    assert answers[0]["archive"] == f"{archive['host']}:{archive['port']}"
    for component in ("api", "door"):
        use(bank.lab, "http", bank.project.outputs(component))


def test_the_fleet_is_the_hosts_that_the_cloud_names(bank: Bank) -> None:
    assert bank.project.outputs("api")["hosts"] == [host.address for host in bank.hosts[1:]]
    found = bank.resources()
    assert len(found["machines"]) == 3 and len(found["databases"]) == 1 and len(found["networks"]) == 1


def test_a_second_apply_changes_nothing(bank: Bank) -> None:
    before = bank.resources()
    hosts = [bank.lab.ssh(host, STAMP, check=False).stdout for host in bank.hosts]
    done = bank.project.provision("apply", "-e", "lab", "--yes")
    assert "nothing to do" in (done.stdout + done.stderr).lower()
    assert bank.project.json("drift", "-e", "lab")["differences"] == []
    assert bank.resources() == before
    assert [bank.lab.ssh(host, STAMP, check=False).stdout for host in bank.hosts] == hosts


def test_the_password_of_the_ledger_is_in_no_file_but_on_its_hosts(bank: Bank) -> None:
    secrets = bank.lab.ssh(bank.hosts[1], "cat /etc/api/env").stdout
    password = secrets.partition("postgresql://ledger:")[2].partition("@")[0]
    assert len(password) >= 32
    holding = [str(path) for path in Path(bank.project.folder).rglob("*") if path.is_file() and password.encode() in path.read_bytes()]
    assert holding == []
    assert password not in bank.project.provision("outputs", "-e", "lab", "-o", "json").stdout


def test_a_host_that_is_down_is_named_and_finished_later(bank: Bank) -> None:
    machine = bank.lab.machine(bank.hosts[2])
    bank.project.edit("cmd: [python3, api.py]", "cmd: [python3, -u, api.py]")
    bank.project.release()
    machine.kill()
    done = bank.project.provision("apply", "-e", "lab", "--yes", exit=9)
    assert "bank-lab-fleet-3" in done.stdout + done.stderr
    assert {bank.curl("/")["host"] for _ in range(3)} == {"bank-lab-fleet-2"}
    machine.start()
    bank.project.provision("apply", "-e", "lab", "--yes")
    assert {bank.curl("/")["host"] for _ in range(12)} == {"bank-lab-fleet-2", "bank-lab-fleet-3"}
    bank.project.provision("plan", "-e", "lab", "--detailed-exitcode")


def test_drift_in_the_cloud_and_on_a_host_is_told_by_path_and_healed(bank: Bank) -> None:
    network = bank.project.outputs("net")["id"]
    bank.cloud("ec2").create_tags(Resources=[network], Tags=[{"Key": "Owner", "Value": "eve"}])
    door = "/etc/nginx/conf.d/provision-bank-door@cloud.conf"
    bank.lab.ssh(bank.hosts[0], f"sed -i s/proxy_read_timeout/keepalive_timeout/ {door}")
    bank.lab.ssh(bank.hosts[2], "systemctl stop api")
    found = [one["path"] for one in bank.project.json("drift", "-e", "lab", exit=2)["differences"]]
    assert sorted(found) == ["api@cloud/bank-lab-fleet-3/start api.service", f"door@cloud/bank-lab-fleet-1{door}",
                             "net@cloud/aws_vpc.this/tags.Owner"]
    bank.project.provision("drift", "--fix", "-e", "lab", "--yes")
    assert bank.project.json("drift", "-e", "lab")["differences"] == []
    assert {bank.curl("/")["host"] for _ in range(12)} == {"bank-lab-fleet-2", "bank-lab-fleet-3"}


def test_a_program_on_hosts_and_a_machine_of_the_cloud_are_restarted_by_one_word(bank: Bank, tmp_path: Path) -> None:
    """The gateway has a copy that answers at any time."""
    before = [bank.lab.ssh(host, "systemctl show -p MainPID api").stdout for host in bank.hosts[1:]]
    with asked_meanwhile(bank.lab, tmp_path / "stop", bank.project.outputs("door")["url"]) as answers:
        done = bank.project.json("restart", "api", "-e", "lab", "--yes")
    assert len(answers) > 3 and {code for _, code in answers} == {"200"}
    assert [step["step"] for step in done["run"]["steps"]] == [f"restart api@cloud on bank-lab-fleet-{number}" for number in (2, 3)]
    after = [bank.lab.ssh(host, "systemctl show -p MainPID api").stdout for host in bank.hosts[1:]]
    assert all(then != now for then, now in zip(before, after, strict=True))
    done = bank.project.json("restart", "fleet", "-e", "lab", "--yes")
    assert [(step["step"], step["state"]) for step in done["run"]["steps"]] == [("restart fleet@cloud", "done")]


def test_what_is_ejected_runs_without_provision_and_changes_nothing(bank: Bank, tmp_path: Path) -> None:
    bank.project.provision("eject", str(tmp_path / "plain"), "-e", "lab", "--with-secrets")
    root = tmp_path / "plain/terraform/cloud"
    bank.project.without_provision(root / "tf", "init", "-no-color")
    assert "No changes" in bank.project.without_provision(root / "tf", "plan", "-detailed-exitcode", "-no-color")
    told = bank.project.without_provision(tmp_path / "plain/ansible/play")
    # ledger and door on one host, api on two
    assert told.count("changed=0") == told.count("unreachable=0") == 4


RELEASES = "readlink /opt/api/current; stat -c '%n/%i/%Y' /opt/api/releases/* | sort"


def test_a_bad_release_is_rolled_back_while_the_gateway_is_asked(bank: Bank, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program = bank.project.folder / "service/api.py"
    right = program.read_text()
    program.write_text(right.replace("status, content = 200, work()", 'status, content = 200 if self.path == "/healthz" else 500, work()'))
    bank.project.release()
    bank.project.provision("apply", "-e", "lab", "--yes", "--reason", "release")
    before = [bank.lab.ssh(host, RELEASES).stdout.split() for host in bank.hosts[1:]]
    url = bank.project.outputs("door")["url"]
    with asked_meanwhile(bank.lab, tmp_path / "stop", bank.project.outputs("door")["url"]) as answers:
        began = time.time()
        bank.project.provision("rollback", "-e", "lab", "--yes", "--reason", "answers 500")
        ended = time.time()
        until(lambda: bank.lab.exec(["curl", "-sf", "--max-time", "120", url], check=False).returncode == 0)
        again = time.time()
    after = [bank.lab.ssh(host, RELEASES).stdout.split() for host in bank.hosts[1:]]
    assert [one[1:] for one in after] == [one[1:] for one in before], "the same folders: nothing was sent or unpacked"
    assert all(one[0] != two[0] and len(one) > 2 for one, two in zip(before, after, strict=True)), "the link moved"
    codes = [code for _, code in answers]
    assert codes[0] == "500" and "200" in codes, "the old version answers again"
    assert bank.curl("/")["host"]
    last = max(moment for moment, code in answers if code == "500")
    failed = {code: codes.count(code) for code in sorted(set(codes)) if code not in ("200", "500")}
    with capsys.disabled():
        print(f"\nrollback of 2 hosts: the command took {ended - began:.1f} s, the last answer of the bad release came after {last - began:.1f} s, "
              f"the old one answers at the gateway for good after {again - began:.1f} s; of {len(codes)} requests {sum(failed.values())} were "
              f"answered by neither: {failed or 'none'}")
    assert not failed, "one copy answered while the other was started anew"
    program.write_text(right)


def test_destroy_leaves_nothing_in_the_cloud(bank: Bank) -> None:
    refused = bank.project.provision("destroy", "-e", "lab", "--yes", exit=5)
    assert "--allow-destroy" in refused.stderr
    bank.project.provision("destroy", "-e", "lab", "--yes", *(word for name in ("archive", "ledger", "fleet") for word in ("--allow-destroy", name)))
    assert bank.resources() == {"machines": [], "databases": [], "networks": []}
    for host in bank.hosts:
        assert bank.lab.ssh(host, OURS, check=False).stdout == ""
