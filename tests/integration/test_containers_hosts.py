"""Containers, tasks and timers on real Debian 12 (a unit that we write) and 13 (quadlet), over SSH."""

import base64
import copy
import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
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
        "service_probe": {"httpGet": {"path": "/", "port": 80}, "timeoutSeconds": 60, "failureThreshold": 120}, "service_keep": 1,
        "service_labels": {"team": "the shop's"}, "service_host_aliases": [{"ip": "192.0.2.9", "hostnames": ["ledger.internal"]}],
    }
    return {**unit(name, provision_secret_inputs=["service_env.PIN", "service_mounts.secret.0.data.pin"]), **copy.deepcopy(given), **changed}


def everything(lab: Lab, host: Host) -> str:
    """Every path of the host's own folders with mode, owner and time of change; and what podman has."""
    others = " ".join(f"-not -path '/var/lib/{name}/*'" for name in ("apt", "dpkg", "systemd", "containers", "cni"))
    # podman makes folders of its own when it is first asked
    return lab.ssh(host, "podman network ls -q >/dev/null; find /etc /opt /usr/local /var/lib -xdev -not -name cni.lock "
                         f"{others} -printf '%p %m %u %g %T@ %l\\n' | sort; "
                         "podman ps -a --format '{{.Names}}'; podman images -q --no-trunc; podman volume ls -q").stdout


def left_of(lab: Lab, host: Host, name: str) -> str:
    """What is left on a host of a unit that was removed, and of podman."""
    paths = " ".join(f"{folder}/{name}*" for folder in ("/etc", "/opt", "/var/lib", "/etc/containers/systemd", "/etc/systemd/system"))
    return lab.ssh(host, f"ls -d {paths} 2>/dev/null; systemctl list-units --all -q '{name}*'; podman ps -aq; podman images -q").stdout


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
        shown = lab.ssh(host, "stat -c '%a %U %G %n' /etc/web /etc/web/env /etc/web/mounts/keys/pin; "
                              f"cat /proc/*/cmdline | grep -c {other_than_me}; journalctl -b | grep -c {other_than_me}; "
                              "systemctl is-active web; ls /opt").stdout
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
        lab.ssh(host, "for i in $(seq 600); do curl -fs localhost:8080 && exit 0; sleep 0.5; done; exit 1")
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


# ------------------------------------------------------------------ tasks and timers
def task(name: str = "once", **changed: Any) -> dict[str, Any]:
    """A task in a container, which notes each of its runs on the host."""
    return {**unit(name), "service_name": name, "service_kind": "task", "service_image": NAME, "service_image_archive": "dist/web.tar",
            "service_env": {"ONCE": "1", "COUNT": "/runs/count"}, "service_restart": "Never", "service_retries": 0, "service_deadline": 600,
            "service_mounts": {"hostPath": [{"name": "runs", "mountPath": "/runs", "path": "/srv/runs"}]}, **copy.deepcopy(changed)}


def program(name: str = "once", **changed: Any) -> dict[str, Any]:
    """The same without a container."""
    shown = {"service_image": "", "service_image_archive": "", "service_artifact": "tool", "service_cmd": ["./run"], "service_user": "root"}
    return task(name, **{**shown, "service_mounts": {}, "service_env": {"COUNT": "/srv/runs/count"}, **changed})


@pytest.fixture
def runs(lab: Lab, hosts: tuple[Host, Host], world: World) -> Callable[[Host], int]:
    """How often something has run on a host; from none."""
    tool = world.project / "tool/run"
    tool.parent.mkdir(exist_ok=True)
    tool.write_text("#!/bin/sh\n[ -n \"$BROKEN\" ] && { echo broken on purpose; exit 3; }\necho x >> $COUNT\n")
    tool.chmod(0o755)
    for host in hosts:
        lab.ssh(host, "rm -rf /srv/runs; mkdir -p /srv/runs")
    return lambda host: len(lab.ssh(host, "cat /srv/runs/count 2>/dev/null || true").stdout.split())


@pytest.mark.parametrize("make", [task, program])
def test_a_task_runs_once_for_what_it_is_made_of(
    make: Callable[..., dict[str, Any]], world: World, lab: Lab, hosts: tuple[Host, Host], runs: Callable[[Host], int],
) -> None:
    planned = world.play("service/site", make(), check=True)
    assert [runs(host) for host in hosts] == [0, 0]
    done = world.play("service/site", make(), seals={host.name: planned.of(host.name)["seal"] for host in hosts})
    for host in hosts:
        assert {**done.of(host.name), "health": ""} == {**planned.of(host.name), "health": ""}
        assert done.of(host.name)["health"] == "healthy" and "run once.service to its end" in done.of(host.name)["tasks"]
        lab.ssh(host, "echo '# by hand' >> /etc/once/env; podman ps -aq | wc -l")
    healed = world.play("service/site", make())
    assert [healed.of(host.name)["tasks"] for host in hosts] == [["write /etc/once/env"]] * 2, "what was only put back does not run again"
    assert all(world.play("service/site", make()).of(host.name)["tasks"] == [] for host in hosts)
    lab.machine(hosts[0]).kill()
    lab.machine(hosts[0]).start()
    assert [runs(host) for host in hosts] == [1, 1]
    env = {**make()["service_env"], "MORE": "1"}
    world.play("service/site", make(service_env=env))
    assert [runs(host) for host in hosts] == [2, 2]
    broken = make(service_env={**env, "BROKEN": "1"}, service_restart="OnFailure", service_retries=1)
    failed = world.play("service/site", broken)
    assert all("broken on purpose" in failed.failure(host.name) and "2 tries" in failed.failure(host.name) for host in hosts)
    assert all("run once.service" in str(world.play("service/site", broken, check=True).of(host.name)["tasks"]) for host in hosts)
    world.play("service/remove", broken)
    assert [left_of(lab, host, "once") for host in hosts] == ["", ""]


