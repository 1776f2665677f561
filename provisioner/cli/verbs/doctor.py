"""doctor. Options and help; what it does is in `work`."""

from typing import Any

import click

from provisioner.cli.door import Door
from provisioner.cli.lazy import carry_out
from provisioner.cli.options import FILE, PLACE, looks, option


@click.command("doctor", short_help="Check what the application needs, and say the fix.")
@FILE
@PLACE
@option("--terraform", default="", metavar="PATH", help="The terraform or tofu to use (default: found on PATH).")
@option("--mirror", multiple=True, metavar="DIR", help="Folder with Terraform providers; repeatable.")
@looks()
@click.pass_obj
def doctor_command(door: Door, /, **chosen: Any) -> int:
    """Check what the application needs, and say the fix.

    Only what app.yaml and the environment really use. Exit code 12 when something is missing.

    \b
      provision doctor
      provision doctor -e prod -o json
    """
    return carry_out("doctor.doctor", door, **chosen)
