"""secrets: set, list, check. A value is read, never printed, never an argument."""

import sys
from typing import Any

import click

from provisioner.cli.door import Door
from provisioner.cli.project import look_at, open_project
from provisioner.console.errors import problem_json, problems_text
from provisioner.console.shapes import head
from provisioner.errors import Exit, ProvisionError
from provisioner.references import secret_paths


def set_one(door: Door, /, name: str, **chosen: Any) -> int:
    """Keep a value; asks for it, or reads standard input."""
    with open_project(door, chosen) as session:
        session.secrets.set(name, _value(name))
        environment = session.environment.name
    if door.json:
        door.say_json({**head("secret"), "name": name, "environment": environment})
    else:
        door.say(door.look.words(f"{name} is set in {environment}."))
    return Exit.OK


def _value(name: str) -> str:
    """What was typed or piped; one line break at the end is not part of it."""
    if sys.stdin.isatty():
        value = str(click.prompt(f"Value of {name}", hide_input=True, err=True, default="", show_default=False))
    else:
        value = sys.stdin.read().removesuffix("\n")
    if not value:
        raise ProvisionError(f"no value was given for {name}", code="PRV-6412", exit=Exit.USAGE, next=f"provision secrets set {name}")
    return value


def list_all(door: Door, /, **chosen: Any) -> int:
    """The names; never a value."""
    with look_at(door, chosen) as session:
        names = session.secrets.list()
    if door.json:
        door.say_json({**head("secrets"), "names": names})
    else:
        door.say(door.look.words("\n".join(names)) or "No secrets are kept here.")
    return Exit.OK


def check(door: Door, /, **chosen: Any) -> int:
    """Whether all that app.yaml names have a value."""
    with look_at(door, chosen) as session:
        paths = sorted({path for unit in session.compose().units for path in secret_paths([unit.inputs, unit.outputs])})
        problems = session.secrets.check(paths)
    if door.json:
        door.say_json({**head("secretsCheck"), "names": paths, "problems": [problem_json(problem) for problem in problems]})
    elif problems:
        door.show(problems_text(problems, door.aside))
    else:
        door.say(f"{len(paths)}/{len(paths)} secrets have a value.")
    return Exit.FAILED if problems else Exit.OK
