"""`apply --on root@HOST`: no environment file, bare hosts with nothing but SSH and Python. Budget: 100 s."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioner import model
from tests.conftest import LabHosts
from tests.e2e.conftest import PROVISION, Project, effects
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
    return lab.exec(["curl", "-sSf", "--max-time", "120", f"http://{host.address}:8080/"]).stdout.strip()


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
    lab.exec(["curl", "-sSf", "--retry", "120", "--retry-connrefused", "--retry-delay", "1", f"http://{hosts[0].address}:8080/"])
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


PAGES = {"page": 8081, "stays": 8082, "left": 8083}
GARBAGE = """
    - name: rest
      type: garbage-collect
      properties:
        rules:
          - {selector: {componentNames: [stays]}, strategy: never}
          - {selector: {componentNames: [left]}, strategy: onAppUpdate, propagation: orphan}
"""
ONCE = """
    - name: tuned by hand
      type: apply-once
      properties: {enable: true, rules: [{selector: {componentNames: [page]}, strategy: {path: [/etc/page/env]}}]}
"""
PROTECT = "    - {name: no accidents, type: protect, properties: {rules: [{selector: {componentNames: [page]}}]}}\n"
READ_ONLY = "    - {name: look, type: read-only, properties: {rules: [{selector: {componentNames: [page]}}]}}\n"


def pages(project: Project, *names: str, policies: str) -> None:
    """Write an application of services on ports of their own."""
    service = {"type": "webservice", "properties": {"artifact": "service", "cmd": ["python3", "-u", "web.py"]}}
    components = [{"name": name, **service, "properties": {
        **service["properties"], "ports": [{"port": PAGES[name]}], "env": {"GREETING": name, "PORT": str(PAGES[name])}}} for name in names]  # type: ignore[dict-item]
    (project.folder / "app.yaml").write_text(
        "apiVersion: core.oam.dev/v1beta1\nkind: Application\nmetadata: {name: pages}\nspec:\n"
        f"  components: {json.dumps(components)}\n" + (f"  policies:{policies}" if policies else ""))


def test_policies_hold_on_a_host(lab: Lab, hosts: list[model.Host], project: Project, tmp_path_factory: pytest.TempPathFactory) -> None:
    """apply-once by path, read-only, garbage-collect never and orphan, protect: what each leaves on the machine."""
    folder, here = tmp_path_factory.mktemp("pages"), on(hosts[0])
    (folder / "service").mkdir()
    (folder / "service" / "web.py").write_text(SERVICE.replace('("", 8080)', '("", int(os.environ["PORT"]))'))
    made = Project(folder, project.environ, project.command)

    def answers() -> dict[str, str]:
        ask = ["curl", "-s", "--max-time", "120"]
        found = {name: lab.exec([*ask, f"http://{hosts[0].address}:{port}/"], check=False) for name, port in PAGES.items()}
        return {name: done.stdout.split()[0] for name, done in found.items() if done.returncode == 0}

    pages(made, *PAGES, policies="\n" + ONCE + PROTECT + GARBAGE)
    made.provision("apply", *here, "--yes", "--accept-host-keys")
    assert answers() == {name: name for name in PAGES}
    lab.ssh(hosts[0], "sed -i '/^GREETING=/s/page/tuned/' /etc/page/env && systemctl restart page")
    pages(made, "page", policies="\n" + ONCE + PROTECT)
    plan = made.json("plan", *here)
    assert effects(plan) == {f"left@{plan['units'][0]['target']}": "forget"}
    assert [note.partition(": ")[2] for note in plan["notes"]] == ["garbage-collect never", "changes of /etc/page/env are ignored (apply-once)"]
    made.provision("apply", *here, "--yes")
    assert answers() == {"page": "tuned", "stays": "stays", "left": "left"}
    assert "PRV-5010" in made.provision("destroy", *here, "--yes", exit=5).stderr
    pages(made, "page", policies="\n" + READ_ONLY)
    (folder / "app.yaml").write_text((folder / "app.yaml").read_text().replace('"GREETING": "page"', '"GREETING": "other"'))
    plan = made.json("plan", *here)
    assert effects(plan) == {} and any("only looked at: read-only" in note for note in plan["notes"])
    pages(made, "page", policies="")
    made.provision("apply", *here, "--yes")
    assert answers()["page"] == "page"
    made.provision("destroy", *here, "--yes")
    assert answers() == {"stays": "stays", "left": "left"}


def test_without_any_way_in_nothing_is_changed(lab: Lab, hosts: list[model.Host], project: Project) -> None:
    blind = Project(Path(project.folder), {**project.environ, "SSH_AUTH_SOCK": ""}, project.command)
    done = blind.provision("apply", *on(hosts[0]), "--yes", "--accept-host-keys", exit=1)
    assert hosts[0].address in done.stdout + done.stderr
