"""Provision is killed with -9 while Terraform works: it goes on, is adopted, and nothing is made twice. Budget: 40 s."""

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioner.engine import Planned
from provisioner.engines.terraform import journal
from provisioner.model import Unit
from provisioner.process import identity
from tests.integration.terraform_world import World, kill_while, unit

UNITS = """
units = ({units})
world.plan(*units)
world.deliver(world.request(*units, as_planned=True))
"""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    found = World(tmp_path)
    found.plans = 1
    yield found
    (found.folder / "go").touch()


def slow(world: World) -> Unit:
    """A unit whose making ends when the test makes a file `go`, and not before."""
    return unit("slow", "slow", name="s", go=str(world.folder / "go"), log=str(world.folder / "log"))


def die(world: World) -> None:
    """Kill the one who delivers a quick and a slow unit while the slow one is being made and the quick one is in the state."""
    (world.folder / "go").unlink(missing_ok=True)
    given = {name: slow(world).inputs[name] for name in ("go", "log")}
    code = UNITS.format(units=f"unit('quick', 'plain', name='a'), unit('slow', 'slow', name='s', **{given!r})")
    kill_while(world, code, lambda: all(path.exists() and words in path.read_text()
                                        for path, words in ((world.folder / "log", "begun"), (world.state_file, "module.quick"))))


def end(process: identity.Identity) -> None:
    """Wait until Terraform has ended."""
    while identity.alive(process):
        time.sleep(0.05)


def test_terraform_goes_on_and_is_followed_to_its_end(world: World) -> None:
    die(world)
    entry = journal.read(world.root)
    assert entry is not None and entry.process is not None and identity.alive(entry.process)
    units = (unit("quick", "plain", name="a"), slow(world))
    world.plans += 1
    world.plan(*units)  # shows what is left while it is under way; a work folder of its own
    world.plans = 1
    (world.folder / "go").touch()
    names, ended = world.adopt(world.request(*units))
    assert set(names) == {"quick@t", "slow@t"} and {one.state for one in ended.values()} == {"done"}
    assert ended["slow@t"].outputs == {"name": "s"} and ended["slow@t"].changed
    assert (world.folder / "log").read_text() == "begun\ndone\n"
    assert not identity.alive(entry.process)
    assert not list(world.root.glob("batch*.tfplan")) and world.adopt(world.request(*units)) == ((), {})
    world.plan(*units)
    assert all(not answer.changes for answer in world.planned.values())


def test_a_finished_terraform_is_read_from_what_it_left(world: World) -> None:
    die(world)
    entry = journal.read(world.root)
    assert entry is not None and entry.process is not None
    (world.folder / "go").touch()
    end(entry.process)
    units = (unit("quick", "plain", name="a"), slow(world))
    world.planned = dict.fromkeys(["quick@t", "slow@t"], Planned())
    names, ended = world.adopt(world.request(*units))
    assert set(names) == {"quick@t", "slow@t"} and ended["quick@t"].outputs == {"name": "a"}


def test_terraform_killed_too_leaves_the_unfinished_one_to_be_made(world: World) -> None:
    die(world)
    entry = journal.read(world.root)
    assert entry is not None and entry.process is not None
    os.kill(entry.process.pid, signal.SIGKILL)
    end(entry.process)
    (world.folder / "go").touch()
    units = (unit("quick", "plain", name="a"), slow(world))
    world.plans += 1
    world.plan(*units)
    shown = world.planned
    world.plans = 1
    names, ended = world.adopt(world.request(*units))
    assert names == ("quick@t",) and ended["slow@t"].state == "interrupted"
    assert json.loads((world.state_file.parent / "interrupted.json").read_text()) == ["module.slow.terraform_data.this"]
    world.planned = shown
    again = world.deliver(world.request(units[1], root=units, attempt=2))
    assert again["slow@t"].state == "done"
    assert not (world.state_file.parent / "interrupted.json").exists()


def test_a_pid_that_was_noted_but_not_recorded_is_found(world: World) -> None:
    die(world)
    entry = journal.read(world.root)
    assert entry is not None and entry.process is not None
    unrecorded = journal.with_process(entry, None)
    assert journal.living(world.root, unrecorded) == entry.process
    (world.folder / "go").touch()
    end(entry.process)
    assert journal.living(world.root, unrecorded) is None
    (world.root / journal.PID_FILE).write_text(str(os.getpid()))
    assert journal.living(world.root, unrecorded) is None, "another's process"
