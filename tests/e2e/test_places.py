"""One webservice on two targets, a database on one of them, a cache that others made. Budget: 110 s.

The service is that of examples/hybrid-bank; its ARCHIVE shows what it was told of the cache, whose password has every character
that must not stand in a URL.
"""

import json
import os
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import pytest

from provisioner import model
from tests.conftest import LabHosts
from tests.e2e.conftest import ROOT, Project, effects
from tests.lab import Lab

PIN = "p#a?s%s:w[o@r/d +"
APPLICATION = """
apiVersion: core.oam.dev/v1beta1
kind: Application
metadata: {name: desk}
spec:
  components:
    - name: web
      type: webservice
      properties:
        artifact: service
        cmd: [python3, api.py]
        ports: [{port: 8080}]
        env: {PORT: "8080", DATABASE_URL: "${ledger.url}", ARCHIVE: "${cache.url}"}
        readinessProbe: {httpGet: {path: /healthz, port: 8080}}
        livenessProbe: {httpGet: {path: /healthz, port: 8080}}
    - {name: cache, type: cache}
    - {name: ledger, type: postgres, properties: {version: "15", allowFrom: ["${var.network}"]}}
  policies:
    - {name: patient, type: health, properties: {probeTimeout: 5, probeInterval: 173}}
"""
WORKFLOW = """
  workflow:
    steps:
      - {name: all, type: deploy}
      - name: looked
        type: run-playbook
        properties: {playbook: looked.yml, target: west, variables: {url: "${cache.url}"}}
        outputs: [{name: system, valueFrom: system}]
      - {name: told, type: print-message-in-status, inputs: [{from: system, parameterKey: message}]}
"""
PLAYBOOK = """
- hosts: all
  tasks:
    - {name: note it, ansible.builtin.copy: {dest: /root/looked, mode: "0600", content: "{{ url }} {{ provision_target }}\\n"}}
    - {name: tell it, ansible.builtin.set_stats: {data: {system: "{{ ansible_facts.distribution }}"}}}
"""
CACHE = """
apiVersion: provision/v1
kind: ComponentDefinition
metadata: {name: cache, version: 1.0.0}
spec:
  description: A cache that another team runs.
  provides: redis
  outputs:
    host: {type: string}
    password: {type: string, sensitive: true}
    url: {type: string, sensitive: true, value: "redis://:${outputs.password|urlencode}@${outputs.host}:6379/0"}
  implementations:
    - needs: existing
"""
PLACE = """
    - {types: [webservice], each: {zone: core}}
    - {components: [ledger], one: {target: east}}
    - {components: [desk/cache], existing: {host: cache.example, password: "${secret.env:CACHE_PIN}"}}
"""
LEFT = "ls -d /opt/web /etc/web /etc/systemd/system/web.service /var/lib/provision 2>/dev/null"


def environment(lab: Lab, hosts: list[model.Host], place: str) -> str:
    """Two targets of one host each."""
    targets = [
        {"name": name, "labels": {"zone": "core", "site": name}, "hosts": {
            "user": "root", "privateKey": str(lab.key), "sshArgs": lab.ssh_args, "knownHosts": str(lab.known_hosts),
            "list": [{"name": host.name, "address": host.address}]}}
        for name, host in zip(("east", "west"), hosts, strict=True)]
    cidr = f"{lab.network.gateway.removesuffix('.0.1')}.0.0/16"
    return (f"apiVersion: provision/v1\nkind: Environment\nmetadata: {{name: lab}}\nspec:\n  vars: {{network: {cidr}}}\n"
            f"  targets: {json.dumps(targets)}\n  place:{place}")


@pytest.fixture(scope="module")
def hosts(lab_hosts: LabHosts) -> list[model.Host]:
    return lab_hosts(2)


