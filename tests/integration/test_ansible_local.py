"""The Ansible engine with real plays on this machine: check mode, secrets, users' own playbooks, crashes. About 60 s."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from provisioner.engine import BatchRequest, PlanRequest
from provisioner.engines.ansible import folder as folders
from provisioner.engines.ansible import processes
from provisioner.errors import Missing
from provisioner.model import Change, Delivered, FileDiff, HostSource, Unit
from tests.integration.ansible_world import CANARY, DATA, PLAYBOOKS, Told, World, delivered, found_in, local_host

HERE = local_host()


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World.on(tmp_path, (HERE,))


def until(holds, seconds: float = 600.0):  # type: ignore[no-untyped-def]
    """Wait for something that another process does; what it is in the end."""
    end = time.monotonic() + seconds
    while not (found := holds()) and time.monotonic() < end:
        time.sleep(0.05)
    return found


def test_units_of_the_same_hosts_are_checked_in_one_run_and_told_apart_as_if_each_was_alone(world: World, tmp_path: Path) -> None:
    """The third can't be checked, so Ansible ends there: it and the fourth are asked alone. No secret comes to lie on a disk."""
    units = [replace(world.note((HERE,), note_path=str(tmp_path / name), note_text=f"{name} {{{{ text }}}}"), name=f"{name}@lab") for name in "abcd"]
    units[2].inputs.pop("note_path")
    (tmp_path / "b").write_text("by hand")
    request = PlanRequest("lab", tuple(units), (), {"b@lab": delivered(units[1])}, {unit.name: unit.hosts for unit in units})
    found = world.engine.plan(request, world.site("together"))
    assert list(found) == ["a@lab", "b@lab", "c@lab", "d@lab"]
    assert found == {unit.name: world.plan(unit, delivered(unit) if unit is units[1] else None) for unit in units}
    assert found["c@lab"].failure and found["b@lab"].changes[0].reason == "drift" and found["a@lab"].changes[0].reason == "new host"
    played = sorted(path.parent.name for path in (world.state / "together").rglob("command"))
    assert played == ["check", "check", "checks_1"]
    assert found_in(world.state, CANARY) == []


def test_a_unit_is_planned_delivered_found_unchanged_healed_and_removed(world: World, tmp_path: Path) -> None:
    path = tmp_path / "note"
    unit = world.note((HERE,), note_path=str(path), note_text="literal {{ text }} $${x}")
    planned = world.plan(unit)
    assert planned.failure == "" and planned.health == {"here": "it is not there"} and planned.outputs == {"size": 23}
    (change,) = planned.changes
    assert (change.address, change.action, change.reason) == ("here", "create", "new host")
    assert change.tasks == (f"write {path}", f"write {path}.secret") and change.seal
    assert change.files[0] == FileDiff(str(path), None, "literal {{ text }} ${x}")
    assert not path.exists()

    told = world.deliver(world.step(unit, planned.changes))
    assert (told.ended.state, told.ended.changed, told.ended.outputs) == ("done", True, {"size": 23})
    assert path.read_text() == "literal {{ text }} ${x}"
    assert Path(f"{path}.secret").read_text() == CANARY
    assert [event.data["state"] for event in told.kinds("task")] == ["changed"]

    again = world.plan(unit, delivered(unit))
    assert again.changes == () and again.health == {"here": "healthy"}

    path.write_text("by hand")
    (drift,) = world.plan(unit, delivered(unit)).changes
    assert (drift.action, drift.reason, drift.files[0].before) == ("configure", "drift", "by hand")

    (leaving,) = world.engine.plan(PlanRequest(unit.name, (), (delivered(unit),)), world.site())[unit.name].changes
    assert (leaving.action, leaving.address) == ("remove", "here")
    gone = world.deliver(world.step(unit, kind="remove"))
    assert gone.ended.state == "done" and not path.exists()
    assert found_in(tmp_path / ".provision", "canary-7f3e") == []


