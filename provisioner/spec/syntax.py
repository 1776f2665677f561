"""What a YAML syntax error means to the person who wrote it. Pure."""

import re

import yaml

from provisioner.errors import Problem
from provisioner.spec.document import place

REFERENCE = re.compile(r"\$\{[^{}\n]*\}?")
HINTS = {
    "mapping values are not allowed": "put text with a colon in quotes, and look at the indentation of this line",
    "could not find expected ':'": "a line of a map is KEY: VALUE; look at the indentation of this line",
    "did not find expected key": "look at the indentation: the keys of a map begin in one column",
    "did not find expected '-' indicator": "look at the indentation: the items of a list begin in one column",
    "found character that cannot start any token": "put the text in quotes",
    "found unexpected end of stream": "a quote or a bracket is not closed",
    "did not find expected ',' or ']'": "a bracket is not closed, or a comma is missing",
    "did not find expected ',' or '}'": "a brace is not closed, or a comma is missing",
    "found unknown escape character": "in double quotes write \\\\ for a backslash, or use single quotes",
    "found undefined tag handle": "put text that begins with ! in quotes",
}


DEEPEST = 100
"""Levels of maps and lists in a document."""

TOO_DEEP = f"is nested deeper than {DEEPEST} levels"

LIMIT_OF_PARSER = "exceeded maximum nesting depth"
"""libyaml since PyYAML 6.0.4 ends at 1,000 levels, and reads so far ahead that it may do so before we counted ours."""


def explain(error: yaml.MarkedYAMLError, text: str, file: str) -> Problem:
    """The parser's complaint as a Problem with a way out."""
    mark = error.problem_mark or error.context_mark
    said = str(error.problem or error.context or "cannot be read")
    if mark is None:
        return Problem("PRV-1108", f"is not valid YAML: {said}", place(file, text.split("\n"), 1, 1))
    lines = text.split("\n")
    line, column = mark.line + 1, mark.column + 1
    if LIMIT_OF_PARSER in said:
        return Problem("PRV-1116", TOO_DEEP, place(file, lines, line, column))
    here = lines[mark.line] if mark.line < len(lines) else ""
    if reference := _reference(here, mark.column):
        start, found = reference
        return Problem("PRV-1113", f"{found} inside [ ] or {{ }} needs quotes", place(file, lines, line, start + 1), f'write "{found}"')
    if here[: mark.column + 1].strip() == "" and "\t" in here[: mark.column + 1] or here[mark.column:mark.column + 1] == "\t":
        return Problem("PRV-1109", "a tab can't indent YAML", place(file, lines, line, here.index("\t") + 1), "use spaces")
    if line > len(lines) or not here:
        line, column = _last(lines)
    hint = next((hint for words, hint in HINTS.items() if words in said), "")
    context = f" {error.context}" if error.context and error.problem else ""
    return Problem("PRV-1108", f"is not valid YAML: {said}{context}", place(file, lines, line, column), hint)


def _reference(line: str, column: int) -> tuple[int, str] | None:
    """The unquoted reference that the parser stumbled over: it breaks at its brace, or soon after."""
    for match in REFERENCE.finditer(line):
        if match.start() <= column <= match.end() + 1 and not _quoted(line, match.start()):
            return match.start(), match[0]
    return None


def _quoted(line: str, column: int) -> bool:
    quote = ""
    for character in line[:column]:
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
    return bool(quote)


def _last(lines: list[str]) -> tuple[int, int]:
    """The end of the text: the last line that holds something."""
    line = next((number for number in range(len(lines), 0, -1) if lines[number - 1].strip()), 1)
    return line, len(lines[line - 1].rstrip()) + 1
