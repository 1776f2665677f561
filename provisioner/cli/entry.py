"""From the first word of the command line to the exit code of the process: every error becomes a text and a number here."""

import importlib
import os
import shlex
import signal
import sys
import types
from collections.abc import Sequence

import click

from provisioner import collector
from provisioner.cli.door import Door
from provisioner.cli.lazy import Verbs
from provisioner.errors import Exit, ProvisionError, of_system

ABOUT = """Delivers one application to clouds with Terraform and to virtual machines with Ansible.

\b
  provision init shop && cd shop     a project that runs on this machine
  provision plan                     what would happen
  provision apply                    make it so
"""


PLANNING = ("plan", "apply", "destroy", "rollback", "drift", "action", "restart", "status", "diff", "validate", "promote")
"""Verbs that change nothing but by a run."""


class Terminated(BaseException):
    """SIGTERM came."""


@click.group(cls=Verbs, name="provision", help=ABOUT, invoke_without_command=True, context_settings={
    "auto_envvar_prefix": "PROVISION", "help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.pass_context
def provision(ctx: click.Context) -> None:
    """The group itself says what there is."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code of the process."""
    collector.seldom()
    _open_closed()
    given = list(sys.argv[1:] if arguments is None else arguments)
    door = Door(output=output_of(given, os.environ.get("PROVISION_OUTPUT", "text")))
    # children of ours write state and plans: nothing of it is for others on this machine
    door.umask = os.umask(0o077)
    signal.signal(signal.SIGTERM, _terminated)
    try:
        return int(answer(given, door))
    finally:
        _flush(door)


def answer(given: list[str], door: Door) -> int:
    """Carry the command out; errors are told and become their exit code."""
    try:
        result = provision.main(args=given, prog_name="provision", standalone_mode=False, obj=door)
        return result if isinstance(result, int) else Exit.OK
    except click.exceptions.Exit as left:
        return left.exit_code
    except click.ClickException as error:
        return _usage(error, door)
    except ProvisionError as error:
        door.fail(error, error.exit)
        return error.exit
    except (KeyboardInterrupt, click.Abort):
        return _stopped("Interrupted", Exit.INTERRUPTED, given, door)
    except Terminated:
        return _stopped("Terminated", Exit.TERMINATED, given, door)
    except BrokenPipeError:
        return Exit.OK
    except Exception as error:
        refused = of_system(error)
        if refused is None:
            return _bug(error, given, door)
        door.fail(refused, refused.exit)
        return refused.exit


def _stopped(word: str, code: Exit, given: list[str], door: Door) -> int:
    """Say what became of it: a run stops by itself, in its own words, so whoever is stopped before or without one has changed nothing."""
    if door.run:
        door.show(door.aside.paint(f"{word} after run {door.run}: provision show {door.run} says how it ended.", "warning"))
    elif given and given[0] in PLANNING:
        door.show(door.aside.paint(f"{word} before anything was begun: nothing was changed.", "warning"))
        door.show(door.aside.paint("Next: ", "bold") + f"provision {shlex.join(given)}")
    else:
        door.show(door.aside.paint(f"{word}.", "warning"))
    return code


def _usage(error: click.ClickException, door: Door) -> int:
    """What was typed is wrong: exit 64, never click's own 2."""
    command = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "provision"
    wrong = ProvisionError(error.format_message().rstrip("."), code="PRV-6400", next=f"{command} --help", exit=Exit.USAGE)
    door.fail(wrong, Exit.USAGE)
    return Exit.USAGE


def _bug(error: Exception, given: list[str], door: Door) -> int:
    """A mistake of ours: short on the terminal, whole in a file (or on the terminal with PROVISION_DEBUG=1)."""
    crash = importlib.import_module("provisioner.cli.crash")
    if os.environ.get("PROVISION_DEBUG") == "1":
        door.show(crash.report(error, given))
        where = ""
    else:
        where = crash.write(error, given)
    bug = ProvisionError(f"a bug in provision: {crash.short(error)}", code="PRV-1099", exit=Exit.BUG,
                         hint=f"its report is {where}" if where else "PROVISION_DEBUG=1 shows where", next="provision explain PRV-1099")
    door.fail(bug, Exit.BUG)
    return Exit.BUG


def output_of(given: Sequence[str], default: str) -> str:
    """The wanted format, known before the command line is understood: an error in it is told in that format."""
    for index, word in enumerate(given):
        if word in ("-o", "--output") and index + 1 < len(given):
            return given[index + 1]
        for start in ("--output=", "-o"):
            if word.startswith(start) and len(word) > len(start) and not word.startswith("--on"):
                return word.removeprefix(start)
    return default


def _terminated(number: int, frame: types.FrameType | None) -> None:
    raise Terminated


def _open_closed() -> None:
    """Standard streams that were closed lead to nowhere: else the next file that is opened, such as the store, would be one of them."""
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(number, True)
    os.close(number)
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115 - for the whole life of the process


def _flush(door: Door) -> None:
    """The last bytes; a reader that has gone must not turn into a message of the interpreter."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (BrokenPipeError, ValueError):
            door.leave(stream)
