"""What the tests of our playbooks share: real runs of ansible-playbook, and the module's answers by host."""

import copy
import json
import os
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_runner.interface import run as run_ansible

from provisioner.model import Host
from tests.lab import Lab

LIBRARY = Path(__file__).parents[2] / "playbooks"
CANARY = "canary-51c8"
PROGRAM = '''#!/usr/bin/env python3
import http.server, os, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        text = open(os.path.join(os.environ["CONFIGURATION_DIRECTORY"], "app.conf")).read()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"{os.environ['GREETING']}|{text}|{self.path}|{self.headers.get('X-Forwarded-Host', '')}|{os.getpid()}".encode())
    def log_message(self, *_):
        pass
if os.environ.get("BROKEN"):
    sys.exit("broken on purpose")
http.server.ThreadingHTTPServer(("", int(os.environ["PORT"])), Handler).serve_forever()
'''


@dataclass
class Told:
    """What one run told: the module's answer by host, and what Ansible itself said of it."""

    rc: int
    results: dict[str, dict[str, Any]] = field(default_factory=dict)
    text: str = ""

    def of(self, host: str) -> dict[str, Any]:
        """The answer of decision 2."""
        assert "provision" in self.results.get(host, {}), self.text
        assert not self.results[host].get("failed"), self.results[host]["msg"]
        return dict(self.results[host]["provision"])

    def failure(self, host: str) -> str:
        assert self.results.get(host, {}).get("failed"), self.text
        return str(self.results[host]["msg"])


class World:
    """A project folder, an inventory, and the variables of a unit."""

    def __init__(self, project: Path, inventory: str) -> None:
        self.project, self.inventory = project, inventory
        self.seen = ""
        (project / "app/bin").mkdir(parents=True, exist_ok=True)
        self.program(PROGRAM)

    def program(self, text: str) -> None:
        """The service's program."""
        path = self.project / "app/bin/api"
        path.write_text(text)
        path.chmod(0o755)

    def play(self, playbook: str, variables: dict[str, Any], *, check: bool = False, seals: dict[str, str] | None = None) -> Told:
        """One run of a playbook (`service/site`) on all hosts of the inventory, at once where the variables do not say otherwise."""
        told = Told(0)
        given = {"provision_first": True, **variables, "provision_seals": seals or {}, "provision_project": str(self.project)}

        def hear(event: dict[str, Any]) -> bool:
            data = event.get("event_data", {})
            if event["event"] in ("runner_on_ok", "runner_on_failed", "runner_on_unreachable"):
                failed = event["event"] != "runner_on_ok"
                # a pause between two parts of the hosts is no answer
                if failed or "provision" in data["res"] or data["host"] not in told.results:
                    told.results[data["host"]] = {**data["res"], "failed": failed}
            told.text += event.get("stdout", "") + "\n"
            self.seen += json.dumps(data.get("res", {}), default=str) + event.get("stdout", "")
            return False

        with tempfile.TemporaryDirectory() as place:
            (Path(place) / "vars.json").write_text(json.dumps(given))
            (Path(place) / "inventory").mkdir()
            (Path(place) / "inventory/hosts").write_text(self.inventory)
            words = f"-e @{place}/vars.json" + (" --check --diff" if check else "")
            told.rc = run_ansible(private_data_dir=place, playbook=str(LIBRARY / f"{playbook}.yml"), cmdline=words, envvars=environ(), quiet=True,
                                  event_handler=hear).rc
        return told

    def twice(self, playbook: str, variables: dict[str, Any], host: str) -> dict[str, Any]:
        """Check mode, then for real with its seal: both must say the same of what is done; that answer, with the health at the end."""
        planned = self.play(playbook, variables, check=True).of(host)
        done = self.play(playbook, variables, seals={host: planned["seal"]}).of(host)
        assert {**done, "health": ""} == {**planned, "health": ""}
        return done

    def quiet(self, playbook: str, variables: dict[str, Any], host: str) -> None:
        """A run that has nothing to do says so."""
        told = self.play(playbook, variables)
        answer = told.of(host)
        assert (answer["tasks"], answer["files"], told.results[host]["changed"]) == ([], [], False)


def environ() -> dict[str, str]:
    """Where Ansible finds our modules."""
    return {"ANSIBLE_LIBRARY": str(LIBRARY / "library"), "ANSIBLE_MODULE_UTILS": str(LIBRARY / "module_utils"),
            "ANSIBLE_ACTION_PLUGINS": str(LIBRARY / "action_plugins"), "ANSIBLE_PIPELINING": "True", "ANSIBLE_SSH_PIPELINING": "True",
            "ANSIBLE_HOST_KEY_CHECKING": "False", "ANSIBLE_TIMEOUT": "60",
            "ANSIBLE_SSH_ARGS": "-o ControlMaster=auto -o ControlPersist=10 -o ServerAliveInterval=10 -o ServerAliveCountMax=3 "
                                f"-o UserKnownHostsFile={os.devnull}",
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}


def unit(name: str, **variables: Any) -> dict[str, Any]:
    """The protocol's own variables for a component."""
    return {"provision_app": "shop", "provision_environment": "test", "provision_unit": f"{name}@here", "provision_component": name,
            "provision_target": "here", "provision_unknown": "<unknown>", "provision_secret_inputs": [], **variables}


def service(port: int, **changed: Any) -> dict[str, Any]:
    """A web service with a secret, a configuration file and a probe."""
    given = {
        "service_name": "api", "service_artifact": "app", "service_cmd": ["bin/api"], "service_args": [], "service_keep": 2, "service_user": "",
        "service_env": {"PORT": port, "GREETING": 'a "b" $HOME `x` {{ no }} \\', "PIN": CANARY},
        "service_config": {"app.conf": "color = {{ blue }}"}, "service_ports": [{"port": port}],
        "service_probe": {"httpGet": {"path": "/", "port": port}, "timeoutSeconds": 60, "failureThreshold": 120},
    }
    return {**unit("api", provision_secret_inputs=["service_env.PIN"]), **copy.deepcopy(given), **changed}


def interrupt(lab: Lab, host: Host, unit: str) -> None:
    """The record of a unit as it is while a delivery is under way, and as it stays when the host loses power."""
    path = f"/var/lib/provision/units/shop.{unit}.json"
    edit = f"import json; d = json.load(open({path!r})); d['pending'] = ['rest']; json.dump(d, open({path!r}, 'w'))"
    lab.ssh(host, f'python3 -c "{edit}"')


def traces(folder: Path) -> dict[str, tuple[int, int]]:
    """Every path below a folder with its mode and its time of change, logs and sockets left out."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix not in (".log", ".sock") and not path.name.endswith(".pid"):
            status = path.lstat()
            found[str(path)] = (status.st_mode, status.st_mtime_ns)
    return found
