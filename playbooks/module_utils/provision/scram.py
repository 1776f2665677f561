"""PostgreSQL's password verifiers (SCRAM-SHA-256), so that a password is compared and set without ever being sent or logged. Values only."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import unicodedata

ITERATIONS = 4096
SALT_BYTES = 16


def verifier(password: str, salt: bytes, iterations: int = ITERATIONS) -> str:
    """What PostgreSQL stores for a password."""
    prepared = unicodedata.normalize("NFKC", password).encode()
    salted = hashlib.pbkdf2_hmac("sha256", prepared, salt, iterations)
    stored = hashlib.sha256(hmac.new(salted, b"Client Key", hashlib.sha256).digest()).digest()
    server = hmac.new(salted, b"Server Key", hashlib.sha256).digest()
    return f"SCRAM-SHA-256${iterations}:{_text(salt)}${_text(stored)}:{_text(server)}"


def fresh(password: str) -> str:
    """A verifier with a salt of its own."""
    return verifier(password, os.urandom(SALT_BYTES))


def matches(password: str, stored: str) -> bool:
    """True when a stored verifier is one of this password; false for every other kind of entry."""
    try:
        kind, middle, _ = stored.split("$")
        iterations, _, salt = middle.partition(":")
        return kind == "SCRAM-SHA-256" and hmac.compare_digest(verifier(password, base64.b64decode(salt), int(iterations)), stored)
    except ValueError:
        return False


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
