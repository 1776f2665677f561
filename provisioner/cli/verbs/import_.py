"""import: take over what is there already. Options and help; what it does is in `work`."""

from typing import Any

import click

from provisioner.cli import completing
from provisioner.cli.door import Door
from provisioner.cli.lazy import carry_out
from provisioner.cli.options import PLACE, PROTECTION, RUNNING, THE_FILE, TOOLS, looks, option
from provisioner.cli.verbs.plan import SHOWING


@click.command("import", short_help="Take over what is there already.")
@click.argument("name", metavar="NAME", shell_complete=completing.COMPONENT)
@click.argument("pairs", nargs=-1, metavar="[ADDRESS ID ...]")
@option("--state", default="", metavar="STATE", help="A Terraform state (file) that knows the resources; terraform state pull prints one.")
@THE_FILE
@PLACE
@TOOLS
@PROTECTION
@RUNNING
@SHOWING[0]
@looks()
@click.pass_obj
def import_command(door: Door, /, name: str, pairs: tuple[str, ...], **chosen: Any) -> int:
    """Take over what is there already.

    It is an apply in which component NAME takes over what others set up, instead of making it. The plan says what is taken over and what
    of it differs from app.yaml; whatever else app.yaml wants is done, too. Afterwards the plan is empty.

    In a cloud: ADDRESS is a resource inside its module, ID what terraform import takes. With --state the ids are read from a state:
    resources of the same address, or the only ones of their type; else give the address that they have there in place of ID.

    On hosts nothing is named: a service of the same name, and files by which nginx answers for the same, are found there. They are kept in
    the host's record and put back when the component goes. A playbook of your own that finds all as it wants it changes nothing.

    \b
      provision import files aws_s3_bucket.this my-old-bucket
      provision import fleet 'aws_instance.this[0]' i-0abc12345 --yes
      provision import files --state old/terraform.tfstate
      provision import files --state old/terraform.tfstate aws_s3_bucket.this module.storage.aws_s3_bucket.main
      provision import door
    """
    return carry_out("imports.take_over", door, name, pairs, **chosen)
