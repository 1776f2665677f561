"""Where the lab keeps things: the cache of root file systems, shared by all labs, and the folder of each running lab.

Knows paths and runs commands; builds and boots nothing.
"""

import fcntl
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


class LabError(Exception):
    """The lab cannot do what was asked; the message says why."""


def home() -> Path:
    """The lab's folder: PROVISION_LAB, or ~/.cache/provision-lab."""
    return Path(os.environ.get("PROVISION_LAB") or Path.home() / ".cache" / "provision-lab").absolute()


@dataclass(frozen=True)
class Cache:
    """Root file systems and the key pair that opens every host."""

    folder: Path

    @property
    def key(self) -> Path:
        return self.folder / "id_ed25519"

    @property
    def base(self) -> Path:
        return self.folder / "base"

    @property
    def layer(self) -> Path:
        return self.folder / "layer-full"

    @property
    def trixie(self) -> Path:
        return self.folder / "trixie"

    @property
    def packages(self) -> Path:
        """An apt repository of the packages that Debian 12 hosts may install; hosts see it as /srv/labrepo."""
        return self.folder / "repo"

    @property
    def trixie_packages(self) -> Path:
        """The same for Debian 13."""
        return self.folder / "repo-trixie"


def cache(recipe: str) -> Cache:
    """The cache of what was built by this recipe, its folder made when missing."""
    folder = home() / "cache" / recipe
    folder.mkdir(parents=True, exist_ok=True)
    return Cache(folder)


def runs() -> Path:
    """The folder with one folder for each running lab."""
    folder = home() / "run"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def alone(what: str) -> Iterator[None]:
    """One process at a time does `what` (build the root file system, claim a number)."""
    with open(home() / f"{what}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def run(*command: str, check: bool = True, **options: object) -> subprocess.CompletedProcess[str]:
    """Run a command quietly; raises LabError with its last lines when it fails and `check` is set."""
    settings = {"text": True, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "stdin": subprocess.DEVNULL, **options}
    if "input" in options:
        del settings["stdin"]
    done: subprocess.CompletedProcess[str] = subprocess.run(command, check=False, **settings)  # type: ignore[call-overload]
    if check and done.returncode:
        raise LabError(f"{' '.join(command)[:300]} ended with {done.returncode}\n{(done.stdout or '')[-2000:]}")
    return done


def script(text: str, log: Path | None = None) -> None:
    """Run a bash script that stops at its first error; with `log` its output goes there."""
    if log is None:
        run("bash", "-ec", text)
        return
    with open(log, "w") as stream:
        done = subprocess.run(["bash", "-ec", text], stdout=stream, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, check=False)
    if done.returncode:
        raise LabError(f"building failed, see {log}:\n{log.read_text(errors='replace')[-2000:]}")
