"""types and schema: what can be written in app.yaml. Asks no tool. Options and help; what it does is in `work`."""

import click

from provisioner.cli import completing
from provisioner.cli.door import Door
from provisioner.cli.lazy import carry_out
from provisioner.cli.options import looks, option
from provisioner.console.schemas import SCHEMAS

DOCUMENTS = ("application", "environment")


@click.command("types", short_help="List the types, or everything about one TYPE.")
@click.argument("name", required=False, metavar="[TYPE]", shell_complete=completing.TYPE)
@option("--project", default=".", type=click.Path(file_okay=False), metavar="DIR", help="The project, whose own types come first.")
@looks()
@click.pass_obj
def types_command(door: Door, /, name: str | None, project: str) -> int:
    """List the types, or everything about one TYPE.

    Components, traits, policies and steps of the workflow: parameters, outputs, where it can go, and an example that works.

    \b
      provision types
      provision types postgres
      provision types garbage-collect
    """
    return carry_out("catalogue.types", door, name, project)


@click.command("schema", short_help="Print a JSON Schema, for editors and scripts.")
@option("--of", "of", type=click.Choice([*DOCUMENTS, *SCHEMAS]), default="application", show_default=True, help="What the schema is of.")
@option("--project", default=".", type=click.Path(file_okay=False), metavar="DIR", help="The project, whose own types come first.")
@click.pass_obj
def schema_command(door: Door, /, of: str, project: str) -> int:
    """Print a JSON Schema, for editors and scripts.

    That of app.yaml has the properties of every known type, for completion and checks while you write.

    \b
      provision schema > app.schema.json
      provision schema --of plan
    """
    return carry_out("catalogue.schema", door, of, project)
