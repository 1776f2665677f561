"""What is asked of a tool that installs packages."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Upgrade:
    """One package that has a newer version in the host's package lists."""

    name: str
    version: str
    security: bool


class Packager:
    """A tool that installs packages."""

    command = ""

    def installed(self, name: str) -> bool:
        """True when the package is on the host."""
        raise NotImplementedError

    def candidates(self, pattern: str) -> list[str]:
        """Names of packages that are offered and match a regular expression as a whole."""
        raise NotImplementedError

    def candidate(self, name: str) -> str:
        """The version that would be installed; empty when none is offered."""
        raise NotImplementedError

    def version(self, name: str) -> str:
        """The version that is installed, else the one that is offered; empty when there is neither."""
        raise NotImplementedError

    def refresh(self) -> None:
        """Read the package lists again."""
        raise NotImplementedError

    def try_install(self, name: str) -> bool:
        """Install it by the package lists as they are; False when that does not work."""
        raise NotImplementedError

    def install(self, name: str) -> None:
        """Install it. Raises Failed in the tool's words."""
        raise NotImplementedError

    def remove(self, name: str) -> None:
        """Remove it. Raises Failed in the tool's words."""
        raise NotImplementedError

    def waiting(self) -> list[Upgrade]:
        """The upgrades that wait."""
        raise NotImplementedError

    def upgrade(self, chosen: list[Upgrade]) -> None:
        """Install exactly these upgrades. Raises Failed in the tool's words."""
        raise NotImplementedError
