"""How text looks on this terminal: colour, width, plain ASCII. Pure; knows nothing of plans or runs."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

STYLES = {
    "bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "blue": "34", "magenta": "35", "cyan": "36",
    "error": "1;31", "warning": "33", "good": "32", "title": "1",
}
ASCII = str.maketrans({
    "→": "->", "…": "...", "·": "-", "±": "-/+", "✓": "ok", "✗": "x", "⏸": "||", "⚠": "!", "—": "-", "–": "-", "├": "|", "└": "`", "│": "|", "─": "-",
    "≠": "!=", "↶": "<-", "×": "x", "“": '"', "”": '"', "’": "'", "▶": ">", "←": "<-", "█": "#", "░": ".",
})
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]")
SGR = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class Look:
    """Colour or not, ASCII only or not, the width in columns (0: never cut), and what completes a command that is to be pasted."""

    color: bool = False
    ascii: bool = False
    width: int = 0
    complete: Callable[[str], str] = str

    def paint(self, text: str, style: str) -> str:
        """The text in a style of `STYLES`; unchanged without colour."""
        return f"\x1b[{STYLES[style]}m{text}\x1b[0m" if self.color and style and text else text

    def words(self, text: str) -> str:
        """Text that may be shown: control characters made visible, symbols in ASCII where that is asked for."""
        shown = CONTROL.sub(visible, text)
        return shown.translate(ASCII).encode("ascii", "backslashreplace").decode() if self.ascii else shown

    def line(self, text: str, style: str = "") -> str:
        """One line of foreign text, safe and in a style."""
        return self.paint(self.words(text), style)

    def command(self, text: str) -> str:
        """A command of ours, ready to paste: with the options that this one was given."""
        return self.words(self.complete(text))

    def fit(self, text: str, used: int = 0) -> str:
        """The text cut to what is left of the line after `used` columns."""
        return cut(text, max(self.width - used, 12)) if self.width else text


@dataclass(frozen=True)
class Cell:
    """A piece of a row, with its style."""

    text: str
    style: str = ""


Row = Sequence[Cell | str]


def visible(match: re.Match[str]) -> str:
    """A control character as its escape, so that foreign text can't steer the terminal."""
    if match[0] == "\r":
        return ""
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"


def width_of(text: str) -> int:
    """Columns that a text takes, colour codes not counted, wide letters as two."""
    bare = SGR.sub("", text) if "\x1b" in text else text
    if bare.isascii():
        return len(bare)
    return sum(0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in bare)


def cut(text: str, width: int) -> str:
    """At the most `width` columns of a text without colour; an ellipsis where something is missing."""
    if width_of(text) <= width:
        return text
    kept: list[str] = []
    left = width - 1
    for letter in text:
        left -= width_of(letter)
        if left < 0:
            break
        kept.append(letter)
    return "".join(kept).rstrip() + "…"


def table(rows: Iterable[Row], look: Look, *, indent: str = "  ", gap: int = 3, header: bool = False) -> list[str]:
    """Rows as lines with aligned columns; the last column is not padded and is cut at the width of the terminal."""
    cells = [[Cell(look.words(cell.text), cell.style) if isinstance(cell, Cell) else Cell(look.words(cell)) for cell in row] for row in rows]
    widths: dict[int, int] = {}
    for row in cells:
        for index, cell in enumerate(row[:-1]):
            widths[index] = max(widths.get(index, 0), width_of(cell.text))
    found = [_line(row, widths, look, indent, gap) for row in cells]
    return [look.paint(found[0], "dim"), *found[1:]] if header and found else found


def _line(row: list[Cell], widths: Mapping[int, int], look: Look, indent: str, gap: int) -> str:
    out, used = [indent], len(indent)
    for index, cell in enumerate(row):
        last = index == len(row) - 1
        space = 0 if last else widths[index] - width_of(cell.text) + (gap if widths[index] else 0)
        text = look.words(look.fit(cell.text, used)) if last and look.width else cell.text
        out.append(look.paint(text, cell.style) + " " * space)
        used += width_of(text) + space
    return "".join(out).rstrip()


def seconds_text(seconds: float) -> str:
    """A duration as people write it: 0.4 s, 12 s, 3m07s, 1h02m."""
    if seconds < 1:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}s"
    return f"{whole // 3600}h{whole % 3600 // 60:02d}m"


def count(number: int, noun: str, plural: str = "") -> str:
    """`1 host`, `3 hosts`."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"
