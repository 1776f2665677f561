"""Packages by dnf (4 and 5) and rpm. Never waits for an answer; dnf itself waits for its lock."""

from __future__ import annotations

import re

from ansible.module_utils.provision import commands
from ansible.module_utils.provision.packaging import Packager, Upgrade

SECONDS = 3600
LINE = "%{name} %{evr}\n"
"""dnf 5 ends no line by itself, and dnf 4 ends each once more."""


class Dnf(Packager):
    """The dnf of this host."""

    command = "dnf"

    def installed(self, name: str) -> bool:
        return commands.run(["rpm", "-q", "--whatprovides", name], check=False)[0] == 0

    def candidates(self, pattern: str) -> list[str]:
        return sorted({name for name, _ in _query("--available") if re.fullmatch(pattern, name)})

    def candidate(self, name: str) -> str:
        found = _query("--latest-limit=1", "--whatprovides", name)
        return found[-1][1] if found else ""

    def version(self, name: str) -> str:
        code, output = commands.run(["rpm", "-q", "--whatprovides", "--queryformat", LINE.upper(), name], check=False)
        found = _lines(output) if code == 0 else []
        return found[-1][1] if found else self.candidate(name)

    def refresh(self) -> None:
        commands.run(["dnf", "-q", "makecache"])

    def try_install(self, name: str) -> bool:
        return commands.run(_install(name), check=False)[0] == 0

    def install(self, name: str) -> None:
        commands.run(_install(name))

    def remove(self, name: str) -> None:
        commands.run(["dnf", "-yq", "remove", name], seconds=SECONDS)

    def waiting(self) -> list[Upgrade]:
        # -C: by the lists as they are
        every, security = _query("--upgrades", "-C"), _query("--upgrades", "--security", "-C")
        return [Upgrade(name, version, (name, version) in security) for name, version in dict.fromkeys(every)]

    def upgrade(self, chosen: list[Upgrade]) -> None:
        commands.run(["dnf", "-yq", "upgrade", *(f"{one.name}-{one.version}" for one in chosen)], seconds=SECONDS)


def _query(*words: str) -> list[tuple[str, str]]:
    """Names and versions (EPOCH:VERSION-RELEASE) of packages; none when dnf can't say."""
    code, output = commands.run(["dnf", "-q", "repoquery", "--queryformat", LINE, *words], check=False)
    return _lines(output) if code == 0 else []


def _lines(text: str) -> list[tuple[str, str]]:
    return [(words[0], words[1]) for words in map(str.split, text.splitlines()) if len(words) == 2]


def _install(name: str) -> list[str]:
    return ["dnf", "-yq", "--setopt=install_weak_deps=False", "install", name]
