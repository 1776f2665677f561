"""Answers with what it read when it was started, and says only after a moment that it is ready."""

import hashlib
import os
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

PIN = Path(os.environ["PIN_FILE"]).read_text()
CERTIFICATE = hashlib.sha256(Path(os.environ["CERTIFICATE"]).read_bytes()).hexdigest()
WARM = Path(os.environ["STATE_DIRECTORY"]) / "warm"


class Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"{PIN} {CERTIFICATE}\n".encode())


WARM.unlink(missing_ok=True)
threading.Timer(2, WARM.touch).start()
HTTPServer(("", 8081), Page).serve_forever()
