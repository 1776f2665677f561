"""A schedule as cron says it, as systemd's timers say it. Pure.

Read as Kubernetes reads it: with both a day of the month and a day of the week given, either is enough; a field with a step
counts as given.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ansible.module_utils.provision.failures import Failed

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
MACROS = {"@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0", "@daily": "0 0 * * *",
          "@midnight": "0 0 * * *", "@hourly": "0 * * * *"}


@dataclass(frozen=True)
class Field:
    """One of the five fields."""

    name: str
    low: int
    high: int
    words: tuple[str, ...] = ()
    """Names of its values, the first is `low`."""


FIELDS = (Field("minute", 0, 59), Field("hour", 0, 23), Field("day of month", 1, 31), Field("month", 1, 12, MONTHS),
          Field("day of week", 0, 6, DAYS))


def calendars(schedule: str, zone: str = "UTC") -> list[str]:
    """The lines of `OnCalendar=` that mean the same as a cron schedule; a timer with several fires for each. Raises Failed."""
    words = MACROS.get(schedule.strip().lower(), schedule).split()
    if len(words) != len(FIELDS):
        raise Failed(f"the schedule '{schedule}' has {len(words)} fields, cron has five: minute, hour, day of month, month, day of week")
    minutes, hours, days, months, weekdays = [_values(field, words[number], schedule) for number, field in enumerate(FIELDS)]
    time = f"{_listed(hours)}:{_listed(minutes)}:00{' ' + zone if zone else ''}"
    month = _listed(months)
    lines = []
    if days is not None or weekdays is None:
        lines.append(f"*-{month}-{_listed(days)} {time}")
    if weekdays is not None:
        lines.append(f"{','.join(DAYS[day].capitalize() for day in weekdays)} *-{month}-* {time}")
    return lines


def _listed(values: list[int] | None) -> str:
    return "*" if values is None else ",".join(f"{value:02d}" for value in values)


def _values(field: Field, word: str, schedule: str) -> list[int] | None:
    """The values that a field allows, in order; None where it does not matter."""
    parts = word.split(",")
    found: set[int] = set()
    for part in parts:
        found |= _range(field, part, schedule)
    return None if {"*", "?", "*/1"} & {*parts} else sorted(found)


def _range(field: Field, part: str, schedule: str) -> set[int]:
    match = re.fullmatch(r"(\*|\?|[A-Za-z0-9]+)(?:-([A-Za-z0-9]+))?(?:/(\d+))?", part)
    if match is None or (match[1] in "*?" and match[2]):
        raise Failed(f"'{part}' in the schedule '{schedule}' can't be a {field.name}: a number, a range 1-5, a step */5, or a list of them")
    first = field.low if match[1] in "*?" else _number(field, match[1], schedule)
    last = _number(field, match[2], schedule) if match[2] else field.high if match[1] in "*?" or match[3] else first
    step = int(match[3] or 1)
    if step < 1 or last < first:
        raise Failed(f"'{part}' in the schedule '{schedule}' is no {field.name} at all")
    # Sunday is 0 and 7
    return {value % 7 if field.words is DAYS else value for value in range(first, last + 1, step)}


def _number(field: Field, word: str, schedule: str) -> int:
    if word.lower() in field.words:
        return field.words.index(word.lower()) + field.low
    highest = 7 if field.words is DAYS else field.high
    if not word.isdigit() or not field.low <= int(word) <= highest:
        raise Failed(f"'{word}' in the schedule '{schedule}' can't be a {field.name}: {field.low} to {highest}")
    return int(word)
