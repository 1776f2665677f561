"""drift: what the world changed since it was delivered. Options and help; what it does is in `work`."""

from typing import Any

import click

from provisioner.cli.door import Door
from provisioner.cli.lazy import carry_out
from provisioner.cli.options import FILE, PLACE, PROTECTION, RUNNING, TOOLS, looks, option
from provisioner.cli.verbs.plan import SHOWING


@click.command("drift", short_help="Show what was changed behind our back, and heal it.")
@FILE
@option("--all", "every", is_flag=True, help="Every application and environment that the store knows.")
@option("--scheduled", is_flag=True, help="With --all: only where the environment's drift.schedule says that it is time.")
@option("--fix", is_flag=True, help="Put it back as it was delivered: shown, asked and kept as a run.")
@option("--accept", multiple=True, metavar="PATH", help="This difference is fine (needs --reason); * stands for anything; repeatable.")
@option("--unaccept", multiple=True, metavar="PATH", help="Forget that it was accepted; repeatable.")
@PLACE
@TOOLS
@PROTECTION
@RUNNING
@SHOWING[0]
@looks("text", "json", "markdown")
@click.pass_obj
def drift_command(door: Door, /, **chosen: Any) -> int:
    """Show what was changed behind our back, and heal it.

    What is out there is compared with what was delivered, not with app.yaml: edits that were not applied are no drift. Every
    difference has a path. Exit code 0: none, 2: there is drift, 1 or 12: something could not be looked at.

    \b
      provision drift
      provision drift --fix
      provision drift --accept 'notes@aws/aws_s3_bucket.this/tags.*' --reason "cost centre, ticket 4711"
      */10 * * * *  provision drift --all --scheduled -o json      # in a crontab
    """
    return carry_out("drift.drift", door, **chosen)
