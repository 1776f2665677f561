"""Doors for HTTP: places where the simulator itself listens for what has an address in the simulated AWS. Each has an address of its own.

Runs in the simulator's own process only. What is answered there is said by who opens a door.
"""

import socket
import ssl
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from provisioner.sandbox.servers.authority import Trust
from provisioner.sandbox.servers.keeper import random_address

TRIES = 50
SECONDS = 75.0
"""For which a client may say nothing."""


class Handler(WSGIRequestHandler):
    """Gives up on clients that say nothing, and leaves the log to errors."""

    timeout = SECONDS

    def version_string(self) -> str:
        return ""

    def send_header(self, keyword: str, value: str) -> None:
        """Of what makes this server known nothing is said."""
        if keyword != "Server" or value:
            super().send_header(keyword, value)


class Context(ssl.SSLContext):
    """Greets a client in its own thread: one that says nothing keeps no others waiting."""

    def wrap_socket(self, sock: socket.socket, server_side: bool = False, *_: Any, **__: Any) -> ssl.SSLSocket:
        return super().wrap_socket(sock, server_side=server_side, do_handshake_on_connect=False)


@dataclass(frozen=True, eq=False)
class Door:
    """One place, from its opening to its end."""

    name: str
    kind: str
    address: str
    port: int
    wanted: int
    """The port that it was to have: where the system keeps that for root, it has another one."""
    server: BaseWSGIServer


class Doors:
    """The doors of one simulator."""

    def __init__(self, trust: Trust) -> None:
        self._trust = trust
        self._doors: dict[str, Door] = {}
        self._called: dict[str, str] = {}
        self._others: dict[str, frozenset[int]] = {}
        self.asked = 0.0
        """When somebody last came through one, in the time of `monotonic`."""

    def tls(self, *names: str) -> ssl.SSLContext:
        """For a server of these names and addresses, by the sandbox's authority."""
        return context(*self._trust.authority().issue(*names))

    def open(self, key: str, door: tuple[str, str], place: tuple[str, int], application: Any, tls: ssl.SSLContext | None = None) -> int | None:
        """Answer at an address and port, or at any port where that one is root's; the port, or None. `door` is its name and kind, for people."""
        try:
            with socket.create_server((place[0], _port_or_any(*place))) as listening:
                server = make_server(*place, self._noted(application), threaded=True, request_handler=Handler, ssl_context=tls,
                                     fd=listening.fileno())
        except OSError as error:
            sys.stderr.write(f"{door[1]} for {door[0]} can't listen at {place[0]}:{place[1]}: {error}\n")
            sys.stderr.flush()
            return None
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self._doors[key] = Door(*door, place[0], server.port, place[1], server)
        return server.port

    def close(self, key: str) -> None:
        """Nobody is answered there any more."""
        door = self._doors.pop(key, None)
        if door is not None:
            door.server.shutdown()

    def call(self, name: str, address: str | None) -> None:
        """From now on a host name leads to an address; None: nowhere."""
        if address is None:
            self._called.pop(name.lower(), None)
        else:
            self._called[name.lower()] = address

    def called(self, name: str) -> str:
        """The address to which a host name leads; empty: it leads nowhere."""
        return self._called.get(name, "")

    def lead(self, address: str, *ports: int) -> None:
        """From now on programs of the sandbox serve HTTP at these ports of an address; none: no longer."""
        if ports:
            self._others[address] = frozenset(ports)
        else:
            self._others.pop(address, None)

    def find(self, host: str, port: int) -> tuple[str, int] | None:
        """Where a door listens, or a program of the sandbox, that has (or was to have) this host name or address and port."""
        address = self._called.get(host, host)
        if port in self._others.get(address, ()):
            return address, port
        found = (door.port for door in list(self._doors.values()) if door.address == address and port in (door.port, door.wanted))
        return next(((address, there) for there in found), None)

    def shown(self) -> list[dict[str, str | int]]:
        """The doors, for people."""
        return [{"name": door.name, "kind": door.kind, "address": door.address, "port": door.port, "state": "running"}
                for door in list(self._doors.values())]

    def _noted(self, application: Any) -> Any:
        def answer(environ: dict[str, Any], start_response: Any) -> Any:
            self.asked = time.monotonic()
            return application(environ, start_response)
        return answer


def context(certificate: str, key: str) -> ssl.SSLContext:
    """The TLS of a server, of its certificate (with its chain) and key as PEM."""
    made = Context(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory(prefix="certificate-") as folder:
        both = Path(folder) / "both.pem"  # from a file is the only way
        both.touch(0o600)
        both.write_text(key + "\n" + certificate)
        made.load_cert_chain(both)
    return made


def free_address(*ports: int) -> str | None:
    """An address of loopback where nobody listens at these ports; None where the system has one address only."""
    for _ in range(TRIES if sys.platform.startswith("linux") else 0):
        address = random_address()
        with suppress(OSError):
            for port in ports:
                socket.create_server((address, port)).close()
            return address
    return None


def _port_or_any(address: str, port: int) -> int:
    """The port, or 0 (any) where the system keeps it for root."""
    try:
        socket.create_server((address, port)).close()
    except PermissionError:
        return 0
    return port
