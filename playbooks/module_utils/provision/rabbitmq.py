"""RabbitMQ as the distribution packages it: its settings as text, its passwords, its definitions (users, vhosts, permissions). Decides nothing."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import re
import tempfile
from typing import Any

from ansible.module_utils.provision import commands, files, packages, rules
from ansible.module_utils.provision.failures import Failed

PORT = 5672
INNER = (4369, 15672, 25672)
"""Ports that only this host itself needs: epmd, management, the node's own."""
PACKAGE = "rabbitmq-server"
SERVICE = "rabbitmq-server"
USER = "rabbitmq"
BINARY = "/usr/sbin/rabbitmqctl"
FOLDER = "/etc/rabbitmq/conf.d"
HASHING = "rabbit_password_hashing_sha256"
SALT_BYTES = 4
MEBIBYTES = {"small": 410, "medium": 3277, "large": 6554}
"""Memory at which publishers are held back, by size (0.4 of it); never more than 0.4 of the host's."""
SECONDS = 180

CONF = """{header}
{listen}
vm_memory_high_watermark.absolute = {memory}MiB
"""


def conf(header: str, address: str, size: str) -> str:
    """The settings: it listens where it was placed, or everywhere when that address is not this host's own (behind NAT)."""
    places = list(dict.fromkeys(["127.0.0.1", address])) if rules.is_local(address) else []
    lines = [f"listeners.tcp.{number} = {place}:{PORT}" for number, place in enumerate(places, 1)] or [f"listeners.tcp.default = {PORT}"]
    memory = min(MEBIBYTES.get(size, MEBIBYTES["small"]), rules.memory() * 4 // 10)
    return CONF.format(header=header, listen="\n".join(lines), memory=memory)


def hashed(password: str, salt: bytes) -> str:
    """What RabbitMQ stores for a password."""
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()


def fresh(password: str) -> str:
    """A stored password with a salt of its own."""
    return hashed(password, os.urandom(SALT_BYTES))


def matches(password: str, user: dict[str, Any]) -> bool:
    """True when the entry of a user is one of this password."""
    try:
        stored = str(user.get("password_hash") or "")
        salt = base64.b64decode(stored)[:SALT_BYTES]
    except ValueError:
        return False
    return user.get("hashing_algorithm") == HASHING and hmac.compare_digest(hashed(password, salt), stored)


def tags(user: dict[str, Any]) -> list[str]:
    """The tags of a user; they were one text in older versions."""
    found = user.get("tags") or []
    return [tag for tag in found.split(",") if tag] if isinstance(found, str) else [str(tag) for tag in found]


def version() -> str:
    """Version, such as 3.10, of the one that is installed or offered; empty when it is not known."""
    found = re.match(r"\d+\.\d+", packages.version(PACKAGE))
    return found[0] if found else ""


def control(*words: str) -> str:
    """What rabbitmqctl answers. Raises Failed in its words."""
    code, output = commands.run(["rabbitmqctl", "-q", *words], check=False, seconds=SECONDS, environ={"HOME": "/root"})
    if code:
        raise Failed(f"RabbitMQ: {commands.tail(output, 6)}")
    return output


def definitions() -> dict[str, Any]:
    """Everything that is defined, by one call: users with their stored passwords, vhosts, permissions."""
    found: dict[str, Any] = json.loads(control("export_definitions", "-", "--format", "json"))
    return found


def add(found: dict[str, Any]) -> None:
    """Add or change what is in these definitions; all else stays as it is."""
    # a file that its own user can read: from standard input RabbitMQ 4 never ends
    with tempfile.TemporaryDirectory(prefix="provision-", dir="/run") as folder:
        os.chmod(folder, 0o755)
        path = os.path.join(folder, "definitions.json")
        files.write(files.Wish(path, json.dumps(found).encode(), 0o440, "root", USER))
        control("import_definitions", path, "--format", "json")
