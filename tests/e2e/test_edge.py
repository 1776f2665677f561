"""examples/edge on two real hosts (Debian 12 and 13): baseline, TLS, static site, HAProxy, name and secret in one application. Budget: 4 minutes."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from provisioner import model
from tests.conftest import LabHosts
from tests.e2e.asking import asked_meanwhile, use
from tests.e2e.conftest import Project, effects
from tests.lab import Lab


@pytest.fixture(scope="module")
def hosts(lab_hosts: LabHosts) -> list[model.Host]:
    return [*lab_hosts(1), *lab_hosts(1, trixie=True)]


@pytest.fixture(scope="module")
def project(lab: Lab, hosts: list[model.Host], example: Callable[..., Project]) -> Iterator[Project]:
    """The example, its commands inside the lab's network, delivered once."""
    made = example("edge")
    way = {"user": "root", "privateKey": str(lab.key), "sshArgs": lab.ssh_args, "knownHosts": str(lab.known_hosts),
           "list": [{"name": host.name, "address": host.address} for host in hosts]}
    (made.folder / "environments").mkdir()
    (made.folder / "environments/lab.yaml").write_text(json.dumps({
        "apiVersion": "provision/v1", "kind": "Environment", "metadata": {"name": "lab"}, "spec": {"targets": [{"name": "lab", "hosts": way}]}}))
    project = Project(made.folder, {**made.environ, "PROVISION_ENVIRONMENT": "lab"})
    project.provision("apply", "--yes")
    yield project


def ask(lab: Lab, project: Project, host: model.Host, path: str = "/", scheme: str = "https") -> str:
    """The answer of one host's door, its certificate checked by the authority of the outputs."""
    ca = project.folder / "ca.pem"
    ca.write_text(project.outputs("tls")["ca"])
    ways = [word for port in (80, 443) for word in ("--resolve", f"shop.example:{port}:{host.address}")]
    return lab.exec(["curl", "-sSL", "--max-time", "120", "--retry", "60", "--retry-delay", "1", "--retry-all-errors", "--cacert", str(ca), *ways,
                     f"{scheme}://shop.example{path}"]).stdout


def test_the_door_answers_on_every_host(lab: Lab, project: Project, hosts: list[model.Host]) -> None:
    use(lab, "http", project.outputs("pages"))
    for host in hosts:
        assert ask(lab, project, host) == ask(lab, project, host, scheme="http") == "<h1>Shop</h1>\n"
        assert ask(lab, project, host, "/nothing") == "<h1>Nothing here</h1>\n"
        assert lab.ssh(host, "curl -sS --cacert /run/provision/secrets/edge/token https://shop.example/").stdout == "<h1>Shop</h1>\n"


def test_a_second_plan_is_empty_and_nothing_has_drifted(project: Project) -> None:
    assert effects(project.json("plan")) == {}
    assert project.json("drift")["differences"] == []


def test_a_host_is_taken_out_and_a_page_changed(lab: Lab, project: Project, hosts: list[model.Host], tmp_path: Path) -> None:
    """HAProxy reads its configuration anew, and drops no request."""
    (project.folder / "site/index.html").write_text("<h1>Sale</h1>\n")
    project.release()
    project.edit("backendCheck:", f"drain: [{hosts[1].address}]\n        backendCheck:")
    assert effects(project.json("plan")) == {"pages@lab": "update", "door@lab": "update"}
    door = "--insecure", "--resolve", f"shop.example:443:{hosts[0].address}", "https://shop.example/"
    with asked_meanwhile(lab, tmp_path / "stop", *door) as answers:
        project.provision("apply", "--yes")
    assert len(answers) > 3 and {code for _, code in answers} == {"200"}
    assert [ask(lab, project, host) for host in hosts] == ["<h1>Sale</h1>\n"] * 2
    project.provision("plan", "--detailed-exitcode")


def test_a_backend_is_drained_by_an_action(lab: Lab, project: Project, hosts: list[model.Host]) -> None:
    """Until the next delivery: the plan shows that it would come back."""
    config = "cat /etc/haproxy/provision-edge-door-haproxy.cfg"
    project.provision("action", "door", "drain", "--set", f"backends=[{hosts[0].address}]", "--yes")
    assert lab.ssh(hosts[0], config).stdout.count(" disabled ") == 2
    assert effects(project.json("plan")) == {"door@lab": "update"}
    project.provision("action", "door", "undrain", "--yes")
    assert lab.ssh(hosts[0], config).stdout.count(" disabled ") == 1
    assert effects(project.json("plan")) == {}


def test_the_hosts_survive_a_power_cut(lab: Lab, project: Project, hosts: list[model.Host]) -> None:
    machine = lab.machine(hosts[0])
    lab.ssh(hosts[0], "sync")
    machine.kill()
    machine.start()
    assert ask(lab, project, hosts[0]) == "<h1>Sale</h1>\n"
    assert lab.ssh(hosts[0], "systemctl is-active provision-firewall nginx").stdout.split() == ["active", "active"]


def test_destroy_leaves_nothing(lab: Lab, project: Project, hosts: list[model.Host]) -> None:
    project.provision("destroy", "--yes")
    for host in hosts:
        named = " -o ".join(f"-name '{name}'" for name in ("*provision*", "edge", "edge.*", "pages"))
        left = lab.ssh(host, f"find /etc /run /var/lib/provision /var/www -xdev \\( {named} \\) 2>/dev/null; nft list tables; grep shop /etc/hosts",
                       check=False).stdout
        assert left == ""
