"""What traits put beside a component, on real Debian 12 and 13 hosts: logs, monitoring, firewall. Delivered, unchanged, changed, removed."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from provisioner.model import Host
from tests.conftest import LabHosts
from tests.integration.playbooks_world import World, unit
from tests.lab import Lab

WATCHED = "find /etc /var/lib -path '*provision*' -printf '%p %m\\n' | sort"
"""What is ours: packages stay, with the files that they bring."""


@pytest.fixture(scope="module")
def hosts(lab_hosts: LabHosts) -> tuple[Host, Host]:
    """Debian 12, Debian 13."""
    with ThreadPoolExecutor() as pool:
        twelve, thirteen = pool.submit(lab_hosts, 1), pool.submit(lab_hosts, 1, trixie=True)
        return twelve.result()[0], thirteen.result()[0]


@pytest.fixture(scope="module")
def world(lab: Lab, hosts: tuple[Host, Host], tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("traits"), lab.inventory(hosts).read_text())


def attached(kind: str, **values: Any) -> dict[str, Any]:
    return {**unit(f"api-{kind}"), "attached_of": "api", **{f"attached_{name}": value for name, value in values.items()}}


CASES = {
    "logs": ({"paths": ["/var/log/api/*.log"], "every": "daily", "keep": 3, "size": "1M", "compress": False, "journal": {"maxUse": "50M"}},
             {"keep": 5, "journal": {}}),
    "monitoring": ({"exporter": "node", "port": 9100, "metrics_port": 8080, "metrics_path": "/m", "alerts": [{"name": "Slow", "expr": "x > 1"}]},
                   {"metrics_port": 0}),
    "firewall": ({"ports": [8080], "from": ["192.0.2.0/24"]}, {"from": ["192.0.2.0/24", "0.0.0.0/0"]}),
}


@pytest.mark.parametrize("kind", CASES)
def test_delivered_unchanged_changed_removed(world: World, lab: Lab, hosts: tuple[Host, Host], kind: str) -> None:
    values, changes = CASES[kind]
    clean = {host.name: lab.ssh(host, WATCHED).stdout for host in hosts}
    wanted = attached(kind, **values)
    planned = world.play(f"{kind}/site", wanted, check=True)
    done = world.play(f"{kind}/site", wanted, seals={host.name: planned.of(host.name)["seal"] for host in hosts})
    again, changed = world.play(f"{kind}/site", wanted), world.play(f"{kind}/site", {**wanted, **attached(kind, **changes)})
    gone = world.play(f"{kind}/remove", wanted)
    for host in hosts:
        assert done.of(host.name)["tasks"] == planned.of(host.name)["tasks"]
        assert again.of(host.name)["tasks"] == []
        assert changed.of(host.name)["tasks"]
        assert gone.of(host.name)["tasks"]
        assert lab.ssh(host, WATCHED).stdout == clean[host.name]


def test_large_logs_are_rotated(world: World, lab: Lab, hosts: tuple[Host, Host]) -> None:
    world.play("logs/site", attached("logs", **CASES["logs"][0]))
    for host in hosts:
        lab.ssh(host, "mkdir -p /var/log/api && head -c 2M /dev/zero > /var/log/api/x.log && logrotate -f /etc/logrotate.d/provision-shop.api-logs*")
        assert lab.ssh(host, "ls /var/log/api; stat -c %s /var/log/api/x.log").stdout.split() == ["x.log", "x.log.1", "0"]
        assert "SystemMaxUse=50M" in lab.ssh(host, "systemd-analyze cat-config systemd/journald.conf").stdout


def test_the_exporter_answers_where_the_files_say(world: World, lab: Lab, hosts: tuple[Host, Host]) -> None:
    world.play("monitoring/site", attached("monitoring", **CASES["monitoring"][0]))
    for host in hosts:
        targets, rules = (json.loads(lab.ssh(host, f"cat /etc/provision/monitoring/*.{ending}").stdout) for ending in ("targets.json", "rules.yml"))
        assert [entry["targets"] for entry in targets] == [[f"{host.address}:9100"], [f"{host.address}:8080"]]
        assert [rule["alert"] for rule in rules["groups"][0]["rules"]] == ["Down", "DiskNearlyFull", "Slow"]
        assert "node_filesystem_avail_bytes" in lab.exec(["curl", "-s", f"http://{targets[0]['targets'][0]}/metrics"]).stdout


def test_the_firewall_lets_only_the_networks_in(world: World, lab: Lab, hosts: tuple[Host, Host]) -> None:
    values, changes = CASES["firewall"]
    for host in hosts:
        lab.ssh(host, "systemd-run --unit=door8080 python3 -m http.server 8080; "
                      "for n in $(seq 1200); do curl -sf -o /dev/null http://127.0.0.1:8080/ && break; sleep 0.1; done")

    def reached(seconds: int) -> list[bool]:
        return [lab.exec(["curl", "-s", "-m", str(seconds), f"http://{host.address}:8080/"], check=False).returncode == 0 for host in hosts]

    world.play("firewall/site", attached("firewall", **values))
    assert reached(3) == [False, False]
    for host in hosts:
        lab.ssh(host, "curl -s -m 120 http://127.0.0.1:8080/")
    world.play("firewall/site", attached("firewall", **{**values, **changes}))
    assert reached(120) == [True, True]
