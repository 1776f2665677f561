"""The simulator as a proxy of HTTP for the names that it owns, and for no others: a client is told of it, and finds them as on AWS."""

import selectors
import socket
from typing import Any
from urllib.parse import urlsplit

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.wrappers import Request, Response

from provisioner.sandbox.servers import sites
from provisioner.sandbox.servers.names import Names
from provisioner.sandbox.servers.passing import PIECE, Unreachable, kept, pass_on

PORT = 80
SECONDS = 60.0
OURS = frozenset({"127.0.0.1", "localhost"})
"""Hosts under which the simulator itself is asked."""


class Proxied:
    """A WSGI application that answers what comes to it as to a proxy, and leaves the rest to another."""

    def __init__(self, application: Any, names: Names) -> None:
        self._application, self._names = application, names

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        asked = urlsplit(environ.get("REQUEST_URI", ""))
        host, port = asked.hostname or "", asked.port or PORT
        if asked.scheme.lower() != "http" or (host in OURS and str(port) == environ["SERVER_PORT"]):
            return self._application(environ, start_response)
        environ["HTTP_HOST"] = asked.netloc
        return self._answer(Request(environ), host, port)(environ, start_response)

    def _answer(self, request: Request, host: str, port: int) -> Response:
        led = self._names.find(host, port)
        if led is None:
            return Response(f"the sandbox has no {host}:{port}\n", 403)
        if led.bucket:
            return sites.answer(led.bucket, request)
        try:
            return pass_on(request, f"http://{led.address}:{led.port}{_rest(request)}", kept(request, "content-length"), seconds=SECONDS)
        except Unreachable as error:
            return Response(f"{error}\n", 502)


def _rest(request: Request) -> str:
    """The path and what follows it."""
    asked = urlsplit(request.environ["REQUEST_URI"])
    return (asked.path or "/") + (f"?{asked.query}" if asked.query else "")


def handler(names: Names) -> type[MotoRequestHandler]:
    """The simulator's handler of requests, with tunnels to names that it owns: what speaks TLS asks a proxy for one."""
    class Handler(MotoRequestHandler):
        def send_header(self, keyword: str, value: str) -> None:
            if keyword != "Server" or value != self.version_string() or not self.path.startswith("http://"):  # who answers there says who it is
                super().send_header(keyword, value)

        def do_CONNECT(self) -> None:
            host, _, port = self.path.rpartition(":")
            led = names.find(host, int(port)) if port.isdigit() else None
            if led is None or not led.address:
                self.send_error(403, f"the sandbox has no {self.path}")
                return
            try:
                behind = socket.create_connection((led.address, led.port), timeout=SECONDS)
            except OSError as error:
                self.send_error(502, str(error))
                return
            self.close_connection = True
            with behind:
                self.send_response_only(200, "Connection established")
                self.end_headers()
                _join(self.connection, behind)

    return Handler


def _join(client: socket.socket, behind: socket.socket) -> None:
    """Carry what either says to the other, until one of them ends."""
    other = {client: behind, behind: client}
    with selectors.DefaultSelector() as selector:
        for one in other:
            selector.register(one, selectors.EVENT_READ)
        while ready := selector.select(SECONDS):
            for key, _ in ready:
                end: Any = key.fileobj
                said = end.recv(PIECE)
                if not said:
                    return
                other[end].sendall(said)
