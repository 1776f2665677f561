"""action, restart: what a definition offers beside delivering a component. Options and help; what it does is in `work`."""

from typing import Any

import click

from provisioner.cli import completing
from provisioner.cli.door import Door
from provisioner.cli.lazy import carry_out
from provisioner.cli.options import PLACE, RUNNING, THE_FILE, TOOLS, looks, option
from provisioner.cli.verbs.plan import SHOWING

HOST = option("--host", multiple=True, metavar="NAME", help="Only on this host; repeatable (default: all hosts of the component).")


@click.command("action", short_help="Run an action of a component: backup, restore …")
@click.argument("name", metavar="NAME", shell_complete=completing.COMPONENT)
@click.argument("verb", required=False, default="", metavar="[VERB]")
@option("--set", "values", multiple=True, metavar="PARAMETER=VALUE", help="A parameter of the action; repeatable.")
@HOST
@THE_FILE
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


@click.command("restart", short_help="Start anew what runs of a component, host by host.")
@click.argument("name", metavar="NAME", shell_complete=completing.COMPONENT)
@HOST
@THE_FILE
@PLACE
@TOOLS
@RUNNING
@SHOWING[0]
@looks()
@click.pass_obj
def restart_command(door: Door, /, name: str, **chosen: Any) -> int:
    """Start anew what runs of a component, host by host.

    The same word for a program, a container and a database on hosts, for a service on ECS, for machines and databases of a cloud.
    It is the action `restart`: shown, asked, locked and kept as a run. Hosts come one after the other, and the next one only when the
    last is healthy; what else differs on a host is put back with it, and shown before.

    \b
      provision restart api
      provision restart api@dc1 --host web-01 --yes
    """
    return carry_out("action.restart", door, name, **chosen)
