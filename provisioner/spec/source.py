"""The text of a document: read with a limit, and refused where it can't be text. Knows nothing of YAML."""

import os
import re
from pathlib import Path

from provisioner.errors import Invalid, Problem, Where

LARGEST = 4 * 1024 * 1024
"""Bytes. Ten thousand components are about one MiB; what is larger is no document but a mistake."""

UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def read_text(path: Path) -> str:
    """The text of a file. Raises Invalid: not readable, too large, binary, not UTF-8, or with control characters."""
    file = shown(path)
    try:
        with open(path, "rb") as stream:
            content = stream.read(LARGEST + 1)
    except OSError as error:
        hint = "provision init writes a first one" if isinstance(error, FileNotFoundError) and path.name == "app.yaml" else ""
        raise Invalid([Problem("PRV-1101", f"can't be read: {(error.strerror or str(error)).lower()}", Where(file), hint)]) from None
    if len(content) > LARGEST:
        raise Invalid([Problem("PRV-1102", f"is larger than {LARGEST // 1024 // 1024} MiB", Where(file), "is it the right file?")])
    return decode(content, file)


def decode(content: bytes, file: str) -> str:
    """Bytes as text, line ends as `\\n`. Raises Invalid."""
    if b"\0" in content:
        raise Invalid([Problem("PRV-1103", "is a binary file", Where(file), "a document is YAML in UTF-8")])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line = before.count(b"\n") + 1
        column = len(before.rpartition(b"\n")[2].decode("utf-8", "replace")) + 1
        raise Invalid([Problem("PRV-1104", f"is not UTF-8: byte 0x{content[error.start]:02x}", Where(file, line, column),
                               "save it as UTF-8")]) from None
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if found := UNPRINTABLE.search(text):
        line, start = text.count("\n", 0, found.start()) + 1, text.rfind("\n", 0, found.start()) + 1
        raise Invalid([Problem("PRV-1105", f"has a control character, U+{ord(found[0]):04X}", Where(file, line, found.start() - start + 1),
                               'write it as an escape in double quotes, such as "\\x1b"')])
    return text


def shown(path: Path) -> str:
    """How a file is named in messages: relative to the current folder when it lies below it."""
    try:
        return os.path.relpath(path) if path.is_absolute() and path.is_relative_to(Path.cwd()) else str(path)
    except OSError:
        return str(path)
