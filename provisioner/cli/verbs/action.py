"""action: what a definition offers beside delivering a component. Options and help; what it does is in `work`."""

from typing import Any

import click

from provisioner.cli import completing
from provisioner.cli.door import Door
from provisioner.cli.lazy import carry_out
from provisioner.cli.options import PLACE, RUNNING, TOOLS, looks, option
from provisioner.cli.verbs.plan import SHOWING


@click.command("action", short_help="Run an action of a component: backup, restore …")
@click.argument("name", metavar="NAME", shell_complete=completing.COMPONENT)
@click.argument("verb", required=False, default="", metavar="[VERB]")
@option("--set", "values", multiple=True, metavar="PARAMETER=VALUE", help="A parameter of the action; repeatable.")
@PLACE
@TOOLS
@RUNNING
@SHOWING[0]
@looks()
@click.pass_obj
def action_command(door: Door, /, name: str, verb: str, **chosen: Any) -> int:
    """Run an action of a component: backup, restore …

    It is shown, asked, locked and kept as a run, as an apply is; it works on what is delivered. NAME is a component, or one copy of
    it (db@dc1). Without VERB: the actions that there are.

    \b
      provision action db
      provision action db backup
      provision action db restore --set file=app-20261124T101500Z.dump --yes
    """
    return carry_out("action.action", door, name, verb, **chosen)
