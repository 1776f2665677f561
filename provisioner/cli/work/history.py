"""runs, show, logs, events: what was. Reads the store only."""

import re
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from provisioner.api.past import find
from provisioner.cli.door import Door
from provisioner.cli.project import nothing_yet, open_memory, place_of, run_of, settings_of, stored_scope
from provisioner.console.events import event_line, logged
from provisioner.console.history import run_text, runs_text
from provisioner.console.look import cut
from provisioner.console.revisions import revision_json, revision_text
from provisioner.console.shapes import event_json, head, run_json
from provisioner.errors import Exit, ProvisionError
from provisioner.model import Event
from provisioner.store import Run, Store

POLL = 0.5
"""Seconds between two looks at a run that is being followed."""
PAGE = 2000
"""Events that are read at one time."""


def _store(chosen: dict[str, Any]) -> Store:
    store = open_memory(chosen)
    if store is None:
        raise nothing_yet()
    return store


def runs(door: Door, /, limit: int, **chosen: Any) -> int:
    """List runs, newest first."""
    store = open_memory(chosen)
    runs: list[Run] = []
    if store is not None:
        with store:
            runs = store.runs.list(settings_of(chosen).application or None, chosen["environment"] or None, limit)
    if door.json:
        door.say_json({**head("runs"), "runs": [run_json(run) for run in runs]})
    else:
        door.say(runs_text(runs, door.look))
    return Exit.OK


def show(door: Door, /, named: str | None, **chosen: Any) -> int:
    """Show one run with its steps, or one revision."""
    application, revision, number = (named or "").rpartition("@")
    if named and not number.isdecimal():
        raise ProvisionError(f'"{named}" is no run and no revision', code="PRV-6400", exit=Exit.USAGE, hint="write 483, or APP@41 for a revision",
                             next="provision runs")
    return _show_revision(door, application, int(number), chosen) if revision else _show_run(door, int(number) if number else None, chosen)


def _show_revision(door: Door, application: str, number: int, chosen: dict[str, Any]) -> int:
    with _store(chosen) as store:
        application, environment = stored_scope(store, chosen["environment"], application, settings_of(chosen).file)
        one, _ = find(store, application, environment, number)
        run = store.runs.get(one.run)
    if door.json:
        door.say_json({**revision_json(one, run), "application": application, "environment": environment})
    else:
        door.say(revision_text(application, environment, one, run, door.look))
    return Exit.OK


def _show_run(door: Door, run: int | None, chosen: dict[str, Any]) -> int:
    with _store(chosen) as store:
        found = run_of(store, run)
        steps, plan = store.runs.steps(found.number), store.plans.get(found.plan)
        door.pasting = door.pasting.about(place_of(chosen, plan) if plan else {})
        holder = store.lock.holder(found.application, found.environment) if found.state == "running" else None
    if found.state == "running" and (holder is None or holder.run != found.number):
        found = replace(found, message=f"its process is gone; {door.look.command(f'provision resume {found.number}')} goes on with it")
    if door.json:
        door.say_json(run_json(found, steps))
    else:
        door.say(run_text(found, plan, steps, door.look))
    return Exit.OK


def events(door: Door, /, run: int | None, follow: bool, step: str, **chosen: Any) -> int:
    """What happened in a run, as ndjson."""
    with _store(chosen) as store:
        found = run_of(store, run)
        for number, event in read(store, found, step, follow):
            if door.output == "text":
                door.say(event_line(event, found.number, door.look))
            else:
                door.say_line(event_json(found.number, number, event))
            if door.closed:
                break
    return Exit.OK


def logs(door: Door, /, run: int | None, **chosen: Any) -> int:
    """What happened in a run, as text."""
    wanted = _pattern(chosen["grep"])
    with _store(chosen) as store:
        found = run_of(store, run)
        events = (event for _, event in read(store, found, chosen["step"], chosen["follow"])
                  if chosen["host"] in ("", event.host) and (event.kind != "command" or chosen["show_commands"]))
        for event in around(events, chosen["around"]) if chosen["around"] else events:
            text = logged(event, door.look)
            if wanted is None or wanted.search(text):
                door.say("\n".join(cut(line, 4000) for line in text.splitlines()))
            if door.closed:
                break
    return Exit.OK


def _pattern(text: str) -> re.Pattern[str] | None:
    try:
        return re.compile(text, re.IGNORECASE) if text else None
    except re.error as error:
        raise ProvisionError(f"--grep {text}: {error}", code="PRV-6400", exit=Exit.USAGE) from None


def read(store: Store, run: Run, step: str, follow: bool) -> Iterator[tuple[int, Event]]:
    """Events in order, page by page; with `follow` until the run is no longer running."""
    last = 0
    while True:
        current = store.runs.get(run.number) if follow else None
        found = store.events.read(run.number, last, step or None, limit=PAGE)
        yield from found
        if found:
            last = found[-1][0]
        if len(found) == PAGE:
            continue
        if not follow or current is None or current.state != "running":
            return
        time.sleep(POLL)


def around(events: Iterator[Event], word: str, near: int = 3) -> Iterator[Event]:
    """Events that fit, with those just before and after of the same step and host."""
    before: dict[tuple[str, str], list[Event]] = {}
    after: dict[tuple[str, str], int] = {}
    for event in events:
        key = (event.step, event.host)
        if fits(event, word.lower()):
            yield from before.pop(key, [])
            yield event
            after[key] = near
        elif after.get(key, 0) > 0:
            after[key] -= 1
            yield event
        else:
            before[key] = [*before.get(key, [])[1 - near:], event]


def fits(event: Event, word: str) -> bool:
    """True when the event tells of `word`; "fail" finds failures in all their words."""
    state = str(event.data.get("state") or event.data.get("phase") or event.data.get("severity") or "")
    if word in ("fail", "failed", "failure"):
        return state in ("failed", "unreachable", "error", "interrupted") or (event.kind == "diagnostic" and state != "warning")
    return word in f"{event.message} {state} {event.step} {event.host}".lower()
