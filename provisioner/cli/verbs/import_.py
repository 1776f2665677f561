"""import: take over what is there already. Options and help; what it does is in `work`."""

from typing import Any

import click

from provisioner.cli import completing
from provisioner.cli.door import Door
from provisioner.cli.lazy import carry_out
from provisioner.cli.options import PLACE, PROTECTION, RUNNING, THE_FILE, TOOLS, looks
from provisioner.cli.verbs.plan import SHOWING


@click.command("import", short_help="Take over cloud resources that are there already.")
@click.argument("name", metavar="NAME", shell_complete=completing.COMPONENT)
@click.argument("pairs", nargs=-1, required=True, metavar="ADDRESS ID ...")
@THE_FILE
@PLACE
@TOOLS
@PROTECTION
@RUNNING
@SHOWING[0]
@looks()
@click.pass_obj
def import_command(door: Door, /, name: str, pairs: tuple[str, ...], **chosen: Any) -> int:
    """Take over cloud resources that are there already.

    It is an apply in which component NAME takes over, instead of making them, the resources with these addresses inside its module and
    these ids (as terraform import takes them). The plan says what is taken over and what of it differs from app.yaml; whatever else
    app.yaml wants is done, too. Hosts need no import: the plan of a component on hosts compares with what is there.

    \b
      provision import files aws_s3_bucket.this my-old-bucket
      provision import fleet 'aws_instance.this[0]' i-0abc12345 --yes
    """
    return carry_out("imports.take_over", door, name, pairs, **chosen)
