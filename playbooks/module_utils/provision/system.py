"""Which operating system this host runs, and what is said of its family. Read once for each call, out of os-release; changes nothing."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache

from ansible.module_utils.provision import commands
from ansible.module_utils.provision.failures import Failed
from ansible.module_utils.provision.families import debian, redhat
from ansible.module_utils.provision.families.shape import Family

FAMILIES = (debian.FAMILY, redhat.FAMILY)
RELEASE = ("/etc/os-release", "/usr/lib/os-release")


@dataclass(frozen=True)
class System:
    """The operating system of a host."""

    os: str
    """As the definitions' `os:` says it: debian-12, ubuntu-24.04, rocky-9; empty when the host does not say."""
    words: str
    """As people say it: Rocky Linux 9.4 (Blue Onyx)."""
    family: Family | None


def of_text(text: str) -> System:
    """From the text of os-release."""
    values = {}
    for line in text.splitlines():
        name, equals, value = line.strip().partition("=")
        if equals and not name.startswith("#"):
            values[name] = value.strip().strip("\"'")
    name = values.get("ID", "").lower()
    kin = [name, *values.get("ID_LIKE", "").lower().split()]
    family = next((one for one in FAMILIES if any(word in one.ids for word in kin)), None)
    version = values.get("VERSION_ID") or values.get("VERSION_CODENAME") or ""
    if family is not None and family.whole_versions:
        version = version.partition(".")[0]
    return System("-".join(filter(None, [name, version])), values.get("PRETTY_NAME") or name or "an operating system without a name", family)


@cache
def here() -> System:
    """This host's."""
    return of_text(next((_text(path) for path in RELEASE if os.path.exists(path)), ""))


def _text(path: str) -> str:
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


ENFORCING = "/sys/fs/selinux/enforce"
FIREWALLD = "/usr/sbin/firewalld"


def notes() -> list[str]:
    """What this host has that our playbooks leave alone, and that may be in their way."""
    found = []
    if os.path.exists(ENFORCING) and _text(ENFORCING).strip() == "1":
        found.append("SELinux is enforcing, and provision sets no booleans or labels: nginx reaches other servers only with "
                     "httpd_can_network_connect, HAProxy with haproxy_connect_any")
    if os.path.exists(FIREWALLD) and commands.run(["systemctl", "--quiet", "is-active", "firewalld.service"], check=False)[0] == 0:
        found.append("firewalld is running, and provision opens no ports in it: firewall-cmd --permanent --add-port=PORT/tcp")
    return found


def family() -> Family:
    """This host's family. Raises Failed where our playbooks know none of it."""
    found = here()
    if found.family is None:
        names = " and ".join(one.name for one in FAMILIES)
        raise Failed(f"this host runs {found.words}; provision's playbooks know the families of {names}: place the component on another host, "
                     "or give its type a playbook of your own")
    return found.family
