"""The simulator's process in trouble: several commands at once, one that fails to start, a folder that goes. See test_simulator.py for the rest."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioner.errors import ProvisionError
from provisioner.process import identity
from provisioner.sandbox import simulator

PROGRAM = """
import sys
from pathlib import Path
from provisioner.sandbox import simulator
sys.stdin.readline()
found = simulator.start(Path(sys.argv[1]))
print(found.pid, found.port, found.fresh)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "shop"
    place.mkdir()
    yield place
    if place.exists():
        simulator.stop(place)


def gone(server: identity.Identity) -> None:
    for _ in range(12000):
        if not identity.alive(server):
            return
        threading.Event().wait(0.05)
    raise AssertionError(f"{server} still runs")


def who(found: simulator.Simulator) -> identity.Identity:
    server = identity.of(found.pid)
    assert server is not None
    return server


def test_two_commands_at_once_start_one_server_which_outlives_both(folder: Path) -> None:
    commands = [subprocess.Popen([sys.executable, "-c", PROGRAM, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
                for _ in range(2)]
    for command in commands:
        assert command.stdin
        command.stdin.write("go\n")
        command.stdin.flush()
    answers = [command.communicate()[0] for command in commands]
    found = simulator.find(folder)
    assert found is not None and answers == [f"{found.pid} {found.port} False\n"] * 2
    stat = Path(f"/proc/{found.pid}/stat")
    if stat.exists():
        assert stat.read_text().rpartition(")")[2].split()[3] == str(found.pid), "it has a session of its own"


def test_one_that_ends_while_it_starts_is_said_at_once_and_the_loss_is_not_forgotten(folder: Path) -> None:
    before = simulator.start(folder)
    os.kill(before.pid, signal.SIGKILL)
    place = folder / ".provision" / "simulator"
    (place / "server.new").mkdir()
    with pytest.raises(ProvisionError) as caught:
        simulator.start(folder)
    assert caught.value.code == "PRV-7502" and "server.new" in caught.value.message and "server.log" in caught.value.hint
    (place / "server.new").rmdir()
    assert simulator.start(folder).fresh


@pytest.mark.parametrize("record", [{"boot": "another/1"}, {"start": "1"}, {"port": "no"}, {"pid": "no"}, {"pid": None}])
def test_a_record_that_names_nobody_starts_a_fresh_one(folder: Path, record: dict[str, object]) -> None:
    place = folder / ".provision" / "simulator"
    place.mkdir(parents=True)
    me = identity.me()
    whole = {"pid": me.pid, "start": me.start, "boot": me.boot, "port": 1, "started": ""}
    if "port" in record:
        whole["pid"] = 2**22 + 7
    (place / "server.json").write_text(json.dumps(whole | record))
    assert simulator.find(folder) is None and simulator.stop(folder) is False
    assert simulator.start(folder).fresh


def test_it_ends_when_its_folder_goes(folder: Path) -> None:
    server = who(simulator.start(folder))
    shutil.rmtree(folder)
    gone(server)


def test_it_ends_when_another_one_took_its_record(folder: Path) -> None:
    server = who(simulator.start(folder))
    record = folder / ".provision" / "simulator" / "server.json"
    record.write_text(json.dumps(json.loads(record.read_text()) | {"pid": 1}))
    gone(server)


def test_a_port_that_is_taken_is_not_waited_for(folder: Path) -> None:

    first = simulator.start(folder)
    simulator.stop(folder)
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", first.port))
        taken.listen()
        second = simulator.start(folder)
    assert second.fresh and second.port != first.port


def test_real_credentials_are_not_in_its_environment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in simulator.CREDENTIALS:
        monkeypatch.setenv(name, "real-7731")
    found = simulator.start(folder)
    environ = Path(f"/proc/{found.pid}/environ")
    if environ.exists():
        assert b"real-7731" not in environ.read_bytes()
