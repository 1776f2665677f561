"""sandbox: up, down, status, break."""

from pathlib import Path
from typing import Any

import click

from provisioner.cli.door import Door
from provisioner.cli.options import FILE, STORE, looks, option
from provisioner.cli.project import open_project, project_of, settings_of
from provisioner.console.history import moment
from provisioner.console.shapes import head
from provisioner.errors import Exit
from provisioner.sandbox import simulator
from provisioner.sandbox.damage import damage

PROJECT = option("--project", default=".", type=click.Path(file_okay=False), metavar="DIR", help="The project (default: this folder).")


@click.group("sandbox", short_help="The simulated cloud: up, down, status, break NAME.")
def sandbox_command() -> None:
    """The simulated cloud: up, down, status, break NAME.

    It starts by itself with the first plan; it never reaches a real account, and ends 12 h after its last use.

    \b
      provision sandbox up
      provision sandbox break bucket
    """


@sandbox_command.command("up", short_help="Start the simulated cloud of this project.")
@PROJECT
@looks()
@click.pass_obj
def up_command(door: Door, /, project: str) -> int:
    """Start the simulated cloud of this project.

    \b
      provision sandbox up
    """
    running = simulator.start(Path(project))
    if running.fresh:
        door.tell("[sandbox] the simulated cloud is empty again: the one before had ended")
    _tell(door, running)
    return Exit.OK


@sandbox_command.command("status", short_help="Whether it runs, and where.")
@PROJECT
@looks()
@click.pass_obj
def status_command(door: Door, /, project: str) -> int:
    """Whether it runs, and where.

    \b
      provision sandbox status
    """
    _tell(door, simulator.find(Path(project)))
    return Exit.OK


@sandbox_command.command("down", short_help="End it; what it held is gone.")
@PROJECT
@looks()
@click.pass_obj
def down_command(door: Door, /, project: str) -> int:
    """End it; what it held is gone.

    Services on this machine are not touched: provision destroy removes them.

    \b
      provision sandbox down
    """
    ended = simulator.stop(Path(project))
    if door.json:
        door.say_json({**head("sandbox"), "running": False, "ended": ended})
    else:
        door.say("[sandbox] ended: what the simulated cloud held is gone." if ended else "[sandbox] it was not running.")
    return Exit.OK


@sandbox_command.command("break", short_help="Damage a component behind the tool's back.")
@click.argument("name")
@FILE
@STORE
@looks()
@click.pass_obj
def break_command(door: Door, /, name: str, **chosen: Any) -> int:
    """Damage a component behind the tool's back.

    NAME is a component or a type. Plan then shows the drift, and apply heals it.

    \b
      provision sandbox break bucket
      provision plan
    """
    with open_project(door, {**chosen, "environment": "sandbox"}) as session:
        done = damage(session.delivered, name, simulator.find(Path(project_of(settings_of(chosen)))))
    if door.json:
        door.say_json({**head("damage"), "damaged": done})
    else:
        for sentence in done:
            door.say(door.look.words(f"[sandbox] {sentence}"))
        door.say(door.look.paint("Next: ", "bold") + "provision plan")
    return Exit.OK


def _tell(door: Door, running: simulator.Simulator | None) -> None:
    if door.json:
        where = {"endpoint": running.endpoint, "pid": running.pid, "started": running.started} if running else {}
        door.say_json({**head("sandbox"), "running": running is not None, **where})
    elif running is None:
        door.say("[sandbox] not running; it starts with the next plan, or: provision sandbox up")
    else:
        door.say(door.look.words(f"[sandbox] running at {running.endpoint} since {moment(running.started)}, process {running.pid}"))
