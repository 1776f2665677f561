"""The lab itself: hosts are real, are fresh, and end with the process that made them. Budget: 15 s."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from provisioner import model
from tests.conftest import LabHosts
from tests.lab import Lab, sweep

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def pair(lab_hosts: LabHosts) -> list[model.Host]:
    return lab_hosts(2)


def test_a_host_is_a_machine_of_its_own(lab: Lab, pair: list[model.Host]) -> None:
    for host in pair:
        assert lab.ssh(host, "hostname; cat /proc/1/comm").stdout.split() == [host.name, "systemd"]
    keys = lab.known_hosts.read_text().splitlines()
    assert len({line.split()[2] for line in keys}) == len(keys)


def test_plain_ansible_reaches_the_hosts_with_pinned_keys(lab: Lab, pair: list[model.Host]) -> None:
    ansible = Path(sys.executable).with_name("ansible")
    # no shared connections: they would outlive the hosts
    ssh = f"-o StrictHostKeyChecking=yes -o UserKnownHostsFile={lab.known_hosts} -o ControlMaster=no -o ControlPath=none"
    done = subprocess.run([ansible, "-i", lab.inventory(pair), "all", "-m", "ping"], env={**os.environ, "ANSIBLE_SSH_ARGS": ssh},
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=600)
    assert done.stdout.count("pong") == 2, done.stdout + done.stderr


def test_a_power_cut_keeps_the_disk(lab: Lab, pair: list[model.Host]) -> None:
    machine = lab.machine(pair[0])
    lab.ssh(pair[0], "echo here > /root/note; sync")
    machine.kill()
    assert not machine.running()
    machine.start()
    assert lab.ssh(pair[0], "cat /root/note").stdout == "here\n"


def test_network_disk_and_key_of_a_host_can_be_damaged(lab: Lab, lab_hosts: LabHosts) -> None:
    host = lab_hosts(1, base=True, disk="32m", names=["a-host-with-a-rather-long-name"])[0]
    machine = lab.machine(host)
    machine.cut()
    assert lab.network.silent([host.address], 0.2) == [host.address]
    machine.mend()
    assert lab.network.silent([host.address], 120) == []
    machine.lose(100)
    assert lab.network.silent([host.address], 0.2) == [host.address]
    machine.lose(0)
    machine.slow("1mbit")
    assert lab.network.silent([host.address], 120) == []
    machine.fill()
    assert "No space left" in lab.ssh(host, "dd if=/dev/zero of=/root/x bs=64k count=4", check=False).stderr
    machine.free()
    before = machine.public_key()
    machine.rekey()
    assert machine.public_key() != before
    assert before in lab.known_hosts.read_text()


@pytest.mark.parametrize("guarded", [True, False], ids=["by its guard", "by the next lab's sweep"])
def test_a_lab_ends_with_its_process_also_when_that_is_killed(guarded: bool) -> None:
    code = ("import sys; from tests.lab import Lab; lab = Lab.open(); lab.hosts(1, base=True); "
            "sys.stdout.write(f'{lab.folder}\\n{lab.network.namespace}\\n{lab._guard.pid}\\n'); sys.stdout.flush(); sys.stdin.read()")
    child = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdin is not None and child.stdout is not None
    folder, namespace, guard = (child.stdout.readline().strip() for _ in range(3))
    assert (Path(folder) / "hosts" / "h1").is_dir()
    if not guarded:
        os.kill(int(guard), signal.SIGKILL)
    child.kill()
    child.communicate()
    if not guarded:
        sweep()
    gone = "import sys, time; from pathlib import Path; p = [Path(a) for a in sys.argv[1:]]\nwhile any(x.exists() for x in p): time.sleep(0.05)"
    subprocess.run([sys.executable, "-c", gone, folder, f"/run/netns/{namespace}"], timeout=600, check=True)
