"""drift: what the world changed since it was delivered; heal it, accept it, look everywhere."""

from datetime import UTC, datetime
from typing import Any

import click

from provisioner.api import Drift, unaccept
from provisioner.cli.asking import Asker
from provisioner.cli.door import Door
from provisioner.cli.project import Chosen, nothing_yet, open_memory, open_project, settings_of
from provisioner.cli.watch import Watch
from provisioner.cli.work.apply import tell_ending
from provisioner.cli.work.plan import view_of
from provisioner.console.drift import drift_json, drift_markdown, drift_text, said_text
from provisioner.console.errors import error_json
from provisioner.console.shapes import head
from provisioner.errors import Exit, ProvisionError
from provisioner.model import Json
from provisioner.spec.schedule import is_due
from provisioner.store import ApplicationRow


def drift(door: Door, /, **chosen: Any) -> int:
    """What was changed behind our back; --fix, --accept, --unaccept and --all do something with it."""
    asked = [f"--{name}" for name in ("fix", "accept", "unaccept") if chosen[name]]
    if len(asked) > 1 or (chosen["every"] and asked) or (chosen["scheduled"] and not chosen["every"]):
        raise click.UsageError(f"{' and '.join(asked)} can't be given together" if len(asked) > 1 else
                               f"--all only looks: it can't be given with {asked[0]}" if asked else "--scheduled goes with --all")
    if chosen["accept"] and not chosen["reason"]:
        raise click.UsageError("--accept needs a --reason: it is kept with your name")
    if chosen["every"]:
        return _everywhere(door, chosen)
    if chosen["fix"]:
        return _heal(door, chosen)
    if chosen["accept"] or chosen["unaccept"]:
        return _judge(door, chosen)
    with open_project(door, chosen) as session:
        found = session.drift()
    _tell(door, [found], one=True)
    return found.exit


def _tell(door: Door, reports: list[Drift], *, one: bool = False) -> None:
    if door.json and one:
        door.say_json(drift_json(reports[0]))
    elif not door.json:
        show = drift_markdown if door.output == "markdown" else drift_text
        for report in reports:
            door.say(show(report, door.look))


def _heal(door: Door, chosen: Chosen) -> int:
    with open_project(door, chosen) as session, Watch(door, session.store.plans.get, chosen["show_commands"]) as watch:
        asker = Asker(door, yes=chosen["yes"], view=view_of(session, chosen), question="Put it back?")
        outcome = session.heal(confirm=asker.confirm, listen=watch.listen)
    if asker.refused is not None:
        raise asker.refused
    return tell_ending(door, outcome)


def _judge(door: Door, chosen: Chosen) -> int:
    with open_project(door, chosen) as session:
        if chosen["accept"]:
            word, paths = "accepted", [one.path for one in session.accept(chosen["accept"], chosen["reason"])]
        else:
            word, paths = "forgotten", list(unaccept(session.store, session.application.name, session.environment.name, chosen["unaccept"]))
    if door.json:
        door.say_json({**head("drift-judged"), "what": word, "paths": paths})
    else:
        door.say(said_text(word, paths, door.look))
    return Exit.OK


# ------------------------------------------------------------------ everywhere
def _everywhere(door: Door, chosen: Chosen) -> int:
    """Look at each application and environment of the store; one that can't be looked at does not keep the others from it."""
    store = open_memory(chosen)
    if store is None:
        raise nothing_yet()
    with store:
        rows = [row for row in store.applications() if row.units and chosen["environment"] in ("", row.environment)]
    codes: list[int] = []
    told: list[Json] = []
    for row, answer in ((row, _one(door, chosen, row)) for row in rows):
        if isinstance(answer, ProvisionError):
            codes.append(int(answer.exit))
            told.append({**error_json(answer, answer.exit), "application": row.application, "environment": row.environment})
            door.show(door.aside.paint(f"{row.application} · {row.environment}: ", "error") + door.aside.words(answer.message))
        elif answer is not None:
            codes.append(int(answer.exit))
            told.append(drift_json(answer))
            _tell(door, [answer])
    if door.json:
        door.say_json({**head("drifts"), "drifts": told})
    elif not codes:
        door.say("Nothing is due." if chosen["scheduled"] else "Nothing is delivered.")
    return Exit.CHANGES if Exit.CHANGES in codes else max(codes, default=Exit.OK)


def _one(door: Door, chosen: Chosen, row: ApplicationRow) -> Drift | ProvisionError | None:
    """The report on one of them; None where it is not time yet."""
    file = settings_of(chosen).file
    try:
        with open_project(door, {**chosen, "environment": row.environment, "application": row.application, "file": file}) as session:
            line = session.environment.drift.get("schedule", "")
            last = session.store.drift.last_check(row.application, row.environment)
            if chosen["scheduled"] and not (line and is_due(line, last, datetime.now(UTC))):
                return None
            return session.drift()
    except ProvisionError as error:
        return error
