"""examples/containers on a Debian 12 and a Debian 13 host: two copies in containers, a database, a volume, a probe, a gateway.

Budget: 3 minutes on a quiet machine.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from provisioner import model
from tests.conftest import LabHosts
from tests.e2e.conftest import ROOT, Project
from tests.integration.images import image
from tests.lab import Lab

IMAGE = ROOT / "examples/containers/image"
NAME = "registry.example.com/shop/counter:1.0"


@pytest.fixture(scope="module")
def hosts(lab_hosts: LabHosts) -> list[model.Host]:
    return [*lab_hosts(1, names=("one",)), *lab_hosts(1, names=("two",), trixie=True)]


@pytest.fixture(scope="module")
def project(example: Callable[..., Project], lab: Lab, hosts: list[model.Host]) -> Project:
    """The example, delivered."""
    made = example("containers", LAB_KEY=str(lab.key), LAB_SSH_ARGS=lab.ssh_args, LAB_KNOWN_HOSTS=str(lab.known_hosts), PROVISION_ENVIRONMENT="lab",
                   **{f"LAB_ADDRESS_{number}": host.address for number, host in enumerate(hosts, 1)})
    build(made.folder / "dist/counter.tar")
    made.provision("apply", "--yes")
    return made


def build(archive: Path, **changed: str) -> None:
    """What image/README.md does with podman."""
    scripts = {name: changed.get(name, (IMAGE / name).read_text()) for name in ("start", "count", "healthz")}
    files = {"start" if name == "start" else f"www/cgi-bin/{name}": text for name, text in scripts.items()}
    image(archive, name=NAME, files=files)


def visit(lab: Lab, project: Project) -> tuple[str, int]:
    """Through the gateway: which copy answered, and its count."""
    url = project.outputs("web-gateway")["url"].rstrip("/")
    name, number = lab.exec(["curl", "-sSf", "--retry", "40", "--retry-delay", "1", "--retry-all-errors", f"{url}/cgi-bin/count"]).stdout.split()
    return name, int(number)


def test_both_copies_answer_through_the_gateway(lab: Lab, project: Project, hosts: list[model.Host]) -> None:
    answers = [visit(lab, project) for _ in range(8)]
    assert len({name for name, _ in answers}) == 2
    assert project.outputs("web")["hosts"] == [host.address for host in hosts]
    for host in hosts:
        assert lab.ssh(host, "podman ps --format '{{.Names}}'").stdout.split() == ["web"]
        assert lab.exec(["curl", "-s", f"http://{host.address}:8080/cgi-bin/healthz"]).stdout.strip() in ("database: S", "database: N")
    assert [lab.ssh(host, ". /etc/os-release; echo $VERSION_ID").stdout.strip() for host in hosts] == ["12", "13"]


def test_a_second_apply_changes_nothing(lab: Lab, project: Project, hosts: list[model.Host]) -> None:
    running = [lab.ssh(host, "podman inspect web --format '{{.Id}}'").stdout for host in hosts]
    done = project.provision("apply", "--yes")
    assert "nothing to do" in (done.stdout + done.stderr).lower()
    assert project.json("drift")["differences"] == []
    assert [lab.ssh(host, "podman inspect web --format '{{.Id}}'").stdout for host in hosts] == running


def test_the_password_is_on_no_command_line(lab: Lab, project: Project, hosts: list[model.Host]) -> None:
    password = lab.ssh(hosts[1], "cat /etc/web/env").stdout.partition("postgresql://counter:")[2].partition("@")[0]
    assert len(password) >= 32
    for host in hosts:
        assert lab.ssh(host, f"cat /proc/*/cmdline | grep -c '{password[:-1]}[{password[-1]}]'; stat -c %a /etc/web/env",
                       check=False).stdout.split() == ["0", "600"]
        assert password not in lab.ssh(host, "cat /etc/systemd/system/web.service /etc/containers/systemd/web.container 2>/dev/null; "
                                             "systemctl cat web", check=False).stdout


def test_a_restart_goes_from_host_to_host(lab: Lab, project: Project, hosts: list[model.Host]) -> None:
    before = [lab.ssh(host, "podman inspect web --format '{{.State.StartedAt}}'").stdout for host in hosts]
    done = project.json("restart", "web", "--yes")
    assert [step["step"] for step in done["run"]["steps"]] == ["restart web@site on one", "restart web@site on two"]
    after = [lab.ssh(host, "podman inspect web --format '{{.State.StartedAt}}'").stdout for host in hosts]
    assert all(then != now for then, now in zip(before, after, strict=True))


def test_what_is_ejected_plays_over_ssh_without_provision(lab: Lab, project: Project, hosts: list[model.Host], tmp_path: Path) -> None:
    password = lab.ssh(hosts[1], "cat /etc/web/env").stdout.partition("postgresql://counter:")[2].partition("@")[0]
    project.provision("eject", str(tmp_path / "closed"))
    assert not any(password in path.read_text(errors="replace") for path in (tmp_path / "closed").rglob("*") if path.is_file())
    project.provision("eject", str(tmp_path / "plain"), "--with-secrets")
    told = project.without_provision(tmp_path / "plain/ansible/play")
    assert told.count("changed=0") == told.count("unreachable=0") > 4


@pytest.mark.parametrize("number", [1, 0])
def test_it_survives_a_power_cut(number: int, lab: Lab, project: Project, hosts: list[model.Host]) -> None:
    before = {name: count for name, count in (visit(lab, project) for _ in range(8))}
    machine = lab.machine(hosts[number])
    machine.kill()
    if number == 1:
        assert len({visit(lab, project)[0] for _ in range(4)}) == 1, "the other copy answers"
    machine.start()
    lab.exec(["curl", "-sSf", "-o", "/dev/null", "--retry", "60", "--retry-delay", "1", "--retry-all-errors",
              f"http://{hosts[number].address}:8080/cgi-bin/healthz"])
    after = [visit(lab, project) for _ in range(12)]
    assert len({name for name, _ in after}) == 2
    assert sum(max(count for other, count in after if other == name) for name in {name for name, _ in after}) >= sum(before.values())
    project.provision("plan", "--detailed-exitcode")


def test_another_image_is_delivered_in_place(lab: Lab, project: Project, hosts: list[model.Host]) -> None:
    build(project.folder / "dist/counter.tar", count="#!/bin/sh\necho Content-Type: text/plain\necho\necho second 0\n")
    assert "PRV-5004" in project.provision("plan", exit=5).stderr, "another image under the same version"
    project.release()
    plan = project.planned()
    assert plan == {"web@site": "update", "greet@site": "update", "tidy@site": "update"}
    project.provision("apply", "--yes")
    assert visit(lab, project) == ("second", 0)
    project.provision("plan", "--detailed-exitcode")


def test_removal_leaves_nothing_but_the_data(lab: Lab, project: Project, hosts: list[model.Host]) -> None:
    project.provision("destroy", "--yes", "--allow-destroy", "db")
    for host in hosts:
        left = lab.ssh(host, "podman ps -aq; podman images -q; ls -d /etc/web /etc/greet /etc/tidy /var/lib/web /etc/containers/systemd/*.container "
                             "/etc/systemd/system/{web,greet,tidy}* /var/lib/provision 2>/dev/null; podman volume ls -q", check=False)
        assert left.stdout.split() == ["counter-visits"]