@pytest.mark.parametrize("overlap", ["Forbid", "Replace", "Allow"])
@pytest.mark.parametrize("make", [task, program])
def test_a_timer(
    make: Callable[..., dict[str, Any]], overlap: str, world: World, lab: Lab, hosts: tuple[Host, Host], runs: Callable[[Host], int],
) -> None:
    given = make("often", service_kind="timer", service_schedule="0 4 * * *", service_time_zone="UTC", service_concurrency=overlap)
    planned = world.play("service/site", given, check=True)
    done = world.play("service/site", given, seals={host.name: planned.of(host.name)["seal"] for host in hosts})
    assert all({**done.of(host.name), "health": ""} == {**planned.of(host.name), "health": ""} for host in hosts)
    assert all(world.play("service/site", given).of(host.name)["tasks"] == [] for host in hosts)
    for host in hosts:
        assert "04:00:00" in lab.ssh(host, "systemctl list-timers often.timer --no-pager").stdout
        assert runs(host) == 0
        # as the timer does it when its time has come
        lab.ssh(host, "systemctl start $(systemctl show -P Unit often.timer); "
                      "for i in $(seq 1200); do [ -s /srv/runs/count ] && exit; sleep 0.1; done; exit 1")
        assert runs(host) == 1
    suspended = world.play("service/site", {**given, "service_suspend": True})
    assert all("suspend often.timer" in suspended.of(host.name)["tasks"] for host in hosts)
    assert all(world.play("service/site", {**given, "service_suspend": True}).of(host.name)["tasks"] == [] for host in hosts)
    world.play("service/remove", given)
    assert [left_of(lab, host, "often") for host in hosts] == ["", ""]


# ------------------------------------------------------------------ what is started anew, and what changes its form
def test_liveness_starts_a_container_anew(world: World, lab: Lab, hosts: tuple[Host, Host]) -> None:
    probe = {"exec": {"command": ["test", "!", "-e", "/tmp/sick"]}, "periodSeconds": 1, "failureThreshold": 1, "timeoutSeconds": 60}
    given = container(service_mounts={}, service_liveness=probe)
    world.play("service/site", given)
    for host in hosts:
        first = lab.ssh(host, "podman inspect web --format '{{.Id}}'").stdout
        lab.ssh(host, "podman exec web touch /tmp/sick")
        lab.ssh(host, f"for i in $(seq 1500); do n=$(podman inspect web --format '{{{{.Id}}}}' 2>/dev/null); "
                      f"[ -n \"$n\" ] && [ \"$n\" != {first.strip()} ] && exit 0; sleep 0.2; done; exit 1")
    assert all(world.play("service/site", given).of(host.name)["tasks"] == [] for host in hosts)
    world.play("service/site", container(service_mounts={}))
    for host in hosts:
        assert "not-found" in lab.ssh(host, "systemctl show -P LoadState web.liveness.service").stdout


def test_from_an_image_to_an_artifact_and_back(world: World, lab: Lab, hosts: tuple[Host, Host]) -> None:
    plain = {**container(), "service_image": "", "service_image_archive": "", "service_artifact": "app", "service_cmd": ["bin/api"],
             "service_mounts": {}, "service_config": {"app.conf": "x"}, "service_ports": [{"port": PORT}],
             "service_env": {"PORT": PORT, "GREETING": "plain"},
             "service_probe": {"httpGet": {"path": "/", "port": PORT}, "timeoutSeconds": 60, "failureThreshold": 120}}
    for given, answer in ((container(), "1|"), (plain, "plain|x"), (container(), "1|")):
        done = world.play("service/site", given)
        for host in hosts:
            assert done.of(host.name)["health"] == "healthy"
            assert get(lab, host).startswith(answer)
        assert all(world.play("service/site", given).of(host.name)["tasks"] == [] for host in hosts)
    world.play("service/remove", container())
    for host in hosts:
        assert lab.ssh(host, "podman ps -aq; podman images -q; getent passwd web; ls -d /opt/web /etc/web 2>/dev/null; true").stdout == ""
        lab.ssh(host, "podman volume rm shop-web-data")


