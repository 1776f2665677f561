"""notification, for real: e-mail to an SMTP server, chats and any other address of apprise to a web server, both of this test."""

import json
import socketserver
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from provisioner.errors import ProvisionError
from tests.unit.test_step_kinds import run


class Mail(socketserver.StreamRequestHandler):
    """Takes every message, but for receivers at refused.example."""

    def handle(self) -> None:
        server = self.server
        assert isinstance(server, Post)
        self.say("220 here")
        envelope: list[str] = []
        while line := self.rfile.readline().decode().strip():
            word = line.partition(" ")[0].upper()
            if word == "DATA":
                self.say("354 go on")
                text = b""
                while not text.endswith(b"\r\n.\r\n"):
                    text += self.rfile.readline()
                server.messages.append((envelope, text.decode()))
            elif word in ("MAIL", "RCPT"):
                envelope.append(line)
            if word == "QUIT":
                self.say("221 bye")
                return
            self.say("550 nobody here" if "refused.example" in line else "250 fine")

    def say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


class Post(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Mail)
        self.messages: list[tuple[list[str], str]] = []
        """Envelope and text."""


class Web(BaseHTTPRequestHandler):
    asked: list[tuple[str, Any]] = []

    def do_POST(self) -> None:
        self.asked.append((self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
        self.send_response(500 if self.path == "/broken" else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *arguments: Any) -> None:
        """Tests tell nothing."""


@pytest.fixture
def post() -> Iterator[Post]:
    with Post() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def web() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Web) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


def mail(post: Post, to: str) -> dict[str, Any]:
    sender = {"address": "deploy@shop.example", "alias": "Deliveries", "host": "127.0.0.1", "port": post.server_address[1]}
    return {"email": {"from": sender, "to": [to, "second@shop.example"], "content": {"subject": "Out now", "body": "Version 2 is out"}}}


def test_an_e_mail_is_sent(post: Post, tmp_path: Path) -> None:
    assert run("notification", mail(post, "ops@shop.example"), tmp_path, limit=30).message == "sent to email"
    envelopes = [line for envelope, _ in post.messages for line in envelope]
    assert any("deploy@shop.example" in line for line in envelopes)
    assert {receiver for receiver in ("ops@shop.example", "second@shop.example") if any(receiver in line for line in envelopes)} == {
        "ops@shop.example", "second@shop.example"}
    assert all("Out now" in text and "Version 2 is out" in text and "Deliveries" in text for _, text in post.messages)


def test_an_e_mail_that_nobody_takes_fails_the_step(post: Post, tmp_path: Path) -> None:
    with pytest.raises(ProvisionError, match="email did not take the message") as error:
        run("notification", mail(post, "x@refused.example"), tmp_path, limit=30)
    assert error.value.code == "PRV-4407"


def test_chats_and_other_addresses_get_their_message(web: str, tmp_path: Path) -> None:
    Web.asked.clear()
    given = {"to": [f"json://{web}/any"], "title": "Shop", "message": "out",
             "slack": {"url": {"value": f"http://{web}/slack"}, "message": {"text": "out"}},
             "lark": {"url": {"value": f"http://{web}/lark"}, "message": {"msg_type": "text"}}}
    assert run("notification", given, tmp_path, limit=30).message == "sent to json, slack, lark"
    assert [(path, body.get("message") or body) for path, body in Web.asked] == [
        ("/any", "out"), ("/slack", {"text": "out"}), ("/lark", {"msg_type": "text"})]
    with pytest.raises(ProvisionError, match="slack answered 500"):
        run("notification", {"slack": {"url": {"value": f"http://{web}/broken"}, "message": {}}}, tmp_path, limit=30)
