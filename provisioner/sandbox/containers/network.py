"""The network of one task: a process that makes it, keeps it, and takes the task's containers away when it ends. Run as a script by `pod`.

Two network namespaces. In the inner one, which the containers have, the task's own address is the interface eth0, and the rest of 127.0.0.0/8 but
127.0.0.1 leads to the outer one. There are sockets of the simulator, one for each server of this machine that listens in 127.0.0.0/8. So a program
may listen wherever it likes: nothing of this machine is in its way. Whoever holds the other end of stdin gets the sockets of both; no packet leaves
by itself. At the end of stdin, however that came, the containers go. Imports nothing of ours; wants root, or the user namespace of `podman unshare`.
"""

import ctypes
import json
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

CLONE_NEWNET = 0x40000000
LISTENING = "0A"
LIBC = ctypes.CDLL(None, use_errno=True)


def main(address: str, last: Sequence[Sequence[str]]) -> int:
    """Make the network, say where it is, answer until stdin ends; then run the last commands, in order."""
    channel = socket.socket(fileno=os.dup(0))
    try:
        inner, outer = _make(address)
        channel.send(json.dumps({"path": f"/proc/{os.getpid()}/fd/{inner}"}).encode())
        while asked := channel.recv(4096):
            _answer(channel, json.loads(asked), inner, outer)
    except Exception as error:  # whatever it was: who waits for the network is told
        channel.send(json.dumps({"error": str(error)}).encode())
    finally:
        channel.close()
        for words in last:
            subprocess.run(words, stdin=subprocess.DEVNULL, check=False)
    return 0


def _make(address: str) -> tuple[int, int]:
    """Descriptors of the inner and the outer namespace."""
    inner, outer = _namespace(), _namespace()
    _ip("link set lo up", f"link add outside type veth peer name eth0 netns /proc/{os.getpid()}/fd/{inner}")
    _route_loopback("outside")
    # before the rule by which all of 127.0.0.0/8 is here
    _ip("link set outside up", f"route add {address}/32 dev outside table local")
    _enter(inner)
    _ip("link set lo up", "link set eth0 up")
    _route_loopback("eth0")
    _ip("addr del 127.0.0.1/8 dev lo", "addr add 127.0.0.1/32 dev lo", f"addr add {address}/32 dev eth0",
        f"route add 127.0.0.0/8 dev eth0 src {address}")
    return inner, outer


def _namespace() -> int:
    if LIBC.unshare(CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "no network namespace can be made")
    return os.open("/proc/self/ns/net", os.O_RDONLY)


def _enter(namespace: int) -> None:
    if LIBC.setns(namespace, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "the network namespace can't be entered")


def _ip(*lines: str) -> None:
    subprocess.run(["ip", "-batch", "-"], input="\n".join(lines).encode(), check=True)


def _route_loopback(interface: str) -> None:
    with open(f"/proc/sys/net/ipv4/conf/{interface}/route_localnet", "w") as switch:
        switch.write("1")


def _answer(channel: socket.socket, asked: dict[str, Any], inner: int, outer: int) -> None:
    try:
        _enter(inner if asked["want"] in ("ports", "socket") else outer)
        if asked["want"] == "ports":
            channel.send(json.dumps({"ports": _listening()}).encode())
            return
        with _made(asked) as made:
            socket.send_fds(channel, [b"{}"], [made.fileno()])
    except OSError as error:
        channel.send(json.dumps({"error": str(error)}).encode())


def _made(asked: dict[str, Any]) -> socket.socket:
    """A socket: to connect with, that listens, or for datagrams."""
    if asked["want"] == "socket":
        return socket.socket()
    place = asked["address"], asked["port"]
    if asked["want"] == "listener":
        return socket.create_server(place)
    made = socket.socket(type=socket.SOCK_DGRAM)
    made.bind(place)
    return made


def _listening() -> list[int]:
    """Ports at which somebody listens for others: not at 127.0.0.1 only."""
    found = set()
    for name in ("tcp", "tcp6"):
        with open(f"/proc/self/net/{name}") as table:
            rows = [line.split() for line in table][1:]
        found |= {int(row[1].rpartition(":")[2], 16) for row in rows if row[3] == LISTENING and not row[1].startswith("0100007F:")}
    return sorted(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], json.loads(sys.argv[2])))
