"""One network namespace for a lab, without a way out, with a bridge that all its hosts hang on."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.lab.place import run, script

NAMESPACES = Path("/run/netns")
PREFIX = "provlab"


@dataclass(frozen=True)
class Network:
    """The network of lab number `number`; its addresses are used inside the namespace only."""

    number: int

    @property
    def namespace(self) -> str:
        return f"{PREFIX}{self.number}"

    @property
    def gateway(self) -> str:
        return f"10.{100 + self.number}.0.1"

    def address(self, index: int) -> str:
        """The address of the host with this index (1, 2, …)."""
        return f"10.{100 + self.number}.{1 + index // 250}.{1 + index % 250}"

    def inside(self, *command: str) -> list[str]:
        """The command line that runs a command inside the namespace."""
        return ["nsenter", f"--net={NAMESPACES / self.namespace}", *command]

    def up(self) -> None:
        """Make the namespace and its bridge."""
        _raise_limits()
        name = self.namespace
        script(f"ip netns add {name}; ip -n {name} link set lo up; ip -n {name} link add br0 type bridge; "
               f"ip -n {name} addr add {self.gateway}/16 dev br0; ip -n {name} link set br0 up")

    def down(self) -> None:
        """Remove the namespace and those of its hosts, and end what still runs inside."""
        # such as the proxy command of an ssh master, which would answer for the next host of this address and hang
        for pid in run("ip", "netns", "pids", self.namespace, check=False).stdout.split():
            with suppress(ValueError, ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        for path in NAMESPACES.glob(f"{self.namespace}*"):
            if path.name == self.namespace or path.name.startswith(f"{self.namespace}-"):
                run("ip", "netns", "del", path.name, check=False)

    def of_host(self, index: int) -> str:
        """The network namespace of the host with this index."""
        return f"{self.namespace}-{index}"

    def plug(self, index: int) -> None:
        """A network namespace for a host, with a cable to the bridge."""
        lab, own, cable = self.namespace, self.of_host(index), f"v{index}"
        script(f"ip netns add {own}; ip -n {lab} link add {cable} type veth peer name eth0 netns {own}; "
               f"ip -n {lab} link set {cable} master br0 up; ip -n {own} addr add {self.address(index)}/16 dev eth0; "
               f"ip -n {own} link set eth0 up; ip -n {own} link set lo up; ip -n {own} route add default via {self.gateway}")

    def unplug(self, index: int) -> None:
        run("ip", "netns", "del", self.of_host(index), check=False)
        run("ip", "-n", self.namespace, "link", "del", f"v{index}", check=False)

    def link(self, index: int, state: str) -> None:
        """Take the host's cable "down" or "up"."""
        run("ip", "-n", self.namespace, "link", "set", f"v{index}", state)

    def limit(self, index: int, rate: str) -> None:
        """Limit the host's cable both ways to a rate such as 256kbit; empty ends it."""
        for namespace, device in ((self.namespace, f"v{index}"), (self.of_host(index), "eth0")):
            run("tc", "-n", namespace, "qdisc", "del", "dev", device, "root", check=False)
            if rate:
                run("tc", "-n", namespace, "qdisc", "add", "dev", device, "root", "tbf", "rate", rate, "burst", "16kb", "latency", "2s")

    def lose(self, index: int, percent: int) -> None:
        """Drop this share of what the host sends; 0 ends it."""
        table = f"loss{index}"
        rules = f"table netdev {table}\ndelete table netdev {table}\n"
        if percent:
            some = "" if percent >= 100 else f"numgen random mod 100 < {percent} "
            rules += (f'table netdev {table} {{\n chain c {{\n  type filter hook ingress device "v{index}" priority 0\n'
                      f"  {some}drop\n }}\n}}\n")
        run(*self.inside("nft", "-f", "-"), input=rules)

    def silent(self, addresses: list[str], seconds: float) -> list[str]:
        """Those addresses whose SSH did not answer within some seconds."""
        knock = str(Path(__file__).with_name("knock.py"))
        done = run(*self.inside(sys.executable, knock, str(seconds), *addresses), check=False, stderr=subprocess.DEVNULL)
        return done.stdout.split()


def _raise_limits() -> None:
    """From some 20 hosts on systemd says "Too many open files" with the kernel's default of 128 inotify instances."""
    for name, least in (("max_user_instances", 65536), ("max_user_watches", 1048576)):
        path = Path("/proc/sys/fs/inotify") / name
        try:
            if int(path.read_text()) < least:
                path.write_text(str(least))
        except OSError:
            pass
