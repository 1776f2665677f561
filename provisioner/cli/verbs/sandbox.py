"""sandbox: up, down, status, break. Options and help; what it does is in `work`."""

from typing import Any

import click

from provisioner.cli import completing
from provisioner.cli.door import Door
from provisioner.cli.lazy import carry_out
from provisioner.cli.options import FILE, STORE, looks, option

PROJECT = option("--project", default=".", type=click.Path(file_okay=False), metavar="DIR", help="The project (default: this folder).")


@click.group("sandbox", short_help="The simulated cloud: up, down, status, break NAME.")
def sandbox_command() -> None:
    """The simulated cloud: up, down, status, break NAME.

    It starts by itself with the first plan; it never reaches a real account, and ends 12 h after its last use.

    \b
      provision sandbox up
      provision sandbox break bucket
    """


@sandbox_command.command("up", short_help="Start the simulated cloud of this project.")
@PROJECT
@looks()
@click.pass_obj
def up_command(door: Door, /, project: str) -> int:
    """Start the simulated cloud of this project.

    \b
      provision sandbox up
    """
    return carry_out("sandbox.up", door, project)


@sandbox_command.command("status", short_help="Whether it runs, and where.")
@PROJECT
@looks()
@click.pass_obj
def status_command(door: Door, /, project: str) -> int:
    """Whether it runs, and where.

    \b
      provision sandbox status
    """
    return carry_out("sandbox.status", door, project)


@sandbox_command.command("down", short_help="End it; what it held is gone.")
@PROJECT
@looks()
@click.pass_obj
def down_command(door: Door, /, project: str) -> int:
    """End it; what it held is gone.

    Services on this machine are not touched: provision destroy removes them.

    \b
      provision sandbox down
    """
    return carry_out("sandbox.down", door, project)


@sandbox_command.command("break", short_help="Damage a component behind the tool's back.")
@click.argument("name", shell_complete=completing.COMPONENT)
@FILE
@STORE
@looks()
@click.pass_obj
def break_command(door: Door, /, name: str, **chosen: Any) -> int:
    """Damage a component behind the tool's back.

    NAME is a component or a type. Plan then shows the drift, and apply heals it.

    \b
      provision sandbox break bucket
      provision plan
    """
    return carry_out("sandbox.break_one", door, name, **chosen)
