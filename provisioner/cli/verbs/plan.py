"""validate and plan. Options and help; what it does is in `work`."""

from typing import Any

import click

from provisioner.cli.door import Door
from provisioner.cli.lazy import carry_out
from provisioner.cli.options import FILE, PLACE, PROTECTION, TOOLS, looks, option

SHOWING = (
    option("--diff", type=click.Choice(["none", "summary", "full"]), default="summary", show_default=True, help="How much of what differs."),
    option("--show-unchanged", is_flag=True, help="A row for each component, also where nothing changes."),
    option("--detail", is_flag=True, help="Say what waits for what."),
)


@click.command("validate", short_help="Check the documents; asks no tool.")
@FILE
@PLACE
@looks()
@click.pass_obj
def validate_command(door: Door, /, **chosen: Any) -> int:
    """Check the documents; asks no tool.

    All errors at once, with file, line and column. Exit code 3 when something is invalid.

    \b
      provision validate
      provision validate app.yaml -e prod -o json
    """
    return carry_out("plan.validate", door, **chosen)


@click.command("plan", short_help="Show what apply would do; changes nothing.")
@FILE
@PLACE
@TOOLS
@PROTECTION
@option("--destroy", is_flag=True, help="Plan the removal of everything.")
@option("--out", default="", metavar="FILE", help="Save the plan: apply FILE does exactly that, or refuses and says what changed.")
@option("--detailed-exitcode", is_flag=True, help="Exit with 2 when there are changes.")
@SHOWING[0]
@SHOWING[1]
@SHOWING[2]
@option("--show-commands", is_flag=True, help="Print the exact command lines that looked.")
@looks("text", "json", "markdown", "html")
@click.pass_obj
def plan_command(door: Door, /, **chosen: Any) -> int:
    """Show what apply would do; changes nothing.

    Cloud resources and hosts in one tree: + create, ~ change, ± replace, - destroy, = unchanged, ! data is lost.

    \b
      provision plan
      provision plan -e prod --diff full
      provision plan --detailed-exitcode -o json
      provision plan -e prod --out release.plan && provision apply release.plan
      provision plan -e prod -o markdown > plan.md      for a merge request; -o html is a page of its own
    """
    return carry_out("plan.plan", door, **chosen)
