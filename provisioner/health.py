"""Asks a service from this machine whether it answers: only for what others made (`existing`), which has no host of ours."""

import socket
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from provisioner.model import Json

SECONDS = 10.0
"""For one try."""


def ask(health: Mapping[str, Json]) -> str:
    """"healthy", or why it is not; empty when there is nothing that can be asked (no check, or an address with a secret in it)."""
    for kind, check in (("tcp", _tcp), ("http", _http)):
        address = health.get(kind)
        if isinstance(address, str) and address and "${" not in address:
            try:
                return check(address)
            except (OSError, HTTPException, ValueError) as error:
                return f"{address}: {error}"
    return ""


def _tcp(address: str) -> str:
    host, _, port = address.rpartition(":")
    with socket.create_connection((host.strip("[]"), int(port)), timeout=SECONDS):
        return "healthy"


def _http(address: str) -> str:
    url = urlsplit(address)
    kind = HTTPSConnection if url.scheme == "https" else HTTPConnection
    connection = kind(url.hostname or "", url.port, timeout=SECONDS)
    try:
        connection.request("GET", (url.path or "/") + (f"?{url.query}" if url.query else ""))
        status = connection.getresponse().status
    finally:
        connection.close()
    return "healthy" if status < 400 else f"{address}: HTTP {status}"
