"""Passes one request of HTTP on to another server, as the gateways of AWS do: bodies as they come, redirects and compression untouched."""

from collections.abc import Iterable
from functools import cache

import urllib3
from moto import settings
from urllib3 import exceptions
from werkzeug.wrappers import Request, Response

HOP = frozenset({"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer", "transfer-encoding",
                 "upgrade"})
"""Headers between two servers, which end with them."""
OURS = frozenset({"date"})
"""Headers of an answer that the server which gives it writes anew."""
PIECE = 65536
POOL = urllib3.PoolManager(retries=False, maxsize=4)

Headers = Iterable[tuple[str, str]]


class Unreachable(Exception):
    """The other server does not answer."""


class TooSlow(Unreachable):
    """It takes longer than it may."""


class Answer(Response):
    """An answer without a type of its own: that of the other server, or none."""

    default_mimetype = None


def too_slow(error: Exception) -> bool:
    """Whether a server was waited for; one that refuses is said to be a timeout, too."""
    return isinstance(error, exceptions.TimeoutError) and not isinstance(error, exceptions.NewConnectionError)


def kept(request: Request, *without: str) -> list[tuple[str, str]]:
    """The headers of a request that go on, but those `without` (in lower case)."""
    return [(name, value) for name, value in request.headers if name.lower() not in HOP and name.lower() not in without]


@cache
def _ourselves(port: int) -> urllib3.PoolManager:
    """By way of the simulator as a proxy, which knows its own names."""
    return urllib3.ProxyManager(f"http://127.0.0.1:{port}", retries=False, maxsize=4)


def pass_on(request: Request, url: str, headers: Headers, *, seconds: float, ours: bool = False) -> Response:
    """The answer of another server to this request; raises Unreachable. `ours`: its name is one of the simulated cloud's."""
    given = urllib3.HTTPHeaderDict(list(headers))
    pool = _ourselves(settings.moto_server_port()) if ours else POOL
    try:
        answer = pool.request(request.method, url, body=request.get_data(cache=False) or None, headers=given, redirect=False, preload_content=False,
                              decode_content=False, timeout=seconds)
    except (exceptions.HTTPError, OSError, ValueError) as error:
        raise (TooSlow if too_slow(error) else Unreachable)(str(error)) from error
    found = [(name, value) for name, value in answer.headers.items() if name.lower() not in HOP | OURS]
    passed = Answer(answer.stream(PIECE, decode_content=False), answer.status, found)
    passed.call_on_close(answer.close)
    return passed
