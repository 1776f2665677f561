"""Which rule of a load balancer a request takes, and where a redirect leads, as ELB says it. Pure."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Asked:
    """A request, as rules see it."""

    scheme: str
    host: str
    """Without a port."""
    port: int
    path: str
    query: str = ""
    method: str = "GET"


def matches(conditions: Iterable[Mapping[str, Any]], asked: Asked) -> bool:
    """Whether all conditions of a rule hold; one that is not known holds for nobody."""
    return all(_holds(condition, asked) for condition in conditions)


def _holds(condition: Mapping[str, Any], asked: Asked) -> bool:
    known: dict[str, tuple[str, Callable[[str], bool]]] = {
        "host-header": ("HostHeaderConfig", lambda value: bool(_wild(value.lower()).fullmatch(asked.host.lower()))),
        "path-pattern": ("PathPatternConfig", lambda value: bool(_wild(value).fullmatch(asked.path))),
        "http-request-method": ("HttpRequestMethodConfig", lambda value: value == asked.method),
    }
    settings, good = known.get(str(condition.get("Field")), ("", lambda _: False))
    values = condition.get("Values") or (condition.get(settings) or {}).get("Values") or ()
    return any(good(value) for value in values)


def _wild(pattern: str) -> re.Pattern[str]:
    """`*` stands for any characters, also none, and `?` for one."""
    return re.compile("".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in pattern), re.DOTALL)


def redirected(settings: Mapping[str, Any], asked: Asked) -> str:
    """Where a redirect leads: what it does not say stays as it was asked."""
    stands = {"protocol": asked.scheme.upper(), "host": asked.host, "port": str(asked.port), "path": asked.path.lstrip("/"), "query": asked.query}

    def said(name: str, otherwise: str) -> str:
        return re.sub(r"#\{(\w+)\}", lambda place: stands.get(place[1], ""), str(settings.get(name) or otherwise))

    query = said("Query", "#{query}")
    place = f"{said('Protocol', '#{protocol}').lower()}://{said('Host', '#{host}')}:{said('Port', '#{port}')}"
    return place + said("Path", "/#{path}") + (f"?{query}" if query else "")


def good(matcher: str, status: int) -> bool:
    """Whether a target that answers so is healthy: `200`, `200,301` or `200-399`."""
    for part in matcher.split(","):
        low, _, high = part.strip().partition("-")
        if low.isdigit() and int(low) <= status <= int(high or low):
            return True
    return False
