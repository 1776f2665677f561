"""A baseline on real Debian 12 and 13 hosts: users, sudo, firewall, kernel settings, packages, time; and that nobody is locked out."""

from typing import Any

import pytest

from provisioner.model import Host
from tests.conftest import LabHosts
from tests.integration.playbooks_world import World, unit
from tests.lab import Lab

UNDO = "provision-firewall-undo"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPDmVyFJcHv0MnGn3sVYwFqDwbRyD5mBn0tZJX0bnA1H ops"


@pytest.fixture(scope="module")
def hosts(lab_hosts: LabHosts) -> list[Host]:
    """Debian 12 and Debian 13, both bare."""
    return [*lab_hosts(1, base=True), *lab_hosts(1, trixie=True)]


@pytest.fixture(scope="module")
def world(lab: Lab, hosts: list[Host], tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("base"), lab.inventory(hosts).read_text())


def baseline(**changed: Any) -> dict[str, Any]:
    return {**unit("base"), "baseline_name": "base", "baseline_users": [], "baseline_firewall": None, "baseline_sysctl": {}, "baseline_packages": [],
            "baseline_absent_packages": [], "baseline_timezone": "", "baseline_time_servers": [], "baseline_upgrades": "report", **changed}


def full(lab: Lab) -> dict[str, Any]:
    ours = lab.key.with_suffix(".pub").read_text().strip()
    return baseline(
        baseline_users=[{"name": "ops", "keys": [KEY, ours], "sudo": "all", "groups": ["adm"]}, {"name": "guest", "keys": [KEY]}],
        baseline_firewall={"allow": [{"port": 8080}, {"port": 9000, "to": 9010, "from": ["192.0.2.0/24", "fd00::/8"]}]},
        baseline_sysctl={"net.core.somaxconn": 2048, "net.ipv4.ip_local_port_range": "20000 60000"},
        baseline_packages=["unzip"], baseline_timezone="Europe/Berlin", baseline_time_servers=["192.0.2.123"])


def through(world: World, hosts: list[Host], variables: dict[str, Any]) -> dict[str, list[str]]:
    """Check mode, then for real: the same answer on each host; then once more, quiet. The acts by host."""
    planned = world.play("host-baseline/site", variables, check=True)
    before = {host.name: planned.of(host.name) for host in hosts}
    done = world.play("host-baseline/site", variables, seals={name: answer["seal"] for name, answer in before.items()})
    again = world.play("host-baseline/site", variables)
    for host in hosts:
        assert {**done.of(host.name), "health": "", "outputs": 0} == {**before[host.name], "health": "", "outputs": 0}
        assert (again.of(host.name)["tasks"], again.of(host.name)["files"]) == ([], [])
    return {host.name: done.of(host.name)["tasks"] for host in hosts}


def state(lab: Lab, host: Host) -> str:
    """What a baseline touches, packages and their own files left out."""
    return lab.ssh(host, "(getent passwd; getent group) | grep -v '^_chrony'; cat /root/.ssh/authorized_keys; readlink -f /etc/localtime; "
                         "sysctl net.core.somaxconn net.ipv4.ip_local_port_range; nft list ruleset 2>/dev/null | grep provision; ls -A /home; "
                         "find /etc/provision /etc/sudoers.d /etc/sysctl.d /etc/systemd/system /var/lib/provision -name '*provision*'",
                   check=False).stdout


def opened(lab: Lab, host: Host, port: int) -> bool:
    """Whether a port of the host answers over the network (somebody listens on it)."""
    return lab.exec(["nc", "-z", "-w", "2", host.address, str(port)], check=False).returncode == 0