@pytest.fixture(scope="module")
def desk(lab: Lab, hosts: list[model.Host], tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project, nothing delivered yet."""
    folder = tmp_path_factory.mktemp("desk")
    shutil.copytree(ROOT / "examples/hybrid-bank/service", folder / "service")
    for path, text in (("app.yaml", APPLICATION), ("components/cache.yaml", CACHE), ("environments/lab.yaml", environment(lab, hosts, PLACE))):
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PROVISION_"))}
    return Project(folder, {**kept, "NO_COLOR": "1", "PROVISION_ENVIRONMENT": "lab", "CACHE_PIN": PIN})


@pytest.fixture(scope="module")
def delivered(desk: Project) -> Project:
    desk.provision("apply", "--yes")
    return desk


def answer(lab: Lab, host: model.Host) -> Any:
    return json.loads(lab.exec(["curl", "-sSf", "--max-time", "120", f"http://{host.address}:8080/"]).stdout)


def test_two_targets_that_fit_are_named(lab: Lab, hosts: list[model.Host], desk: Project) -> None:
    path = desk.folder / "environments/lab.yaml"
    text = path.read_text()
    path.write_text(environment(lab, hosts, PLACE.replace("    - {components: [ledger], one: {target: east}}\n", "")))
    for verb in ("validate", "plan", "apply"):
        said = desk.provision(verb, *(["--yes"] if verb == "apply" else []), exit=3).stderr
        assert '"ledger" (postgres) fits more than one target: east, west' in said and "place:" in said
    path.write_text(text)


def test_the_plan_says_which_copy_is_where_and_what_it_uses(hosts: list[model.Host], desk: Project) -> None:
    plan = desk.json("plan")
    units = {unit["unit"]: unit for unit in plan["units"]}
    assert sorted(units) == ["cache@existing", "ledger@east", "web@east", "web@west"]
    assert [[host["name"] for host in units[name]["hosts"]] for name in ("ledger@east", "web@east", "web@west")] == [
        [hosts[0].name], [hosts[0].name], [hosts[1].name]]
    for name in ("web@east", "web@west"):
        assert {each["reference"] for each in units[name]["references"]} >= {"${ledger@east.url}", "${cache@existing.url}"}
        assert {"ledger@east", "cache@existing"} <= {step.removeprefix("deliver ") for step in units[name]["needs"]}
    order = [name.split()[-1] for name in plan["order"]]
    assert order.index("ledger@east") < min(order.index("web@east"), order.index("web@west"))
    assert PIN not in json.dumps(plan) and quote(PIN, safe="") not in json.dumps(plan)


def test_both_copies_use_the_one_ledger_and_the_cache(lab: Lab, hosts: list[model.Host], delivered: Project) -> None:
    lab.exec(["curl", "-sSf", "-X", "POST", f"http://{hosts[0].address}:8080/40"])
    answers = [answer(lab, host) for host in hosts]
    assert [(each["host"], each["balance"]) for each in answers] == [(host.name, 40) for host in hosts]
    for each in answers:
        url = urlsplit(each["archive"])
        assert (unquote(url.password or ""), url.hostname, url.port) == (PIN, "cache.example", 6379)


def test_a_second_apply_has_nothing_to_do(delivered: Project) -> None:
    done = delivered.provision("apply", "--yes")
    assert "nothing to do" in (done.stdout + done.stderr).lower()
    delivered.provision("plan", "--detailed-exitcode")


def test_every_step_run_again_by_hand_changes_nothing(lab: Lab, hosts: list[model.Host], delivered: Project, tmp_path: Path) -> None:
    """Secrets are on no disk here: who runs a step by hand gives them; without them it fails before it touches anything."""
    lines = [line.partition("=") for line in lab.ssh(hosts[0], "cat /etc/web/env").stdout.splitlines() if "=" in line]
    env = {name: value.strip('"') for name, _, value in lines}
    given = tmp_path / "given.json"
    given.write_text(json.dumps({"service_env": env, "postgres_password": unquote(urlsplit(env["DATABASE_URL"]).password or "")}))
    found = {path.parent.name: path for path in delivered.commands("ansible")}
    assert sorted(found) == ["ledger@east", "web@east", "web@west"]
    for path in found.values():
        assert "secret variables" in path.read_text()
        assert "holds a secret" in delivered.by_hand(path, exit=2)
        assert "changed=0" in delivered.by_hand(path, "-e", f"@{given}")
    delivered.provision("plan", "--detailed-exitcode")


def test_a_health_policy_says_when_a_service_is_asked(lab: Lab, hosts: list[model.Host], delivered: Project) -> None:
    for host in hosts:
        assert "173" in lab.ssh(host, "cat /etc/systemd/system/web.liveness.service").stdout


def test_a_step_plays_a_playbook_on_the_hosts_that_it_names(lab: Lab, hosts: list[model.Host], delivered: Project) -> None:
    """Over SSH, with a secret that is on no disk here; its preview changes nothing, and its output goes on."""
    (delivered.folder / "looked.yml").write_text(PLAYBOOK)
    (delivered.folder / "app.yaml").write_text(APPLICATION + WORKFLOW)
    plan = delivered.json("plan")
    assert effects(plan) == {"all@workflow": "run", "looked@workflow": "run", "told@workflow": "run"}
    assert [lab.ssh(host, "cat /root/looked", check=False).stdout for host in hosts] == ["", ""] and quote(PIN, safe="") not in json.dumps(plan)
    delivered.provision("apply", "--yes")
    looked = [lab.ssh(host, "cat /root/looked", check=False).stdout for host in hosts]
    assert looked == ["", f"redis://:{quote(PIN, safe='')}@cache.example:6379/0 west\n"]
    assert "Debian" in delivered.provision("show").stdout
    delivered.provision("plan", "--detailed-exitcode")


def test_destroy_takes_both_copies_and_never_the_cache(lab: Lab, hosts: list[model.Host], delivered: Project) -> None:
    delivered.provision("destroy", "--yes", "--allow-destroy", "ledger")
    assert [lab.ssh(host, LEFT, check=False).stdout for host in hosts] == ["", ""]
    left = [path for path in Path(delivered.folder / ".provision").rglob("*") if path.is_file() and PIN.encode() in path.read_bytes()]
    assert left == []
