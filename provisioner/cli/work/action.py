"""action: what a definition offers beside delivering a component."""

from typing import Any

import click

from provisioner.api import Session, Wish
from provisioner.cli.asking import Asker
from provisioner.cli.door import Door
from provisioner.cli.project import Chosen, open_project
from provisioner.cli.watch import Watch
from provisioner.cli.work.apply import tell_ending
from provisioner.cli.work.plan import view_of
from provisioner.console.catalogue import actions_json, actions_text
from provisioner.console.shapes import head
from provisioner.errors import Exit


def action(door: Door, /, name: str, verb: str, **chosen: Any) -> int:
    """Run an action of a component: backup, restore …"""
    given = texts(chosen["values"])
    with open_project(door, chosen) as session:
        if not verb:
            return _list(door, session, name)
        return _run(door, session, name, Wish(verb, given, chosen["host"]), chosen)


def restart(door: Door, /, name: str, **chosen: Any) -> int:
    """Start anew what runs of a component."""
    with open_project(door, chosen) as session:
        return _run(door, session, name, Wish("restart", {}, chosen["host"]), chosen)


def _list(door: Door, session: Session, name: str) -> int:
    actions = session.actions(name)
    if door.json:
        door.say_json({**head("actions"), "component": name, "actions": actions_json(actions, "hosts")})
    else:
        door.say(actions_text(name, actions, door.look))
    return Exit.OK


def _run(door: Door, session: Session, name: str, wish: Wish, chosen: Chosen) -> int:
    with Watch(door, session.store.plans.get, chosen["show_commands"]) as watch:
        asker = Asker(door, yes=chosen["yes"], view=view_of(session, chosen), question=f"Run {wish.verb}?")
        outcome = session.act(name, wish, confirm=asker.confirm, listen=watch.listen)
    if asker.refused is not None:
        raise asker.refused
    return tell_ending(door, outcome)


def texts(values: tuple[str, ...]) -> dict[str, str]:
    """PARAMETER=VALUE, as often as given. Raises click.UsageError (exit 64)."""
    wrong = next((value for value in values if "=" not in value), None)
    if wrong is not None:
        raise click.UsageError(f'--set {wrong}: write --set PARAMETER=VALUE')
    return {name: value for name, _, value in (value.partition("=") for value in values)}
