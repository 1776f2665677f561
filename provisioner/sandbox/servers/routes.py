"""Which route of an HTTP API a request takes, as API Gateway v2 says it. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

DEFAULT = "$default"
PLACE = re.compile(r"\{([A-Za-z0-9._:-]+)(\+?)\}")
SAFE = "/~:@!$&'()*+,;="


@dataclass(frozen=True)
class Taken:
    """The route that is taken, and what its path variables stand for."""

    key: str
    found: Mapping[str, str] = field(default_factory=dict)


def choose(keys: Iterable[str], method: str, path: str) -> Taken | None:
    """The most specific route for a request: one that names its whole path, one that takes all below a path, `$default`."""
    best: tuple[tuple[int, int, int], Taken] | None = None
    for key in keys:
        verb, _, pattern = key.partition(" ")
        found = {} if key == DEFAULT else _match(pattern, path) if verb in (method, "ANY") else None
        if found is None:
            continue
        rank = (-1, 0, 0) if key == DEFAULT else (not pattern.endswith("+}"), len(PLACE.sub("", pattern)), verb != "ANY")
        if best is None or rank > best[0]:
            best = rank, Taken(key, found)
    return best[1] if best else None


def _match(pattern: str, path: str) -> dict[str, str] | None:
    """What the variables of a path stand for, each for one part and a greedy one for the rest; None where it is another path."""
    wanted, given = pattern.split("/")[1:], path.split("/")[1:]
    found: dict[str, str] = {}
    for number, part in enumerate(wanted):
        place = PLACE.fullmatch(part)
        value = "/".join(given[number:]) if place and place[2] else given[number] if number < len(given) else ""
        if place and value:
            found[place[1]] = value
            if place[2]:
                return found
        elif number >= len(given) or place or part != value:
            return None
    return found if len(wanted) == len(given) else None


def filled(uri: str, found: Mapping[str, str]) -> str:
    """The URI of an integration with the variables of the route."""
    return re.sub(r"\{([A-Za-z0-9._:-]+)\}", lambda place: quote(found.get(place[1], ""), safe=SAFE), uri)
