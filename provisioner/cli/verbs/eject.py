"""eject: leave with plain Terraform and Ansible. Options and help; what it does is in `work`."""

from typing import Any

import click

from provisioner.cli.door import Door
from provisioner.cli.lazy import carry_out
from provisioner.cli.options import PLACE, THE_FILE, TOOLS, looks, option


@click.command("eject", short_help="Write plain Terraform and Ansible that run without provision.")
@click.argument("folder", metavar="FOLDER")
@THE_FILE
@option("--with-secrets", is_flag=True, help="Write secrets in clear, too, into files of mode 0600.")
@PLACE
@TOOLS
@looks()
@click.pass_obj
def eject_command(door: Door, /, folder: str, **chosen: Any) -> int:
    """Write plain Terraform and Ansible that run without provision.

    FOLDER gets each Terraform root with its modules, lock file and a copy of its state, and for the hosts inventory, variables, playbooks
    and our library; a README says how to run them. Run as they are, they change nothing. Nothing of the project is changed.

    \b
      provision eject ../shop-plain
      sh ../shop-plain/terraform/aws/tf init && sh ../shop-plain/terraform/aws/tf plan
      sh ../shop-plain/ansible/play --check --diff
    """
    return carry_out("eject.eject", door, folder, **chosen)
