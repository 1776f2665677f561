"""Answers with its greeting and its bucket; slow to become ready and slow to end, by WARM_UP and LINGER (seconds)."""

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
        ready = time.monotonic() - BEGUN >= float(os.environ["WARM_UP"])
        self.send_response(200 if ready else 503)
        self.end_headers()
        self.wfile.write(f"{os.environ['GREETING']} {os.environ['BUCKET']} {SIZE}".encode())


def end(number: int, frame: FrameType | None) -> None:
    print("lingering")
    time.sleep(float(os.environ["LINGER"]))
    sys.exit(0)


signal.signal(signal.SIGTERM, end)
HTTPServer(("", 8080), Page).serve_forever()
