"""Kills provision with -9 at a chosen moment, and looks at what is left of a run: its processes, its journal."""

import json
import os
import subprocess
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

from provisioner.sandbox import faults
from tests.e2e.conftest import Project

PATIENCE = 600.0
"""Seconds for the moment to come, and for what must end to end. A limit, nothing that is measured."""
Moment = Callable[[str], bool]
"""True when it is time to kill; given what provision has written to stderr until now."""


def said(words: str) -> Moment:
    """The moment when a line says these words."""
    return lambda told: words in told


def kill_at(project: Project, moment: Moment, *arguments: str) -> str:
    """Run a command and kill its process, and no other, at the moment; what it had said. Fails when it ends before."""
    told = project.folder / "stderr"
    with open(told, "wb") as stderr:
        process = subprocess.Popen([*project.command, *arguments], cwd=project.folder, env=project.environ, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=stderr, start_new_session=True)
    try:
        until(lambda: process.poll() is not None or moment(told.read_text(errors="replace")))
        assert process.poll() is None, f"ended with {process.returncode} before it was killed\n{told.read_text()}"
    finally:
        process.kill()
        process.wait()
    return told.read_text(errors="replace")


def until(true: Callable[[], bool]) -> None:
    """Wait for something to become true; fails after PATIENCE."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def processes(project: Project) -> dict[int, str]:
    """Pid and command line of what belongs to the project: its folder is in its arguments, its environment, or is where it works."""
    folder, found = str(project.folder), {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                about = words + (entry / "environ").read_bytes().decode(errors="replace") + os.readlink(entry / "cwd")
            except OSError:
                continue
            if folder in about:
                found[int(entry.name)] = words.strip()
    return found


def none_left(project: Project) -> None:
    """Wait until nothing of the project runs: what was killed takes a moment to go. Fails with what stays."""
    end = time.monotonic() + PATIENCE
    while (found := processes(project)) and time.monotonic() < end:
        time.sleep(0.1)
    assert found == {}


def without_terraform(project: Project) -> dict[int, str]:
    """The same, without Terraform, which is left to finish, and its providers."""
    return {pid: words for pid, words in processes(project).items() if "terraform" not in os.path.basename(words.partition(" ")[0])}


def steps(project: Project) -> dict[str, tuple[str, int]]:
    """State and attempt of each step of the newest run."""
    shown = project.json("show")
    return {step["step"]: (step["state"], step["attempt"]) for step in shown["steps"]}


class Cloud:
    """The control address of a simulated cloud."""

    def __init__(self, endpoint: str) -> None:
        self._url = endpoint + faults.PATH

    def fault(self, **rule: object) -> None:
        """Refuse or delay calls from now on."""
        self._ask("POST", json.dumps(rule).encode())

    def mend(self, service: str = "") -> None:
        """No faults any more, or none of a service."""
        self._ask("DELETE", None, f"?service={service}" if service else "")

    def _ask(self, method: str, body: bytes | None, query: str = "") -> None:
        with urllib.request.urlopen(urllib.request.Request(self._url + query, body, method=method), timeout=120) as answer:
            answer.read()
