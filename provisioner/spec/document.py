"""A document as values with places: every value and every key knows its line and column. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from provisioner.errors import Where
from provisioner.model import Json

Steps = tuple[str | int, ...]
BEFORE = 2
"""Lines of an excerpt above the line that is meant."""
LONGEST = 160
"""Characters of an excerpt's line."""
WORD = re.compile(r'\$\{[^{}]*\}|"(?:[^"\\]|\\.)*"|\'[^\']*\'|[^\s,\[\]{}:#]+(?::[^\s,\[\]{}:#]+)*|\S')
SHIFT = 24


class Node:
    """One value of a document. `at` packs line and column (both from 0)."""

    __slots__ = ("at", "below", "keys", "value")

    def __init__(self, value: Json, at: int, keys: dict[str, int] | None = None, below: "dict[str, Node] | list[Node] | None" = None) -> None:
        self.value = value
        self.at = at
        self.keys = keys
        self.below = below


class Document:
    """A parsed file. Answers where things stand; holds no meaning."""

    def __init__(self, file: str, text: str, root: Node, *, alone: bool = True) -> None:
        """`alone`: the file holds no other document."""
        self.file = file
        self.text = text
        self.root = root
        self.alone = alone

    @cached_property
    def lines(self) -> list[str]:
        return self.text.split("\n")

    @property
    def value(self) -> Json:
        return self.root.value

    def where(self, at: int) -> Where:
        """The place of a packed position, with an excerpt."""
        line, column = at >> SHIFT, at & ((1 << SHIFT) - 1)
        return place(self.file, self.lines, line + 1, column + 1)

    def find(self, path: Steps) -> Node:
        """The value at a path, or the nearest one above it."""
        node = self.root
        for part in path:
            below = node.below
            if isinstance(below, dict) and part in below:
                node = below[str(part)]
            elif isinstance(below, list) and isinstance(part, int) and part < len(below):
                node = below[part]
            else:
                break
        return node

    def value_at(self, path: Steps) -> Where:
        """Where the value at a path stands."""
        return self.where(self.find(path).at)

    def key_at(self, path: Steps) -> Where:
        """Where the last key of a path stands."""
        above = self.find(path[:-1])
        key = path[-1]
        if above.keys is not None and key in above.keys:
            return self.where(above.keys[str(key)])
        return self.value_at(path)


def place(file: str, lines: Sequence[str], line: int, column: int) -> Where:
    """A Where (line and column from 1) with the lines around it and the width of the word that is meant."""
    first = max(line - 1 - BEFORE, 0)
    excerpt = tuple([(number + 1, lines[number][:LONGEST].rstrip()) for number in range(first, min(line, len(lines)))])
    match = WORD.match(lines[line - 1], column - 1) if line <= len(lines) else None
    return Where(file, line, column, excerpt, max(1, min(len(match[0]) if match else 1, LONGEST)))


class Places(Mapping[str, Where]):
    """Where things stand below one value: dotted path to place, worked out when asked. `PATH:` is the place of the key itself.

    Keys may hold dots ("config./etc/app.conf"): the longest key that fits is taken.
    """

    def __init__(self, document: Document, node: Node) -> None:
        self._document = document
        self._node = node

    def __getitem__(self, path: str) -> Where:
        if (at := self._at(path)) is None:
            raise KeyError(path)
        return self._document.where(at)

    def __contains__(self, path: object) -> bool:
        return isinstance(path, str) and self._at(path) is not None

    def get(self, path: str, default: Any = None) -> Any:
        """As of any mapping, without looking twice."""
        return default if (at := self._at(path)) is None else self._document.where(at)

    def _at(self, path: str) -> int | None:
        key = path.endswith(":")
        return _walk(self._node, path[:-1].split(".") if key else path.split("."), key)

    def __iter__(self) -> Iterator[str]:
        return _paths(self._node, "")

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _walk(node: Node, parts: list[str], key: bool) -> int | None:
    if not parts:
        return node.at
    if isinstance(node.below, list):
        index = int(parts[0]) if parts[0].isdigit() else len(node.below)
        return _walk(node.below[index], parts[1:], key) if index < len(node.below) else None
    if not isinstance(node.below, dict) or node.keys is None:
        return None
    for count in range(len(parts), 0, -1):
        name = ".".join(parts[:count])
        if name in node.below:
            return node.keys[name] if key and count == len(parts) else _walk(node.below[name], parts[count:], key)
    return None


def _paths(node: Node, prefix: str) -> Iterator[str]:
    pairs = node.below.items() if isinstance(node.below, dict) else enumerate(node.below or ())
    for name, below in pairs:
        path = f"{prefix}.{name}" if prefix else str(name)
        yield path
        yield from _paths(below, path)
