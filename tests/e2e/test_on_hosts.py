"""`apply --on root@HOST`: no environment file, bare hosts with nothing but SSH and Python. Budget: 60 s."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioner import model
from tests.conftest import LabHosts
from tests.e2e.conftest import PROVISION, Project
from tests.lab import Lab

APPLICATION = """
apiVersion: core.oam.dev/v1beta1
kind: Application
metadata: {name: hello}
spec:
  components:
    - name: web
      type: webservice
      properties:
        artifact: service
        cmd: [python3, -u, web.py]
        ports: [{port: 8080}]
        env: {GREETING: Hello}
        readinessProbe: {httpGet: {path: /, port: 8080}}
"""
SERVICE = """
import os, socket
from http.server import BaseHTTPRequestHandler, HTTPServer
class Page(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"{os.environ['GREETING']} from {socket.gethostname()}\\n".encode())
HTTPServer(("", 8080), Page).serve_forever()
"""


@pytest.fixture(scope="module")
def hosts(lab_hosts: LabHosts) -> list[model.Host]:
    return lab_hosts(2, base=True)


@pytest.fixture(scope="module")
def agent(lab: Lab) -> Iterator[dict[str, str]]:
    """An SSH agent that holds the lab's key: what a user at a terminal has."""
    told = subprocess.run(["ssh-agent", "-s"], capture_output=True, text=True, check=True).stdout
    environ = {name: value for name, value in re.findall(r"(SSH_\w+)=([^;]+);", told)}
    try:
        subprocess.run(["ssh-add", "-q", str(lab.key)], env={**os.environ, **environ}, check=True)
        yield environ
    finally:
        subprocess.run(["ssh-agent", "-k"], env={**os.environ, **environ}, capture_output=True, check=False)


@pytest.fixture(scope="module")
def project(lab: Lab, agent: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose commands run inside the lab's network, where the hosts are reached by their addresses alone."""
    folder = tmp_path_factory.mktemp("hello")
    (folder / "app.yaml").write_text(APPLICATION)
    (folder / "service").mkdir()
    (folder / "service" / "web.py").write_text(SERVICE)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PROVISION_", "SSH_"))}
    return Project(folder, {**kept, **agent, "NO_COLOR": "1"}, lab.network.inside(str(PROVISION)))


def answer(lab: Lab, host: model.Host) -> str:
    return lab.exec(["curl", "-sSf", "--max-time", "10", f"http://{host.address}:8080/"]).stdout.strip()


def on(*hosts: model.Host) -> list[str]:
    return [word for host in hosts for word in ("--on", f"root@{host.address}")]


def test_a_bare_host_ends_with_the_service_answering(lab: Lab, hosts: list[model.Host], project: Project) -> None:
    project.provision("apply", *on(hosts[0]), "--yes", "--accept-host-keys")
    assert answer(lab, hosts[0]) == f"Hello from {hosts[0].name}"
    assert lab.ssh(hosts[0], "systemctl is-enabled web; systemctl is-active web").stdout.split() == ["enabled", "active"]
    project.provision("plan", *on(hosts[0]), "--detailed-exitcode")


def test_a_second_host_joins(lab: Lab, hosts: list[model.Host], project: Project) -> None:
    project.provision("apply", *on(*hosts), "--yes", "--accept-host-keys")
    assert [answer(lab, host) for host in hosts] == [f"Hello from {host.name}" for host in hosts]


def test_the_service_survives_a_power_cut_of_its_host(lab: Lab, hosts: list[model.Host], project: Project) -> None:
    machine = lab.machine(hosts[0])
    lab.ssh(hosts[0], "sync")
    machine.kill()
    machine.start()
    lab.exec(["curl", "-sSf", "--retry", "20", "--retry-connrefused", "--retry-delay", "1", f"http://{hosts[0].address}:8080/"])
    project.provision("plan", *on(*hosts), "--detailed-exitcode")


def test_a_machine_that_was_installed_anew_is_not_trusted(lab: Lab, hosts: list[model.Host], project: Project) -> None:
    machine = lab.machine(hosts[1])
    machine.wipe()
    machine.start()
    project.edit("GREETING: Hello", "GREETING: Hi")
    done = project.provision("apply", *on(*hosts), "--yes", exit=9)
    assert hosts[1].address in done.stdout + done.stderr and "host key" in (done.stdout + done.stderr).lower()
    assert answer(lab, hosts[0]) == f"Hi from {hosts[0].name}"


def test_destroy_leaves_nothing_on_the_host(lab: Lab, hosts: list[model.Host], project: Project) -> None:
    project.provision("destroy", *on(hosts[0]), "--yes", exit=None)
    look = "ls -d /opt/web /etc/web /etc/systemd/system/web.service /var/lib/web /var/lib/provision 2>/dev/null; id web 2>/dev/null"
    assert lab.ssh(hosts[0], look, check=False).stdout == ""


def test_without_any_way_in_nothing_is_changed(lab: Lab, hosts: list[model.Host], project: Project) -> None:
    blind = Project(Path(project.folder), {**project.environ, "SSH_AUTH_SOCK": ""}, project.command)
    done = blind.provision("apply", *on(hosts[0]), "--yes", "--accept-host-keys", exit=1)
    assert hosts[0].address in done.stdout + done.stderr
