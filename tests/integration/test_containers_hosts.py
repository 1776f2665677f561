"""Containers, tasks and timers on real Debian 12 (a unit that we write) and 13 (quadlet), over SSH."""

import copy
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from provisioner.model import Host
from tests.conftest import LabHosts
from tests.integration.images import image
from tests.integration.playbooks_world import CANARY, World, unit
from tests.lab import Lab

PORT = 8080
NAME = "registry.example.com/shop/web:1"


@pytest.fixture(scope="module")
def hosts(lab_hosts: LabHosts) -> tuple[Host, Host]:
    """Debian 12 and 13."""
    with ThreadPoolExecutor() as pool:
        twelve, thirteen = pool.submit(lab_hosts, 1), pool.submit(lab_hosts, 1, trixie=True)
        return twelve.result()[0], thirteen.result()[0]


@pytest.fixture(scope="module")
def world(lab: Lab, hosts: tuple[Host, Host], tmp_path_factory: pytest.TempPathFactory) -> World:
    made = World(tmp_path_factory.mktemp("containers"), lab.inventory(hosts).read_text())
    image(made.project / "dist/web.tar")
    image(made.project / "dist/web-2.tar", version="2")
    return made


def container(name: str = "web", **changed: Any) -> dict[str, Any]:
    """A web service in a container: a secret, a volume, files, limits that this lab can't enforce left out."""
    given: dict[str, Any] = {
        "service_name": name, "service_image": NAME, "service_image_archive": "dist/web.tar", "service_pull": "IfNotPresent",
        "service_env": {"GREETING": 'a "b" $HOME `x` % #1 {{ no }} \\', "PIN": CANARY, "PORT": 80},
        "service_ports": [{"port": PORT, "containerPort": 80, "protocol": "TCP"}],
        "service_mounts": {
            "pvc": [{"name": "data", "mountPath": "/data", "claimName": "web-data"}],
            "emptyDir": [{"name": "scratch", "mountPath": "/scratch", "medium": ""}, {"name": "fast", "mountPath": "/fast", "medium": "Memory"}],
            "configMap": [{"name": "pages", "mountPath": "/pages", "data": {"hello.txt": "color = {{ blue }}"}, "defaultMode": 420}],
            "secret": [{"name": "keys", "mountPath": "/keys", "data": {"pin": CANARY}, "defaultMode": 420}]},
        "service_probe": {"httpGet": {"path": "/", "port": 80}, "failureThreshold": 20}, "service_keep": 1,
        "service_labels": {"team": "the shop's"}, "service_host_aliases": [{"ip": "192.0.2.9", "hostnames": ["ledger.internal"]}],
    }
    return {**unit(name, provision_secret_inputs=["service_env.PIN", "service_mounts.secret.0.data.pin"]), **copy.deepcopy(given), **changed}


def everything(lab: Lab, host: Host) -> str:
    """Every path of the host's own folders with mode, owner and time of change; and what podman has."""
    others = " ".join(f"-not -path '/var/lib/{name}/*'" for name in ("apt", "dpkg", "systemd", "containers", "cni"))
    # podman makes folders of its own when it is first asked
    return lab.ssh(host, f"podman network ls -q >/dev/null; find /etc /opt /usr/local /var/lib -xdev {others} -not -name cni.lock -printf '%p %m %u %g %T@ %l\\n' | sort; "
                         "podman ps -a --format '{{.Names}}'; podman images -q --no-trunc; podman volume ls -q").stdout


def get(lab: Lab, host: Host, path: str = "") -> str:
    return lab.exec(["curl", "-s", f"http://{host.address}:{PORT}/{path}"]).stdout


def test_a_container_on_both(world: World, lab: Lab, hosts: tuple[Host, Host]) -> None:
    clean = {host.name: [line.split()[0] for line in everything(lab, host).splitlines()] for host in hosts}
    planned = world.play("service/site", container(), check=True)
    for host in hosts:
        assert [line.split()[0] for line in everything(lab, host).splitlines()] == clean[host.name], "check mode changes nothing"
    seals = {host.name: planned.of(host.name)["seal"] for host in hosts}
    done = world.play("service/site", container(), seals=seals)
    for host in hosts:
        answer = done.of(host.name)
        assert {**answer, "health": ""} == {**planned.of(host.name), "health": ""}
        assert answer["health"] == "healthy"
        assert get(lab, host) == '1|a "b" $HOME `x` % #1 {{ no }} \\|has a pin'
        seen = lab.ssh(host, "podman exec web cat /pages/hello.txt /keys/pin /etc/hosts; podman exec web touch /data/kept /scratch/x /fast/x; "
                             "podman inspect web --format '{{index .Config.Labels \"team\"}}'").stdout
        assert seen.startswith("color = {{ blue }}" + CANARY) and "192.0.2.9\tledger.internal" in seen and "the shop's" in seen
        other_than_me = f"'{CANARY[:-1]}[{CANARY[-1]}]'"
        shown = lab.ssh(host, "stat -c '%a %U %G %n' /etc/web /etc/web/env /etc/web/mounts/keys/pin; cat /proc/*/cmdline | grep -c " + other_than_me + "; "
                              "journalctl -b | grep -c " + other_than_me + "; systemctl is-active web; ls /opt").stdout
        assert shown.splitlines() == ["750 root root /etc/web", "600 root root /etc/web/env", "644 root root /etc/web/mounts/keys/pin",
                                      "0", "0", "active"]
    assert CANARY not in world.seen
    assert "/etc/systemd/system/web.service" in lab.ssh(hosts[0], "systemctl show -P FragmentPath web").stdout
    assert "/run/systemd/generator" in lab.ssh(hosts[1], "systemctl show -P FragmentPath web").stdout
    before = {host.name: everything(lab, host) for host in hosts}
    again = world.play("service/site", container())
    for host in hosts:
        assert again.of(host.name)["tasks"] == []
        assert everything(lab, host) == before[host.name]
    _power_cut(lab, hosts)
    _another_image(world, lab, hosts)
    world.play("service/remove", container())
    for host in hosts:
        left = [line.split()[0] for line in everything(lab, host).splitlines()]
        assert left == sorted([*clean[host.name], "shop-web-data"], key=left.index), "only the data stays"
        lab.ssh(host, "podman volume rm shop-web-data")


def _power_cut(lab: Lab, hosts: tuple[Host, Host]) -> None:
    for host in hosts:
        lab.machine(host).kill()
        lab.machine(host).start()
    for host in hosts:
        lab.ssh(host, "for i in $(seq 60); do curl -fs localhost:8080 && exit 0; sleep 0.5; done; exit 1")
        assert lab.ssh(host, "podman exec web ls /data").stdout.split() == ["kept"]


def _another_image(world: World, lab: Lab, hosts: tuple[Host, Host]) -> None:
    changed = container(service_image_archive="dist/web-2.tar")
    planned = world.play("service/site", changed, check=True)
    done = world.play("service/site", changed, seals={host.name: planned.of(host.name)["seal"] for host in hosts})
    for host in hosts:
        assert planned.of(host.name)["tasks"] == done.of(host.name)["tasks"]
        words = [task.split()[0] for task in done.of(host.name)["tasks"]]
        assert words == ["load", "write", "load", "restart", "remove"], done.of(host.name)["tasks"]
        assert get(lab, host).startswith("2|")
        assert len(lab.ssh(host, "podman images -q --no-trunc").stdout.split()) == 1
    assert all(world.play("service/site", changed).of(host.name)["tasks"] == [] for host in hosts)
