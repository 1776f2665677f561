"""What programs and a container read as files is changed: they start anew and the plan says so; hooks and start-up probes; java.

Budget: 2 minutes on a quiet machine.
"""

import zipfile
from collections.abc import Callable

import pytest

from provisioner import model
from tests.conftest import LabHosts
from tests.e2e.conftest import ROOT, Project
from tests.integration.images import image
from tests.lab import Lab

DATA = ROOT / "tests/data"
BOX = """#!/bin/sh
trap 'exit 0' TERM
rm -f /tmp/warm
cat /run/pin > /www/index.html
httpd -f -p 8082 -h /www &
sleep 2 && touch /tmp/warm
wait
"""


@pytest.fixture(scope="module")
def hosts(lab_hosts: LabHosts) -> list[model.Host]:
    return [*lab_hosts(1, names=("one",)), *lab_hosts(1, names=("two",), trixie=True)]


@pytest.fixture(scope="module")
def project(example: Callable[..., Project], lab: Lab, hosts: list[model.Host]) -> Project:
    made = example("reading", folder=DATA, LAB_KEY=str(lab.key), LAB_SSH_ARGS=lab.ssh_args, LAB_KNOWN_HOSTS=str(lab.known_hosts),
                   PROVISION_ENVIRONMENT="lab", **{f"LAB_ADDRESS_{number}": host.address for number, host in enumerate(hosts, 1)})
    image(made.folder / "dist/box.tar", name="registry.example.com/vault/box:1", files={"start": BOX})
    for name in ("jar", "war"):
        with zipfile.ZipFile(made.folder / f"dist/hello.{name}", "w") as archive:
            archive.writestr("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\nMain-Class: Hello\n")
            archive.write(DATA / "java/Hello.class", "Hello.class")
    made.provision("apply", "--yes")
    return made


def said(lab: Lab, host: model.Host, port: int) -> list[str]:
    return lab.exec(["curl", "-sSf", "--max-time", "120", f"http://{host.address}:{port}/"]).stdout.split()


def tasks(project: Project, unit: str) -> list[list[str]]:
    """What a plan would do in a unit, host by host."""
    steps = {step["unit"]: step for step in project.json("plan")["units"]}
    return [change["tasks"] for change in steps[unit]["changes"]]


def test_all_of_it_runs(lab: Lab, project: Project, hosts: list[model.Host]) -> None:
    for host in hosts:
        assert said(lab, host, 8081)[0] == "first" and said(lab, host, 8082) == ["first"]
        assert lab.ssh(host, "stat -c '%a %U' /run/provision/secrets/vault/pin; stat -c '%a %G' /etc/provision/certificates/vault/tls/privkey.pem; "
                             "systemctl show -P User web").stdout.split() == ["400", "web", "640", "web", "web"]
    assert [said(lab, host, 8083)[:2] for host in hosts] == [["a", "jar"], ["a", "war"]]
    assert lab.ssh(hosts[0], "systemctl show -P MainPID jar | xargs -I% cat /proc/%/cmdline | tr '\\0' ' '").stdout.endswith("-jar hello.jar ")
    project.provision("plan", "--detailed-exitcode")


def test_hooks_and_start_up_probes(lab: Lab, project: Project, hosts: list[model.Host]) -> None:
    for host in hosts:
        assert lab.ssh(host, "cat /var/lib/web/hooks; podman exec box cat /data/hooks").stdout.split() == ["started", "started"]
        # the delivery waited for both: readiness alone was there two seconds earlier
        assert lab.ssh(host, "ls /var/lib/web/warm; podman exec box ls /tmp/warm").stdout.split() == ["/var/lib/web/warm", "/tmp/warm"]


def test_another_secret_starts_its_readers_anew(lab: Lab, project: Project, hosts: list[model.Host]) -> None:
    project.edit("value: first", "value: second")
    assert project.planned() == {"pin@site": "update", "web@site": "update", "box@site": "update"}
    assert tasks(project, "web@site") == [["restart web.service"]] * 2
    text = project.provision("plan").stdout
    assert "restart box.service" in text and "it reads pin@site" in text
    project.provision("apply", "--yes")
    for host in hosts:
        assert said(lab, host, 8081)[0] == "second" and said(lab, host, 8082) == ["second"]
        assert lab.ssh(host, "cat /var/lib/web/hooks; podman exec box cat /data/hooks").stdout.split() == ["started", "stopping", "started"] * 2
    project.provision("plan", "--detailed-exitcode")


def test_after_a_power_cut_they_find_it(lab: Lab, project: Project, hosts: list[model.Host]) -> None:
    for host in hosts:
        lab.machine(host).kill()
    for host in hosts:
        lab.machine(host).start()
    for host in hosts:
        lab.ssh(host, "for port in 8081 8082; do until curl -sf localhost:$port; do sleep 0.5; done; done")
        assert said(lab, host, 8081)[0] == "second" and said(lab, host, 8082) == ["second"]
        # on the disk there is nothing but what the host's key opens
        assert lab.ssh(host, "grep -rls second /etc/provision /etc/containers /etc/systemd /etc/web /etc/box", check=False).stdout == ""
    project.provision("plan", "--detailed-exitcode")
