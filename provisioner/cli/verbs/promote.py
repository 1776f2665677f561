"""promote. Options and help; what it does is in `work`."""

from typing import Any

import click

from provisioner.cli import completing
from provisioner.cli.door import Door
from provisioner.cli.lazy import carry_out
from provisioner.cli.options import FILE, IGNORE, PROTECTION, RUNNING, STORE, TOOLS, looks, option
from provisioner.cli.verbs.plan import SHOWING


@click.command("promote", short_help="Deliver what one environment has to the next one.")
@FILE
@option("--from", "promote_from", required=True, metavar="ENVIRONMENT", shell_complete=completing.ENVIRONMENT, help="Whose version is taken.")
@option("--to", "environment", required=True, metavar="ENVIRONMENT", shell_complete=completing.ENVIRONMENT, help="Where it is delivered.")
@STORE
@IGNORE
@TOOLS
@PROTECTION
@RUNNING
@SHOWING[0]
@SHOWING[1]
@looks()
@click.pass_obj
def promote_command(door: Door, /, **chosen: Any) -> int:
    """Deliver what one environment has to the next one.

    The application as it was last delivered there, whatever app.yaml says now, under the other environment's targets, values, policies
    and rules. Planned, shown and asked as by apply. Refused when the newest run there did not succeed.

    \b
      provision promote --from staging --to prod
      provision promote app.yaml#shop --from staging --to prod --yes --reason CHG0041873
    """
    return carry_out("apply.promote", door, **chosen)
