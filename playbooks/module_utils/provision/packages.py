"""Packages of the host's distribution (Debian family). Installs what is missing; never upgrades and never removes."""

from __future__ import annotations

import re
import shutil

from ansible.module_utils.provision import commands
from ansible.module_utils.provision.failures import Failed

QUIET = {"DEBIAN_FRONTEND": "noninteractive", "NEEDRESTART_SUSPEND": "1"}
WAIT = ["-o", "DPkg::Lock::Timeout=120"]


def installed(name: str) -> bool:
    """True when dpkg knows the package as installed."""
    code, output = commands.run(["dpkg-query", "-W", "-f=${Status}", name], check=False)
    return code == 0 and output.strip().endswith("ok installed")


def judge_possible(name: str) -> None:
    """Raises Failed when this host can't install packages by apt."""
    if shutil.which("apt-get", path=commands.PATH) is None:
        raise Failed(f"`{name}` is missing on this host and there is no apt-get to install it; install it by hand")


def candidates(pattern: str) -> list[str]:
    """Names of packages that the host's own package lists offer and that match a regular expression as a whole."""
    _, output = commands.run(["apt-cache", "pkgnames"], check=False)
    return sorted(name for name in output.split() if re.fullmatch(pattern, name))


def offered(name: str) -> bool:
    """True when the host's package lists have the package in an installable version."""
    return candidate(name) != ""


def candidate(name: str) -> str:
    """The version of a package that would be installed; empty when none is offered."""
    _, output = commands.run(["apt-cache", "policy", name], check=False)
    found = re.search(r"Candidate: (?!\(none\))(\S+)", output)
    return found[1] if found else ""


def version(name: str) -> str:
    """Version of the package that is installed, else of the one that is offered; empty when there is neither."""
    _, output = commands.run(["apt-cache", "policy", name], check=False)
    found = dict(re.findall(r"(Installed|Candidate): (?!\(none\))(\S+)", output))
    return str(found.get("Installed") or found.get("Candidate") or "")


def refresh() -> None:
    """Read the package lists again."""
    commands.run(["apt-get", "-q", *WAIT, "update"], environ=QUIET)


def install(name: str) -> None:
    """Install a package without what it only recommends; with old package lists they are read again first."""
    command = ["apt-get", "-yq", *WAIT, "install", "--no-install-recommends", name]
    if offered(name):
        code, _ = commands.run(command, check=False, environ=QUIET)
        if code == 0:
            return
    refresh()
    if not offered(name):
        raise Failed(f"the package `{name}` is not offered by this host's package sources")
    commands.run(command, environ=QUIET)