def test_a_host_that_is_not_as_the_plan_showed_it_is_not_touched(world: World, tmp_path: Path) -> None:
    unit = world.note((HERE,), note_path=str(tmp_path / "note"))
    planned = world.plan(unit)
    (tmp_path / "note").write_text("somebody was quicker")
    for _ in range(2):
        ended = world.deliver(world.step(unit, planned.changes)).ended
        assert (ended.state, ended.stale, ended.changed) == ("failed", True, False)
        assert "PRV-4207" in ended.failed_hosts["here"]
    assert (tmp_path / "note").read_text() == "somebody was quicker"


def test_what_our_own_dead_attempt_left_half_way_is_no_drift(world: World, tmp_path: Path) -> None:
    unit = world.note((HERE,), note_path=str(tmp_path / "note"))
    planned = world.plan(unit)
    (tmp_path / "note").write_text("half of it")
    folders.note_started(folders.step_folder(world.site().work, unit.name), ["here"])
    ended = world.deliver(world.step(unit, planned.changes)).ended
    assert ended.state == "done" and (tmp_path / "note").read_text() == "hello"


def test_unknown_values_are_marked_and_the_host_may_change(world: World, tmp_path: Path) -> None:
    unit = world.note((HERE,), note_path=str(tmp_path / "note"), note_text="url is ${ledger@aws.url}", note_secret="${secret.generated/x/y}")
    (change,) = world.plan(unit).changes
    assert change.files[0].after == "(known after apply)" and change.unknown == ("text", "secret")
    world.deliver(world.step(replace(unit, inputs={**unit.inputs, "note_text": "url is u", "note_secret": "s"}), (change,)))
    (change,) = world.plan(unit, delivered(unit)).changes
    assert change.reason == "waits for ledger@aws, secret" and change.action == "configure"


def test_hosts_that_are_not_made_yet_are_new(world: World) -> None:
    unit = replace(world.note(()), host_source=HostSource("fleet@aws"))
    assert world.plan(unit).changes == (Change(unit.name, "new hosts", "create", reason="new host: everything"),)
    assert "PRV-7204" in world.plan(replace(unit, host_source=None)).failure


def test_failures_say_task_cause_and_code(world: World) -> None:
    unit = replace(world.note((HERE,)), source=str(PLAYBOOKS / "broken/site.yml"), outputs={})
    planned = world.plan(unit)
    assert "the check broke off" in planned.unpreviewed and "the disk is full" in planned.unpreviewed
    ended = world.deliver(world.step(unit)).ended
    assert ended.state == "failed"
    assert ended.failed_hosts == {"here": "PRV-4201 Ask for the impossible: exit code 3\n  the disk is full"}

    nonsense = world.plan(replace(unit, source=str(PLAYBOOKS / "broken/syntax.yml")))
    assert nonsense.failure.startswith("PRV-4202 couldn't resolve module/action 'no_such_module_anywhere'")
    gone = replace(unit, source="/nowhere/site.yml")
    assert "its playbook is gone" in world.plan(gone).failure
    assert "its playbook is gone" in world.deliver(world.step(gone)).ended.message


def users_project(folder: Path) -> Path:
    """A user's own playbook with roles, group_vars and a vault, and an ansible.cfg beside app.yaml."""
    shutil.copytree(PLAYBOOKS / "custom", folder / "greet")
    (folder / "vault.pass").write_text("open sesame")
    (folder / "ansible.cfg").write_text("[defaults]\nvault_password_file = vault.pass\nstdout_callback = minimal\n")
    vault = str(Path(sys.executable).with_name("ansible-vault"))
    subprocess.run([vault, "encrypt", "greet/group_vars/web.yml"], cwd=folder, check=True, capture_output=True)
    return folder / "greet/site.yml"


def test_a_users_own_playbook_is_called_as_it_is(world: World, tmp_path: Path) -> None:
    host = local_host(groups=("web",), vars={"greeting_path": str(tmp_path / "greeting")})
    unit = Unit("greet@lab", "greet", "greet", "lab", "ansible", str(users_project(tmp_path)), inputs={"greeting_name": "world"}, hosts=(host,),
                outputs={"words": "${module.words}", "text": "<${module.greeted}>"})
    planned = world.plan(unit)
    assert planned.unpreviewed == "1 task cannot be checked: Count the words"
    (change,) = planned.changes
    # the word is out of the vault
    assert change.files == (FileDiff("greeting.j2", None, "(secret) world on Linux\n"),)
    assert change.tasks == ("Write the greeting", "Count the words (cannot be checked)")

    told = world.deliver(world.step(unit, planned.changes))
    assert told.ended.state == "done", told.ended.message
    assert told.ended.outputs == {"words": 4, "text": "<world was greeted>"}
    assert (tmp_path / "greeting").read_text() == "Hail world on Linux\n"

    nobody = world.deliver(world.step(replace(unit, hosts=(replace(host, groups=()),)), planned.changes)).ended
    assert nobody.state == "failed" and "no play of the playbook names it" in nobody.message
    # no playbook for removal: what it made stays, and that is said
    assert world.deliver(world.step(unit, kind="remove")).ended.state == "done"


