"""What one call of the command line prints with: two streams, their looks, text or JSON. The only module that writes to them."""

import json
import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TextIO

from provisioner.cli.pasting import Pasting
from provisioner.console.errors import error_json, error_text
from provisioner.console.look import Look
from provisioner.errors import Exit, Invalid, Problem, ProvisionError
from provisioner.model import Json


@dataclass
class Door:
    """Results go to stdout by `say`, everything else to stderr by `tell`."""

    output: str = "text"
    color: str = "auto"
    ascii: bool = False
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    closed: bool = False
    """Nobody reads stdout any more."""
    umask: int = 0o022
    """The user's own, for files that are meant for others."""
    answered: bool = False
    """A result was written as JSON."""
    warned: tuple[Problem, ...] = ()
    """Warnings that were shown: they are not shown again beside errors."""
    run: int = 0
    """The number of the run that this call has begun, or gone on with."""
    pasting: Pasting = field(default_factory=Pasting)
    """Completes commands that are printed."""
    heard: bytes | None = None
    """What standard input held."""

    @property
    def json(self) -> bool:
        return self.output == "json"

    @property
    def look(self) -> Look:
        """How results look."""
        return self._look(sys.stdout)

    @property
    def aside(self) -> Look:
        """How progress and errors look."""
        return self._look(sys.stderr)

    def _look(self, stream: TextIO) -> Look:
        return Look(self._colored(stream), self.ascii or not _unicode(stream), self._width(stream), self.pasting)

    def _colored(self, stream: TextIO) -> bool:
        if self.color != "auto":
            return self.color == "always"
        if self.environ.get("NO_COLOR"):
            return False
        if self.environ.get("FORCE_COLOR") not in (None, "", "0"):
            return True
        return stream.isatty() and self.environ.get("TERM") != "dumb"

    def _width(self, stream: TextIO) -> int:
        """Columns of the terminal; 0 where the text goes elsewhere and must not be cut."""
        if not stream.isatty() and not self.environ.get("COLUMNS"):
            return 0
        return max(shutil.get_terminal_size((100, 24)).columns, 40)

    @property
    def live(self) -> bool:
        """True where a tree may be drawn again and again."""
        return sys.stderr.isatty() and self.environ.get("TERM") != "dumb" and self.environ.get("CI", "") in ("", "0", "false")

    def say(self, text: str) -> None:
        """Write a result. A reader that has gone is no error: the exit code still tells the truth."""
        self._write(sys.stdout, text)

    def say_json(self, value: Json) -> None:
        """Write a result as JSON."""
        self.answered = True
        self.say(json.dumps(value, indent=2, ensure_ascii=False, default=str))

    def say_line(self, value: Json) -> None:
        """Write one line of ndjson."""
        self.say(json.dumps(value, ensure_ascii=False, default=str))

    def tell(self, text: str) -> None:
        """Write progress."""
        self._write(sys.stderr, self.aside.line(text, "dim"))

    def show(self, text: str) -> None:
        """Write a text that is laid out already to stderr."""
        self._write(sys.stderr, text)

    def fail(self, error: ProvisionError, code: Exit) -> None:
        """Tell of an error on stderr, with `-o json` as an object on stdout too."""
        error.next = self.pasting(error.next)
        shown = [problem for problem in error.problems if problem not in self.warned] if isinstance(error, Invalid) else []
        self.show(error_text(Invalid(shown) if shown else error, self.aside))
        if self.json and not self.answered:
            self.say_json(error_json(error, code))

    def hear(self, most: int) -> bytes:
        """All of standard input, but no more bytes than would be too many; it can be read only once, and is asked for more often."""
        if self.heard is None:
            if sys.stdin.isatty():
                self.tell("reading the application from the keyboard; Ctrl-D ends it")
            self.heard = sys.stdin.buffer.read(most + 1)
        return self.heard

    def _write(self, stream: TextIO, text: str) -> None:
        try:
            stream.write(text + "\n")
            stream.flush()
        except BrokenPipeError:
            self.leave(stream)
        except UnicodeEncodeError:
            stream.write(text.encode("ascii", "backslashreplace").decode() + "\n")
            stream.flush()

    def leave(self, stream: TextIO) -> None:
        """Point the stream at nothing, so that neither we nor the interpreter stumble over it again."""
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, stream.fileno())
        os.close(nothing)
        if stream is sys.stdout:
            self.closed = True


def _unicode(stream: TextIO) -> bool:
    return (stream.encoding or "").lower().replace("-", "") in ("utf8", "utf16", "utf8sig")
