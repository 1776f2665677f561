"""Packages of the host's distribution, by apt or dnf: whichever its family has. Nothing else installs or removes any."""

from __future__ import annotations

import shutil

from ansible.module_utils.provision import commands, system
from ansible.module_utils.provision.apt import Apt
from ansible.module_utils.provision.dnf import Dnf
from ansible.module_utils.provision.failures import Failed
from ansible.module_utils.provision.packaging import Packager, Upgrade


def packager() -> Packager:
    """The tool of this host's family. Raises Failed where it is of none."""
    return Apt() if system.family().packager == "apt" else Dnf()


def installed(name: str) -> bool:
    """True when the package is on the host."""
    return packager().installed(name)


def judge_possible(name: str) -> None:
    """Raises Failed when this host can't install packages."""
    command = packager().command
    if shutil.which(command, path=commands.PATH) is None:
        raise Failed(f"`{name}` is missing on this host and there is no {command} to install it; install it by hand")


def candidates(pattern: str) -> list[str]:
    """Names of packages that the host's own package lists offer and that match a regular expression as a whole."""
    return packager().candidates(pattern)


def offered(name: str) -> bool:
    """True when the host's package lists have the package in an installable version."""
    return packager().candidate(name) != ""


def candidate(name: str) -> str:
    """The version of a package, without its epoch, that would be installed; empty when none is offered."""
    return _plain(packager().candidate(name))


def version(name: str) -> str:
    """Version, without its epoch, of the package that is installed, else of the one that is offered; empty when there is neither."""
    return _plain(packager().version(name))


def _plain(found: str) -> str:
    return found.partition(":")[2] or found


def refresh() -> None:
    """Read the package lists again."""
    packager().refresh()


def install(name: str) -> None:
    """Install a package without what it only recommends; with old package lists they are read again first."""
    tool = packager()
    if tool.candidate(name) and tool.try_install(name):
        return
    tool.refresh()
    if not tool.candidate(name):
        raise Failed(f"the package `{name}` is not offered by this host's package sources")
    tool.install(name)


def remove(name: str) -> None:
    """Remove a package, and what can't be without it."""
    packager().remove(name)


def waiting() -> list[Upgrade]:
    """The upgrades that wait, by the package lists as they are on the host: nobody reads them anew for a look."""
    return packager().waiting()


def upgrade(chosen: list[Upgrade]) -> None:
    """Install exactly these upgrades."""
    packager().upgrade(chosen)
