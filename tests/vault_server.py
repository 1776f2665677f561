"""A Vault of the tests' own on a free port of this machine: KV engines of version 2 and the login of a role, as far as clients of them ask."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "hvs.test-token"
SECRET_ID = "5b0f-secret-id"


class Server(ThreadingHTTPServer):
    """What it keeps: MOUNT/PATH to all versions of the data."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.secrets: dict[str, list[dict[str, Any]]] = {}

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        versions = self.kept()
        if versions is not None and not versions:
            self._answer(404, {"errors": []})
        elif versions is not None:
            self._answer(200, {"data": {"data": versions[-1], "metadata": {"version": len(versions)}}})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/v1/auth/approle/login":
            good = (body.get("role_id"), body.get("secret_id")) == ("shop", SECRET_ID)
            self._answer(200 if good else 403, {"auth": {"client_token": TOKEN}} if good else {"errors": ["permission denied"]})
            return
        versions = self.kept()
        if versions is not None and body.get("options", {}).get("cas", len(versions)) != len(versions):
            self._answer(400, {"errors": ["check-and-set parameter did not match the current version"]})
        elif versions is not None:
            versions.append(body["data"])
            self._answer(200, {"data": {"version": len(versions)}})

    do_PUT = do_POST

    def kept(self) -> list[dict[str, Any]] | None:
        """The versions at the path that is asked for; None, and the refusal is told, where that may not be."""
        server, (mount, _, path) = self.server, self.path.removeprefix("/v1/").partition("?")[0].partition("/data/")
        assert isinstance(server, Server)
        if self.headers.get("X-Vault-Token") != TOKEN:
            self._answer(403, {"errors": ["permission denied"]})
            return None
        return server.secrets.setdefault(f"{mount}/{path}", [])

    def _answer(self, status: int, value: Any) -> None:
        content = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Tests tell nothing."""


@contextmanager
def vault() -> Iterator[Server]:
    """A server that is there as long as the block runs."""
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
