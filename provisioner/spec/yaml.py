"""Strict YAML: text to Documents. YAML 1.2 scalars, no duplicate keys, no alias bombs. Decides nothing about meaning.

Works on the parser's events and not on PyYAML's loaders: those keep the last of duplicate keys, read YAML 1.1 (`on: no` is
`{True: False}`), expand aliases without a limit and recurse as deep as the text says.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from provisioner.errors import Invalid, Problem, Where
from provisioner.spec import scalars, syntax
from provisioner.spec.document import SHIFT, Document, Node, place
from provisioner.spec.source import read_text, shown

EXPANDED = 250_000
"""Values that aliases may add in all."""
ALIASES = 50_000
TEXT = ("!", "tag:yaml.org,2002:str")
MERGE = "\0merge"
"""Stands for the unquoted key `<<`."""
SKIP = "\0skip"
"""Stands for a key that was refused: its value is read and dropped."""


def read(path: Path) -> Document:
    """The document in a file. Raises Invalid with every problem that was found."""
    return parse(read_text(path), shown(path))


def parse(text: str, file: str = "") -> Document:
    """The document in a text that holds one. Raises Invalid."""
    documents = parse_all(text, file)
    if len(documents) > 1:
        raise Invalid([Problem("PRV-1107", "holds more than one document", documents[1].value_at(()),
                               "one file is one document here: take what follows --- into a file of its own")])
    return documents[0]


def read_all(path: Path) -> list[Document]:
    """All documents in a file, at least one. Raises Invalid with every problem that was found."""
    return parse_all(read_text(path), shown(path))


def parse_all(text: str, file: str = "") -> list[Document]:
    """All documents in a text, at least one; what lies empty between two --- is none. Raises Invalid."""
    builder = _Builder(text, file)
    try:
        builder.run(yaml.CSafeLoader(text))
    except yaml.MarkedYAMLError as error:
        builder.problems.append(syntax.explain(error, text, file))
    except yaml.YAMLError as error:
        builder.problems.append(Problem("PRV-1108", f"is not valid YAML: {error}", Where(file)))
    roots = [root for root in builder.roots if root.value is not None]
    if not builder.problems and not roots:
        builder.problems.append(Problem("PRV-1106", "is empty", Where(file), "a document begins with apiVersion and kind"))
    if builder.problems:
        raise Invalid(builder.problems)
    return [Document(file, text, root, alone=len(roots) == 1) for root in roots]


class _Frame:
    """A mapping or list that is being read."""

    __slots__ = ("anchor", "count", "key", "key_at", "merges", "node")

    def __init__(self, node: Node, anchor: str | None, count: int) -> None:
        self.node = node
        self.anchor = anchor
        self.count = count
        self.key: str | None = None
        self.key_at = 0
        self.merges: list[Node] = []


class _Stop(yaml.YAMLError):
    """A limit was passed: reading on makes no sense."""


class _Builder:
    """Events to nodes. Events and marks are untyped: the C parser's marks are not those that its stubs name."""

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        self.roots: list[Node] = []
        self.problems: list[Problem] = []
        self.stack: list[_Frame] = []
        self.anchors: dict[str, tuple[Node, int]] = {}
        self.count = 0
        self.expanded = 0
        self.aliases = 0

    def run(self, parser: yaml.CSafeLoader) -> None:
        """Read all events; problems are collected, a passed limit ends it."""
        act: dict[type, Callable[[Any], None]] = {
            ScalarEvent: self._scalar, MappingStartEvent: self._start, SequenceStartEvent: self._start, AliasEvent: self._alias,
            MappingEndEvent: self._end, SequenceEndEvent: self._end, DocumentStartEvent: self._document,
        }
        try:
            for event in iter(parser.get_event, None):
                if (handle := act.get(event.__class__)) is not None:
                    handle(event)
        except _Stop:
            pass
        finally:
            parser.dispose()

    def problem(self, code: str, message: str, mark: Any, hint: str = "") -> None:
        where = place(self.file, self.text.split("\n"), mark.line + 1, mark.column + 1)
        self.problems.append(Problem(code, message, where, hint))

    def stop(self, code: str, message: str, mark: Any, hint: str = "") -> None:
        self.problem(code, message, mark, hint)
        raise _Stop

    def _document(self, event: Any) -> None:
        self.anchors.clear()

    def _scalar(self, event: Any) -> None:
        self.count += 1
        mark = event.start_mark
        at = mark.line << SHIFT | mark.column
        frame = self.stack[-1] if self.stack else None
        if frame is not None and frame.node.keys is not None and frame.key is None:
            self._key(frame, event, at)
            return
        # most are plain text without a tag
        node = Node(event.value if event.tag is None and not event.implicit[0] else self._value(event), at)
        if event.anchor:
            self.anchors[event.anchor] = (node, 1)
        self._add(node)

    def _value(self, event: Any) -> object:
        text: str = event.value
        if event.tag is not None and event.tag not in TEXT:
            self.problem("PRV-1115", f"tag {event.tag} is not supported", event.start_mark, "documents hold text, numbers, booleans, lists and maps")
        if not event.implicit[0] or event.tag in TEXT:
            return text
        try:
            return scalars.plain(text)
        except scalars.Ambiguous as error:
            self.problem("PRV-1117", str(error), event.start_mark)
            return text

    def _key(self, frame: _Frame, event: Any, at: int) -> None:
        key: str = event.value
        if event.anchor:
            self.anchors[event.anchor] = (Node(key, at), 1)
        if key == "<<" and event.implicit[0]:
            frame.key = MERGE
            return
        keys = frame.node.keys
        assert keys is not None
        if key in keys:
            first = (keys[key] >> SHIFT) + 1
            self.problem("PRV-1110", f'key "{key}" is there twice', event.start_mark, f"the first one is in line {first}")
            key = SKIP
        frame.key, frame.key_at = key, at

    def _start(self, event: Any) -> None:
        self.count += 1
        mark = event.start_mark
        if len(self.stack) >= syntax.DEEPEST:
            self.stop("PRV-1116", syntax.TOO_DEEP, mark)
        if event.tag is not None and event.tag not in ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq", "!"):
            self.problem("PRV-1115", f"tag {event.tag} is not supported", mark)
        at = mark.line << SHIFT | mark.column
        mapping = type(event) is MappingStartEvent
        node = Node({}, at, {}, {}) if mapping else Node([], at, None, [])
        if self.stack and self.stack[-1].node.keys is not None and self.stack[-1].key is None:
            self._complex(mark)
        self._add(node)
        self.stack.append(_Frame(node, event.anchor, self.count - 1))
        if event.anchor:
            self.anchors.pop(event.anchor, None)

    def _complex(self, mark: Any) -> None:
        """A list or map where a key belongs: nearly always braces that should be in quotes."""
        self.stop("PRV-1114", "a key must be text", mark, 'put text that begins with { or [ in quotes: "{{ … }}"')

    def _end(self, event: Any) -> None:
        frame = self.stack.pop()
        for merge in frame.merges:
            self._merge(frame.node, merge)
        if frame.anchor:
            self.anchors[frame.anchor] = (frame.node, self.count - frame.count)

    def _alias(self, event: Any) -> None:
        mark = event.start_mark
        if event.anchor not in self.anchors:
            inside = any(frame.anchor == event.anchor for frame in self.stack)
            why = "stands inside of what it repeats" if inside else "has no anchor before it"
            self.stop("PRV-1112", f"*{event.anchor} {why}", mark,
                      "" if inside else f"write &{event.anchor} at what it shall repeat; quote text that begins with *")
        node, count = self.anchors[event.anchor]
        self.aliases += 1
        self.count += count
        self.expanded += count
        if self.expanded > EXPANDED or self.aliases > ALIASES:
            self.stop("PRV-1111", f"aliases blow the document up: more than {EXPANDED:,} values with *{event.anchor}", mark)
        frame = self.stack[-1] if self.stack else None
        if frame is not None and frame.node.keys is not None and frame.key is None:
            self._complex(mark)
        self._add(node)

    def _add(self, node: Node) -> None:
        if not self.stack:
            self.roots.append(node)
            return
        frame = self.stack[-1]
        above = frame.node
        if isinstance(above.below, list):
            above.value.append(node.value)
            above.below.append(node)
            return
        key, frame.key = frame.key, None
        if key == MERGE:
            frame.merges.append(node)
        elif key is not None and key != SKIP and above.keys is not None and above.below is not None:
            above.value[key] = node.value
            above.keys[key] = frame.key_at
            above.below[key] = node

    def _merge(self, into: Node, merge: Node) -> None:
        """`<<`: keys that the mapping has itself win, and earlier merges win over later ones."""
        for source in merge.below if isinstance(merge.below, list) else [merge]:
            if source.keys is None or not isinstance(source.below, dict):
                self.problems.append(Problem("PRV-1118", "<< takes a map or a list of maps",
                                             place(self.file, self.text.split("\n"), (merge.at >> SHIFT) + 1, (merge.at & ((1 << SHIFT) - 1)) + 1)))
                return
            assert into.keys is not None and isinstance(into.below, dict)
            for key, below in source.below.items():
                if key not in into.below:
                    into.value[key], into.keys[key], into.below[key] = below.value, source.keys[key], below
