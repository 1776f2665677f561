"""Ports of this machine for what tests start: each is given out once, whoever else runs tests here at the same time."""

import random
import socket
import sys

RANGE = range(20000, 32000)
"""Below those that the kernel gives to connections: one of these may take a port between the look and its use."""

_claims: list[int] = []
"""File descriptors, open until this process ends."""


def free_port() -> int:
    """A port of the loopback that nobody listens on, and that no other test gets as long as this process lives."""
    while True:
        port = random.choice(RANGE)
        try:
            _claim(port)
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return port


def _claim(port: int) -> None:
    """A name in Linux' abstract socket namespace, which goes with its process. Raises OSError when another one has it."""
    if sys.platform != "linux":
        return
    claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        claim.bind(f"\0provision-test-port-{port}")
    except OSError:
        claim.close()
        raise
    _claims.append(claim.detach())
