"""The routes of a gateway as values: hosts, paths, servers with their weights. Knows neither nginx nor HAProxy."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from math import lcm
from typing import Any

from ansible.module_utils.provision.failures import Failed

STAMP = "X-Provision-Config"
"""Header of the health answer: says which configuration the running server has."""
HEAVIEST = 256
"""The largest weight that both servers take."""


@dataclass(frozen=True)
class Route:
    """One route: requests for a host and below a path go to these servers."""

    host: str
    path: str
    servers: tuple[str, ...]
    scheme: str = "http"
    base: str = ""
    """Path of a backend that is a URL."""
    named: str = ""
    """Host header for a backend that is a URL; empty: as the client sent it."""
    rewrite: bool = False
    weights: tuple[int, ...] = ()
    """One for each server; empty: all the same. 0 takes no new request."""

    def weighted(self) -> list[tuple[str, int]]:
        """Servers with their weights, 1 where nothing was said."""
        return list(zip(self.servers, self.weights or (1,) * len(self.servers)))


def routes(items: list[Mapping[str, Any]], domain: str, drained: tuple[str, ...] = ()) -> list[Route]:
    """The routes as the application gives them; servers at `drained` addresses get the weight 0. Raises Failed for what can't be one."""
    found = []
    for item in items:
        path, host = str(item.get("path") or "/"), str(item.get("host") or domain or "")
        judge(path, r"/[^\s{};'\"\\$#]*", "path")
        judge(host, r"[A-Za-z0-9.*_-]*", "host name")
        found.append(_route(item, host, path, drained))
    return found


def judge(value: str, pattern: str, what: str) -> None:
    """Raises Failed when a value can't be that part of a route."""
    if not re.fullmatch(pattern, value):
        raise Failed(f"'{value}' can't be the {what} of a route")


def _route(item: Mapping[str, Any], host: str, path: str, drained: tuple[str, ...]) -> Route:
    rewrite = bool(item.get("rewrite"))
    groups = _groups(item)
    addresses = [address for group in groups for address in group.addresses]
    if not addresses:
        raise Failed(f"the route {host}{path} has no backends")
    if len(addresses) == 1 and "://" in addresses[0]:
        where = urllib.parse.urlsplit(addresses[0])
        if where.scheme not in ("http", "https") or not where.hostname:
            raise Failed(f"'{addresses[0]}' can't be a backend: http and https URLs only")
        server = _server(where.netloc.rpartition("@")[2], 443 if where.scheme == "https" else 80)
        return Route(host, path, (server,), where.scheme, where.path.rstrip("/"), where.netloc.rpartition("@")[2], rewrite)
    servers = [(_server(urllib.parse.urlsplit(one).netloc if "://" in one else one, group.port), one, group)
               for group in groups for one in group.addresses]
    scheme = "https" if addresses[0].startswith("https://") else "http"
    weights = [0 if _is_drained(server, drained) else weight for (server, _, _), weight in zip(servers, _shares(groups))]
    plain = len(set(weights)) == 1 and 0 not in weights
    return Route(host, path, tuple(server for server, _, _ in servers), scheme, rewrite=rewrite, weights=() if plain else tuple(weights))


@dataclass(frozen=True)
class _Group:
    """Addresses that share one weight."""

    addresses: tuple[str, ...]
    port: int
    weight: int = 1


def _groups(item: Mapping[str, Any]) -> list[_Group]:
    """What `backends` says: one address or URL, or a list of addresses and of {to, port, weight}."""
    port, given = int(item.get("port") or 80), item["backends"]
    plain: list[str] = []
    found = []
    for one in [given] if isinstance(given, str) else given:
        if isinstance(one, Mapping):
            to = one["to"]
            weight = one.get("weight")
            found.append(_Group(tuple([to] if isinstance(to, str) else map(str, to)), int(one.get("port") or port),
                                1 if weight is None else int(weight)))
        else:
            plain.append(str(one))
    if plain and found:
        raise Failed("the backends of a route are either addresses, or all of them {to: …, weight: …}")
    return found or [_Group(tuple(plain), port)]


def _shares(groups: list[_Group]) -> list[int]:
    """The weight of each server, so that each group as a whole gets what its weight says."""
    if len(groups) == 1:
        return [1 if groups[0].weight else 0] * len(groups[0].addresses)
    full = lcm(*(max(len(group.addresses), 1) for group in groups))
    found = [group.weight * full // len(group.addresses) for group in groups for _ in group.addresses]
    heaviest = max(found, default=0)
    if heaviest > HEAVIEST:
        found = [max(1, round(weight * HEAVIEST / heaviest)) if weight else 0 for weight in found]
    return found


def _is_drained(server: str, drained: tuple[str, ...]) -> bool:
    host = server.rpartition(":")[0].strip("[]")
    return server in drained or host in drained


def _server(address: str, port: int) -> str:
    """HOST:PORT; the port is added where there is none."""
    if address.count(":") > 1 and not address.startswith("["):
        address = f"[{address}]"
    judge(address, r"(\[[0-9A-Fa-f:.%]+\]|[A-Za-z0-9._-]+)(:\d{1,5})?", "backend")
    return address if re.search(r"\]:\d+$|^[^\[\]:]+:\d+$", address) else f"{address}:{port}"


def judge_paths(found: list[Route], health: str) -> None:
    """Raises Failed when two routes are the same, or one is the path by which the gateway itself is asked."""
    judge(health, r"/[^\s{};'\"\\$#]*", "health path")
    for host in dict.fromkeys(route.host for route in found):
        seen = [route.path.rstrip("/") for route in found if route.host == host]
        twice = next((path for path in seen if seen.count(path) > 1), None)
        if twice is not None:
            raise Failed(f"two routes for {host or 'every host'} have the path {twice or '/'}")
    for route in found:
        if route.path.rstrip("/") == health.rstrip("/"):
            raise Failed(f"the path {route.path} is the one by which the gateway's own health is asked; choose another `healthPath`")
