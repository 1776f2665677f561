"""examples/three-environments: one application, three plans; the version of one environment is what the next one gets. Budget: 110 s.

The third environment is production's with two hosts of the lab in place of those that only documents have.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from provisioner.sandbox import simulator
from tests.conftest import LabHosts
from tests.e2e.conftest import Project, effects
from tests.lab import Lab


@pytest.fixture(scope="module")
def orders(example: Callable[..., Project], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    folder: Path = tmp_path_factory.mktemp("regions")
    running = simulator.start(folder)
    try:
        yield example("three-environments", REGION_ENDPOINT=running.endpoint, AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test")
    finally:
        simulator.stop(folder)


def inputs(plan: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {unit["unit"]: unit["inputs"] for unit in plan["units"]}


def test_three_plans_of_one_application(orders: Project) -> None:
    plans = {name: orders.json("plan", "-e", name, exit=None) for name in ("dev", "staging", "prod")}
    regions = {f"{name}@{region}": "create" for name in ("orders", "outbox", "receipts") for region in ("eu", "us")}
    assert effects(plans["dev"]) == {name: effect for name, effect in regions.items() if name.endswith("@eu")}
    assert effects(plans["staging"]) == regions
    # its hosts are in a network that only documents have
    assert effects(plans["prod"]) == {**regions, "desk@fra": "failed"}
    found = {name: inputs(plan) for name, plan in plans.items()}
    assert [found[name]["outbox@eu"]["retention_seconds"] for name in found] == [86400, 86400, 1209600]
    assert [found[name]["receipts@eu"]["versioned"] for name in found] == [False, True, True]
    assert found["prod"]["desk@fra"]["service_env"]["LEVEL"] == "warn"
    [desk] = [unit for unit in plans["prod"]["units"] if unit["unit"] == "desk@fra"]
    assert len(desk["hosts"]) == 2


def test_environments_differ_in_what_they_mean_to(orders: Project) -> None:
    found = {pair: [(one["subject"], one["path"], one["before"], one["after"]) for one in
                    orders.json("diff", "--env", pair[0], "--env", pair[1])["differences"] if one["path"] != "artifact sha256"]
             for pair in (("dev", "staging"), ("staging", "prod"))}
    assert found == {
        ("dev", "staging"): [("orders", "on", "eu", "eu, us"), ("outbox", "on", "eu", "eu, us"), ("receipts", "on", "eu", "eu, us"),
                             ("receipts", "versioned", False, "(absent)")],
        ("staging", "prod"): [("desk", "hosts", 0, 2), ("desk", "on", "existing", "fra"), ("desk", "trait scaler.replicas", 1, 2),
                              ("outbox", "retentionSeconds", 86400, 1209600)]}
    assert "5 differences in 2 components" in orders.provision("diff", "--env", "staging", "--env", "prod").stdout


def test_a_rule_of_the_organisation_holds_in_each(orders: Project) -> None:
    text = (orders.folder / "app.yaml").read_text()
    orders.edit("labels: {owner: trading}, ", "")
    for name in ("dev", "prod"):
        told = orders.provision("validate", "-e", name, exit=5).stderr
        assert "the application has no label `owner`" in told and "rules/organisation.yaml" in told
    (orders.folder / "app.yaml").write_text(text)


def test_a_version_is_promoted_as_it_was_delivered(orders: Project) -> None:
    """Whatever app.yaml says by then."""
    told = orders.provision("promote", "--from", "dev", "--to", "staging", "--yes", exit=1).stderr
    assert "PRV-6221" in told and "nothing of this project is delivered in dev" in told
    orders.provision("apply", "-e", "dev", "--yes")
    orders.edit('publishVersion: "1.4.0"', 'publishVersion: "1.5.0"')
    orders.edit("    - {name: receipts, type: bucket}\n", "    - {name: receipts, type: bucket}\n    - {name: audit, type: queue}\n")
    done = orders.provision("promote", "--from", "dev", "--to", "staging", "--yes").stdout
    assert "orders · staging · 1.4.0 · from dev, revision 1" in done and "Plan: 6 to add" in done and "audit" not in done
    assert effects(orders.json("plan", "-e", "staging")) == {"audit@eu": "create", "audit@us": "create"}
    assert {one["environment"]: one["differences"] for one in orders.json("drift", "--all")["drifts"]} == {"dev": [], "staging": []}
    shown = orders.json("show", "@1", "-e", "staging")
    assert (shown["version"], shown["reason"]) == ("1.4.0", "") and shown["who"] and "publishVersion" in shown["spec"]
    assert shown["inputs"]["outbox@us"]["retention_seconds"] == 86400 and shown["inputs"].keys() - shown["sources"].keys() == {"desk@existing"}


def test_a_topology_says_which_of_the_regions(orders: Project) -> None:
    """Where the environment would deliver it to both."""
    (orders.folder / "local.yaml").write_text(
        "apiVersion: core.oam.dev/v1beta1\nkind: Application\nmetadata: {name: local, labels: {owner: trading}}\nspec:\n"
        "  components: [{name: notes, type: queue}]\n"
        "  policies: [{name: here, type: topology, properties: {targetLabelSelector: {site: us}}}]\n")
    orders.provision("apply", "local.yaml", "-e", "staging", "--yes")
    assert orders.json("outputs", "--file", "local.yaml", "-e", "staging")["outputs"].keys() == {"notes@us"}
    orders.provision("destroy", "local.yaml", "-e", "staging", "--yes")


def test_and_on_to_hosts(orders: Project, lab: Lab, lab_hosts: LabHosts) -> None:
    """The same version, by the same words, on real hosts: what production overrides counts there."""
    hosts = lab_hosts(2)
    listed = [{"name": host.name, "address": host.address} for host in hosts]
    way = {"user": "root", "privateKey": str(lab.key), "sshArgs": lab.ssh_args, "knownHosts": str(lab.known_hosts), "list": listed}
    target = {"name": "fra", "labels": {"kind": "datacentre", "site": "eu"}, "hosts": way}
    (orders.folder / "environments/lab.yaml").write_text(
        f"apiVersion: provision/v1\nkind: Environment\nmetadata: {{name: lab}}\nspec: {json.dumps({'extends': 'prod', 'targets': [target]})}\n")
    done = orders.provision("promote", "--from", "staging", "--to", "lab", "--yes").stdout
    assert "orders · lab · 1.4.0 · from staging, revision 1" in done and "audit" not in done
    assert orders.json("drift", "-e", "lab")["differences"] == []
    # a saved plan is of the hosts as they were: a file that is edited on one of them makes it stale
    orders.provision("plan", "-e", "lab", "--out", "lab.plan")
    lab.ssh(hosts[1], "sed -i s/LEVEL=.*/LEVEL=debug/ /etc/desk/env")
    runs = orders.json("runs", "-e", "lab")
    told = orders.provision("apply", "lab.plan", "--yes", exit=11).stderr
    assert "PRV-6105" in told and f"desk@fra: {hosts[1].name} is not as the plan saw it: /etc/desk/env\n" in told and hosts[0].name not in told, told
    assert orders.json("runs", "-e", "lab") == runs and "LEVEL=debug" in lab.ssh(hosts[1], "cat /etc/desk/env").stdout
    orders.provision("drift", "-e", "lab", "--fix", "--yes")
    for host in hosts:
        assert lab.exec(["curl", "-sSf", "--max-time", "120", f"http://{host.address}:8080/"]).stdout == "orders 1.4.0\n"
    assert "PRV-5010" in orders.provision("destroy", "-e", "lab", "--yes", "--allow-destroy", "orders", "--allow-destroy", "receipts", exit=5).stderr
