"""history, diff, rollback: what was delivered, what differs, and going back."""

import re
from typing import Any

from provisioner.api import comparing
from provisioner.cli.door import Door
from provisioner.cli.project import Chosen, look_at, open_project
from provisioner.cli.work.apply import deliver
from provisioner.cli.work.plan import preview
from provisioner.console.differences import differences_json, differences_text
from provisioner.console.effects import all_missing
from provisioner.console.revisions import revision_json, revisions_text
from provisioner.console.shapes import head
from provisioner.errors import Exit, ProvisionError

REVISION = re.compile(r"(?:[a-z0-9.-]*@)?(-?\d+)\Z")


def history(door: Door, /, limit: int, **chosen: Any) -> int:
    """List revisions, newest first."""
    with look_at(door, chosen) as session:
        found = session.store.revisions.list(session.application.name, session.environment.name, limit)
        runs = {one.run: run for one in found if (run := session.store.runs.get(one.run)) is not None}
    if door.json:
        door.say_json({**head("history"), "revisions": [revision_json(one, runs.get(one.run)) for one in found]})
    else:
        door.say(revisions_text(found, runs, door.look))
    return Exit.OK


def diff(door: Door, /, revisions: tuple[str, ...], environments: tuple[str, ...], **chosen: Any) -> int:
    """Compare revisions, environments, or app.yaml with what is delivered."""
    found = _compared(door, revisions, environments, chosen)
    if door.json:
        door.say_json(differences_json(found))
    else:
        door.say(differences_text(found, door.look))
    return _code(found, detailed=bool(chosen["detailed_exitcode"]))


def _code(found: comparing.Compared, *, detailed: bool) -> Exit:
    """A look that saw nothing is no answer."""
    if found.live and found.live.plan.failures and not found.live.found.open:
        return Exit.MISSING if all_missing(found.live.plan) else Exit.FAILED
    differs = found.found or (found.live and found.live.found.open)
    return Exit.CHANGES if differs and detailed else Exit.OK


def _compared(door: Door, revisions: tuple[str, ...], environments: tuple[str, ...], chosen: Chosen) -> comparing.Compared:
    live = bool(chosen["live"])
    if live and (revisions or len(environments) > 1):
        raise ProvisionError("--live compares app.yaml with what is there, in one environment", code="PRV-6409", exit=Exit.USAGE,
                             hint="leave the revision or the other environment out", next="provision diff --live")
    if len(environments) > 2 or len(revisions) > 2 or (len(environments) == 2 and revisions):
        raise ProvisionError("compare two revisions of one environment, or what is in two environments", code="PRV-6409", exit=Exit.USAGE,
                             next="provision diff --help")
    one = {**chosen, "environment": environments[0] if environments else ""}
    names = {text.rpartition("@")[0] for text in revisions} - {""}
    if len(names) > 1:
        raise ProvisionError(f"{' and '.join(sorted(names))} are two applications", code="PRV-6409", exit=Exit.USAGE, next="provision diff --help")
    one["application"] = next(iter(names), "")
    if live:
        with open_project(door, one) as session:
            return comparing.file_to_live(session)
    with look_at(door, one) as session:
        if len(environments) == 2:
            with look_at(door, {**chosen, "environment": environments[1]}) as other:
                return comparing.environments(session, other)
        if not revisions:
            return comparing.file_to_delivered(session)
        numbers = [_number(text) for text in revisions]
        return comparing.revisions(session, numbers[0], numbers[1] if len(numbers) > 1 else 0)


def _number(text: str) -> int:
    match = REVISION.match(text)
    if match is None:
        raise ProvisionError(f'"{text}" is no revision', code="PRV-6409", exit=Exit.USAGE, hint="write 41, or APP@41", next="provision history")
    return int(match[1])


def rollback(door: Door, /, revision: int, only_plan: bool, **chosen: Any) -> int:
    """Go back to an earlier revision."""
    if not only_plan:
        return deliver(door, chosen, lambda session: session.rollback(revision))
    return preview(door, chosen, lambda session: session.rollback(revision))
