"""A run's events as plain lines, one each: time, run, step, host, status, and what was said. Pure, constant work per event."""

import json
import re
from collections.abc import Iterator

from provisioner.console.look import Look
from provisioner.model import Event, Json

BARE = re.compile(r"[^\s\"'=\\]+\Z")
LONGEST = 400
"""Characters of what one line says."""
QUIET = frozenset({"command", "output"})
"""Kinds that are shown only when asked for."""
STYLES = {"failed": "red", "skipped": "yellow", "interrupted": "yellow", "unreachable": "red", "done": "green", "error": "red", "warning": "yellow"}


def event_line(event: Event, run: int, look: Look) -> str:
    """`20:04:11Z run=483 step=web host=web-07 status=failed task="restart nginx" rc=1`."""
    pairs = dict(_pairs(event))
    fields = [("run", run), ("step", event.step), ("host", event.host), *pairs.items()]
    text = " ".join(f"{name}={quoted(value)}" for name, value in fields if value not in ("", None, [], {}))
    return look.line(f"{clock(event.time)} {text}", STYLES.get(str(pairs.get("status", "")), ""))


def _pairs(event: Event) -> Iterator[tuple[str, Json]]:
    """What is said of an event beside where and when, in a fixed order for each kind."""
    data = event.data
    if event.kind == "step-started":
        yield "status", "started"
    elif event.kind == "step-ended":
        yield "status", data.get("state", "ended")
        if data.get("state") == "done":
            yield "changed", "yes" if data.get("changed") else "no"
        yield "reason", one_line(event.message) if event.message != "unchanged" else ""
    elif event.kind == "resource":
        yield "resource", data.get("address", event.message)
        yield "action", data.get("action", "")
        yield "status", {"start": "started", "complete": "done"}.get(str(data.get("phase")), data.get("phase", ""))
        yield "seconds", data.get("seconds") or ""
    elif event.kind in ("task", "host"):
        task = data.get("task", event.message if event.kind == "task" else "")
        yield "status", data.get("state", "")
        yield "task", task
        yield "message", one_line(event.message) if event.message != task else ""
        yield "rc", data.get("rc", "")
        yield "stderr", one_line(str(data.get("stderr", "")))
    elif event.kind in ("run-started", "run-ended"):
        yield "status", event.message or "started"
        yield "attempt", data.get("attempt", "")
        yield "exit", data.get("exit", "")
    else:
        yield "status", data.get("severity", "error") if event.kind == "diagnostic" else ""
        yield event.kind if event.kind != "note" else "message", one_line(event.message)


def one_line(text: str) -> str:
    """Several lines as one, of a length that can be read; `logged` has them whole."""
    joined = " / ".join(line.strip() for line in text.splitlines() if line.strip())
    return joined if len(joined) <= LONGEST else joined[:LONGEST - 1] + "…"


def quoted(value: Json) -> str:
    """A value of a `name=value` pair: in quotes where it holds a space or a quote."""
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text if BARE.match(text) else json.dumps(text, ensure_ascii=False)


def clock(time: str) -> str:
    """The time of day of an ISO time in UTC: 20:04:11Z."""
    return time[11:19] + "Z" if len(time) >= 19 else time or "--:--:--"


def logged(event: Event, look: Look) -> str:
    """An event as a line of `provision logs`: time, where, what; further lines of its message below."""
    data, place = event.data, " · ".join(filter(None, [event.step, event.host]))
    state = str(data.get("state") or data.get("phase") or data.get("severity") or ("started" if event.kind == "step-started" else ""))
    about = f"run {data.get('run')}, attempt {data.get('attempt', 1)}" if event.kind == "run-started" else str(data.get("address", ""))
    first, *more = (event.message or about).splitlines() or [""]
    more += str(data.get("stderr", "")).splitlines()
    style = STYLES.get(state, "")
    head = f"{clock(event.time)} {look.words(place):<24} {look.line(f'{state or event.kind:<9}', style)} {look.words(first)}"
    return "\n".join([head.rstrip(), *(f"          {look.words(line)}" for line in more)])
