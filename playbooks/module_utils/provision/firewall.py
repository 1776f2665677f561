"""The firewall of a host: one nftables table of ours, loaded at boot by a unit of ours. Rules of others (containers, VPNs) are not touched.

Never locks out: the ports of SSH stay open whatever is wanted, and new rules undo themselves unless a new connection confirms them.
"""

from __future__ import annotations

import hashlib
import ipaddress
import os
import re
from collections.abc import Iterable
from typing import Any

from ansible.module_utils.provision import commands, files, manifest, packages
from ansible.module_utils.provision.failures import Failed
from ansible.module_utils.provision.pieces import OURS, Pieces
from ansible.module_utils.provision.systemd import UNITS, Systemd

RULES = f"{OURS}/firewall.nft"
UNIT = "provision-firewall"
UNDO = "provision-firewall-undo"
BEFORE = "/run/provision-firewall.before"
LOAD = "load the firewall rules"
"""The act after which a new connection has to confirm."""
SECONDS = 60
"""After which new rules are undone when nobody has confirmed them."""
TABLE = """# {header}
table inet provision
delete table inet provision
table inet provision {{
    chain input {{
        type filter hook input priority filter; policy drop;
        ct state established,related accept
        ct state invalid drop
        iif lo accept comment "provision {stamp}"
        icmp type {{ destination-unreachable, time-exceeded, parameter-problem }} accept
        icmpv6 type {{ destination-unreachable, packet-too-big, time-exceeded, parameter-problem }} accept
        icmpv6 type {{ nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert }} accept
{ping}        tcp dport {{ {ssh} }} accept comment "SSH, by which provision works"
{rules}{last}    }}
}}
"""
SERVICE = """{header}
[Unit]
Description=Firewall rules of provision
DefaultDependencies=no
Before=network-pre.target shutdown.target
Wants=network-pre.target
Conflicts=shutdown.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/nft -f {rules}
ExecReload=/usr/sbin/nft -f {rules}
ExecStop=/usr/sbin/nft delete table inet provision

[Install]
WantedBy=sysinit.target
"""


def text(header: str, wanted: dict[str, Any], ssh: Iterable[int]) -> tuple[str, str]:
    """The rules, and the stamp that the loaded table carries."""
    def fill(stamp: str) -> str:
        ping = "        icmp type echo-request accept\n        icmpv6 type echo-request accept\n" if wanted.get("ping", True) else ""
        last = "        reject with icmpx type admin-prohibited\n" if wanted.get("policy") == "reject" else ""
        return TABLE.format(header=header.lstrip("# "), stamp=stamp, ping=ping, ssh=", ".join(map(str, sorted(set(ssh)))),
                            rules="".join(_rule(one) for one in wanted.get("allow") or ()), last=last)
    stamp = hashlib.sha256(fill("").encode()).hexdigest()[:12]
    return fill(stamp), stamp


def _rule(one: dict[str, Any]) -> str:
    first, last = int(one["port"]), int(one.get("to") or one["port"])
    if last < first:
        raise Failed(f"a range of ports ends after it begins, and {first} to {last} does not")
    ports = f"{first}-{last}" if last != first else str(first)
    protocol = str(one.get("protocol") or "tcp")
    found = []
    for version, word in ((4, "ip"), (6, "ip6")):
        networks = [str(network) for network in map(_network, one.get("from") or ()) if network.version == version]
        if networks:
            found.append(f"        {word} saddr {{ {', '.join(networks)} }} {protocol} dport {ports} accept\n")
    return "".join(found) if one.get("from") else f"        {protocol} dport {ports} accept\n"


def _network(value: Any) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        return ipaddress.ip_network(str(value), strict=False)
    except ValueError:
        raise Failed(f"'{value}' is no network (CIDR, such as 10.0.0.0/8)") from None


