"""All errors that people see, and the exit codes. Imports nothing of ours.

ProvisionError          one message: code, where, what, which choices, what next
├─ Invalid              documents are wrong: carries every Problem found (exit 3)
├─ Refused              not allowed, or protected data (exit 4, 5)
├─ Locked               another run holds the lock (exit 8)
├─ Stale                the plan no longer fits the world (exit 11)
├─ Missing              a tool, provider or host is not there (exit 12)
├─ CommandFailed        a child process failed: carries command, exit code and its last lines (exit 1)
└─ StepFailed           one step of a run failed (exit 1, or 9 when something was changed)
"""

import errno
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum


class Exit(IntEnum):
    """What the process ends with; the table in docs/architecture.md."""

    OK = 0
    FAILED = 1
    CHANGES = 2
    INVALID = 3
    NOT_ALLOWED = 4
    DENIED = 5
    WAITING = 6
    CLOSED = 7
    LOCKED = 8
    PARTIAL = 9
    ROLLED_BACK = 10
    STALE = 11
    MISSING = 12
    USAGE = 64
    BUG = 70
    TIMEOUT = 124
    INTERRUPTED = 130
    TERMINATED = 143


@dataclass(frozen=True)
class Where:
    """A place in a document: 1-based line and column, and the lines around it for the excerpt."""

    file: str
    line: int = 0
    column: int = 0
    excerpt: tuple[tuple[int, str], ...] = ()
    width: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: a stable code (`provision explain CODE`), a sentence, a place, a way out."""

    code: str
    message: str
    where: Where | None = None
    hint: str = ""
    severity: str = "error"

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return f"{place}{self.code} {self.message}" + (f"; {self.hint}" if self.hint else "")


class ProvisionError(Exception):
    """Something the user can act on. `exit` is the process's exit code, `next` a command that is ready to paste."""

    exit: Exit = Exit.FAILED
    code: str = "PRV-1000"

    def __init__(
        self, message: str, *, code: str = "", where: Where | None = None, hint: str = "", next: str = "",
        exit: Exit | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.where = where
        self.hint = hint
        self.next = next
        self.exit = type(self).exit if exit is None else exit

    @property
    def problems(self) -> tuple[Problem, ...]:
        return (Problem(self.code, self.message, self.where, self.hint),)


class Invalid(ProvisionError):
    """A document is invalid; all its problems at once."""

    exit = Exit.INVALID

    def __init__(self, problems: Iterable[Problem]) -> None:
        self._problems = tuple(problems)
        code = next((problem.code for problem in self._problems if problem.severity == "error"), self._problems[0].code)
        super().__init__("\n".join(str(problem) for problem in self._problems), code=code)

    @property
    def problems(self) -> tuple[Problem, ...]:
        return self._problems


class Refused(ProvisionError):
    """The change is not allowed as asked."""

    exit = Exit.DENIED
    code = "PRV-5001"


class Denied(Invalid):
    """Rules deny what is asked; all of them at once."""

    exit = Exit.DENIED


class Locked(ProvisionError):
    """Another run holds the lock of this application and environment."""

    exit = Exit.LOCKED
    code = "PRV-6001"


class Stale(ProvisionError):
    """The world is not as the plan showed it; nothing that was not shown has been done."""

    exit = Exit.STALE
    code = "PRV-6101"


class Missing(ProvisionError):
    """A tool, a provider or a host is missing."""

    exit = Exit.MISSING
    code = "PRV-7001"


class StepFailed(ProvisionError):
    """A step of a run failed."""

    code = "PRV-4001"


class CommandFailed(ProvisionError):
    """A child process ended with a failure; the message shows its command, exit code and last lines."""

    code = "PRV-4002"

    def __init__(self, command: list[str], returncode: int, output: str, *, hint: str = "", code: str = "") -> None:
        last = "\n".join("  " + line for line in output.strip().splitlines()[-12:])
        super().__init__(f"{command[0]} ended with exit code {returncode}\n{last}", hint=hint, code=code)
        self.command = command
        self.returncode = returncode
        self.output = output


SYSTEM = {
    errno.ENOSPC: "free some space on that disk", errno.EDQUOT: "free some space: your quota is used up",
    errno.EROFS: "that disk is mounted read-only", errno.EACCES: "its file and folder must be readable and writable for you",
    errno.EIO: "look at the kernel's log: the disk fails", errno.EMFILE: "raise the limit of open files (ulimit -n), or use --parallel 2",
    errno.ENOMEM: "free some memory, or use --parallel 2",
    errno.EEXIST: "a folder is needed there: move the file away", errno.ENOTDIR: "a folder is needed there: move the file away",
    errno.ENAMETOOLONG: "use a folder with a shorter path", errno.ELOOP: "its links lead in a circle",
}
"""What the machine may refuse, and what helps."""


def of_system(error: BaseException) -> ProvisionError | None:
    """What the machine refused (space, rights, memory) as an error that people can act on; None for anything else."""
    hint = SYSTEM.get(error.errno or 0) if isinstance(error, OSError) else None
    if hint is None or not isinstance(error, OSError):
        return None
    place = f"{error.filename}: " if error.filename else ""
    return ProvisionError(f"{place}{error.strerror}", code="PRV-1004", hint=hint, next="provision doctor")
