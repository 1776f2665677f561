"""Joins the network of one task to this machine's loopback: by `network`, which makes it, and `relay`, which carries."""

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from provisioner.sandbox.containers import network
from provisioner.sandbox.containers.images import CannotRun
from provisioner.sandbox.containers.relay import Relay
from provisioner.sandbox.containers.resolver import PLACE, Find
from provisioner.sandbox.containers.words import Machine

LOOK_SECONDS = 0.25
END_SECONDS = 20.0


class Network:
    """One task's, from its making to its end, with which the task's containers end too."""

    def __init__(self, machine: Machine, address: str, last: Sequence[Sequence[str]]) -> None:
        """CannotRun where none can be made. `last` is done at its end, as root of the containers."""
        self._address = address
        self._asking = threading.Lock()
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        words = machine.inside(sys.executable, "-I", "-S", network.__file__, address, json.dumps(last))
        with theirs:
            self._holder = subprocess.Popen(words, stdin=theirs.fileno(), stdout=subprocess.DEVNULL, start_new_session=True)
        answer = self._channel.recv(65536)
        self.path: str = json.loads(answer or b"{}").get("path", "")
        """Where the containers find it."""
        if not self.path:
            self.close()
            raise CannotRun(f"no network: {answer.decode(errors='replace')}")

    def join(self, relay: Relay, ports: frozenset[int], own: tuple[str, int], find: Find) -> None:
        """As long as it is there: who listens inside at one of the ports is reached from outside, and the servers of this machine from inside.

        `find` knows the addresses of host names.
        """
        threading.Thread(target=self._join, args=(relay, ports, own, find), daemon=True).start()

    def end(self) -> None:
        """Begin its end."""
        with suppress(OSError):
            self._channel.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """End it, and wait until nothing is left."""
        self.end()
        try:
            self._holder.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._holder.kill()
            self._holder.wait()
        with self._asking:
            self._channel.close()

    def _join(self, relay: Relay, ports: frozenset[int], own: tuple[str, int], find: Find) -> None:
        inwards: dict[int, Callable[[], None]] = {}
        outwards: dict[tuple[str, int], Callable[[], None]] = {}
        names: dict[str, Callable[[], None]] = {}
        try:
            _, descriptors = self._ask(want="datagrams", address=PLACE[0], port=PLACE[1])
            if descriptors:
                names["dns"] = relay.resolve(socket.socket(fileno=descriptors[0]), find)
            while True:
                listening = ports & set(self._ask(want="ports")[0]["ports"])
                for port in listening - inwards.keys():
                    with suppress(OSError):
                        inwards[port] = relay.carry(socket.create_server((self._address, port)), (self._address, port), self._socket)
                servers = {own, *(one for one in servers_of_this_machine() if one[0] != self._address)}
                for server in servers - outwards.keys():
                    _, descriptors = self._ask(want="listener", address=server[0], port=server[1])
                    if descriptors:
                        outwards[server] = relay.carry(socket.socket(fileno=descriptors[0]), server)
                _close(inwards, inwards.keys() - listening)
                _close(outwards, outwards.keys() - servers)
                time.sleep(LOOK_SECONDS)
        except OSError:  # it is gone
            _close(inwards, set(inwards))
            _close(outwards, set(outwards))
            _close(names, set(names))

    def _ask(self, **question: Any) -> tuple[dict[str, Any], list[int]]:
        with self._asking:
            self._channel.send(json.dumps(question).encode())
            answer, descriptors, _, _ = socket.recv_fds(self._channel, 65536, 1)
        if not answer:
            raise OSError("the network is gone")
        return json.loads(answer), descriptors

    def _socket(self) -> socket.socket:
        _, descriptors = self._ask(want="socket")
        return socket.socket(fileno=descriptors[0])


def _close(opened: dict[Any, Callable[[], None]], which: set[Any]) -> None:
    for one in which:
        opened.pop(one)()


def servers_of_this_machine() -> set[tuple[str, int]]:
    """Who listens in 127.0.0.0/8, but at 127.0.0.1: all servers of sandboxes do, and other tasks."""
    found = set()
    with open("/proc/net/tcp") as table:
        for row in map(str.split, table):
            address, _, port = row[1].partition(":")
            if row[3] == network.LISTENING and address.endswith("7F") and address != "0100007F":
                found.add((socket.inet_ntoa(bytes.fromhex(address)[::-1]), int(port, 16)))
    return found
