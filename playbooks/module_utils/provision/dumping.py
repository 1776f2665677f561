"""The actions backup and restore of a database that is on this host: what will be done, and how each kind of database does it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ansible.module_utils.provision import commands, database, dumps, manifest, mariadb
from ansible.module_utils.provision.cluster import Cluster
from ansible.module_utils.provision.context import Context
from ansible.module_utils.provision.dumps import Dialect, Dumps
from ansible.module_utils.provision.failures import Failed
from ansible.module_utils.provision.manifest import Manifest
from ansible.module_utils.provision.work import Work

LOCK_SECONDS = 60
"""How long a restore waits for a table that is in use."""


@dataclass(frozen=True)
class Kind:
    """How one kind of database is dumped and filled from a dump."""

    dialect: Callable[[Manifest], Dialect]
    restore: Callable[[Manifest, str, str], None]
    """Given the unit's manifest, a database and the path of a dump."""
    says: str
    """What a restore does to what is there."""


def _of_postgres(before: Manifest) -> Dialect:
    return database.dialect(Cluster(str(before.about["version"])))


def _into_postgres(before: Manifest, name: str, path: str) -> None:
    cluster = Cluster(str(before.about["version"]))
    restore = ["runuser", "-u", "postgres", "--", "pg_restore", "--clean", "--if-exists", "--single-transaction", "--exit-on-error",
               f"--port={cluster.port}", f"--dbname={name}"]
    # the file is readable by root only, so it comes in as standard input
    environ = {"PGOPTIONS": f"-c lock_timeout={LOCK_SECONDS}s", "HOME": cluster.known.home}
    commands.run(["sh", "-c", 'file=$1; shift; exec "$@" < "$file"', "restore", path, *restore], seconds=dumps.SECONDS, environ=environ)


def _into_mariadb(before: Manifest, name: str, path: str) -> None:
    commands.run(["sh", "-c", 'exec mariadb "$2" < "$1"', "restore", path, name], seconds=dumps.SECONDS, environ={"HOME": "/root"})


KINDS = {
    "mysql": Kind(lambda before: mariadb.DIALECT, _into_mariadb, "each table of the backup replaces the one of its name"),
    "postgres": Kind(_of_postgres, _into_postgres, "what is in the backup replaces what has its name, in one transaction"),
}


def look_backup(context: Context, params: dict[str, Any]) -> Work:
    """One backup of all databases of the component."""
    work, _, _, found = _look(context, params)
    found.backup(work)
    return work


def look_restore(context: Context, params: dict[str, Any]) -> Work:
    """One database of the component, filled from one of its backups."""
    work, before, kind, found = _look(context, params)
    action = params["action"]
    names = database.named(before, "databases")
    name = str(action.get("database") or names[0])
    if name not in names:
        raise Failed(f"the component has no database '{name}'; it has {', '.join(names)}")
    path = found.chosen(name, str(action.get("file") or ""))
    state = os.stat(path)
    work.facts["file"] = [path, state.st_size, state.st_mtime_ns]
    work.add(f"restore database {name} from {path} ({state.st_size} bytes): {kind.says}", lambda: kind.restore(before, name, path))
    work.outputs["file"] = path
    return work


def _look(context: Context, params: dict[str, Any]) -> tuple[Work, Manifest, Kind, Dumps]:
    before = manifest.load(context)
    kind = KINDS.get(before.kind if before else "")
    if before is None or kind is None:
        raise Failed(f"{context.unit} of {context.app} is not on this host, or is no database; deliver it first: provision apply")
    work = Work(context, before, alone=False)
    work.facts["manifest"] = [before.digest(), before.pending]
    backup = {**(params["spec"].get("backup") or {}), "path": before.about.get("backups")}
    return work, before, kind, Dumps(context, before.name, backup, kind.dialect(before))
