"""apply, resume, cancel, destroy: the verbs that change something. Options and help; what it does is in `work`."""

from typing import Any

import click

from provisioner.cli.door import Door
from provisioner.cli.lazy import carry_out
from provisioner.cli.options import ENVIRONMENT, FILE, ON, PLACE, PROTECTION, RUNNING, STORE, THE_FILE, TOOLS, looks, option
from provisioner.cli.verbs.plan import SHOWING

FILE_OR_PLAN = click.argument("file", required=False, metavar="[FILE|PLAN]")
RUN = click.argument("run", required=False, type=int, metavar="[RUN]")


@click.command("apply", short_help="Deliver the application, or carry out a saved plan.")
@FILE_OR_PLAN
@PLACE
@TOOLS
@PROTECTION
@RUNNING
@SHOWING[0]
@SHOWING[1]
@looks()
@click.pass_obj
def apply_command(door: Door, /, **chosen: Any) -> int:
    """Deliver the application, or carry out a saved plan.

    Plans, shows the plan, asks, and does exactly that. A run that did not end is gone on with. Ctrl-C ends after the running
    steps; a second one interrupts them.

    With PLAN (a file of `plan --out`, or its id): exactly that, or nothing: exit code 11 says what changed since.

    FILE may be - for standard input, as for every verb: paths in it count from the current folder. `resume` needs no FILE then.

    \b
      provision apply
      provision apply release.plan
      provision apply -e prod --yes --lock-wait 10m --reason CHG0041873
      provision apply --on deploy@203.0.113.7
      generate | provision apply - --yes
    """
    return carry_out("apply.apply", door, **chosen)


@click.command("destroy", short_help="Remove the application.")
@FILE
@PLACE
@TOOLS
@PROTECTION
@RUNNING
@looks()
@click.pass_obj
def destroy_command(door: Door, /, **chosen: Any) -> int:
    """Remove the application.

    In reverse order, from clouds and hosts. Components that bear data need --allow-destroy NAME, or stay with --keep NAME.

    \b
      provision destroy
      provision destroy -e test --yes --allow-destroy db
      provision destroy --keep db
    """
    return carry_out("apply.destroy", door, **chosen)


@click.command("resume", short_help="Go on with a run that failed, was stopped or waits.")
@RUN
@option("--now", is_flag=True, help="Go on before the time that a step of the workflow waits for.")
@THE_FILE
@ENVIRONMENT
@ON
@STORE
@TOOLS
@RUNNING
@looks()
@click.pass_obj
def resume_command(door: Door, /, run: int | None, **chosen: Any) -> int:
    """Go on with a run that failed, was stopped or waits.

    What ended is not repeated. Without RUN: the newest one. It does what its plan showed; app.yaml is not read again for it.
    To a run that waits (exit 6) this is the yes: it is recorded with your name and --reason.

    \b
      provision resume
      provision resume 483
      provision resume 483 --reason "staging looks good"
    """
    return carry_out("apply.resume", door, run, **chosen)


@click.command("cancel", short_help="Stop a run, or close one that died.")
@RUN
@THE_FILE
@ENVIRONMENT
@ON
@STORE
@looks()
@click.pass_obj
def cancel_command(door: Door, /, run: int | None, **chosen: Any) -> int:
    """Stop a run, or close one that died.

    A living run is asked to stop as Ctrl-C does: running steps end, nothing new starts. What was delivered stays.

    \b
      provision cancel
      provision cancel 483
    """
    return carry_out("apply.cancel", door, run, **chosen)
