"""What a killed controller left at work on a unit is waited for, and nothing of the lock stays."""

import os
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import tests.unit.playbooks  # noqa: F401  isort: skip
from ansible.module_utils.provision import exclusion


def context(folder: Path, unit: str = "api") -> Any:
    return SimpleNamespace(units=str(folder), app="shop", unit=unit)


def at_work(folder: Path, sign: Path, go: Path) -> int:
    """A process that works on the unit until a file `go` is there and leaves a sign at its end; it has the lock when this returns."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        with exclusion.one_at_a_time(context(folder)):
            os.write(writing, b"x")
            while not go.exists():
                time.sleep(0.02)
            sign.write_text("ended")
            os._exit(0)
    os.read(reading, 1)
    return pid


def test_the_second_waits_for_the_first_and_another_unit_does_not(tmp_path: Path) -> None:
    sign, go = tmp_path / "sign", tmp_path / "go"
    pid = at_work(tmp_path, sign, go)
    with exclusion.one_at_a_time(context(tmp_path, "web")):
        assert not sign.exists()
    # while the next line waits, as a rule
    threading.Timer(0.2, go.touch).start()
    with exclusion.one_at_a_time(context(tmp_path)):
        assert sign.exists()
    os.waitpid(pid, 0)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["go", "sign"]


def test_waiting_has_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exclusion, "UNIT_SECONDS", 0.0)
    with exclusion.one_at_a_time(context(tmp_path)), pytest.raises(Exception, match="still works on this host"), \
            exclusion.one_at_a_time(context(tmp_path)):
        pass
