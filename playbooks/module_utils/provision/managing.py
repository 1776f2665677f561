"""What a service manager is asked, and which one this host has. The two that exist are `systemd` and `supervisor`."""

from __future__ import annotations

from dataclasses import dataclass, field

from ansible.module_utils.provision.files import Wish


@dataclass(frozen=True)
class Program:
    """One program as it shall run."""

    name: str
    command: tuple[str, ...]
    """Absolute path (or a word to be looked up) and arguments."""
    folder: str
    description: str = ""
    header: str = ""
    user: str = ""
    environ: dict[str, str] = field(default_factory=dict)
    """Not secret, part of the unit."""
    env_file: str = ""
    low_port: bool = False
    """It listens below 1024."""


@dataclass(frozen=True)
class State:
    """How a program is."""

    known: bool = False
    """The manager has heard of it."""
    enabled: bool = False
    running: bool = False
    settled: bool = False
    """Running, and not just about to be started again."""
    words: str = "not there"
    fresh: bool = True
    """What the manager has loaded is what lies on the disk."""
    restarts: int = 0
    broken: bool = False
    """It failed and will not be started again by itself."""


class Manager:
    """The verbs of a service manager; all of them raise Failed in the manager's own words."""

    def unit_files(self, program: Program) -> list[Wish]:
        """The files by which the manager knows the program."""
        raise NotImplementedError

    def unit_name(self, name: str) -> str:
        """How the program is called in words ("api.service")."""
        raise NotImplementedError

    def state(self, name: str) -> State:
        """How the program is."""
        raise NotImplementedError

    def awake(self) -> bool:
        """True when the manager itself runs."""
        return True

    def wake(self) -> None:
        """Start the manager."""

    def load(self, name: str) -> None:
        """Read the changed files of the program."""
        raise NotImplementedError

    def enable(self, name: str) -> None:
        """Have it started at boot."""
        raise NotImplementedError

    def restart(self, name: str) -> None:
        """Start it, or stop and start it."""
        raise NotImplementedError

    def stop(self, name: str) -> None:
        """Stop it for good; nothing when it does not run."""
        raise NotImplementedError

    def forget(self, name: str) -> None:
        """After its files are gone."""
        raise NotImplementedError

    def log(self, name: str, lines: int = 15) -> str:
        """Its last lines."""
        raise NotImplementedError
