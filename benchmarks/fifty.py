"""The plan of 50 delivered components without a change, against what it can't avoid: one bare `terraform plan` of its root, and one
check-mode run of all its playbooks on its hosts. 40 components are simulated cloud services, 10 are services on this machine."""

import json
import os
import sys
from pathlib import Path

from benchmarks.measure import Cost, Row, command, interleaved, median, ratio, together
from benchmarks.terraform_root import PROVISION
from provisioner.catalog import library_folder
from provisioner.sandbox import simulator

GOAL = 1.1
ROUNDS = 3
STORES = ("table", "bucket", "queue", "topic")
SERVICES = 10
FIRST_PORT = 18700
SERVICE = """
import os
from http.server import BaseHTTPRequestHandler, HTTPServer
class Page(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Page).serve_forever()
"""


def application() -> str:
    """Ten services, each with a table, a bucket, a queue and a topic that it is told of."""
    lines = ["apiVersion: core.oam.dev/v1beta1", "kind: Application", "metadata: {name: fifty}", "spec:", "  components:"]
    for number in range(SERVICES):
        lines += [f"    - {{name: {kind}-{number}, type: {kind}}}" for kind in STORES]
        port = FIRST_PORT + number
        lines += [
            f"    - name: service-{number}",
            "      type: webservice",
            "      properties:",
            "        artifact: service",
            "        cmd: [python3, web.py]",
            f"        ports: [{{port: {port}}}]",
            "        env:",
            f'          PORT: "{port}"',
            f'          TABLE: "${{table-{number}.name}}"',
            f'          BUCKET: "${{bucket-{number}.name}}"',
            f'          QUEUE: "${{queue-{number}.url}}"',
            f'          TOPIC: "${{topic-{number}.arn}}"',
            f"        readinessProbe: {{httpGet: {{path: /, port: {port}}}}}",
        ]
    return "\n".join(lines) + "\n"


def project(folder: Path) -> None:
    """The application and the program of its services."""
    (folder / "service").mkdir(parents=True)
    (folder / "service/web.py").write_text(SERVICE)
    (folder / "app.yaml").write_text(application())


def check_run(folder: Path, work: Path) -> list[str]:
    """One ansible-playbook command for all services: the plays that provision plays, with what it gives each of them, in one playbook."""
    plans = sorted((folder / ".provision").rglob("ansible/service-*/vars.json"))
    units = {file.parent.name: file for file in plans}
    assert len(units) == SERVICES, sorted(units)
    plays = [{"import_playbook": str(library_folder() / "playbooks/service/site.yml"), "vars": json.loads(file.read_text())}
             for file in units.values()]
    (work / "site.yml").write_text(json.dumps(plays))
    inventory = next(iter(units.values())).with_name("inventory.json")
    (work / "inventory.json").write_text(inventory.read_text())
    return [str(Path(PROVISION).with_name("ansible-playbook")), "-i", str(work / "inventory.json"), "--check", "--diff", str(work / "site.yml")]


def run(work: Path) -> list[Row]:
    """Deliver once, then both sides in turn."""
    folder = work / "fifty"
    project(folder)
    try:
        command([PROVISION, "apply", "--yes"], folder)
        checked = check_run(folder, work)
        root = next((folder / ".provision").rglob("main.tf.json")).parent
        running = simulator.start(folder)
        env = simulator.without_empty(os.environ, simulator.environ(running)) | {
            "TF_CLI_CONFIG_FILE": str(next((folder / ".provision").rglob("*.tfrc"))), "TF_IN_AUTOMATION": "1", "GOGC": "400"}
        library = library_folder() / "playbooks"
        plays = {**os.environ, "ANSIBLE_LIBRARY": str(library / "library"), "ANSIBLE_MODULE_UTILS": str(library / "module_utils"),
                 "ANSIBLE_ACTION_PLUGINS": str(library / "action_plugins"), "ANSIBLE_PIPELINING": "True", "ANSIBLE_FORKS": "25"}
        parts: list[tuple[Cost, Cost]] = []

        def peer(_: int) -> Cost:
            parts.append((command(["terraform", "plan", "-no-color", "-input=false", "-lock=false", "-detailed-exitcode"], root, env),
                          command(checked, folder, plays)))
            return together(*parts[-1])

        found = interleaved(ROUNDS, {"ours": lambda _: command([PROVISION, "plan", "--detailed-exitcode"], folder), "peer": peer})
    finally:
        command([PROVISION, "destroy", "--yes", *_allow()], folder, ok=(0, 1, 9))
        command([PROVISION, "sandbox", "down"], folder, ok=(0, 1))
    against = ratio(found["ours"], found["peer"], lambda cost: cost.wall)
    ours, (terraform, ansible) = median(found["ours"], lambda cost: cost.wall), (
        median([pair[side] for pair in parts], lambda cost: cost.wall) for side in (0, 1))
    cpu = median(found["ours"], lambda cost: cost.cpu), median(found["peer"], lambda cost: cost.cpu)
    return [Row("plan of 50 delivered components without a change", f"{ours:.1f} s ({cpu[0]:.1f} CPU s)",
                f"bare terraform plan {terraform:.1f} s + one check-mode run {ansible:.1f} s ({cpu[1]:.1f} CPU s)", f"{against:.2f}", f"≤ {GOAL}",
                against <= GOAL)]


def _allow() -> list[str]:
    """All that bears data."""
    return [word for number in range(SERVICES) for kind in ("table", "bucket") for word in ("--allow-destroy", f"{kind}-{number}")]


if __name__ == "__main__":
    sys.exit("run it with: make bench")