def test_a_container_that_does_not_start_says_why(world: World, lab: Lab, hosts: tuple[Host, Host]) -> None:
    broken = container(service_env={"BROKEN": "1"}, service_probe=None)
    told = world.play("service/site", broken)
    for host in hosts:
        assert "broken on purpose" in told.failure(host.name)
    missing = container("other", service_image="registry.invalid/none:1", service_image_archive="", service_ports=[], service_mounts={})
    told = world.play("service/site", missing)
    for host in hosts:
        assert "registry.invalid" in told.failure(host.name)
    never = {**missing, "service_pull": "Never"}
    assert all("imagePullPolicy is Never" in world.play("service/site", never, check=True).failure(host.name) for host in hosts)
    for given in (broken, missing):
        world.play("service/remove", given)
    for host in hosts:
        lab.ssh(host, "podman volume rm -f shop-web-data")


# ------------------------------------------------------------------ from a registry
def test_from_a_registry_with_a_login(world: World, lab: Lab, hosts: tuple[Host, Host]) -> None:
    where = f"{hosts[0].address}:5000"
    serve(lab, world, hosts[0])
    for host in hosts:
        lab.ssh(host, f"printf '[[registry]]\\nlocation = \"{where}\"\\ninsecure = true\\n' > /etc/containers/registries.conf.d/test.conf")
    login = json.dumps({"auths": {where: {"auth": base64.b64encode(f"shop:{CANARY}".encode()).decode()}}})
    given = container(service_image=f"{where}/shop/web:1", service_image_archive="", service_pull="Always", service_mounts={})
    told = world.play("service/site", given)
    for host in hosts:
        assert "auth" in told.failure(host.name).lower(), told.failure(host.name)
    given = {**given, "service_login": login, "provision_secret_inputs": ["service_env.PIN", "service_login"]}
    planned = world.play("service/site", given, check=True)
    done = world.play("service/site", given, seals={host.name: planned.of(host.name)["seal"] for host in hosts})
    for host in hosts:
        assert f"pull image {where}/shop/web:1" in done.of(host.name)["tasks"] and done.of(host.name)["health"] == "healthy"
        assert get(lab, host).startswith("1|")
    assert all(world.play("service/site", given).of(host.name)["tasks"] == [] for host in hosts)
    first = {host.name: lab.ssh(host, "podman images -q").stdout.strip() for host in hosts}
    digest = done.of(hosts[0].name)["outputs"]["service_image_digest"]
    assert digest.startswith("sha256:") and done.of(hosts[1].name)["outputs"] == {"service_image_digest": digest}
    lab.ssh(hosts[0], "cp /srv/registry/shop/web/1.tar /srv/registry/shop/web/old.tar")
    serve(lab, world, hosts[0], "dist/web-2.tar")
    moved = world.play("service/site", given, check=True)
    done = world.play("service/site", given, seals={host.name: moved.of(host.name)["seal"] for host in hosts})
    for host in hosts:
        assert moved.of(host.name)["tasks"] == done.of(host.name)["tasks"] == [
            f"pull image {where}/shop/web:1 again: its registry has another one", "restart web.service", f"remove image {first[host.name]}"]
        assert get(lab, host).startswith("2|")
    again = world.play("service/site", given)
    assert all(again.of(host.name)["tasks"] == [] and again.of(host.name)["outputs"]["service_image_digest"] != digest for host in hosts)
    stays_without_registry(lab, world, hosts, given)
    # as it is promoted: by its digest, whatever its name means by now
    given["service_image_digest"] = digest
    done = world.play("service/site", given)
    for host in hosts:
        assert get(lab, host).startswith("1|") and done.of(host.name)["outputs"] == {"service_image_digest": digest}
    assert all(world.play("service/site", given).of(host.name)["tasks"] == [] for host in hosts)
    world.play("service/remove", given)
    for host in hosts:
        assert left_of(lab, host, "web") == ""
    assert base64.b64encode(f"shop:{CANARY}".encode()).decode() not in world.seen


def stays_without_registry(lab: Lab, world: World, hosts: tuple[Host, Host], given: dict[str, Any]) -> None:
    """A registry that does not answer is a note; it is there again afterwards."""
    lab.ssh(hosts[0], "systemctl stop registry")
    told = world.play("service/site", given, check=True)
    for host in hosts:
        (note,) = told.of(host.name)["notes"]
        assert note.startswith(f"{given['service_image']} stays the image that is here: the registry {hosts[0].address}:5000 does not answer")
        assert told.of(host.name)["tasks"] == []
    serve(lab, world, hosts[0], "dist/web-2.tar")


def serve(lab: Lab, world: World, host: Host, archive: str = "dist/web.tar") -> None:
    """A registry on a lab host, with one image in it."""
    lab.ssh(host, "mkdir -p /srv/registry/shop/web")
    for source, target in ((Path(__file__).with_name("registry.py"), "/srv/registry.py"), (world.project / archive, "/srv/registry/shop/web/1.tar")):
        lab.exec(["scp", "-q", "-F", os.devnull, "-i", str(lab.key), "-o", "StrictHostKeyChecking=no", "-o", f"UserKnownHostsFile={os.devnull}",
                  str(source), f"root@{host.address}:{target}"])
    lab.ssh(host, f"systemctl is-active -q registry || systemd-run -q --unit=registry python3 /srv/registry.py 5000 /srv/registry shop:{CANARY}")
