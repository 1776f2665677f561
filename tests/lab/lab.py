"""A lab: real Debian hosts on this machine in a network of their own, and how to reach them. Everything in it ends with it."""

import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from provisioner import model
from provisioner.process import identity
from tests.lab import machine as machines
from tests.lab.machine import Facts, Machine
from tests.lab.network import NAMESPACES, PREFIX, Network
from tests.lab.place import LabError, alone, cache, runs
from tests.lab.rootfs import prepare, recipe

NUMBERS = range(1, 100)
T = TypeVar("T")


class Lab:
    """One lab. `Lab.open()` for tests (ends with this process, however it ends), `Lab.named()` for one that stays."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.network = Network(int(json.loads((folder / "lab.json").read_text())["number"]))
        self._cache = prepare()
        self._lock = threading.Lock()
        self._guard: subprocess.Popen[bytes] | None = None
        self._index = max((int(path.name) for path in folder.glob("index/*")), default=0)

    @classmethod
    def open(cls) -> "Lab":
        """A lab of this process's own. Raises LabError where none can run."""
        prepare()
        sweep()
        lab = cls(_claim(Path(tempfile.mkdtemp(prefix=f"s{os.getpid()}-", dir=runs())), kept=False))
        lab._guard = _guard(lab.folder.name)
        return lab

    @classmethod
    def named(cls, name: str) -> "Lab":
        """The lab of this name, made when missing; it stays until `close`."""
        prepare()
        folder = runs() / name
        return cls(folder if (folder / "lab.json").exists() else _claim(folder, kept=True))

    # ------------------------------------------------------------------ hosts
    def hosts(
        self, count: int = 1, *, base: bool = False, trixie: bool = False, disk: str = "", target: str = "lab",
        names: Sequence[str] = (), start: bool = True, wait: float = 300,
    ) -> list[model.Host]:
        """So many fresh hosts, booted at once, SSH answering: h1, h2, … counted on through the lab, or `names`.

        Debian 12 with nginx and PostgreSQL installed and off; `base`: without them; `trixie`: Debian 13; `disk`: size of the disk
        ("64m"), which can then be filled; `start=False`: made and left switched off.
        """
        place = prepare(trixie=True) if trixie else self._cache
        lower = (str(place.trixie),) if trixie else (str(place.base),) if base else (str(place.layer), str(place.base))
        made = [self._make(names[number] if names else "", lower, disk) for number in range(count)]
        self._pin()
        if start:
            _together(lambda host: host.start(wait=0), made)
            if wait and self.network.silent([host.address for host in made], wait):
                for host in made:
                    host.start(wait=1)
        return [self._model(host, target) for host in made]

    def machine(self, host: model.Host | str) -> Machine:
        """The machine behind a host: power, network, disk."""
        folder = self.folder / "hosts" / (host if isinstance(host, str) else host.name)
        if not (folder / "host.json").exists():
            raise LabError(f"the lab has no host {folder.name}; it has {', '.join(each.name for each in self.machines()) or 'none'}")
        return Machine.read(folder, self.network, self._cache)

    def machines(self) -> list[Machine]:
        """All machines of the lab, in the order in which they were made."""
        found = [Machine.read(path.parent, self.network, self._cache) for path in (self.folder / "hosts").glob("*/host.json")]
        return sorted(found, key=lambda each: each.facts.index)

    def models(self, target: str = "lab") -> list[model.Host]:
        """All hosts of the lab, as the tool knows hosts."""
        return [self._model(host, target) for host in self.machines()]

    def remove(self, hosts: Iterable[model.Host]) -> None:
        """Take these hosts away."""
        _together(lambda host: self.machine(host).remove(), [host for host in hosts if (self.folder / "hosts" / host.name).exists()])
        self._pin()

    # ------------------------------------------------------------------ reaching them
    @property
    def known_hosts(self) -> Path:
        """Pins the host keys by name and address, as they were when hosts were last made or removed."""
        return self.folder / "known_hosts"

    @property
    def key(self) -> Path:
        """The private key that opens every host as root and as deploy (who may use sudo)."""
        return self._cache.key

    @property
    def ssh_args(self) -> str:
        """What ssh needs to get into the lab's network."""
        return f'-o ProxyCommand="{shlex.join(self.network.inside("nc"))} %h %p"'

    def exec(
        self, command: Sequence[str] | str, *, check: bool = True, timeout: float = 600, **options: object,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command of this machine inside the lab's network (curl …); text output in `stdout` and `stderr`."""
        words = ["bash", "-c", command] if isinstance(command, str) else list(command)
        done: subprocess.CompletedProcess[str] = subprocess.run(  # type: ignore[call-overload]
            self.network.inside(*words),
            check=False, timeout=timeout, **{"text": True, "capture_output": True, "stdin": subprocess.DEVNULL, **options})
        if check and done.returncode:
            raise LabError(f"{shlex.join(words)} ended with {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def ssh(self, host: model.Host | str, command: str, *, check: bool = True, timeout: float = 600) -> subprocess.CompletedProcess[str]:
        """Run a shell command on a host as root."""
        address = self.machine(host).address if isinstance(host, str) else host.address
        options = ["-F", os.devnull, "-i", str(self.key), "-o", "IdentitiesOnly=yes", "-o", "StrictHostKeyChecking=no", "-o", "LogLevel=ERROR",
                   "-o", f"UserKnownHostsFile={os.devnull}", "-o", "ConnectTimeout=60", "-o", "BatchMode=yes"]
        return self.exec(["ssh", *options, f"root@{address}", command], check=check, timeout=timeout)

    def inventory(self, hosts: Iterable[model.Host]) -> Path:
        """An Ansible inventory (INI, group `lab`) for plain ansible-playbook."""
        lines = ["[lab]"]
        for host in hosts:
            words = {"ansible_host": host.address, "ansible_user": host.user, **host.vars}
            lines.append(" ".join([host.name, *(f"{name}={shlex.quote(str(value))}" for name, value in words.items())]))
        path = self.folder / f"inventory-{'-'.join(host.split()[0] for host in lines[1:])[:80]}.ini"
        path.write_text("\n".join(lines) + "\n")
        return path

    def target(self, hosts: Iterable[model.Host], name: str = "lab") -> model.Target:
        """A target that lists these hosts and says how to reach them."""
        listed = tuple(hosts)
        reach = model.Hosts(listed=listed, user="root", private_key=str(self.key), ssh_args=self.ssh_args, known_hosts=str(self.known_hosts))
        return model.Target(name, offers=("hosts",), hosts=reach)

    def close(self) -> None:
        """Take everything away."""
        erase(self.folder)
        if self._guard is not None and self._guard.stdin is not None:
            self._guard.stdin.close()
            self._guard.wait(600)
            self._guard = None

    # ------------------------------------------------------------------ inside
    def _make(self, name: str, lower: tuple[str, ...], disk: str) -> Machine:
        with self._lock:
            self._index += 1
            index = self._index
            (self.folder / "index").mkdir(exist_ok=True)
            (self.folder / "index" / str(index)).touch()
        name = name or f"h{index}"
        if (self.folder / "hosts" / name).exists():
            raise LabError(f"the lab has a host {name} already")
        host = Machine(self.folder / "hosts" / name, Facts(name, index, lower, disk), self.network, self._cache)
        host.make()
        return host

    def _pin(self) -> None:
        with self._lock:
            # one that another thread is making has no key yet: that thread pins it
            keys = {each: each.public_key() for each in self.machines()}
            lines = "".join(f"{each.name},{each.address} {key}\n" for each, key in keys.items() if key)
            fresh = self.folder / "known_hosts.new"
            fresh.write_text(lines)
            fresh.replace(self.known_hosts)

    def _model(self, host: Machine, target: str) -> model.Host:
        reach = {
            "ansible_ssh_private_key_file": str(self.key), "ansible_ssh_common_args": self.ssh_args,
            "ansible_python_interpreter": "/usr/bin/python3",
        }
        return model.Host(host.name, host.address, target, user="root", vars=reach)


def sweep() -> None:
    """Take away the labs whose process is gone."""
    for folder in runs().iterdir():
        if not (folder / "lab.json").exists():
            continue
        with alone("claim"):
            try:
                stored = json.loads((folder / "lab.json").read_text())
            except (OSError, ValueError):
                continue
        owner = stored.get("owner")
        if owner and not identity.alive(identity.Identity(**owner)):
            erase(folder)


def erase(folder: Path) -> None:
    """Take a lab away: hosts, network, folder. What is gone already is no error."""
    # its paths alone: whoever builds a root file system at this moment is not waited for
    place = cache(recipe())
    # a guard and a sweep may do it at the same time
    with alone("erase"):
        try:
            number = int(json.loads((folder / "lab.json").read_text())["number"])
        except (OSError, ValueError, KeyError):
            return
        network = Network(number)
        hosts = [Machine.read(path.parent, network, place) for path in (folder / "hosts").glob("*/host.json")]
        _together(lambda host: host.remove(), hosts)
        # as long as anything of it is there no other lab gets its number
        with alone("claim"):
            network.down()
            machines.end_groups(number, [host.name for host in hosts])
        shutil.rmtree(folder, ignore_errors=True)


def _claim(folder: Path, *, kept: bool) -> Path:
    """A number that no other lab has, and its network; both are written down in the folder."""
    with alone("claim"):
        taken = {path.name for path in NAMESPACES.glob(f"{PREFIX}*")} if NAMESPACES.is_dir() else set()
        number = next(number for number in NUMBERS if f"{PREFIX}{number}" not in taken)
        me = identity.me()
        (folder / "hosts").mkdir(parents=True, exist_ok=True)
        (folder / "lab.json").write_text(json.dumps({
            "number": number, "owner": None if kept else {"pid": me.pid, "start": me.start, "boot": me.boot}}))
        Network(number).up()
    return folder


def _guard(name: str) -> subprocess.Popen[bytes]:
    """A process that takes the lab away when this one dies: then its standard input ends."""
    root = Path(__file__).parents[2]
    return subprocess.Popen([sys.executable, "-m", "tests.lab", "guard", name], cwd=root, stdin=subprocess.PIPE,
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)


def _together(work: Callable[[T], None], items: Sequence[T]) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, items))
