"""Command lines of Terraform, made by python-terraform. The only module that knows it; runs nothing.

Its `destroy`, `output` and asynchronous calls do not work with Terraform 1.x, and it keeps output in memory only,
so processes are started by `process.children`.
"""

import shlex
from pathlib import Path

from python_terraform import IsFlagged, Terraform  # type: ignore[import-untyped]

NO_STATE = ".not-read"
"""python-terraform reads a state file when it is made, and we have our own way for that."""


def init(binary: str, folder: Path, *, upgrade: bool = False) -> list[str]:
    """Install providers and modules; events as JSON."""
    return _line(binary, folder, "init", json=IsFlagged, input=False, upgrade=True if upgrade else None)


def plan(binary: str, folder: Path, out: str, targets: list[str], *, replace: list[str], lock: bool, destroy: bool, parallel: int) -> list[str]:
    """Refresh and plan into a file; exit code 2 when there are changes. `destroy`: everything, by the blocks that are there."""
    return _line(binary, folder, "plan", json=IsFlagged, input=False, detailed_exitcode=IsFlagged, out=out, parallelism=parallel,
                 destroy=IsFlagged if destroy else None, target=targets or None, replace=replace or None, lock=None if lock else False,
                 lock_timeout="60s" if lock else None)


def show(binary: str, folder: Path, plan_file: str) -> list[str]:
    """A plan file as JSON."""
    return _line(binary, folder, "show", plan_file, json=IsFlagged)


def apply(binary: str, folder: Path, plan_file: str, *, parallel: int) -> list[str]:
    """Apply exactly a plan file; events as JSON."""
    return _line(binary, folder, "apply", plan_file, json=IsFlagged, input=False, parallelism=parallel, lock_timeout="60s")


def state_pull(binary: str, folder: Path) -> list[str]:
    """The state of any backend as JSON."""
    return _line(binary, folder, "state pull")


def taint(binary: str, folder: Path, address: str, *, undo: bool) -> list[str]:
    """Mark a resource for replacement, or take the mark away."""
    return _line(binary, folder, "untaint" if undo else "taint", address, lock_timeout="60s")


def import_line(binary: str, address: str, identifier: str) -> str:
    """What a user types to take over a resource that exists already."""
    return text([Path(binary).name, "import", address, identifier])


def text(line: list[str] | tuple[str, ...]) -> str:
    """A command line as it is typed into a shell."""
    return shlex.join(line)


def _line(binary: str, folder: Path, verb: str, *arguments: str, **options: object) -> list[str]:
    terraform = Terraform(working_dir=str(folder), state=NO_STATE, terraform_bin_path=binary)
    return [str(word) for word in terraform.generate_cmd_string(verb, *arguments, **options)]