TELLING = """
- hosts: all
  gather_facts: false
  vars_files: [whole.yml]
  tasks:
    - name: Write what it knows
      ansible.builtin.copy: {content: "{{ inline }} {{ pin }} {{ plain }}", dest: "{{ told_path }}", mode: "0600"}
    - ansible.builtin.debug: {msg: "{{ inline }} and {{ pin }}"}
    - ansible.builtin.set_stats:
        data: {token: "<{{ inline }}>", pin: "{{ pin }}", plain: "{{ plain }}", port: 4711}
      run_once: true
"""


def test_what_a_vault_holds_is_stored_and_shown_nowhere(world: World, tmp_path: Path) -> None:
    """Values of its files and single ones (`!vault`), also where they stand in an output; a number that looks like one is left alone."""
    (tmp_path / "vault.pass").write_text("open sesame")
    (tmp_path / "ansible.cfg").write_text("[defaults]\nvault_password_file = vault.pass\n")
    (tmp_path / "tell").mkdir()
    (tmp_path / "tell/site.yml").write_text(TELLING)
    (tmp_path / "tell/whole.yml").write_text("pin: '4711'\nplain: true\n")
    vault = str(Path(sys.executable).with_name("ansible-vault"))
    inline = subprocess.run([vault, "encrypt_string", "--name", "inline", "in line-9f"], cwd=tmp_path, check=True, capture_output=True, text=True)
    subprocess.run([vault, "encrypt", "tell/whole.yml"], cwd=tmp_path, check=True, capture_output=True)
    (tmp_path / "tell/group_vars").mkdir()
    (tmp_path / "tell/group_vars/all.yml").write_text(inline.stdout)
    unit = Unit("tell@lab", "tell", "tell", "lab", "ansible", str(tmp_path / "tell/site.yml"), inputs={"told_path": str(tmp_path / "told")},
                hosts=(local_host(),), outputs={name: "${module.%s}" % name for name in ("token", "pin", "plain", "port")})
    planned = world.plan(unit)
    assert planned.changes[0].files[0].after == "(secret) (secret) True"

    told = world.deliver(world.step(unit, planned.changes))
    assert (tmp_path / "told").read_text() == "in line-9f 4711 True"
    assert told.ended.state == "failed" and told.ended.message.startswith("PRV-4206 token, pin: a secret came out"), told.ended.message
    assert "in line-9f" not in repr(told.events)
    assert found_in(world.state, "in line-9f") == []
    assert world.deliver(world.step(replace(unit, outputs={"plain": "${module.plain}", "port": "${module.port}"}))).ended.outputs == {
        "plain": True, "port": 4711}


def test_a_users_own_inventory_keeps_its_variables_and_groups(world: World, tmp_path: Path) -> None:
    users_project(tmp_path)
    (tmp_path / "hosts.ini").write_text(
        f"[web]\nhere ansible_connection=local greeting_path={tmp_path}/g ansible_python_interpreter={sys.executable}\n")
    (tmp_path / "host_vars").mkdir()
    (tmp_path / "host_vars/here.yml").write_text("greeting_name: inventory\n")
    host = local_host(groups=("web",), vars={"greeting_path": "/not/this/one"})
    world = World.on(tmp_path, (host,), inventory="hosts.ini")
    unit = Unit("greet@lab", "greet", "greet", "lab", "ansible", str(tmp_path / "greet/site.yml"), hosts=(host,))
    assert world.deliver(world.step(unit)).ended.state == "done"
    assert (tmp_path / "g").read_text() == "Hail inventory on Linux\n"
    assert "/not/this/one" not in (world.site().work / "ansible/greet@lab/inventory.json").read_text()


