"""A fleet of VMs with a service, with and without an independent RDS beside it: how long until the service answers.

The cloud is simulated (an RDS takes some 80 s there, as the provider asks for it); the VMs are hosts of the tests' lab with the
addresses that the cloud names, so SSH, Ansible and the service are real. Needs root, as the lab does.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.measure import Cost, Row, interleaved, median, ratio
from benchmarks.terraform_root import PROVISION
from provisioner.model import Host
from provisioner.sandbox import simulator
from tests.lab import Lab

GOAL = 1.2
ROUNDS = 2
LIMIT = 300.0
"""Seconds until the service must answer."""
SERVICE = """
from http.server import BaseHTTPRequestHandler, HTTPServer
class Page(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
HTTPServer(("", 8080), Page).serve_forever()
"""
APPLICATION = """
apiVersion: core.oam.dev/v1beta1
kind: Application
metadata: {{name: shop}}
spec:
  components:
    - {{name: net, type: network, properties: {{cidr: "{cidr}", zones: 2}}}}
    - name: fleet
      type: vm
      properties: {{count: 2, privateIPs: {addresses}, subnets: ["${{net.publicSubnets.0}}"], securityGroups: ["${{net.securityGroup}}"]}}
    - name: web
      type: webservice
      properties:
        artifact: service
        cmd: [python3, web.py]
        ports: [{{port: 8080}}]
        readinessProbe: {{httpGet: {{path: /, port: 8080}}}}
      traits: [{{type: placement, properties: {{component: fleet}}}}]
"""
DATABASE = """
    - {name: ledger, type: postgres, properties: {network: "${net.id}", subnets: "${net.subnets}"}}
"""


def project(folder: Path, lab: Lab, hosts: list[Host], endpoint: str, *, database: bool) -> None:
    """The application and its environment: everything on a simulated AWS, whose machines are the lab's."""
    (folder / "service").mkdir(parents=True)
    (folder / "service/web.py").write_text(SERVICE)
    cidr = f"{lab.network.gateway.removesuffix('.0.1')}.0.0/16"
    text = APPLICATION.format(cidr=cidr, addresses=json.dumps([host.address for host in hosts]))
    (folder / "app.yaml").write_text(text + (DATABASE if database else ""))
    reach = {"user": "root", "privateKey": str(lab.key), "sshArgs": lab.ssh_args, "hostKeys": "accept-new", "sshWait": 60}
    target = {"name": "cloud", "aws": {"region": simulator.REGION, "endpoint": endpoint}, "simulated": True, "hosts": reach}
    (folder / "environments").mkdir()
    (folder / "environments/lab.yaml").write_text(
        "apiVersion: provision/v1\nkind: Environment\nmetadata: {name: lab}\nspec:\n"
        f"  targets: [{json.dumps(target)}]\n  place:\n    - {{types: [network, vm, postgres], one: {{target: cloud}}}}\n")


@contextmanager
def applying(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`provision apply` in a process of its own; at its end it has ended well. Raises RuntimeError with what it said."""
    around = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PROVISION_"))}
    env = {**around, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen([PROVISION, "apply", "-e", "lab", "--yes"], cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=said,
                                   stderr=subprocess.STDOUT)
        try:
            yield process
        finally:
            code = process.wait()
    if code:
        raise RuntimeError(f"apply ended with {code}\n{(folder / 'said').read_text()[-3000:]}")


def until_it_answers(lab: Lab, host: Host, process: subprocess.Popen[bytes], begun: float) -> float:
    """Seconds until the service on this host answers. Raises RuntimeError when the apply ends or the limit passes before."""
    while time.monotonic() - begun < LIMIT:
        over = process.poll() is not None
        if lab.exec(["curl", "-sf", "--max-time", "1", f"http://{host.address}:8080/"], check=False).returncode == 0:
            return time.monotonic() - begun
        if over:
            break
        time.sleep(0.2)
    raise RuntimeError(f"the service on {host.name} did not answer")


def once(work: Path, lab: Lab, *, database: bool) -> tuple[Cost, float]:
    """Fresh hosts, a fresh cloud, one apply: the time until the service answers on the last host, and until the apply has ended."""
    folder = work / "shop"
    hosts = lab.hosts(2)
    cloud = work / "cloud"
    cloud.mkdir()
    try:
        project(folder, lab, hosts, simulator.start(cloud).endpoint, database=database)
        begun = time.monotonic()
        with applying(folder) as process:
            waited = max(until_it_answers(lab, host, process, begun) for host in hosts)
        return Cost(waited, 0, 0), time.monotonic() - begun
    finally:
        simulator.stop(cloud)
        lab.remove(hosts)
        shutil.rmtree(cloud, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)


def run(work: Path) -> list[Row]:
    """Both sides in turn."""
    whole: list[float] = []

    def side(database: bool) -> Cost:
        cost, ended = once(work, lab, database=database)
        if database:
            whole.append(ended)
        return cost

    lab = Lab.open()
    try:
        found = interleaved(ROUNDS, {"with": lambda _: side(True), "without": lambda _: side(False)})
    finally:
        lab.close()
    against = ratio(found["with"], found["without"], lambda cost: cost.wall)
    beside, alone = (median(found[name], lambda cost: cost.wall) for name in ("with", "without"))
    return [Row("critical path: a service on new VMs answers, beside an independent RDS", f"{beside:.1f} s (the apply ends after {max(whole):.0f} s)",
                f"without the RDS {alone:.1f} s", f"{against:.2f}", f"≤ {GOAL}", against <= GOAL)]


if __name__ == "__main__":
    sys.exit("run it with: make bench")