def test_everything_at_once(world: World, lab: Lab, hosts: list[Host]) -> None:
    acts = through(world, hosts, full(lab))
    assert {"create user ops", "load the firewall rules", "install package unzip", "set the time zone to Europe/Berlin"} <= set(acts[hosts[0].name])
    for host in hosts:
        shown = lab.ssh(host, "id -nG ops; stat -c '%a %U' /home/ops/.ssh/authorized_keys; date +%Z; cat /proc/sys/net/core/somaxconn; "
                              "systemctl is-active chrony provision-firewall; systemctl list-timers --all | grep -c firewall-undo || true").stdout
        assert shown.split()[:4] == ["ops", "adm", "600", "ops"]
        assert shown.split()[4][:2] == "CE" and shown.split()[5:] == ["2048", "active", "active", "0"]
        assert lab.ssh(host, "runuser -u ops -- sudo -n id -un").stdout == "root\n"
        lab.ssh(host, "for port in 8080 9005 7000; do systemd-run -q --unit=listen-$port python3 -m http.server $port; done; "
                      "for port in 8080 9005 7000; do for n in $(seq 1200); do ss -Hltn \"sport = :$port\" | grep -q . && break; sleep 0.1; "
                      "done; done")
        assert [opened(lab, host, port) for port in (22, 8080, 9005, 7000)] == [True, True, False, False]


def test_a_new_user_comes_in(world: World, lab: Lab, hosts: list[Host]) -> None:
    as_ops = World(world.project, lab.inventory(hosts).read_text().replace("ansible_user=root", "ansible_user=ops ansible_become=true"))
    # nothing to do, and by another user with sudo
    told = as_ops.play("host-baseline/site", full(lab))
    assert [told.of(host.name)["tasks"] for host in hosts] == [[], []]
    # by this user its own keys are not taken away, and it is not removed
    changed = full(lab)
    changed["baseline_users"][0]["keys"] = [KEY]
    assert as_ops.play("host-baseline/site", changed, check=True).of(hosts[0].name)["tasks"] == []
    changed["baseline_users"] = changed["baseline_users"][1:]
    assert "it can't take itself away" in as_ops.play("host-baseline/site", changed, check=True).failure(hosts[0].name)


def test_changes_and_drift(world: World, lab: Lab, hosts: list[Host]) -> None:
    changed = full(lab)
    changed["baseline_users"] = [{"name": "ops", "keys": [KEY], "sudo": "none"}]
    changed["baseline_firewall"] = {"allow": [{"port": 7000}], "policy": "reject", "ping": False}
    changed["baseline_sysctl"] = {"net.core.somaxconn": 1024}
    acts = through(world, hosts, changed)
    assert {"remove user guest", "take ops out of group adm", "write /home/ops/.ssh/authorized_keys", "load the firewall rules",
            "remove /etc/sudoers.d/provision-shop-base"} <= set(acts[hosts[0].name])
    assert any(act.startswith("set net.ipv4.ip_local_port_range back to ") for act in acts[hosts[0].name])
    for host in hosts:
        assert [opened(lab, host, port) for port in (22, 8080, 7000)] == [True, False, True]
        lab.ssh(host, "nft flush ruleset; sysctl -qw net.core.somaxconn=77; usermod -s /bin/sh ops; echo x >> /home/ops/.ssh/authorized_keys")
    acts = through(world, hosts, changed)
    assert acts[hosts[1].name] == ["set shell of ops to /bin/bash", "write /home/ops/.ssh/authorized_keys",
                                   "set net.core.somaxconn to 1024 (it is 77)", "load the firewall rules"]


def test_rules_that_nobody_confirms_undo_themselves(world: World, lab: Lab, hosts: list[Host]) -> None:
    host, back_door = hosts[0], {"port": 2222}
    good, bad = ({**full(lab), "baseline_firewall": {"allow": rules}} for rules in ([back_door, {"port": 8080}], [back_door]))
    here = World(world.project, lab.inventory([host]).read_text())
    here.play("host-baseline/site", good).of(host.name)
    before = lab.ssh(host, "nft list table inet provision").stdout
    # the way in is lost in the moment in which the undoing is made ready; nobody waits for its timer here
    wrapper = "/usr/local/sbin/systemd-run"
    script = "#!/bin/sh\\nsystemctl stop ssh.service ssh.socket\\nmkdir -p /run/sshd\\nexec /usr/bin/systemd-run \"$@\"\\n"
    lab.ssh(host, f"mkdir -p /run/sshd; systemd-run -q --unit=door /usr/sbin/sshd -D -p 2222; printf '{script}' > {wrapper}; chmod +x {wrapper}")
    told = here.play("host-baseline/site", bad)
    door = ["ssh", "-F", "/dev/null", "-i", str(lab.key), "-p", "2222", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
            "-o", "LogLevel=ERROR", f"root@{host.address}"]
    new = "nft list table inet provision"
    old = f"rm {wrapper}; systemctl start --wait {UNDO}.service; {new}; systemctl start ssh"
    assert lab.exec([*door, new]).stdout != before, told.text
    assert lab.exec([*door, old]).stdout == before
    assert told.rc != 0, told.text
    through(world, [host], bad)


