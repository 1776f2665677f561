"""A simulated AWS, servers behind what it has for HTTP, and what asks it, as the tests of its doors share them."""

import io
import json
import threading
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3  # type: ignore[import-untyped]
from botocore.config import Config  # type: ignore[import-untyped]
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from provisioner.sandbox import simulator
from tests.ports import free_port


@dataclass
class Backend:
    """A server of the application: it answers with what it was asked."""

    asked: list[dict[str, Any]] = field(default_factory=list)
    port: int = 0
    broken: bool = False

    def seen(self, path: str) -> list[dict[str, Any]]:
        """What it was asked for at a path, but for its health."""
        return [one for one in self.asked if one["path"] == path and not one["headers"].get("User-Agent", "").startswith("ELB-")]

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        return self.answer(Request(environ))(environ, start_response)

    def answer(self, request: Request) -> Response:
        self.asked.append({"path": request.path, "headers": dict(request.headers)})
        if request.path.endswith("/moved"):
            return Response("", 302, {"Location": "/elsewhere"})
        if self.broken or request.path.endswith("/broken"):
            return Response("sorry", 500)
        told = {"method": request.method, "path": request.path, "query": request.query_string.decode(), "body": request.get_data(as_text=True)}
        return Response(json.dumps(told), 200, {"X-Backend": "here", "Content-Type": "application/json"})


class Told(urllib.request.HTTPRedirectHandler):
    """Redirects are told, not followed."""

    def redirect_request(self, *_: Any) -> None:
        return None


def account(folder: Path) -> Iterator[Any]:
    """A simulator whose authority this process trusts, as a maker of clients; once, to its end."""
    running = simulator.start(folder)

    def client(service: str) -> Any:
        return boto3.client(service, endpoint_url=running.endpoint, region_name=simulator.REGION, aws_access_key_id="test",
                            aws_secret_access_key="test", config=Config(proxies={}))
    client.running, client.folder = running, folder  # type: ignore[attr-defined]
    yield client
    simulator.stop(folder)


def backends(*addresses: str, port: int = 0, keep: bool = True) -> Iterator[list[Backend]]:
    """A backend at each address, at a port of its own or at this one; where they are not kept nobody listens there."""
    made = [Backend() for _ in addresses]
    servers = [make_server(address, port, one, threaded=True) for address, one in zip(addresses, made, strict=True)] if keep else []
    threads = [threading.Thread(target=server.serve_forever) for server in servers]
    for number, one in enumerate(made):
        one.port = servers[number].server_port if keep else free_port()
    for thread in threads:
        thread.start()
    yield made
    for server, thread in zip(servers, threads, strict=True):
        server.shutdown()
        thread.join()


def until(look: Callable[[], Any], good: Callable[[Any], bool]) -> Any:
    """What is seen once it is good."""
    for _ in range(6000):
        if good(found := look()):
            return found
        threading.Event().wait(0.1)
    raise AssertionError(found)


def ask(url: str, method: str = "GET", body: str = "", **headers: str) -> tuple[int, dict[str, str], str]:
    """Status, headers, body."""
    request = urllib.request.Request(url, body.encode() or None, headers, method=method)
    try:
        with urllib.request.build_opener(Told).open(request, timeout=120) as answer:
            return answer.status, dict(answer.headers), answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read().decode()


def function(cloud: Any, code: str) -> str:
    """The ARN of a function in Python whose `handler` is called."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("main.py", code)
    role = cloud("iam").create_role(RoleName="f", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    made = cloud("lambda").create_function(FunctionName="f", Runtime="python3.12", Role=role, Handler="main.handler",
                                           Code={"ZipFile": packed.getvalue()})
    return str(made["FunctionArn"])