def test_a_secret_is_found_nowhere(world: World, tmp_path: Path) -> None:
    chatty = tmp_path / "chatty"
    chatty.mkdir()
    (chatty / "site.yml").write_text("""
- hosts: all
  gather_facts: false
  tasks:
    - debug: {msg: "the pin is {{ pin }}"}
    - debug: {var: vars.deep}
    - copy: {dest: "%s", content: "{{ pin }}"}
    - command: {argv: [sh, -c, 'ps axwwe >%s; printenv PIN >&2; exit 1']}
      environment: {PIN: "{{ pin }}"}
      check_mode: false
""" % (tmp_path / "pin", tmp_path / "listing"))
    host = local_host(vars={"ansible_become_password": "${secret.sudo}", "token": "${secret.token}"})
    unit = Unit("chatty@lab", "chatty", "chatty", "lab", "ansible", str(chatty / "site.yml"), hosts=(host,),
                inputs={"pin": "${secret.pin}", "deep": {"list": ["a", "${secret.pin}"]}})
    planned = world.plan(unit)
    told = world.deliver(world.step(unit, planned.changes))
    assert told.ended.state == "failed" and "(secret)" in told.ended.message
    assert (tmp_path / "pin").read_text() == CANARY
    assert "canary-7f3e" not in repr(planned) + repr(told.events)
    # the one task that was given it in its environment shows it there; nothing of ours does
    listing = [line for line in (tmp_path / "listing").read_text().splitlines() if "canary-7f3e" in line and "PIN=" not in line]
    assert listing == []
    assert found_in(tmp_path / ".provision", "canary-7f3e") == []
    note = (world.site().work / "ansible/chatty@lab/command").read_text().splitlines()[0]
    assert "pin, deep, provision_host_secrets" in note


def test_outputs_that_are_not_set_or_hold_a_secret_fail_the_step(world: World, tmp_path: Path) -> None:
    (tmp_path / "site.yml").write_text("""
- hosts: all
  gather_facts: false
  tasks:
    - set_stats: {data: {word: "{{ pin }}", plain: 1}}
""")
    unit = Unit("out@lab", "out", "out", "lab", "ansible", str(tmp_path / "site.yml"), hosts=(HERE,), inputs={"pin": "${secret.pin}"},
                outputs={"word": "${module.word}"})
    clear = world.deliver(world.step(unit)).ended
    assert clear.state == "failed" and "PRV-4206 word" in clear.message and clear.outputs == {}
    assert "PRV-4206" in world.deliver(world.step(replace(unit, outputs={"a": "${module.plain}"}, sensitive=("a",)))).ended.message
    lacking = world.deliver(world.step(replace(unit, outputs={"colour": "${module.colour}"}))).ended
    assert lacking.state == "failed" and "PRV-4205 the playbook did not set: colour; it gave: word, plain" in lacking.message


def test_run_by_hand_changes_nothing(world: World, tmp_path: Path) -> None:
    unit = world.note((HERE,), note_path=str(tmp_path / "note"), note_secret="plain")
    assert world.apply(unit).ended.state == "done"
    command = world.site().work / "ansible/note@lab/command"
    environ = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(["sh", str(command)], capture_output=True, text=True, env=environ, check=False)
    assert done.returncode == 0 and "changed=0" in done.stdout, done.stdout + done.stderr


def test_removal_uses_the_kept_copy_when_the_playbook_is_gone(world: World, tmp_path: Path) -> None:
    shutil.copytree(PLAYBOOKS / "note", tmp_path / "mine")
    unit = replace(world.note((HERE,), note_path=str(tmp_path / "note")), source=str(tmp_path / "mine/site.yml"),
                   remove_source=str(tmp_path / "mine/remove.yml"))
    assert world.apply(unit).ended.state == "done"
    shutil.rmtree(tmp_path / "mine")
    assert world.deliver(world.step(unit, kind="remove")).ended.state == "done"
    assert not (tmp_path / "note").exists()
    shutil.rmtree(tmp_path / ".provision/sources")
    assert "PRV-4208" in world.deliver(world.step(unit, kind="remove")).ended.message


