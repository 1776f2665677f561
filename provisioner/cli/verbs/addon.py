"""addon: types that others wrote, copied under the project and pinned. Options and help; what it does is in `work`."""

from pathlib import Path

import click

from provisioner.cli import completing
from provisioner.cli.door import Door
from provisioner.cli.lazy import carry_out
from provisioner.cli.options import STORE, looks, option

PROJECT = option("--project", default=".", type=click.Path(exists=True, file_okay=False, path_type=Path), metavar="DIR",
                 help="The project (default: here).")
IN_USE = option("-y", "--yes", is_flag=True, help="Go on also where something uses a type that goes.")
REF = click.option("--ref", default="", metavar="REF", help="Branch, tag or commit of a repository (default: its default branch).")


@click.group("addon", short_help="Types that others wrote: add, list, upgrade, restore, remove.")
def addon_command() -> None:
    """Types that others wrote: add, list, upgrade, restore, remove.

    An addon is a folder or git repository with addon.yaml, components/, modules/ and playbooks/. Its copy lies in addons/NAME, and
    provision.lock holds commit and checksum: keep both under version control.

    \b
      provision addon add https://git.example.com/platform/mail-addon.git --ref v1.2.0
      provision addon list
    """


@addon_command.command("add", short_help="Copy an addon under the project and pin it.")
@click.argument("source", metavar="FOLDER|URL")
@REF
@click.option("--path", default="", metavar="DIR", help="Folder of the addon within the source.")
@PROJECT
@looks()
@click.pass_obj
def add_command(door: Door, /, source: str, ref: str, path: str, project: Path) -> int:
    """Copy an addon under the project and pin it.

    Its definitions are checked first. A type that another addon defines is refused.

    \b
      provision addon add ../mail-addon
      provision addon add git@git.example.com:platform/addons.git --path mail --ref v1.2.0
    """
    return carry_out("addon.add", door, source, ref, path, project)


@addon_command.command("list", short_help="The project's addons, and whether they are as they were checked.")
@PROJECT
@looks()
@click.pass_obj
def list_command(door: Door, /, project: Path) -> int:
    """The project's addons, and whether they are as they were checked.

    Exit code 3 when one was changed or is missing.

    \b
      provision addon list
    """
    return carry_out("addon.list_all", door, project)


@addon_command.command("upgrade", short_help="Fetch an addon again, by another REF or the branch it came from.")
@click.argument("name", shell_complete=completing.ADDON)
@REF
@PROJECT
@STORE
@IN_USE
@looks()
@click.pass_obj
def upgrade_command(door: Door, /, name: str, ref: str, project: Path, store: str, yes: bool) -> int:
    """Fetch an addon again, by another REF or the branch it came from.

    Refused where that takes away a type that an application uses, or of which something is delivered.

    \b
      provision addon upgrade mail --ref v1.3.0
    """
    return carry_out("addon.upgrade", door, name, ref, project, store, yes)


@addon_command.command("restore", short_help="Bring back exactly what provision.lock says.")
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=completing.ADDON)
@PROJECT
@looks()
@click.pass_obj
def restore_command(door: Door, /, names: tuple[str, ...], project: Path) -> int:
    """Bring back exactly what provision.lock says.

    Without a name: each addon that was changed or is missing.

    \b
      provision addon restore mail
    """
    return carry_out("addon.restore", door, names, project)


@addon_command.command("remove", short_help="Take an addon out of the project.")
@click.argument("name", shell_complete=completing.ADDON)
@PROJECT
@STORE
@IN_USE
@looks()
@click.pass_obj
def remove_command(door: Door, /, name: str, project: Path, store: str, yes: bool) -> int:
    """Take an addon out of the project.

    Refused where an application uses one of its types, or something of them is delivered.

    \b
      provision addon remove mail
    """
    return carry_out("addon.remove", door, name, project, store, yes)
