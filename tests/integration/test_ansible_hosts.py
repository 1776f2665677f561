"""The Ansible engine and waiting for SSH on real hosts: keys, logins, hosts that are down, jump hosts, crashes. About 60 s."""

import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from provisioner.engines.ansible import folder as folders
from provisioner.engines.ansible import processes
from provisioner.hosts import keys
from provisioner.hosts.access import Access
from provisioner.hosts.keys import KeyBook
from provisioner.hosts.ssh import wait
from provisioner.model import Change, Host, HostSource
from tests.conftest import LabHosts
from tests.integration.ansible_world import CANARY, World, delivered, found_in
from tests.lab import Lab

Fleet = tuple[Host, ...]


@pytest.fixture(scope="module")
def fleet(lab_hosts: LabHosts) -> Fleet:
    """Three hosts that say nothing of how they are reached: that is the target's."""
    return tuple(replace(host, vars={}) for host in lab_hosts(3, base=True))


@pytest.fixture
def way(lab: Lab) -> dict[str, object]:
    return {"user": "root", "private_key": str(lab.key), "ssh_args": lab.ssh_args, "known_hosts": str(lab.known_hosts)}


@pytest.fixture
def world(tmp_path: Path, fleet: Fleet, way: dict[str, object], monkeypatch: pytest.MonkeyPatch) -> World:
    # whoever runs the tests may know other machines by the lab's addresses
    monkeypatch.setattr(keys, "USERS_OWN", ())
    return World.on(tmp_path, fleet, **way)


def until(holds, seconds: float = 600.0):  # type: ignore[no-untyped-def]
    end = time.monotonic() + seconds
    while not (found := holds()) and time.monotonic() < end:
        time.sleep(0.05)
    return found


def test_three_hosts_are_delivered_and_found_unchanged(world: World, fleet: Fleet, lab: Lab) -> None:
    unit = world.note(fleet, note_path="/root/three")
    planned = world.plan(unit)
    assert [change.address for change in planned.changes] == [host.name for host in fleet]
    told = world.deliver(world.step(unit, planned.changes))
    assert told.ended.state == "done", told.ended.message
    assert {event.host for event in told.kinds("host") if event.data["state"] == "ready"} == {host.name for host in fleet}
    assert lab.ssh(fleet[2], "cat /root/three.secret").stdout == CANARY
    assert world.plan(unit, delivered(unit)).changes == ()
    assert found_in(world.project, "canary-7f3e") == []
    # known by name, never asked, nothing of ours in the user's home
    assert "lab/h1" not in Path("~/.ssh/known_hosts").expanduser().read_text() if Path("~/.ssh/known_hosts").expanduser().exists() else True


def test_one_of_three_hosts_is_down_and_finished_later(world: World, fleet: Fleet, lab: Lab) -> None:
    unit = world.note(fleet, note_path="/root/down")
    planned = world.plan(unit)
    lab.machine(fleet[1]).kill()
    try:
        ended = world.deliver(world.step(unit, planned.changes)).ended
        assert (ended.state, ended.changed, ended.missing, list(ended.failed_hosts)) == ("failed", True, False, [fleet[1].name])
        assert ended.failed_hosts[fleet[1].name].startswith("PRV-7201 ")
        assert lab.ssh(fleet[2], "cat /root/down").stdout == "hello"
        looked = world.plan(unit, delivered(unit), "plan-2")
        assert list(looked.failed_hosts) == [fleet[1].name] and looked.failure == ""
        (change,) = looked.changes
        assert change.address == fleet[1].name and change.reason.startswith("could not be looked at: PRV-7201")
    finally:
        lab.machine(fleet[1]).start()
    assert world.deliver(world.step(unit, looked.changes), "plan-2").ended.state == "done"
    assert lab.ssh(fleet[1], "cat /root/down").stdout == "hello"


def test_no_host_answers(world: World, fleet: Fleet) -> None:
    nowhere = tuple(replace(host, port=2222) for host in fleet[:2])
    unit = world.note(nowhere)
    planned = world.plan(unit)
    assert planned.missing and "PRV-7201" in planned.failure and planned.changes == ()
    ended = world.deliver(world.step(unit)).ended
    assert (ended.state, ended.missing, len(ended.failed_hosts)) == ("failed", True, 2)


