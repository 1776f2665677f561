"""PostgreSQL as the host's family packages it: which versions are there, the cluster of one, and asking it as its superuser. Decides nothing."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

from ansible.module_utils.provision import commands, files, packages, system
from ansible.module_utils.provision.failures import Failed
from ansible.module_utils.provision.systemd import Systemd

PORT = 5432


INCLUDE = "include_dir = 'conf.d'"


class Cluster:
    """The cluster of one major version that the family's packages make: Debian's is called `main`, Red Hat has one without a name."""

    def __init__(self, version: str) -> None:
        self.version = version
        self.known = system.family().postgres
        self.package, self.service, self.folder = (
            text.format(version=version) for text in (self.known.package, self.known.service, self.known.folder))
        self.main, self.hba = f"{self.folder}/postgresql.conf", f"{self.folder}/pg_hba.conf"
        self.drop_ins = f"/etc/systemd/system/{self.service}.service.d"

    @property
    def installed(self) -> bool:
        """True when the server of this version is on the host."""
        return self.version in installed_versions()

    @property
    def exists(self) -> bool:
        """True when there is a cluster of this version."""
        return os.path.exists(self.main)

    @property
    def port(self) -> int:
        """The port it is configured for."""
        found = re.findall(rb"^\s*port\s*=\s*(\d+)", files.read(self.main) or b"", re.M)
        return int(found[-1]) if found else PORT

    def create(self) -> None:
        """Make the cluster, when the package has not done it."""
        if not self.exists:
            commands.run([word.format(version=self.version) for word in self.known.setup])
        if not self.includes:
            self.include()
        if self.port != PORT:
            raise Failed(f"the cluster in {self.folder} has port {self.port}: another PostgreSQL on this host has {PORT}")

    @property
    def includes(self) -> bool:
        """True when it reads the files of `conf.d`; Debian's does, Red Hat's has to be told."""
        return re.search(rb"^\s*include_dir\s*=\s*'conf\.d'", files.read(self.main) or b"", re.M) is not None

    def include(self) -> None:
        """Have it read the files of `conf.d`."""
        text = (files.read(self.main) or b"") + f"\n{INCLUDE}\n".encode()
        files.write(files.Wish(self.main, text, 0o600, "postgres", "postgres"))
        files.make_folder(f"{self.folder}/conf.d", 0o755, "postgres", "postgres")

    def ask(self, sql: str, database: str = "postgres") -> list[list[str]]:
        """Rows of a query, asked as the superuser over the local socket. Raises Failed with PostgreSQL's words."""
        command = ["runuser", "-u", "postgres", "--", "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-p", str(self.port), "-d", database]
        code, output = commands.run(command, stdin=sql, check=False, environ={"HOME": self.known.home, "PGCONNECT_TIMEOUT": "60"})
        if code:
            # a failing statement is repeated in PostgreSQL's message: only verifiers could stand in it, never a password
            raise Failed("PostgreSQL: " + re.sub(r"SCRAM-SHA-256\$\S+", "(secret)", commands.tail(output, 4)))
        return [line.split("|") for line in output.splitlines() if line]

    def verifiers(self, users: Iterable[str]) -> dict[str, str]:
        """Stored password entries of those of the users that there are; empty for a user without a password."""
        rows = self.ask(f"select rolname, coalesce(rolpassword, '') from pg_authid where rolname in ({_quoted(users)});")
        return {row[0]: row[1] for row in rows}

    def memberships(self, users: Iterable[str]) -> dict[str, set[str]]:
        """The roles that each of the users was granted."""
        rows = self.ask("select pg_get_userbyid(member), pg_get_userbyid(roleid) from pg_auth_members "
                        f"where pg_get_userbyid(member) in ({_quoted(users)});")
        found: dict[str, set[str]] = {}
        for member, role in rows:
            found.setdefault(member, set()).add(role)
        return found

    def owners(self, databases: Iterable[str]) -> dict[str, str]:
        """Owners of those of the databases that there are."""
        rows = self.ask(f"select datname, pg_get_userbyid(datdba) from pg_database where datname in ({_quoted(databases)});")
        return {row[0]: row[1] for row in rows}

    def databases(self) -> list[str]:
        """Names of all databases that are no templates and not the superuser's own."""
        return [row[0] for row in self.ask("select datname from pg_database where not datistemplate and datname <> 'postgres' order by 1;")]

    def log(self) -> str:
        """The last lines of its log."""
        if not self.known.log:
            return Systemd().log(self.service, 8)
        data = files.read(self.known.log.format(version=self.version)) or b""
        return commands.tail(data[-8000:].decode(errors="replace"), 8)


def _quoted(names: Iterable[str]) -> str:
    """Names for a list in SQL; they were judged to be plain words before."""
    return ", ".join(f"'{name}'" for name in names)


def installed_versions() -> list[str]:
    """Major versions whose server is on the host."""
    known = system.family().postgres
    if not known.several:
        return [_major(packages.version(known.package))] if os.path.exists(known.binary) else []
    place, _, rest = known.binary.partition("/{version}")
    names = os.listdir(place) if os.path.isdir(place) else []
    return sorted((name for name in names if os.path.exists(f"{place}/{name}{rest}")), key=int)


def offered_versions() -> list[str]:
    """Major versions that the host's package lists offer."""
    known = system.family().postgres
    if not known.several:
        found = _major(packages.candidate(known.package))
        return [found] if found else []
    names = packages.candidates(re.escape(known.package).replace(r"\{version\}", r"\d+"))
    return sorted((name.rpartition("-")[2] for name in names), key=int)


def _major(version: str) -> str:
    return version.partition(".")[0]


def other_with_port(version: str) -> str:
    """VERSION/NAME of another cluster that has the port, or empty."""
    known = system.family().postgres
    if not known.several:
        return ""
    place = known.folder.partition("/{version}")[0]
    for found in sorted(os.listdir(place)) if os.path.isdir(place) else []:
        for name in sorted(os.listdir(f"{place}/{found}")):
            text = files.read(f"{place}/{found}/{name}/postgresql.conf") or b""
            if (found, name) != (version, "main") and re.search(rf"^\s*port\s*=\s*{PORT}\b".encode(), text, re.M):
                return f"{found}/{name}"
    return ""
