"""secrets: set, list, check. A value is read, never printed, never an argument. Options and help; what it does is in `work`."""

from typing import Any

import click

from provisioner.cli.door import Door
from provisioner.cli.lazy import carry_out
from provisioner.cli.options import FILE, PLACE, THE_FILE, looks


@click.group("secrets", short_help="Secrets: set NAME, list, check.")
def secrets_command() -> None:
    """Secrets: set NAME, list, check.

    app.yaml names them, ${secret.payments/hsm-pin}; values live in the environment's backend, by default an encrypted file.

    \b
      provision secrets set payments/hsm-pin
      provision secrets check -e prod
    """


@secrets_command.command("set", short_help="Keep a value; asks for it, or reads standard input.")
@click.argument("name")
@THE_FILE
@PLACE
@looks()
@click.pass_obj
def set_command(door: Door, /, name: str, **chosen: Any) -> int:
    """Keep a value; asks for it, or reads standard input.

    \b
      provision secrets set payments/hsm-pin
      printf %s "$PIN" | provision secrets set payments/hsm-pin -e prod
    """
    return carry_out("secrets.set_one", door, name, **chosen)


@secrets_command.command("list", short_help="The names; never a value.")
@THE_FILE
@PLACE
@looks()
@click.pass_obj
def list_command(door: Door, /, **chosen: Any) -> int:
    """The names; never a value.

    \b
      provision secrets list -e prod
    """
    return carry_out("secrets.list_all", door, **chosen)


@secrets_command.command("check", short_help="Whether all that app.yaml names have a value.")
@FILE
@PLACE
@looks()
@click.pass_obj
def check_command(door: Door, /, **chosen: Any) -> int:
    """Whether all that app.yaml names have a value.

    \b
      provision secrets check -e prod
    """
    return carry_out("secrets.check", door, **chosen)
