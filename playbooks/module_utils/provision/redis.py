"""Redis' own files and its unit as text, and asking a running one. Decides nothing."""

from __future__ import annotations

import os

from ansible.module_utils.provision import commands, packages, rules, system
from ansible.module_utils.provision.failures import Failed
from ansible.module_utils.provision.families.shape import Daemon

PORT = 6379
"""Where nothing else was asked for."""

UNIT = """{header}
[Unit]
Description=Redis {name} of {app}
Wants=network-online.target {guard}.service
After=network-online.target {guard}.service

[Service]
Type=notify
User={user}
Group={user}
ExecStart={binary} {conf} --supervised systemd --daemonize no
Restart=on-failure
RestartSec=1
UMask=0077
LimitNOFILE=65535
StateDirectory={service}
StateDirectoryMode=0700
NoNewPrivileges=true
PrivateTmp=true
PrivateDevices=true
ProtectHome=true
ProtectSystem=strict
ProtectKernelTunables=true
ProtectControlGroups=true
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
CapabilityBoundingSet=

[Install]
WantedBy=multi-user.target
"""
CONF = """{header}
# how much it holds and what leaves it; changed in the running Redis, too
{settings}
port {port}
# who may come in is said by the password and by the rules of nftables beside this
protected-mode no
save ""
dir /var/lib/{service}
include {auth}
"""


def packaged() -> Daemon:
    """The Redis, or what speaks the same, that this host has; else the first one that it offers."""
    known = system.family().caches
    there = next((one for one in known if os.path.exists(one.binary)), None)
    if there is not None or len(known) == 1:
        return there or known[0]
    return next((one for one in known if packages.offered(one.package)), known[0])


def settings(address: str, spec: dict[str, object]) -> dict[str, str]:
    """What can be changed while it runs, as CONFIG GET would say it."""
    listen = " ".join(dict.fromkeys(["127.0.0.1", address])) if rules.is_local(address) else "* -::*"
    return {"bind": listen, "maxmemory": str(int(str(spec["memory_mb"])) << 20), "maxmemory-policy": str(spec["eviction"]),
            "appendonly": "yes" if spec.get("persistence") in (True, "true", "True") else "no"}


def quoted(text: str) -> str:
    """A text for double quotes in Redis' files and commands."""
    return '"' + "".join(f"\\x{ord(sign):02x}" if ord(sign) < 32 else f"\\{sign}" if sign in '"\\' else sign for sign in text) + '"'


def password_in(data: bytes | None) -> str:
    """The password in a file that we wrote; empty when there is none."""
    line = next((one for one in (data or b"").decode().splitlines() if one.startswith("requirepass ")), "")
    text, found, rest = line[len("requirepass "):].strip()[1:-1], "", 0
    while rest < len(text):
        sign = text[rest]
        if sign == "\\" and text[rest + 1:rest + 2] == "x":
            found, rest = found + chr(int(text[rest + 2:rest + 4], 16)), rest + 4
        else:
            rest += sign == "\\"
            found, rest = found + text[rest], rest + 1
    return found


class Running:
    """A running Redis on this host, asked over loopback with a password that is on no command line."""

    def __init__(self, client: str, port: int, password: str) -> None:
        self.client, self.port, self.password = client, port, password

    def ask(self, command: str) -> str:
        """The answer to one command. Raises Failed in Redis' words."""
        environ = {"REDISCLI_AUTH": self.password} if self.password else {}
        code, output = commands.run([self.client, "-h", "127.0.0.1", "-p", str(self.port)], stdin=f"{command}\n", check=False, environ=environ,
                                    seconds=30)
        answer = output.strip()
        if code or answer.startswith(("ERR", "NOAUTH", "WRONGPASS", "LOADING", "MISCONF", "Could not", "AUTH failed", "(error)")):
            raise Failed(f"Redis: {commands.tail(answer, 2)}")
        return answer

    def setting(self, name: str) -> str:
        """One setting as it is now."""
        lines = self.ask(f"CONFIG GET {name}").splitlines()
        return lines[1] if len(lines) > 1 else ""

    def set(self, name: str, value: str) -> None:
        """Change one setting of the running Redis."""
        self.ask(f"CONFIG SET {name} {quoted(value)}")
