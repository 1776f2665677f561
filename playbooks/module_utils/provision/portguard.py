"""Who may reach the ports of a service that can't tell networks apart itself: one table of nftables for each unit, loaded with the service.

This host itself always may. Other rules of the host stay as they are: what they refuse stays refused.
"""

from __future__ import annotations

import ipaddress
import os
import re
from dataclasses import dataclass

from ansible.module_utils.provision import commands, files, packages, rules
from ansible.module_utils.provision.context import Context
from ansible.module_utils.provision.work import Work

FOLDER = "/var/lib/provision/access"
UNITS = "/etc/systemd/system"
PACKAGE = "nftables"

RULES = """#!/usr/sbin/nft -f
{header}
table inet {table}
delete table inet {table}
table inet {table} {{
    chain input {{
        type filter hook input priority -5; policy accept;
        tcp dport != {{ {ports} }} accept
        iif lo accept
{allowed}        tcp dport {{ {ports} }} drop
    }}
}}
"""
SERVICE = """{header}
[Unit]
Description=Networks that may reach {service}
# its rules are gone when somebody loads /etc/nftables.conf anew
After=nftables.service
PartOf=nftables.service
ReloadPropagatedFrom=nftables.service
Before={service}.service network-pre.target
Wants=network-pre.target
DefaultDependencies=no
After=local-fs.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/nft -f {path}
ExecReload=/usr/sbin/nft -f {path}
ExecStop=-/usr/sbin/nft delete table inet {table}

[Install]
WantedBy=multi-user.target
"""


@dataclass(frozen=True)
class Ports:
    """The service, the ports that `networks` may reach, and those that only this host itself may."""

    service: str
    offered: tuple[int, ...]
    inner: tuple[int, ...] = ()


def rules_text(header: str, table: str, ports: Ports, networks: list[str]) -> str:
    """The file that nft loads: it makes the table anew, whatever was in it."""
    both: dict[int, list[str]] = {4: [], 6: []}
    for text in networks:
        network = rules.network(text)
        both[ipaddress.ip_network(network).version].append(network)
    offered = ", ".join(map(str, ports.offered))
    lines = [f"        ip{'6' if version == 6 else ''} saddr {{ {', '.join(_largest(found))} }} tcp dport {{ {offered} }} accept\n"
             for version, found in both.items() if found]
    every = ", ".join(map(str, (*ports.offered, *ports.inner)))
    return RULES.format(header=header, table=table, ports=every, allowed="".join(lines))


def _largest(networks: list[str]) -> list[str]:
    """The networks without those that lie in others: nft refuses overlapping ones."""
    return [str(one) for one in ipaddress.collapse_addresses(ipaddress.ip_network(text) for text in networks)]  # type: ignore[type-var]


class Portguard:
    """The table of one unit."""

    def __init__(self, context: Context, ports: Ports) -> None:
        self.context, self.ports = context, ports
        self.table = "provision_" + re.sub(r"[^a-z0-9]", "_", f"{context.app}_{context.unit}")
        self.job = f"provision-access-{context.app}.{context.unit.replace('@', '.')}"
        self.rules, self.unit = f"{FOLDER}/{context.app}.{context.unit}.nft", f"{UNITS}/{self.job}.service"

    @property
    def paths(self) -> tuple[str, ...]:
        """What belongs to the unit and goes with it."""
        return (self.rules, self.unit)

    def deliver(self, work: Work, networks: list[str]) -> None:
        """The acts that make it so that these networks, and no others, reach the ports."""
        header = self.context.header
        if not os.path.exists("/usr/sbin/nft"):
            packages.judge_possible(PACKAGE)
            work.add(f"install package {PACKAGE}", lambda: packages.install(PACKAGE))
        work.want_folder(FOLDER, 0o755, "root", "root", shared=True)
        changed = work.want_file(files.Wish(self.rules, rules_text(header, self.table, self.ports, networks).encode()))
        text = SERVICE.format(header=header, service=self.ports.service, path=self.rules, table=self.table)
        loads = work.want_file(files.Wish(self.unit, text.encode()))
        there = self._loaded()
        work.facts["access"] = there
        loads |= work.broken_off
        if loads:
            work.add(f"load {self.job}.service", lambda: commands.run(["systemctl", "daemon-reload"]))
        if loads or changed or not there:
            work.add(f"set which networks reach {self.ports.service}", self._load)

    def _loaded(self) -> bool:
        """True when the table is in the kernel and will be after a boot."""
        listed = os.path.exists("/usr/sbin/nft") and commands.run(["nft", "list", "table", "inet", self.table], check=False)[0] == 0
        return listed and commands.run(["systemctl", "--quiet", "is-enabled", f"{self.job}.service"], check=False)[0] == 0

    def _load(self) -> None:
        commands.run(["systemctl", "--quiet", "enable", f"{self.job}.service"])
        commands.run(["systemctl", "restart", f"{self.job}.service"])

    def remove(self, work: Work) -> None:
        """The act that takes the rules away, before their files go."""
        if os.path.exists(self.unit):
            work.add(f"let every network reach the ports of {self.ports.service} again", self._unload)

    def _unload(self) -> None:
        commands.run(["systemctl", "--quiet", "disable", "--now", f"{self.job}.service"], check=False)

    def clean(self) -> None:
        """After the files are gone."""
        files.remove_if_empty(FOLDER)
