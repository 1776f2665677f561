"""runs, show, logs, events: what was. Reads the store only. Options and help; what it does is in `work`."""

from typing import Any

import click

from provisioner.cli.door import Door
from provisioner.cli.lazy import carry_out
from provisioner.cli.options import ENVIRONMENT, STORE, THE_FILE, looks, option

RUN = click.argument("run", required=False, type=int, metavar="[RUN]")


@click.command("runs", short_help="List runs, newest first.")
@ENVIRONMENT
@THE_FILE
@STORE
@option("--limit", type=click.IntRange(1, 10000), default=20, show_default=True, help="How many.")
@looks()
@click.pass_obj
def runs_command(door: Door, /, limit: int, **chosen: Any) -> int:
    """List runs, newest first.

    \b
      provision runs
      provision runs --app shop -e prod --limit 100 -o json
    """
    return carry_out("history.runs", door, limit, **chosen)


@click.command("show", short_help="Show one run with its steps, or one revision.")
@click.argument("named", required=False, metavar="[RUN|APP@REVISION]")
@ENVIRONMENT
@THE_FILE
@STORE
@looks()
@click.pass_obj
def show_command(door: Door, /, named: str | None, **chosen: Any) -> int:
    """Show one run with its steps, or one revision.

    A revision is shown with all that it was made from: who and why, definitions, digests of modules, playbooks and artefacts, inputs, spec.

    \b
      provision show
      provision show 483 -o json
      provision show shop@41 -e prod
    """
    return carry_out("history.show", door, named, **chosen)


@click.command("events", short_help="What happened in a run, as ndjson.")
@RUN
@THE_FILE
@STORE
@option("-f", "--follow", is_flag=True, help="Go on until the run has ended.")
@option("--step", default="", metavar="NAME", help="Only this step.")
@looks("ndjson", "text")
@click.pass_obj
def events_command(door: Door, /, run: int | None, follow: bool, step: str, **chosen: Any) -> int:
    """What happened in a run, as ndjson.

    One JSON object per line, in the order of the journal (schema: provision schema --of event).

    \b
      provision events 483 | jq 'select(.event == "diagnostic")'
      provision events -f
    """
    return carry_out("history.events", door, run, follow, step, **chosen)


@click.command("logs", short_help="What happened in a run, as text.")
@RUN
@THE_FILE
@STORE
@option("-f", "--follow", is_flag=True, help="Go on until the run has ended.")
@option("--step", default="", metavar="NAME", help="Only this step.")
@option("--host", default="", metavar="NAME", help="Only this host.")
@option("--grep", default="", metavar="REGEX", help="Only lines that match.")
@option("--around", default="", metavar="WORD", help="Only what is near to WORD; \"fail\" means failures.")
@option("--show-commands", is_flag=True, help="The exact command lines, too.")
@looks("text")
@click.pass_obj
def logs_command(door: Door, /, run: int | None, **chosen: Any) -> int:
    """What happened in a run, as text.

    \b
      provision logs
      provision logs 483 --step web --around fail
      provision logs -f --host web-07 --grep nginx
    """
    return carry_out("history.logs", door, run, **chosen)
