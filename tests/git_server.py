"""Git repositories over HTTP on the loopback, by git's own `http-backend`: a server whose requests are counted."""

import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit


@dataclass
class GitServer:
    """Serves the bare repositories below a folder."""

    folder: Path
    port: int = 0
    requests: list[str] = field(default_factory=list)

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.port}/{name}"


def repository(folder: Path, files: dict[str, str]) -> str:
    """Make a bare repository with these files, or a further commit in it; returns the commit."""
    if not folder.exists():
        git(folder.parent, "init", "--quiet", "--bare", "--initial-branch=main", str(folder))
        git(folder, "config", "uploadpack.allowAnySHA1InWant", "true")
    work = folder.with_suffix(".work")
    if not work.exists():
        git(folder.parent, "clone", "--quiet", str(folder), str(work))
        git(work, "checkout", "--quiet", "-B", "main")
    for name, text in files.items():
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        (work / name).write_text(text)
    git(work, "add", "--all")
    git(work, "-c", "user.name=test", "-c", "user.email=test@example.com", "commit", "--quiet", "--message", "files")
    git(work, "push", "--quiet", "origin", "main")
    return git(work, "rev-parse", "HEAD")


def git(folder: Path, *arguments: str) -> str:
    """What git says."""
    environ = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
    return subprocess.run(["git", *arguments], cwd=folder, env=environ, check=True, capture_output=True, text=True).stdout.strip()


@contextmanager
def serving(folder: Path) -> Iterator[GitServer]:
    """A server of the repositories in a folder, on a free port."""
    server = GitServer(folder)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def log_message(self, *arguments: object) -> None:
            pass

        def _answer(self) -> None:
            server.requests.append(self.path)
            asked = urlsplit(self.path)
            environ = {
                "PATH": os.environ["PATH"], "GIT_PROJECT_ROOT": str(folder), "GIT_HTTP_EXPORT_ALL": "1", "PATH_INFO": asked.path,
                "QUERY_STRING": asked.query, "REQUEST_METHOD": self.command, "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""), "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            }
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            made = subprocess.run(["git", "http-backend"], env=environ, input=body, capture_output=True, check=True).stdout
            head, _, content = made.partition(b"\r\n\r\n")
            lines = [line.partition(": ") for line in head.decode().split("\r\n")]
            status = next((value for name, _, value in lines if name == "Status"), "200 OK")
            self.send_response(int(status.split()[0]))
            for name, _, value in lines:
                if name != "Status":
                    self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        server.port = httpd.server_address[1]
        thread = threading.Thread(target=httpd.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            httpd.shutdown()
            thread.join()