def test_cancel_ends_the_play_with_all_its_processes(world: World, tmp_path: Path) -> None:
    unit = world.note((HERE,), note_path=str(tmp_path / "note"), note_pause=600)
    step = world.step(unit)
    folder = folders.step_folder(world.site().work, unit.name)
    told = Told()

    async def cancelled() -> None:
        request = BatchRequest(step.name, (step,), hosts={unit.name: unit.hosts})
        delivery = asyncio.create_task(world.engine.deliver(request, world.site(), told))
        while not (tmp_path / "note.begun").exists():
            await asyncio.sleep(0.05)
        await world.engine.cancel(hard=True)
        await delivery

    asyncio.run(cancelled())
    assert told.ended.state == "interrupted" and "PRV-4209" in told.ended.message
    # what was killed hard takes a moment to go
    assert until(lambda: not processes.marked(str(folder))) and not Path(folders.runtime(folder)).exists()
    assert world.deliver(step).ended.state == "interrupted", "nothing new is started after a cancel"


KILLED = """
import asyncio, sys
from pathlib import Path
from provisioner.engine import BatchRequest
from tests.integration.ansible_world import World, local_host
world = World.on(Path(sys.argv[1]), (local_host(),))
unit = world.note((local_host(),), note_path=sys.argv[1] + "/note", note_pause=600)
world.deliver(world.step(unit))
"""


@pytest.mark.parametrize("also_the_child", [False, True])
def test_kill_9_leaves_no_process(tmp_path: Path, also_the_child: bool) -> None:
    parent = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)], cwd=DATA.parents[1])
    world = World.on(tmp_path, (HERE,))
    unit = world.note((HERE,), note_path=str(tmp_path / "note"))
    folder = folders.step_folder(world.site().work, unit.name)
    assert until((tmp_path / "note.begun").exists)
    assert len(processes.marked(str(folder))) >= 3
    runtime = folders.runtime(folder)
    if also_the_child:
        (child,) = [process for process in processes.marked(str(folder)) if process.parent == parent.pid]
        os.kill(child.pid, signal.SIGKILL)
    parent.kill()
    parent.wait()
    if also_the_child:
        step = world.step(unit)
        told = Told()
        assert asyncio.run(world.engine.adopt(BatchRequest(step.name, (step,)), world.site(), told)) == ()
        assert told.events == []
    assert until(lambda: not processes.marked(str(folder), runtime))
    assert until(lambda: not Path(runtime).exists())
    assert world.deliver(world.step(unit)).ended.state == "done"


def test_plans_of_several_threads_do_not_disturb_each_other(world: World, tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor
    units = [replace(world.note((HERE,), note_path=str(tmp_path / f"note{n}")), name=f"note{n}@lab") for n in range(4)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(world.plan, units))
    assert [answer.changes[0].files[0].path for answer in answers] == [str(tmp_path / f"note{n}") for n in range(4)]


def test_removed_units_whose_hosts_are_made_elsewhere(world: World) -> None:
    unit = replace(world.note(()), host_source=HostSource("fleet@aws"), remove_source="")
    fleet = Delivered(Unit("fleet@aws", "fleet", "vm", "aws", "terraform"), "delivered", hosts=(HERE,))
    answer = world.engine.plan(PlanRequest(unit.name, (), (delivered(unit),), {"fleet@aws": fleet}), world.site())[unit.name]
    assert [(change.address, change.action) for change in answer.changes] == [("here", "forget")]


def test_a_missing_ssh_is_a_missing_tool(tmp_path: Path) -> None:
    host = replace(HERE, connection="ssh")
    world = World.on(tmp_path, (host,))
    site = replace(world.site(), environ={"PATH": str(tmp_path)})
    unit = world.note((host,))
    with pytest.raises(Missing, match="ssh is not installed"):
        world.engine.plan(PlanRequest(unit.name, (unit,), (), {}, {unit.name: unit.hosts}), site)
    told, step = Told(), world.step(unit)
    asyncio.run(world.engine.deliver(BatchRequest(step.name, (step,), hosts={unit.name: unit.hosts}), site, told))
    assert told.ended.missing and "PRV-7203" in told.ended.message
