"""What stands in PostgreSQL's files for one database: settings, access rules, and the names that are allowed. Values in, text out."""

from __future__ import annotations

import ipaddress
import os
import re
import socket

from ansible.module_utils.provision.failures import Failed

MEBIBYTES = {"small": 128, "medium": 1024, "large": 4096}
"""shared_buffers by size; never more than a quarter of the host's memory."""
DROP_IN = """{header}
[Unit]
# it listens on an address, which has to be there first
Wants=network-online.target
After=network-online.target
"""


def conf(header: str, address: str, size: str) -> str:
    """The settings: it listens where it was placed, or everywhere when that address is not this host's own (behind NAT)."""
    buffers = min(MEBIBYTES.get(size, MEBIBYTES["small"]), memory() // 4)
    listen = ", ".join(dict.fromkeys(["localhost", address])) if is_local(address) else "*"
    return f"{header}\nlisten_addresses = '{listen}'\npassword_encryption = 'scram-sha-256'\nshared_buffers = {buffers}MB\n"


def drop_in(header: str) -> str:
    """What is added to its systemd unit."""
    return DROP_IN.format(header=header)


def access(database: str, user: str, networks: list[str]) -> str:
    """Lines of pg_hba.conf: this user to this database, from this host and these networks, with a password."""
    known = dict.fromkeys(["127.0.0.1/32", "::1/128", *map(network, networks)])
    lines = [f'local   "{database}"  "{user}"  scram-sha-256\n']
    return "".join(lines + [f'host    "{database}"  "{user}"  {place}  scram-sha-256\n' for place in known])


def sql_name(name: str) -> str:
    """A name that can be a database or its user here. Raises Failed."""
    if not re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", name) or name == "postgres" or name.startswith("pg_") or name in ("template0", "template1"):
        raise Failed(f"'{name}' can't be the name of a database or its user: small letters, digits and _, and none of PostgreSQL's own")
    return name


def network(text: str) -> str:
    """A network in its normal form. Raises Failed."""
    try:
        return str(ipaddress.ip_network(text, strict=False))
    except ValueError:
        raise Failed(f"'{text}' in allowFrom is no network (CIDR, such as 10.0.0.0/8)") from None


def is_local(address: str) -> bool:
    """True when the address is one of this host's own."""
    try:
        family = socket.AF_INET6 if ipaddress.ip_address(address).version == 6 else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.bind((address, 0))
        return True
    except (ValueError, OSError):
        return False


def memory() -> int:
    """MiB of the host."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // (1 << 20)
