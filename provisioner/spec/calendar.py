"""A calendar time as systemd's timers take it (OnCalendar, systemd.time(7)): whether it can be read, and whether its day ever comes.

Pure, and on its own: the machine of a developer may have no systemd. Stricter than systemd where it takes what nobody means: a comma at
the end, hyphens between days of the week, seconds since 1970.
"""

import re

from provisioner.spec import zones

WORDS = ("minutely", "hourly", "daily", "weekly", "monthly", "quarterly", "semiannually", "yearly", "annually")
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
LONGEST = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
EXAMPLES = 'must be a time that systemd understands, such as daily, 02:30, "Mon..Fri 02:30" or "*-*-01 04:00"'
PART = re.compile(r"([0-9]{1,4})(?:\.\.([0-9]{1,4}))?(?:/([0-9]{1,4}))?")
SECONDS = re.compile(r"([0-9]{1,2})(?:\.[0-9]{1,6})?")
Value = tuple[int, int]
"""A part of a list: its first and its last value."""


def fault(value: str) -> str:
    """What a calendar time must be, where it is not; nothing where systemd takes it and it comes."""
    text, zone = _without_zone(value)
    if zone and zones.fault(zone):
        return f'must be in a time zone such as UTC or Europe/Zurich, not "{zone}"'
    if text.lower() in WORDS:
        return ""
    words = text.split(" ")
    if "" in words or not 1 <= len(words) <= 3:
        return EXAMPLES
    days, date, time = _parts(words)
    if not (days or date or time) or days and not _weekdays(days) or time and not _time(time):
        return EXAMPLES
    return _date(date) if date else ""


def _without_zone(value: str) -> tuple[str, str]:
    """The time, and the time zone at its end: a word after the first one that is neither a date, a time nor a day."""
    text, _, last = value.rpartition(" ")
    return (text, last) if text and re.match(r"[A-Za-z]", last) and not _weekdays(last) else (value, "")


def _parts(words: list[str]) -> tuple[str, str, str]:
    """The days of the week, the date and the time among the words; all empty where they are others, or in another order."""
    kinds = ["days" if re.match(r"[A-Za-z]", word) else "time" if ":" in word else "date" for word in words]
    if kinds != [kind for kind in ("days", "date", "time") if kind in kinds]:
        return "", "", ""
    found = dict(zip(kinds, words, strict=True))
    return found.get("days", ""), found.get("date", ""), found.get("time", "")


def _weekdays(word: str) -> bool:
    names = {short: number for number, day in enumerate(DAYS) for short in (day, day[:3])}
    for part in word.lower().split(","):
        first, dots, last = part.partition("..")
        if first not in names or dots and (last not in names or names[last] < names[first]):
            return False
    return True


def _time(word: str) -> bool:
    hour, _, rest = word.partition(":")
    minute, colon, second = rest.partition(":")
    plain = SECONDS.fullmatch(second)
    return (_values(hour, 0, 23) is not None and _values(minute, 0, 59) is not None
            and (not colon or _values(second, 0, 59) is not None or plain is not None and int(plain[1]) <= 59))


def _date(word: str) -> str:
    """`YEAR-MONTH-DAY` or `MONTH-DAY`; a `~` in place of the last hyphen counts days from the end of the month."""
    match = re.fullmatch(r"(?:([^-~]+)-)?([^-~]+)([-~])([^-~]+)", word)
    if match is None:
        return EXAMPLES
    years, months = _values(match[1] or "*", 0, 2199), _values(match[2], 1, 12)
    days = _back(match[4]) if match[3] == "~" else _values(match[4], 1, 31)
    if years is None or months is None or days is None or any(100 <= year < 1970 for span in years for year in span):
        return EXAMPLES
    return "" if comes(months, days) else f"must name a day that comes: no month that it names has a day {min(days)[0]}"


def _back(word: str) -> list[Value] | None:
    """Days before the end of a month; a step goes towards that end: the seven last days are 7/1."""
    stepped = re.fullmatch(r"([0-9]{1,2})/([0-9]{1,2})", word)
    if stepped:
        return [(1, int(stepped[1]))] if int(stepped[1]) <= 28 and 1 <= int(stepped[2]) < int(stepped[1]) else None
    return None if re.search("[/,]", word) else _values(word, 1, 28)


def comes(months: list[Value], days: list[Value]) -> bool:
    """Whether one of the months is long enough for one of the days; an empty list is any."""
    longest = max((LONGEST[month - 1] for first, last in months for month in range(first, last + 1)), default=31)
    return not days or min(first for first, _ in days) <= longest


def _values(word: str, low: int, high: int) -> list[Value] | None:
    """The parts of a list, none where any value fits; None where it is no list of values of this kind."""
    if word == "*":
        return []
    found = []
    for part in word.split(","):
        match = PART.fullmatch(part)
        if match is None:
            return None
        first, step = int(match[1]), int(match[3] or 1)
        last = int(match[2]) if match[2] else high if match[3] else first
        if not low <= first <= last <= high or (match[2] or match[3]) and not 1 <= step <= last - first:
            return None
        found.append((first, last))
    return found
