"""One host: a disk of its own on a shared root file system, booted with systemd, and all that can happen to a machine."""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.lab.network import Network
from tests.lab.place import Cache, LabError, run

CGROUPS = next((path for path in (Path("/sys/fs/cgroup/unified"), Path("/sys/fs/cgroup")) if path.is_dir()), Path("/sys/fs/cgroup"))
LAUNCH = Path(__file__).with_name("launch.sh")
PATIENCE = 120.0
"""Seconds for the kernel to do what it was told; a limit for busy machines."""


@dataclass(frozen=True)
class Facts:
    """What a host is made of; kept in its folder as host.json."""

    name: str
    index: int
    """Its number in the lab, from 1; gives its address and its cable."""
    lower: tuple[str, ...]
    """Folders of the root file system, top layer first."""
    disk: str = ""
    """Size of its disk ("64m") when it shall be able to run full; empty: as large as this machine's."""


class Machine:
    """A host of a lab. What it does to the host is what happens to machines: power, network, disk."""

    def __init__(self, folder: Path, facts: Facts, network: Network, cache: Cache) -> None:
        self.folder = folder
        self.name = facts.name
        self.address = network.address(facts.index)
        self.facts = facts
        self._network = network
        self._cache = cache
        self._group = f"provision-lab/{network.number}/{facts.name}"

    @classmethod
    def read(cls, folder: Path, network: Network, cache: Cache) -> "Machine":
        """The host that was made in this folder."""
        stored = json.loads((folder / "host.json").read_text())
        return cls(folder, Facts(**{**stored, "lower": tuple(stored["lower"])}), network, cache)

    def make(self) -> None:
        """Give it a disk, a host key and a cable."""
        for name in ("root", "containers", "disk"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        if self.facts.disk:
            run("mount", "-t", "tmpfs", "-o", f"size={self.facts.disk},mode=755", f"lab-{self.name}", str(self.folder / "disk"))
        (self.folder / "host.json").write_text(json.dumps(asdict(self.facts)))
        self._seed()
        self._network.plug(self.facts.index)

    def public_key(self) -> str:
        """Its SSH host key as it lies on its disk: type and base64; empty before it has one."""
        key = self._up / "etc/ssh/ssh_host_ed25519_key.pub"
        return " ".join(key.read_text().split()[:2]) if key.exists() else ""

    # ------------------------------------------------------------------ power
    def running(self) -> bool:
        """True when it has power."""
        return bool(self._processes())

    def start(self, wait: float = 300) -> None:
        """Boot it, disk as it was left, and wait until SSH answers (seconds; 0: do not wait). Raises LabError."""
        if not self.running():
            environ = {
                "PATH": os.environ.get("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"), "HOST": self.name, "FOLDER": str(self.folder),
                "MACHINE": f"{self._network.namespace}-{self.name}", "LOWER": ":".join(self.facts.lower), "ADDRESS": self.address,
                "NETNS": self._network.of_host(self.facts.index), "GATEWAY": self._network.gateway, "GROUP": self._group,
                "PACKAGES": str(self._packages()),
            }
            command = ["setsid", "--fork", "unshare", "-m", "--propagation", "private", str(LAUNCH)]
            with open(self.folder / "console.log", "ab") as console:
                subprocess.run(command, env=environ, stdin=subprocess.DEVNULL, stdout=console, stderr=console, cwd="/", check=True)
            # from then on it can be killed
            _until(self.running, PATIENCE)
        if wait and self._network.silent([self.address], wait):
            raise LabError(f"{self.name} did not answer within {wait:.0f} s; its console:\n{self.console()[-2000:]}")

    def _packages(self) -> Path:
        return self._cache.trixie_packages if str(self._cache.trixie) in self.facts.lower else self._cache.packages

    def kill(self) -> None:
        """A power cut: everything in it dies at once."""
        switch = CGROUPS / self._group / "cgroup.kill"
        if not switch.exists():
            return
        switch.write_text("1")
        _until(lambda: not self.running(), PATIENCE)
        _remove_group(CGROUPS / self._group)

    def stop(self, wait: float = PATIENCE) -> None:
        """An orderly shutdown."""
        for pid in self._processes():
            try:
                # nspawn turns SIGTERM into a power off
                if Path(f"/proc/{pid}/comm").read_text().strip() == "systemd-nspawn":
                    os.kill(pid, signal.SIGTERM)
            except OSError:
                pass
        _until(lambda: not self.running(), wait)
        self.kill()

    def freeze(self) -> None:
        """Hang it: its connections stay open and nothing answers."""
        (CGROUPS / self._group / "cgroup.freeze").write_text("1")

    def thaw(self) -> None:
        (CGROUPS / self._group / "cgroup.freeze").write_text("0")

    # ------------------------------------------------------------------ network
    def cut(self) -> None:
        """Pull its network cable."""
        self._network.link(self.facts.index, "down")

    def mend(self) -> None:
        self._network.link(self.facts.index, "up")

    def slow(self, rate: str = "") -> None:
        """Limit its cable both ways to a rate such as 256kbit; empty ends it."""
        self._network.limit(self.facts.index, rate)

    def lose(self, percent: int) -> None:
        """Drop this share of what it sends; 0 ends it."""
        self._network.lose(self.facts.index, percent)

    # ------------------------------------------------------------------ disk
    @property
    def disk(self) -> Path:
        """What was written to its disk since it was made, as this machine sees it: asked without its network."""
        return self.folder / "disk" / "up"

    def fill(self) -> None:
        """Fill its disk to the last byte; only for a host that was made with `disk`."""
        if not self.facts.disk:
            raise LabError("only a host with a disk of its own size can be filled: hosts(1, disk='64m')")
        run("dd", "if=/dev/zero", f"of={self.folder}/disk/filler", "bs=64k", check=False)

    def free(self) -> None:
        (self.folder / "disk" / "filler").unlink(missing_ok=True)

    def rekey(self) -> None:
        """Give it another SSH host key, as a machine that was installed anew has; pinned keys are left as they are."""
        running = self.running()
        self.kill()
        for path in (self._up / "etc/ssh").glob("ssh_host_*"):
            path.unlink()
        self._seed()
        if running:
            self.start()

    def wipe(self) -> None:
        """A fresh machine of the same name and address, with another host key; it is left switched off."""
        self.kill()
        for name in ("disk/up", "disk/wk", "containers"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
        (self.folder / "containers").mkdir()
        self._seed()

    def remove(self) -> None:
        """Take it away with everything on it."""
        self.kill()
        self._network.unplug(self.facts.index)
        disk = self.folder / "disk"
        if os.path.ismount(disk):
            run("umount", "-l", str(disk))
        shutil.rmtree(self.folder, ignore_errors=True)

    def console(self) -> str:
        """What it wrote on its console."""
        path = self.folder / "console.log"
        return path.read_text(errors="replace") if path.exists() else ""

    # ------------------------------------------------------------------ inside
    @property
    def _up(self) -> Path:
        return self.disk

    def _seed(self) -> None:
        """What makes a clone a machine of its own: host key, name, our key where the root file system lacks it."""
        etc = self._up / "etc"
        (etc / "ssh").mkdir(parents=True, exist_ok=True)
        (self.folder / "disk" / "wk").mkdir(exist_ok=True)
        # the upper layer's modes are those of the host's folders, whatever our umask is
        for path in (self._up, etc, etc / "ssh"):
            path.chmod(0o755)
        key = etc / "ssh" / "ssh_host_ed25519_key"
        if not key.exists():
            run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", self.name, "-f", str(key))
        for name, text in (("hostname", f"{self.name}\n"), ("hosts", f"127.0.0.1 localhost\n127.0.1.1 {self.name}\n")):
            (etc / name).write_text(text)
            (etc / name).chmod(0o644)

    def _processes(self) -> list[int]:
        return list(_pids(CGROUPS / self._group))


def _pids(group: Path) -> Iterator[int]:
    for folder, _, _ in os.walk(group):
        # a group may go while we look
        with suppress(OSError):
            yield from map(int, (Path(folder) / "cgroup.procs").read_text().split())


def _remove_group(group: Path) -> None:
    for folder, _, _ in os.walk(group, topdown=False):
        with suppress(OSError):
            os.rmdir(folder)


def end_groups(number: int, names: Iterable[str]) -> None:
    """Remove the control groups of a lab."""
    for name in names:
        _remove_group(CGROUPS / "provision-lab" / str(number) / name)
    _remove_group(CGROUPS / "provision-lab" / str(number))


def _until(done: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if done():
            return
        time.sleep(0.02)
