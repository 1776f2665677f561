"""What a service manager is asked, and which one this host has. The two that exist are `systemd` and `supervisor`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from ansible.module_utils.provision.files import Wish
from ansible.module_utils.provision.quantities import Limits


@dataclass(frozen=True)
class Container:
    """The image that a program runs in, and what podman has to be told beside it."""

    image: str
    """What podman knows it by: the id of an image from an archive, else its name."""
    quadlet: bool = False
    """podman makes the unit from a file of ours; else we write the unit."""
    entry: tuple[str, ...] = ()
    """In place of the image's entry point; empty: the image's own."""
    user: str = ""
    """In the container; empty: the image's own."""
    publish: tuple[str, ...] = ()
    """`8080:80/tcp`: port of the host, port in the container."""
    volumes: tuple[str, ...] = ()
    """`SOURCE:PATH[:OPTIONS]`."""
    memory_folders: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    annotations: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    """`NAME:ADDRESS` that it knows beside DNS."""


@dataclass(frozen=True)
class Course:
    """When a program runs, and when it is started anew."""

    kind: Literal["service", "task", "timer"] = "service"
    retry: bool = False
    """A task or timer that failed is tried again."""
    retries: int = 0
    seconds: int = 0
    """A run of a task or timer ends after that many; 0: whenever it ends."""
    calendars: tuple[str, ...] = ()
    """Lines of OnCalendar."""
    overlap: Literal["Allow", "Forbid", "Replace"] = "Forbid"
    suspended: bool = False
    catch_up: bool = True
    """The last run that the host missed is made up for."""


@dataclass(frozen=True)
class Watch:
    """A companion that asks whether a program still works, and starts it anew when it does not."""

    probe: str = ""
    """OAM's probe as JSON; empty: there is no companion."""
    script: str = ""
    """Where its script lies."""


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
    course: Course = field(default_factory=Course)
    container: Container | None = None
    limits: Limits = field(default_factory=Limits)
    binds: tuple[str, ...] = ()
    """Without a container: lines such as `BindPaths=/srv/data:/data`."""
    after_start: tuple[str, ...] = ()
    before_stop: tuple[str, ...] = ()
    watch: Watch = field(default_factory=Watch)

    @property
    def template(self) -> str:
        """`@` when several runs of it may be under way at one time."""
        return "@" if self.course.kind == "timer" and self.course.overlap == "Allow" else ""


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

    def unit_paths(self, name: str) -> list[str]:
        """Where a file may lie by which the manager knows a program of this name."""
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

    def disable(self, name: str) -> None:
        """No longer have it started at boot; it goes on running."""
        raise NotImplementedError

    def run(self, name: str, tries: int, seconds: int) -> None:
        """Start what runs to its end, and wait for that; so many tries, 0 seconds is without a limit."""
        raise NotImplementedError

    def last_run(self, name: str) -> str:
        """How the last run of what a timer starts failed; empty when it did not, or there was none."""
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
