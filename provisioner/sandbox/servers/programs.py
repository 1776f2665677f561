"""Which servers' programs this machine has. Looks at files only; imported by the tool too, so it imports nothing heavy."""

import os
import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

POSTGRESQL = "/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin"
"""Where Debian and Red Hat families keep the programs of PostgreSQL, a folder for each version."""
# that of RabbitMQ in /usr/sbin is Debian's wrapper, which wants to be root or rabbitmq
SYSTEM = "/usr/lib/rabbitmq/bin:/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"


@dataclass(frozen=True)
class Kind:
    """One kind of server, and what brings it."""

    service: str
    """The service of AWS that it stands behind."""
    program: str
    package: str
    """Debian's."""


KINDS: Mapping[str, Kind] = {
    "postgresql": Kind("RDS for PostgreSQL", "postgres", "postgresql"),
    "mariadb": Kind("RDS for MariaDB and MySQL", "mariadbd", "mariadb-server"),
    "redis": Kind("ElastiCache", "redis-server", "redis-server"),
    "rabbitmq": Kind("Amazon MQ", "rabbitmq-server", "rabbitmq-server"),
    "container": Kind("ECS on Fargate", "podman", "podman"),
}


def found(kind: str, version: str = "") -> Path | None:
    """The program of a kind, of PostgreSQL the one of this major version where it is there and else the newest; None where it is missing."""
    if not sys.platform.startswith("linux"):
        return None  # other systems have 127.0.0.1 only, and every server needs an address of its own
    if kind == "postgresql":
        return _postgresql(version)
    program = shutil.which(KINDS[kind].program, path=SYSTEM + ":" + os.environ.get("PATH", ""))
    return Path(program) if program else None


def _postgresql(version: str) -> Path | None:
    there = {_major(folder): folder for pattern in POSTGRESQL for folder in Path("/").glob(pattern.lstrip("/"))
             if all((folder / program).exists() for program in ("postgres", "initdb", "psql"))}
    wanted = int(version.split(".")[0] or 0) if version[:1].isdigit() else 0
    return there[wanted if wanted in there else max(there)] / "postgres" if there else None


def _major(folder: Path) -> int:
    return int(re.sub(r"\D", "", folder.parent.name.split(".")[0]) or 0)


def missing() -> dict[str, Kind]:
    """The kinds whose program is not on this machine: their addresses lead nowhere."""
    return {kind: about for kind, about in KINDS.items() if found(kind) is None}
