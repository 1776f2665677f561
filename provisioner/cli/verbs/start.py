"""init. Options and help; what it does is in `work`."""

from pathlib import Path

import click

from provisioner.cli.door import Door
from provisioner.cli.lazy import carry_out
from provisioner.cli.options import looks, option
from provisioner.cli.templates import TEMPLATES


@click.command("init", short_help="Make a project: app.yaml, an environment, .gitignore.")
@click.argument("folder", default=".", metavar="[DIR]", type=click.Path(file_okay=False, path_type=Path))
@option("--template", type=click.Choice(list(TEMPLATES)), default="quickstart", show_default=True, help="What to begin with.")
@option("--name", default="", metavar="NAME", help="The application's name (default: the folder's).")
@looks()
@click.pass_obj
def init_command(door: Door, /, folder: Path, template: str, name: str) -> int:
    """Make a project: app.yaml, an environment, .gitignore.

    Never overwrites a file.

    \b
      provision init shop
      provision init shop --template hosts
    """
    return carry_out("start.init", door, folder, template, name)
