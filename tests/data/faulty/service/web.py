"""Answers every request with its greeting."""

import os
from http.server import BaseHTTPRequestHandler, HTTPServer


class Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(os.environ["GREETING"].encode())


HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Page).serve_forever()