class Firewall:
    """The firewall of this host."""

    def __init__(self, pieces: Pieces) -> None:
        self.pieces = pieces
        self.systemd = Systemd()

    def deliver(self, wanted: dict[str, Any]) -> None:
        """Acts so that these rules are in force, now and after a boot."""
        pieces, work = self.pieces, self.pieces.work
        rival = next((other for other in manifest.others(pieces.context) if other.kind == pieces.kind and other.about.get("firewall")), None)
        if rival is not None:
            raise Failed(f"{rival.unit} of {rival.app} already has the firewall of this host")
        if not os.path.exists("/usr/sbin/nft"):
            packages.judge_possible("nftables")
            work.add("install package nftables", lambda: packages.install("nftables"))
        rules, stamp = text(pieces.context.header, wanted, ssh_ports())
        wish = files.Wish(RULES, rules.encode())
        changed = pieces.file(wish)
        if changed:
            words, _ = work.acts.pop()
            work.add(words, lambda: _write_tested(wish))
        loads = pieces.file(files.Wish(f"{UNITS}/{UNIT}.service", SERVICE.format(header=pieces.context.header, rules=RULES).encode()))
        state = self.systemd.state(UNIT)
        work.facts["firewall"] = [state.known, state.enabled, stamp in _loaded()]
        if loads or not state.known or not state.fresh:
            work.add(f"load {UNIT}.service", lambda: self.systemd.load(UNIT))
        if not state.enabled:
            work.add(f"enable {UNIT}.service", lambda: self.systemd.enable(UNIT))
        if changed or not state.running or stamp not in _loaded():
            work.add(LOAD, lambda: self._load())

    def _load(self) -> None:
        # what an earlier delivery left unconfirmed is settled by this one
        confirm()
        before = _loaded()
        undo = "nft delete table inet provision"
        if before:
            files.write(files.Wish(BEFORE, f"table inet provision\ndelete table inet provision\n{before}".encode(), 0o600))
            undo = f"nft -f {BEFORE}"
        commands.run(["systemd-run", "--quiet", "--collect", f"--on-active={SECONDS}s", "--timer-property=AccuracySec=1s", f"--unit={UNDO}",
                      "/bin/sh", "-c", undo])
        self.systemd.restart(UNIT) if not self.systemd.state(UNIT).running else self.systemd.reload(UNIT)

    def leave(self) -> None:
        """Acts after which every port is open again as it was before us."""
        if self.systemd.state(UNIT).known:
            self.pieces.work.add(f"stop {UNIT}.service", lambda: self._end())

    def _end(self) -> None:
        confirm()
        self.systemd.stop(UNIT)
        if _loaded():
            commands.run(["nft", "delete", "table", "inet", "provision"])


def _write_tested(wish: files.Wish) -> None:
    """Write the rules; when nft refuses them the old ones stay."""
    beside = files.Wish(f"{wish.path}.new", wish.data, wish.mode)
    files.write(beside)
    try:
        code, output = commands.run(["nft", "-c", "-f", beside.path], check=False)
        if code:
            raise Failed(f"nft refuses the rules, the old ones are still in force: {commands.tail(output, 4)}")
        files.write(wish)
    finally:
        files.remove(beside.path)


def _loaded() -> str:
    """Our table as the kernel has it; empty when it has none."""
    if not os.path.exists("/usr/sbin/nft"):
        return ""
    code, output = commands.run(["nft", "list", "table", "inet", "provision"], check=False)
    return output if code == 0 else ""


def confirm() -> None:
    """The rules are good: whoever asks for this came in by a new connection."""
    commands.run(["systemctl", "stop", f"{UNDO}.timer"], check=False)
    files.remove(BEFORE)


def ssh_ports() -> list[int]:
    """Every port that sshd has, by its configuration and by the connection that we are on."""
    code, output = commands.run(["sshd", "-T"], check=False)
    found = {int(port) for port in re.findall(r"^port (\d+)$", output, re.M)} if code == 0 else set()
    connection = os.environ.get("SSH_CONNECTION", "").split()
    if len(connection) == 4:
        found.add(int(connection[3]))
    return sorted(found or {22})
