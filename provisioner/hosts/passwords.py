"""Passwords among the variables of hosts: taken out where hosts are read, so that plans, the store and files hold references only. Pure."""

import re
from collections.abc import Iterable
from dataclasses import replace

from provisioner.model import Host, Json

NAMES = re.compile(r"ansible_\w*(pass|password|passphrase)\Z")
"""ansible_password, ansible_ssh_pass, ansible_become_password, ansible_sudo_pass, ansible_ssh_private_key_passphrase …"""
TEMPLATE = re.compile(r"\{\{|\{%|\$\{secret\.")
"""What looks a password up elsewhere is none itself."""


def apart(hosts: Iterable[Host]) -> tuple[tuple[Host, ...], dict[str, str]]:
    """The hosts with `${secret.inventory:TARGET/HOST/NAME}` for each password, and the passwords by HOST/NAME."""
    found: dict[str, str] = {}
    kept = []
    for host in hosts:
        own = {name: str(value) for name, value in host.vars.items() if NAMES.match(name) and _is_password(value)}
        found |= {f"{host.name}/{name}": value for name, value in own.items()}
        references: dict[str, Json] = {name: "${secret.inventory:%s/%s/%s}" % (host.target, host.name, name) for name in own}
        kept.append(replace(host, vars={**host.vars, **references}) if own else host)
    return tuple(kept), found


def _is_password(value: Json) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool) and value != "" and not TEMPLATE.search(str(value))
