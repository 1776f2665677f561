"""What else nginx of this host answers for: server blocks that somebody else wrote, read from what `nginx -T` prints. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

FILE = re.compile(r"^# configuration file (.+):$", re.MULTILINE)
TOKEN = re.compile(r"""\s+|\#[^\n]*|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[{};]|(?:\\.|[^\s{};"'\\])+""", re.DOTALL)
EVERYWHERE = ("", "*", "0.0.0.0", "[::]")
"""Addresses by which a port is meant on all of a host's addresses."""
OURS = "provision-"
"""How the names of our own files begin."""


@dataclass(frozen=True)
class Rival:
    """One file of somebody else: what it answers for ("80 ", "80 pay.example"), one set for each of its server blocks."""

    path: str
    servers: tuple[frozenset[str], ...]

    def shares(self, claims: list[str]) -> bool:
        """True when one of its servers answers for something that we claim."""
        return any(server & set(claims) for server in self.servers)

    def has_more(self, claims: list[str]) -> bool:
        """True when it also holds a server that has nothing to do with the claims."""
        return any(not server & set(claims) for server in self.servers)


def rivals(printed: str, claims: list[str]) -> list[Rival]:
    """The files in the output of `nginx -T` that answer for some of the claims ("PORT NAME", no name: every name) and are not ours."""
    parts = FILE.split(printed)
    found = [Rival(path, tuple(_servers(text))) for path, text in zip(parts[1::2], parts[2::2])
             if not path.rpartition("/")[2].startswith(OURS)]
    return [one for one in found if one.shares(claims)]


def _servers(text: str) -> Iterator[frozenset[str]]:
    """What each server block of a file answers for."""
    words: list[str] = []
    inside: list[list[list[str]]] = []
    """Directives of the blocks that are open, where they are servers; an empty stand-in for others."""
    for match in TOKEN.finditer(text):
        token = match[0]
        if token[0].isspace() or token[0] == "#":
            continue
        if token == "{":
            inside.append([["server"]] if words == ["server"] else [])
        elif token == "}":
            closed = inside.pop() if inside else []
            if closed:
                yield _claims(closed)
        elif token != ";":
            words.append(token.strip("\"'"))
            continue
        elif inside and inside[-1]:
            inside[-1].append(words)
        words = []


def _claims(directives: list[list[str]]) -> frozenset[str]:
    listens = [one for one in directives if one[0] == "listen" and len(one) > 1] or [["listen", "80"]]
    names = {"" if name == "_" else name for one in directives if one[0] == "server_name" for name in one[1:]} or {""}
    found = set()
    for _, place, *options in listens:
        address, _, port = place.rpartition(":") if not place.isdigit() else ("", "", place)
        if not port.isdigit():
            address, port = place, "80"
        if address in EVERYWHERE:
            found |= {f"{port} {name}" for name in (names | {""} if "default_server" in options else names)}
    return frozenset(found)
