"""What is to be said of a family of operating systems. Values only: nothing here looks at the host."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Daemon:
    """One server as a family packages it."""

    packages: tuple[str, ...]
    """What is installed; the first one is the server itself."""
    service: str
    binary: str = ""
    """By its presence the server counts as installed."""
    user: str = ""
    client: str = ""
    """The command by which it is asked."""

    @property
    def package(self) -> str:
        """The package of the server itself."""
        return self.packages[0]


@dataclass(frozen=True)
class Postgres:
    """PostgreSQL: `{version}` stands for the major version where several are side by side."""

    package: str
    service: str
    starts: str
    """The unit that is enabled, so that it comes up after a boot."""
    folder: str
    """Of its configuration."""
    binary: str
    home: str
    log: str
    """Its log file; empty: the journal has it."""
    setup: tuple[str, ...]
    """The command that makes a cluster where the package has not done it."""

    @property
    def several(self) -> bool:
        """True when several major versions may be on one host."""
        return "{version}" in self.package


@dataclass(frozen=True)
class Chrony:
    """Who keeps the time, and where further servers are said."""

    service: str
    sources: str
    """Folder of `*.sources`."""
    main: str = ""
    """Its own file, where that does not read the folder by itself; empty: it does."""


@dataclass(frozen=True)
class Family:
    """One family of operating systems."""

    name: str
    ids: tuple[str, ...]
    """ID or ID_LIKE of its members in os-release."""
    packager: str
    """apt or dnf."""
    whole_versions: bool
    """Minor releases are one operating system: rocky-9 is 9.3 and 9.4."""
    java: str
    nginx_site: str
    """The site that the package of nginx brings and that would be in the way; empty: there is none."""
    caches: tuple[Daemon, ...]
    """In the order in which they are taken, where a release offers several."""
    mariadb_binary: str
    mariadb_folder: str
    """Where its settings are read from."""
    postgres: Postgres
    nfs_servers: dict[str, Daemon]
    """The kernel's, and Ganesha."""
    nfs_client: str
    exporter: Daemon
    chrony: Chrony
