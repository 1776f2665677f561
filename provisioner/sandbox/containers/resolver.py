"""DNS for tasks: the names that the sandbox owns, and no others. Pure but for the endpoint, which answers what comes."""

import asyncio
import struct
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address
from typing import Any

PLACE = "127.0.0.53", 53
"""Where a task asks."""
TTL = 10
A = 1
ANSWERS = 0x8580  # an answer, by who is in charge, to who may ask for more
UNKNOWN = 3
Find = Callable[[str], Iterable[str]]


class Resolver(asyncio.DatagramProtocol):
    """Answers each question with what `find` says: the addresses of a name."""

    def __init__(self, find: Find) -> None:
        self._find = find
        self._way: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """From now on."""
        self._way = transport  # of datagrams, though up to Python 3.11 it does not say so

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """One question."""
        if self._way and (told := answer(data, self._find)):
            self._way.sendto(told, addr)


def answer(asked: bytes, find: Find) -> bytes:
    """The answer to a question; empty where it is none."""
    try:
        (number,) = struct.unpack_from("!H", asked)
        labels, at = [], 12
        while length := asked[at]:
            labels.append(asked[at + 1:at + 1 + length].decode("ascii"))
            at += 1 + length
        kind, _ = struct.unpack_from("!HH", asked, at + 1)
    except (IndexError, struct.error, UnicodeDecodeError):
        return b""
    addresses = list(find(".".join(labels)))
    told = addresses if kind == A else []
    head = struct.pack("!6H", number, ANSWERS | (0 if addresses else UNKNOWN), 1, len(told), 0, 0)
    # each record names what was asked for, by where that stands
    records = b"".join(struct.pack("!HHHIH", 0xC00C, A, 1, TTL, 4) + IPv4Address(one).packed for one in told)
    return head + asked[12:at + 5] + records