def test_the_firewall_is_there_after_a_power_cut(world: World, lab: Lab, hosts: list[Host]) -> None:
    world.play("host-baseline/site", full(lab)).of(hosts[1].name)
    machine = lab.machine(hosts[1])
    lab.ssh(hosts[1], "sync")
    machine.kill()
    machine.start()
    told = world.play("host-baseline/site", full(lab), check=True)
    assert told.of(hosts[1].name)["tasks"] == []


PARTS = """
set -e; rm -rf /srv/parts; mkdir -p /srv/parts/tree/DEBIAN; cd /srv/parts
for version in 1.0 1.1; do
  printf 'Package: parts\\nVersion: %s\\nArchitecture: all\\nMaintainer: t <t@example.org>\\nDescription: parts\\n' $version > tree/DEBIAN/control
  dpkg-deb --build tree parts_$version.deb > /dev/null
done
dpkg -i parts_1.0.deb > /dev/null
{ cat tree/DEBIAN/control; echo "Filename: ./parts_1.1.deb"; echo "Size: $(stat -c %s parts_1.1.deb)"
  echo "SHA256: $(sha256sum parts_1.1.deb | cut -d' ' -f1)"; echo; } > Packages
printf 'Origin: parts\\nLabel: LABEL\\n' > Release
echo 'deb [trusted=yes] file:/srv/parts ./' > /etc/apt/sources.list.d/parts.list
apt-get -qq update -o Acquire::AllowReleaseInfoChange=true -o Dir::Etc::sourcelist=sources.list.d/parts.list \\
  -o Dir::Etc::sourceparts=- -o APT::Get::List-Cleanup=0
"""
"""A repository on the host itself whose newer version of an installed package waits."""
VERSION = "dpkg-query -W -f '${Version}' parts"


def test_what_waits_is_told_installed_as_shown_and_then_there_is_nothing(world: World, lab: Lab, hosts: list[Host]) -> None:
    host = hosts[1]
    here = World(world.project, lab.inventory([host]).read_text())
    try:
        lab.ssh(host, PARTS.replace("LABEL", "parts"))
        told = here.play("host-baseline/site", baseline()).of(host.name)
        assert "wait" in str(told["outputs"]) and lab.ssh(host, VERSION).stdout == "1.0"
        here.quiet("host-baseline/site", baseline(baseline_upgrades="security"), host.name)
        assert lab.ssh(host, VERSION).stdout == "1.0"
        lab.ssh(host, PARTS.replace("LABEL", "parts-security"))
        (task,) = here.play("host-baseline/site", baseline(baseline_upgrades="security"), check=True).of(host.name)["tasks"]
        assert task == "upgrade 1 package: parts 1.1" and lab.ssh(host, VERSION).stdout == "1.0"
        assert here.play("host-baseline/site", baseline(baseline_upgrades="security")).of(host.name)["tasks"] == [task]
        assert lab.ssh(host, VERSION).stdout == "1.1"
        here.quiet("host-baseline/site", baseline(baseline_upgrades="security"), host.name)
    finally:
        lab.ssh(host, "dpkg -r parts; rm -rf /srv/parts /etc/apt/sources.list.d/parts.list /var/lib/apt/lists/_srv_parts*", check=False)


def test_removal_gives_the_host_back(world: World, lab: Lab, lab_hosts: LabHosts) -> None:
    host = lab_hosts(1, base=True)[0]
    here = World(world.project, lab.inventory([host]).read_text())
    clean = state(lab, host)
    here.play("host-baseline/site", full(lab)).of(host.name)
    assert state(lab, host) != clean
    lab.ssh(host, "echo mine > /home/guest/notes")
    tasks = here.play("host-baseline/remove", full(lab)).of(host.name)["tasks"]
    assert "remove user guest, and keep /home/guest: there are files of its own in it" in tasks
    lab.ssh(host, "rm -r /home/guest")
    assert state(lab, host) == clean
    assert opened(lab, host, 22)