def test_a_wrong_key_is_a_refused_login(world: World, fleet: Fleet, tmp_path: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "wrong")], check=True)
    assert world.target.hosts
    world.target = replace(world.target, hosts=replace(world.target.hosts, private_key=str(tmp_path / "wrong"), ssh_args=world.target.hosts.ssh_args
                                                       + " -o IdentitiesOnly=yes"))
    planned = world.plan(world.note(fleet))
    assert not planned.missing and "PRV-4203" in planned.failure and "Permission denied" in planned.failure
    assert planned.failure.startswith("3 hosts (")


def test_host_keys_strict_accepted_once_changed_and_replaced(world: World, fleet: Fleet, lab: Lab) -> None:
    host = fleet[0]
    unit = world.note((host,), note_path="/root/keys")
    assert world.target.hosts
    strict = replace(world.target.hosts, known_hosts="")
    world.target = replace(world.target, hosts=strict)
    unknown = world.plan(unit)
    assert not unknown.missing and "PRV-4204 its host key is not known: ssh-ed25519 SHA256:" in unknown.failure
    assert "hostKeys: accept-new" in unknown.failure

    world.target = replace(world.target, hosts=replace(strict, host_keys="accept-new"))
    assert world.apply(unit).ended.state == "done"
    kept = (world.state / "known_hosts").read_text()
    assert kept.startswith(f"lab/{host.name} ssh-ed25519 ") and kept.count("\n") == 1
    world.target = replace(world.target, hosts=strict)
    assert world.plan(unit).failure == "", "accepted once and kept"

    lab.machine(host).rekey()
    try:
        world.target = replace(world.target, hosts=replace(strict, host_keys="accept-new"))
        changed = world.plan(unit)
        assert not changed.missing and "PRV-4204 its host key has changed: expected ssh-ed25519 SHA256:" in changed.failure
        assert f"ssh-keygen -R lab/{host.name} -f {world.state / 'known_hosts'}" in changed.failure
        assert "PRV-4204" in world.deliver(world.step(unit)).ended.message
        assert (world.state / "known_hosts").read_text() == kept
        # another machine of that name: its key is a new one
        replaced = replace(host, labels={"instance_id": "i-2"})
        assert world.plan(replace(unit, hosts=(replaced,))).failure == ""
        assert (world.state / "known_hosts").read_text().startswith(f"lab/{host.name}/i-2 ")
    finally:
        # pins the keys anew
        lab.remove([])


def test_a_host_that_was_just_made_is_waited_for(world: World, lab_hosts: LabHosts, lab: Lab) -> None:
    (host,) = lab_hosts(1, base=True, start=False)
    unit = replace(world.note((replace(host, vars={}),)), host_source=HostSource("fleet@aws"))
    timer = threading.Timer(2.0, lab.machine(host).start, kwargs={"wait": 0})
    timer.start()
    try:
        ended = world.deliver(world.step(unit, (Change(unit.name, "new hosts", "create"),))).ended
    finally:
        timer.join()
    assert ended.state == "done", ended.message


def test_waiting_ends_when_it_is_told_to(world: World, fleet: Fleet) -> None:
    assert world.target.hosts
    access = Access(replace(fleet[0], port=2222), world.target.hosts, KeyBook(world.state / "known_hosts", False, True))
    stop = threading.Event()
    stop.set()
    assert wait(access, 600, stop).state == "silent"


def test_a_busy_host_that_agrees_on_keys_late_is_there(world: World, fleet: Fleet, lab: Lab) -> None:
    assert world.target.hosts
    machine = lab.machine(fleet[0])
    machine.freeze()
    thaw = threading.Timer(3.0, machine.thaw)
    thaw.start()
    try:
        assert wait(Access(fleet[0], world.target.hosts, KeyBook(world.state / "known_hosts", False, True)), 1.0, threading.Event()).state == "ready"
    finally:
        thaw.join()


def test_run_by_hand_over_ssh_changes_nothing(world: World, fleet: Fleet) -> None:
    unit = world.note(fleet[:1], note_path="/root/hand", note_secret="plain")
    assert world.apply(unit).ended.state == "done"
    environ = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    command = world.site().work / "ansible/note@lab/command"
    done = subprocess.run(["sh", str(command)], capture_output=True, text=True, env=environ, check=False)
    assert done.returncode == 0 and "changed=0" in done.stdout, done.stdout + done.stderr


