"""Answers with its greeting and its bucket; slow to become ready and slow to end, by WARM_UP and LINGER: until the file /run/go is there, seconds at
the most.
"""

import os
import signal
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import FrameType

BEGUN = time.monotonic()
SIZE = os.stat(__file__).st_size


class Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        ready = over("WARM_UP", BEGUN)
        self.send_response(200 if ready else 503)
        self.end_headers()
        self.wfile.write(f"{os.environ['GREETING']} {os.environ['BUCKET']} {SIZE}".encode())


def over(name: str, begun: float) -> bool:
    """True when the test has seen enough, or the time is over."""
    return os.path.exists("/run/go") or time.monotonic() - begun >= float(os.environ[name])


def end(number: int, frame: FrameType | None) -> None:
    print(f"lingers for {os.environ['LINGER']} s")
    begun = time.monotonic()
    while not over("LINGER", begun):
        time.sleep(0.1)
    sys.exit(0)


signal.signal(signal.SIGTERM, end)
HTTPServer(("", 8080), Page).serve_forever()
