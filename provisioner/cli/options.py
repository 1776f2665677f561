"""Options that several verbs share, and what they mean: `Settings` for a session. Each is also a variable PROVISION_NAME."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from provisioner import durations
from provisioner.cli import completing
from provisioner.cli.door import Door
from provisioner.cli.locating import document_of

APP_NAME = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?")
SUFFIXES = (".yaml", ".yml", ".json")
F = TypeVar("F", bound=Callable[..., Any])


def duration(text: str) -> float:
    """30, 30s, 5m or 1h, in seconds. Raises click.BadParameter."""
    try:
        return durations.seconds(str(text))
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def option(*names: str, **attributes: Any) -> Callable[[F], F]:
    """click's option, with its variable: `--lock-wait` is PROVISION_LOCK_WAIT for every verb."""
    long = next(name for name in names if name.startswith("--")).split("/")[0]
    attributes.setdefault("envvar", "PROVISION_" + long.removeprefix("--").replace("-", "_").upper())
    return click.option(*names, **attributes)


def together(*decorators: Callable[[F], F]) -> Callable[[F], F]:
    """Several options as one decorator, in this order in the help."""
    def decorate(function: F) -> F:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function
    return decorate


def _set(name: str) -> Callable[[click.Context, click.Parameter, Any], Any]:
    """A callback that notes the value on the door."""
    def note(ctx: click.Context, param: click.Parameter, value: Any) -> Any:
        # a command that is only printed is parsed, too: it says nothing about this one
        if not ctx.resilient_parsing:
            setattr(ctx.find_object(Door), name, value)
        return value
    return note


def looks(*formats: str) -> Callable[[F], F]:
    """-o, --color, --ascii; they are noted on the door and not passed on."""
    choices = list(formats or ("text", "json"))
    return together(
        option("-o", "--output", type=click.Choice(choices), default=choices[0], expose_value=False, callback=_set("output"),
               is_eager=True, help=f"Format of the result (default: {choices[0]})."),
        option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", expose_value=False, callback=_set("color"),
               is_eager=True, help="Colours; NO_COLOR and FORCE_COLOR are honoured."),
        option("--ascii", is_flag=True, expose_value=False, callback=_set("ascii"), is_eager=True, help="No other signs than ASCII."),
    )


FILE = click.argument("file", required=False, metavar="[FILE|APP]")
THE_FILE = option("--file", "--app", "file", default="", metavar="FILE|APP", help="The application: its file (default: app.yaml), or its name.")
"""For verbs whose argument is something else."""
STORE = option("--store", default="", metavar="PATH|URL", help="Where runs are remembered (default: .provision/store.db).")
ENVIRONMENT = option("-e", "--environment", default="", metavar="NAME", shell_complete=completing.ENVIRONMENT,
                     help="The environment (default: the only one, else the sandbox).")
ON = option("--on", multiple=True, metavar="USER@HOST", help="Hosts instead of an environment; repeatable.")
IGNORE = option("--ignore-unsupported", is_flag=True, help="Go on without traits that are unknown or mean nothing here; each is a warning.")
PLACE = together(ENVIRONMENT, ON, STORE, IGNORE)
TOOLS = together(
    option("--terraform", default="", metavar="PATH", help="The terraform or tofu to use (default: found on PATH)."),
    option("--mirror", multiple=True, metavar="DIR", help="Folder with Terraform providers; repeatable."),
    option("--parallel", type=click.IntRange(1, 256), default=10, show_default=True, help="Steps at one time."),
    option("--accept-host-keys", is_flag=True, help="Accept unknown SSH host keys once, and keep them."),
)
PROTECTION = together(
    option("--allow-destroy", multiple=True, metavar="NAME", shell_complete=completing.COMPONENT,
           help="Data of this component may be lost; repeatable."),
    option("--keep", multiple=True, metavar="NAME", shell_complete=completing.COMPONENT,
           help="Leave this component, and what it needs, as it is; repeatable."),
)
RUNNING = together(
    option("-y", "--yes", is_flag=True, help="Do not ask. Protected data still needs --allow-destroy."),
    option("--lock-wait", type=duration, default="0", metavar="TIME", help="Wait so long for another run to end (30s, 5m)."),
    option("--timeout", type=duration, default="0", metavar="TIME",
           help="End the run after so long (30m, 2h): what works is interrupted, exit code 124; resume goes on."),
    option("--reason", default="", metavar="TEXT", help="Why; kept with the run and shown to who waits."),
    option("--show-commands", is_flag=True, help="Print the exact terraform and ansible-playbook command lines."),
)


def application_of(file: str | None) -> tuple[str, str]:
    """File and application: `app.yaml#shop` is shop in a file that holds several, `shop` alone that one in the usual file."""
    given = document_of(file)
    path, _, name = given.rpartition("#")
    if Path(given).exists():
        return given, ""
    if path:
        return path, name
    return (document_of(None), given) if APP_NAME.fullmatch(given) and not given.endswith(SUFFIXES) else (given, "")