INSIDE = """
import json, sys
from pathlib import Path
from provisioner.model import Host
from tests.integration.ansible_world import World
project, key, known_hosts, jump, address = sys.argv[1:]
host = Host("h3", address, "lab")
world = World.on(Path(project), (host,), user="root", private_key=key, known_hosts=known_hosts, jump="root@" + jump)
unit = world.note((host,), note_path="/root/jump")
print(json.dumps([world.apply(unit).ended.message, world.plan(unit).failure]))
"""


def test_through_a_jump_host(tmp_path: Path, fleet: Fleet, lab: Lab) -> None:
    # inside the hosts' network, where they can be reached directly; the jump is then a real one through sshd
    pins = tmp_path / "pins"
    pins.write_text("".join(f"{host.name},{host.address} {lab.machine(host).public_key()}\n" for host in fleet).replace(fleet[2].name + ",", "h3,"))
    done = lab.exec([sys.executable, "-c", INSIDE, str(tmp_path), str(lab.key), str(pins), fleet[0].address, fleet[2].address],
                    cwd=Path(__file__).parents[2], check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == ["", ""]
    assert lab.ssh(fleet[2], "cat /root/jump").stdout == "hello"
    assert f"from {fleet[0].address} " in lab.ssh(fleet[2], "journalctl -u ssh --no-pager | grep Accepted").stdout


def test_an_ordinary_user_with_sudo(world: World, fleet: Fleet, lab: Lab) -> None:
    host = replace(fleet[0], user="deploy", become=True)
    unit = world.note((host,), note_path="/root/sudo")
    assert world.apply(unit).ended.state == "done"
    assert lab.ssh(host, "stat -c %U /root/sudo").stdout == "root\n"
    without = world.note((replace(host, become=False),), note_path="/root/sudo2")
    ended = world.deliver(world.step(without)).ended
    assert ended.state == "failed" and "PRV-4201" in ended.message and "Permission denied" in ended.message


KILLED = """
import sys
from pathlib import Path
from provisioner.model import Host
from tests.integration.ansible_world import World
project, key, known_hosts, ssh_args, name, address = sys.argv[1:]
host = Host(name, address, "lab")
world = World.on(Path(project), (host,), user="root", private_key=key, known_hosts=known_hosts, ssh_args=ssh_args)
world.deliver(world.step(world.note((host,), note_path="/root/killed", note_pause=600)))
"""


def test_kill_9_leaves_no_ansible_and_no_ssh(world: World, fleet: Fleet, lab: Lab) -> None:
    host = fleet[0]
    arguments = [str(world.project), str(lab.key), str(lab.known_hosts), lab.ssh_args, host.name, host.address]
    parent = subprocess.Popen([sys.executable, "-c", KILLED, *arguments], cwd=Path(__file__).parents[2])
    assert until(lambda: lab.ssh(host, "ls /root/killed.begun", check=False).returncode == 0)
    folder = folders.step_folder(world.site().work, "note@lab")
    runtime = folders.runtime(folder)
    assert any("ssh" in " ".join(processes._words(process.pid, "cmdline")) for process in processes.marked(str(folder), runtime))
    parent.kill()
    parent.wait()
    assert until(lambda: not processes.marked(str(folder), runtime)) and until(lambda: not Path(runtime).exists())
    # what had begun on the host runs to its end there, and the next run finds it done
    lab.ssh(host, "touch /root/killed.go")
    assert until(lambda: lab.ssh(host, "ls /root/killed", check=False).returncode == 0)
    unit = world.note((host,), note_path="/root/killed")
    assert world.deliver(world.step(unit)).ended.state == "done"


def test_a_frozen_host_does_not_hold_the_run_for_ever(world: World, fleet: Fleet, lab: Lab) -> None:
    unit = world.note(fleet, note_path="/root/frozen", note_pause=600)
    planned = world.plan(unit)
    machine = lab.machine(fleet[2])

    def freeze() -> None:
        for host in fleet:
            until(lambda host=host: lab.ssh(host, "ls /root/frozen.begun", check=False).returncode == 0)
        machine.freeze()
        for host in fleet[:2]:
            lab.ssh(host, "touch /root/frozen.go")

    thread = threading.Thread(target=freeze)
    thread.start()
    try:
        ended = world.deliver(world.step(unit, planned.changes)).ended
    finally:
        thread.join()
        machine.thaw()
        lab.ssh(fleet[2], "touch /root/frozen.go")
    assert list(ended.failed_hosts) == [fleet[2].name] and ended.failed_hosts[fleet[2].name].startswith("PRV-7201")
    assert lab.ssh(fleet[0], "cat /root/frozen").stdout == "hello"
