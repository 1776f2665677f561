"""What `format` of a JSON Schema may say here: texts that have a grammar of their own, or stand in a list of the world. Pure."""

import ipaddress
import re
from collections.abc import Callable, Mapping
from functools import partial

from provisioner.spec import calendar, zones

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
FIELDS: tuple[tuple[str, int, int, tuple[str, ...]], ...] = (
    ("minute", 0, 59, ()), ("hour", 0, 23, ()), ("day of month", 1, 31, ()), ("month", 1, 12, MONTHS), ("day of week", 0, 7, DAYS))
MACROS = ("@hourly", "@daily", "@weekly", "@monthly", "@yearly", "@midnight", "@annually")
EXAMPLES = {4: "10.0.0.9", 6: "fd00::9"}
PART = re.compile(r"(\*|\?|[A-Za-z0-9]+)(?:-([A-Za-z0-9]+))?(?:/([0-9]+))?")


def fault(name: str, value: str) -> str:
    """What a text of this format must be, where it is not; nothing where it is right, or the format is not known."""
    return FORMATS[name](value) if name in FORMATS else ""


def _cron(value: str) -> str:
    if value.strip().lower() in MACROS:
        return ""
    words = value.split()
    if len(words) != len(FIELDS):
        return f"must have five fields (minute, hour, day of month, month, day of week), or be {', '.join(MACROS[:4])} or {MACROS[4]}"
    found: list[list[calendar.Value]] = []
    for (name, low, high, names), word in zip(FIELDS, words, strict=True):
        parts = [_part(part, low, high, names) for part in word.split(",")]
        if None in parts:
            named = f" ({names[0]} to {names[-1]})" if names else ""
            wrong = word.split(",")[parts.index(None)]
            return f'must give the {name} from {low} to {high}{named}, as a number, a range 1-5, *, a step */5 or a list of them, not "{wrong}"'
        found.append([part for part in parts if part])
    *_, days, months, _ = found
    # with a day of the week as well, either of the two is enough
    if words[4] in ("*", "?") and not calendar.comes(months, days):
        return f"must name a day that comes: no month that it names has a day {min(days)[0]}"
    return ""


def _part(part: str, low: int, high: int, names: tuple[str, ...]) -> calendar.Value | None:
    """The first and the last value of a part of a field; None where it is none."""
    match = PART.fullmatch(part)
    if match is None or (match[3] is not None and int(match[3]) == 0):
        return None
    if match[1] in "*?":
        return None if match[2] else (low, high)
    first, last = (_number(word, low, names) for word in (match[1], match[2] or match[1]))
    return (first, high if match[3] and not match[2] else last) if low <= first <= last <= high else None


def _number(word: str, low: int, names: tuple[str, ...]) -> int:
    return names.index(word.lower()) + low if word.lower() in names else int(word) if word.isdigit() else -1


def _network(value: str) -> str:
    try:
        wide = str(ipaddress.ip_network(value, strict=False))
    except ValueError:
        return "must be a network (CIDR), such as 10.0.0.0/8"
    return "" if wide.lower() == value.lower() or ":" in value and "/" in value else f"must be a network (CIDR), such as {wide}"


def _address(value: str, version: int = 0) -> str:
    try:
        fits = ipaddress.ip_address(value).version in (version, *(EXAMPLES if not version else ()))
    except ValueError:
        fits = False
    return "" if fits else f"must be an IP{f'v{version}' if version else ''} address, such as {EXAMPLES[version or 4]}"


FORMATS: Mapping[str, Callable[[str], str]] = {"cron": _cron, "time-zone": zones.fault, "calendar": calendar.fault, "network": _network,
                                            "address": _address, "ipv4": partial(_address, version=4), "ipv6": partial(_address, version=6)}
"""Name of the format to what says what is wrong."""
