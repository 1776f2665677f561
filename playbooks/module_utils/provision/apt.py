"""Packages by apt and dpkg. Never waits for an answer."""

from __future__ import annotations

import contextlib
import os
import re

from ansible.module_utils.provision import commands
from ansible.module_utils.provision.packaging import Packager, Upgrade

QUIET = {"DEBIAN_FRONTEND": "noninteractive", "NEEDRESTART_SUSPEND": "1"}
WAIT = ["-o", "DPkg::Lock::Timeout=120"]
KEEP = ["-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold"]
"""Configuration files that somebody has changed stay as they are."""
SECONDS = 3600
JOURNAL = "/var/lib/dpkg/updates"


class Apt(Packager):
    """The apt of this host."""

    command = "apt-get"

    def installed(self, name: str) -> bool:
        code, output = commands.run(["dpkg-query", "-W", "-f=${Status}", name], check=False)
        return code == 0 and output.strip().endswith("ok installed")

    def candidates(self, pattern: str) -> list[str]:
        _, output = commands.run(["apt-cache", "pkgnames"], check=False)
        return sorted(name for name in output.split() if re.fullmatch(pattern, name))

    def candidate(self, name: str) -> str:
        return _policy(name).get("Candidate", "")

    def version(self, name: str) -> str:
        found = _policy(name)
        return found.get("Installed") or found.get("Candidate") or ""

    def refresh(self) -> None:
        commands.run(["apt-get", "-q", *WAIT, "update"], environ=QUIET)

    def try_install(self, name: str) -> bool:
        _mend()
        return commands.run(_install(name), check=False, environ=QUIET)[0] == 0

    def install(self, name: str) -> None:
        _mend()
        commands.run(_install(name), environ=QUIET)

    def remove(self, name: str) -> None:
        _mend()
        commands.run(["apt-get", "-yq", *WAIT, *KEEP, "remove", name], environ=QUIET, seconds=SECONDS)

    def waiting(self) -> list[Upgrade]:
        code, output = commands.run(["apt-get", "-s", "-o", "Debug::NoLocking=true", "upgrade"], check=False)
        return upgrades_of(output) if code == 0 else []

    def upgrade(self, chosen: list[Upgrade]) -> None:
        _mend()
        exact = [f"{one.name}={one.version}" for one in chosen]
        commands.run(["apt-get", "-yq", *WAIT, *KEEP, "install", "--only-upgrade", *exact], environ=QUIET, seconds=SECONDS)


def _mend() -> None:
    """Where a host lost power while dpkg worked apt refuses everything until dpkg has ended what it had begun."""
    begun: list[str] = []
    with contextlib.suppress(FileNotFoundError):
        begun = [name for name in os.listdir(JOURNAL) if name.isdigit()]
    if begun:
        # it is not interrupted where another one works right now: then this fails, and apt waits for that one
        commands.run(["dpkg", "--force-confdef", "--force-confold", "--configure", "-a"], check=False, environ=QUIET, seconds=SECONDS)


def _policy(name: str) -> dict[str, str]:
    _, output = commands.run(["apt-cache", "policy", name], check=False)
    return dict(re.findall(r"(Installed|Candidate): (?!\(none\))(\S+)", output))


def _install(name: str) -> list[str]:
    return ["apt-get", "-yq", *WAIT, "install", "--no-install-recommends", name]


def upgrades_of(text: str) -> list[Upgrade]:
    """The upgrades in what `apt-get -s upgrade` says."""
    found = re.findall(r"^Inst (\S+) \[\S+\] \((\S+) (.*?)(?: \[\w+\])?\)", text, re.M)
    return [Upgrade(name, version, "security" in origins.lower()) for name, version, origins in found]
