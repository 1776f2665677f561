"""history, diff, rollback: what was delivered, what differs, and going back. Options and help; what it does is in `work`."""

from typing import Any

import click

from provisioner.cli import completing
from provisioner.cli.door import Door
from provisioner.cli.lazy import carry_out
from provisioner.cli.options import FILE, IGNORE, PLACE, PROTECTION, RUNNING, STORE, TOOLS, looks, option
from provisioner.cli.verbs.plan import SHOWING


@click.command("history", short_help="List revisions: what was delivered, when, by whom and why.")
@FILE
@PLACE
@option("--limit", type=click.IntRange(1, 10000), default=20, show_default=True, help="How many.")
@looks()
@click.pass_obj
def history_command(door: Door, /, limit: int, **chosen: Any) -> int:
    """List revisions: what was delivered, when, by whom and why.

    Each run that succeeded is a revision. `provision diff 41 42` says what differs, `provision rollback --to 41` goes back.

    \b
      provision history
      provision history -e prod -o json
    """
    return carry_out("past.history", door, limit, **chosen)


@click.command("diff", short_help="Compare revisions, environments, or app.yaml with what is delivered.",
               context_settings={"ignore_unknown_options": True})
@click.argument("revisions", nargs=-1, metavar="[REVISION [REVISION]]")
@option("-e", "--env", "--environment", "environments", multiple=True, envvar="PROVISION_ENVIRONMENT", metavar="NAME",
        shell_complete=completing.ENVIRONMENT, help="The environment; two are compared.")
@option("-f", "--file", "file", default=None, metavar="FILE", help="The application's file (default: app.yaml).")
@STORE
@IGNORE
@option("--live", is_flag=True, help="Compare app.yaml with what is there, too: Terraform and the hosts are asked.")
@TOOLS
@option("--detailed-exitcode", is_flag=True, help="Exit with 2 when something differs.")
@looks()
@click.pass_obj
def diff_command(door: Door, /, revisions: tuple[str, ...], environments: tuple[str, ...], **chosen: Any) -> int:
    """Compare revisions, environments, or app.yaml with what is delivered.

    Asks no tool: it compares what is asked for. With --live both engines are asked, and what is there is compared with app.yaml by path.
    A REVISION is a number (41, shop@41), 0 for the newest, -1 for the one before it.

    \b
      provision diff                               app.yaml against what is delivered
      provision diff --live                        and against what is there
      provision diff 41                            revision 41 against the newest
      provision diff shop@41 shop@42
      provision diff --env staging --env prod
    """
    return carry_out("past.diff", door, revisions, environments, **chosen)


@click.command("rollback", short_help="Go back to an earlier revision.")
@FILE
@PLACE
@TOOLS
@PROTECTION
@RUNNING
@option("--to", "revision", type=int, default=-1, metavar="REVISION", help="The revision (default: the one before the newest).")
@option("--plan", "only_plan", is_flag=True, help="Show what it would do, and change nothing.")
@SHOWING[0]
@SHOWING[1]
@looks()
@click.pass_obj
def rollback_command(door: Door, /, revision: int, only_plan: bool, **chosen: Any) -> int:
    """Go back to an earlier revision.

    A plan as any: shown, asked, locked, journalled. It delivers that revision's components with its own modules, playbooks, inputs
    and artefacts; releases that are still on a host are switched to, not sent again. Data that the revision did not have stays.
    The steps of its workflow run again: approvals, smoke tests, messages. app.yaml is not changed: the next apply goes forward again.

    \b
      provision rollback
      provision rollback --to 41 -e prod --yes --reason INC0012
    """
    return carry_out("past.rollback", door, revision, only_plan, **chosen)
