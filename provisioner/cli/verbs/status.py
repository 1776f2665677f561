"""status, outputs, graph: the application as it is, or as it is meant. Options and help; what it does is in `work`."""

from typing import Any

import click

from provisioner.cli import completing
from provisioner.cli.door import Door
from provisioner.cli.lazy import carry_out
from provisioner.cli.options import ENVIRONMENT, FILE, PLACE, STORE, THE_FILE, TOOLS, looks, option


@click.command("status", short_help="Health and sync of each component.")
@FILE
@PLACE
@TOOLS
@option("--detailed-exitcode", is_flag=True, help="Exit with 2 when something drifted or is not as declared.")
@looks()
@click.pass_obj
def status_command(door: Door, /, **chosen: Any) -> int:
    """Health and sync of each component.

    Two words: does it work (health), is it as declared (sync). Exit code 0 when all is healthy, 1 when not.

    \b
      provision status
      provision status -e prod -o json --detailed-exitcode
    """
    return carry_out("status.status", door, **chosen)


@click.command("outputs", short_help="Print the outputs of delivered components.")
@click.argument("name", required=False, metavar="[COMPONENT[.OUTPUT]]", shell_complete=completing.COMPONENT)
@THE_FILE
@ENVIRONMENT
@STORE
@looks()
@click.pass_obj
def outputs_command(door: Door, /, name: str | None, **chosen: Any) -> int:
    """Print the outputs of delivered components.

    Sensitive ones are never printed. One output alone comes bare, for scripts.

    \b
      provision outputs
      curl "$(provision outputs door.url)"
      provision outputs --app shop -e prod -o json
    """
    return carry_out("status.outputs", door, name, **chosen)


@click.command("graph", short_help="Show what needs what: text, mermaid or svg.")
@FILE
@PLACE
@looks("text", "mermaid", "svg", "json")
@click.pass_obj
def graph_command(door: Door, /, **chosen: Any) -> int:
    """Show what needs what: text, mermaid or svg.

    In the order of delivery; asks no tool.

    \b
      provision graph
      provision graph -o mermaid > graph.mmd
      provision graph -o svg > graph.svg
    """
    return carry_out("status.graph", door, **chosen)
