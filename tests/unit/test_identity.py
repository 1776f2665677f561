"""Who a process is: living, dead, zombie, another one with the same pid, another boot. Real processes."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from provisioner.process import identity


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    yield process
    process.communicate()


def test_this_process_is_alive() -> None:
    me = identity.me()
    assert me.pid == os.getpid() and me.start and me == identity.of(os.getpid()) and identity.alive(me)


def test_a_process_that_ended_is_dead_also_before_it_is_waited_for(child: subprocess.Popen[bytes]) -> None:
    it = identity.of(child.pid)
    assert it is not None and identity.alive(it)
    child.send_signal(signal.SIGKILL)
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert Path(f"/proc/{child.pid}/stat").exists() or sys.platform != "linux"
    assert not identity.alive(it) and identity.of(child.pid) is None
    child.wait()
    assert not identity.alive(it)


@pytest.mark.skipif(sys.platform != "linux", reason="threads of a zombie are seen in /proc")
def test_a_process_whose_first_thread_ended_is_alive_as_long_as_another_runs() -> None:
    program = "import ctypes, sys, threading; threading.Thread(target=sys.stdin.read).start(); ctypes.CDLL(None).pthread_exit(None)"
    process = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE)
    try:
        for _ in range(3000):
            if "Z (zombie)" in Path(f"/proc/{process.pid}/status").read_text():
                break
            threading.Event().wait(0.02)
        it = identity.of(process.pid)
        assert it is not None and identity.alive(it)
    finally:
        process.kill()
        process.communicate()
    assert not identity.alive(it)


@pytest.mark.parametrize("other", [{"start": "1"}, {"boot": "another/1"}, {"pid": 2**22 + 7}, {"pid": 0}, {"pid": -1}])
def test_another_process_is_not_this_one(other: dict[str, object]) -> None:
    assert not identity.alive(replace(identity.me(), **other))  # type: ignore[arg-type]


def test_a_command_name_may_hold_anything(tmp_path: Path) -> None:
    place = tmp_path / "a) Z 1 (b"
    place.symlink_to("/bin/cat")
    process = subprocess.Popen([place], stdin=subprocess.PIPE)
    try:
        it = identity.of(process.pid)
        assert it is not None and it.start.isdigit() and identity.alive(it)
    finally:
        process.communicate()


def test_without_proc_ps_says_the_same(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, child: subprocess.Popen[bytes]) -> None:
    monkeypatch.setattr(identity, "PROC", tmp_path)
    it = identity.of(child.pid)
    assert it is not None and it.start and identity.alive(it)
    child.communicate()
    assert identity.of(child.pid) is None and not identity.alive(it)
    assert identity.of(2**22 + 7) is None
