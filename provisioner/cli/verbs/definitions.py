"""def: draft a definition from a module or a playbook, and check definitions. Runs no tool. Options and help; what it does is in `work`."""

from pathlib import Path
from typing import Any

import click

from provisioner.cli import completing
from provisioner.cli.door import Door
from provisioner.cli.lazy import carry_out
from provisioner.cli.options import looks, option

PROJECT = option("--project", default=".", type=click.Path(file_okay=False, path_type=Path), metavar="DIR", help="The project (default: here).")


@click.group("def", short_help="Definitions of types: init from a module or playbook, vet.")
def def_command() -> None:
    """Definitions of types: init from a module or playbook, vet.

    A definition is one file, components/NAME.yaml beside app.yaml. docs/extending.md makes one in ten minutes.

    \b
      provision def init --from-module modules/mailbox
      provision def vet mailbox
    """


@def_command.command("init", short_help="Draft a definition from a Terraform module, a playbook or a role.")
@click.option("--from-module", "module", type=click.Path(exists=True, file_okay=False, path_type=Path), metavar="DIR", help="A Terraform module.")
@click.option("--from-playbook", "playbook", type=click.Path(exists=True, path_type=Path), metavar="FILE|ROLE",
              help="A playbook, or a role's folder.")
@click.option("--owns", multiple=True, metavar="PATH|UNIT", help="What the playbook makes on a host, taken away when it has no removal; repeatable.")
@click.option("--name", default="", metavar="NAME", help="Name of the type (default: that of the folder or file).")
@click.option("--needs", default="", metavar="OFFER", help="What a target must offer (default: the provider that the module requires).")
@PROJECT
@looks()
@click.pass_obj
def init_command(door: Door, /, module: Path | None, playbook: Path | None, **chosen: Any) -> int:
    """Draft a definition from a Terraform module, a playbook or a role.

    Parameters come from `variable` blocks or argument specs, outputs from `output` blocks or set_stats. Writes components/NAME.yaml;
    never overwrites a file.

    \b
      provision def init --from-module modules/mailbox
      provision def init --from-playbook roles/ntp --name clock
      provision def init --from-playbook play/motto.yml --owns /etc/motto
    """
    return carry_out("definitions.init", door, module, playbook, **chosen)


@def_command.command("vet", short_help="Check definitions: schema, module, playbooks, example.")
@click.argument("names", nargs=-1, metavar="[NAME|FILE]...", shell_complete=completing.OWN_TYPE)
@PROJECT
@looks()
@click.pass_obj
def vet_command(door: Door, /, names: tuple[str, ...], project: Path) -> int:
    """Check definitions: schema, module, playbooks, example.

    Variables and outputs agree with those of the module, playbooks exist, and the example composes on each kind of target. Without names:
    every definition of the project, and of the library where the project is the library.

    \b
      provision def vet mailbox
      provision def vet components/mailbox.yaml -o json
    """
    return carry_out("definitions.vet", door, names, project)
