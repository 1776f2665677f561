"""How the PostgreSQL databases of a component with their users are brought to what is wanted of them, and how they are taken away.

Removal drops the databases and users only. The package and the cluster stay; the cluster is stopped when it was us who
started it and no other database is in it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

from ansible.module_utils.provision import commands, files, manifest, packages, rules
from ansible.module_utils.provision.answering import Server
from ansible.module_utils.provision.blocks import block_of, with_block
from ansible.module_utils.provision.cluster import PORT, Cluster, installed_versions, offered_versions, other_with_port
from ansible.module_utils.provision.context import Context, check_name, holds, unknown_names
from ansible.module_utils.provision.dumps import Dialect, Dumps
from ansible.module_utils.provision.failures import Failed
from ansible.module_utils.provision.manifest import Manifest
from ansible.module_utils.provision.roles import Accounts, wanted_of
from ansible.module_utils.provision.systemd import Systemd
from ansible.module_utils.provision.work import Work

START_SECONDS = 60
DIALECT = Dialect("dump", 'runuser -u postgres -- pg_dump --format=custom --port={port} --dbname="$database"')


class Database:
    """Works out the acts for the databases of one component, in the order in which they will be done."""

    def __init__(self, context: Context, spec: dict[str, Any], secrets: dict[str, Any]) -> None:
        if not context.systemd:
            raise Failed("PostgreSQL on a host needs root and systemd; this host is used without: place the component on an `aws` target "
                         "(the sandbox has one), or give a database of others by `existing`")
        self.context, self.spec, self.secrets = context, spec, secrets
        self.name = check_name(str(spec["name"]))
        self.before = manifest.load(context)
        self.cluster = Cluster(self._version())
        self.systemd = Systemd()
        self.server = Server("PostgreSQL", context.address, PORT)
        self.block = f"{context.app}.{context.unit}"
        self.conf = f"{self.cluster.folder}/conf.d/provision-{context.app}-{context.unit}.conf"
        self.drop_in = f"{self.cluster.drop_ins}/provision-{context.app}-{context.unit}.conf"
        self.others = _others(context)
        self.work = Work(context, self.before, new=self.before is None and not os.path.exists(self.conf))
        self.state = self.systemd.state(self.cluster.service)
        self.starts = self.cluster.known.starts
        self.enabled = self.systemd.state(self.starts).enabled
        hba = files.read(self.cluster.hba) or b""
        self.ours = self.before is not None or f"# BEGIN provision {self.block}\n".encode() in hba
        self.work.facts["manifest"] = None if self.before is None else [self.before.digest(), self.before.pending]

    def _version(self) -> str:
        """What is asked for; else what it has; else what the host has, or offers."""
        version = str(self.spec.get("version") or "")
        if self.before is not None and (not version or holds(version, self.context.marker)):
            return str(self.before.about["version"])
        if not version:
            found = installed_versions() or offered_versions()
            if not found:
                # a fresh host has no package lists yet; reading them changes nothing that anybody has delivered
                packages.judge_possible("postgresql")
                packages.refresh()
                found = offered_versions()
            version = found[-1] if found else ""
            if not version:
                raise Failed("this host's package sources offer no PostgreSQL; add a package source to the host")
        if not version.isdigit():
            raise Failed(f"'{version}' is no major version of PostgreSQL")
        return version

    # ------------------------------------------------------------------ delivery
    def deliver(self) -> Work:
        """What has to be done so that it is as wanted."""
        work, cluster = self.work, self.cluster
        work.unknown = [name for values in (self.spec, self.secrets) for name in unknown_names(values, self.context.marker, "postgres_")]
        self._judge_version()
        self.wanted = wanted_of(self.spec, self.secrets)
        self._judge_claims()
        self.accounts = Accounts(self.context, cluster, self.wanted, ours=self._made())
        if cluster.exists and self.state.running:
            self.accounts.look()
        work.facts["entry"] = self.accounts.facts()
        self.dumps = Dumps(self.context, self.name, self.spec.get("backup") or {}, dialect(cluster))
        work.after = self._manifest()
        if not cluster.installed:
            work.add(f"install package {cluster.package}", lambda: packages.install(cluster.package))
        if not cluster.exists:
            work.add(f"create cluster {cluster.folder}", cluster.create)
        elif not cluster.includes:
            work.add(f"have {cluster.folder}/postgresql.conf read conf.d", cluster.include)
        restarts = self._files()
        reloads = self._hba()
        self._run(restarts, reloads)
        leaving = [name for name in self._named("users") if name not in {role.name for role in self.wanted.roles}]
        self.accounts.deliver(work, leaving, certain=not self.ours)
        self.dumps.deliver(work, list(self.wanted.databases))
        work.want_record()
        work.health = self._health()
        work.verify = self._verify
        return work

    def _judge_version(self) -> None:
        version, installed = self.cluster.version, installed_versions()
        offered = offered_versions()
        if not self.cluster.installed and offered and version not in offered:
            names = ", ".join(sorted({*offered, *installed}, key=int))
            raise Failed(f"this host does not offer PostgreSQL {version}; it has {names}: set `version: \"{names.rpartition(', ')[2]}\"`, "
                         "or add a package source to the host")
        if not self.cluster.installed:
            packages.judge_possible(self.cluster.package)
        earlier = str(self.before.about["version"]) if self.before else version
        if earlier != version:
            raise Failed(f"the database is in PostgreSQL {earlier} and {version} is wanted: provision does not upgrade a cluster on a host "
                         f"(pg_upgrade does it); deliver with version {earlier}")
        other = other_with_port(version)
        if other:
            raise Failed(f"another PostgreSQL on this host has port {PORT}: cluster {other}; give it another port or this component another host")

    def _judge_claims(self) -> None:
        for other in self.others:
            for what, names in (("database", self.wanted.databases), ("user", tuple(role.name for role in self.wanted.roles))):
                for name in names:
                    if name in named(other, f"{what}s"):
                        raise Failed(f"the {what} '{name}' on this host belongs to {other.unit} of {other.app}; give this one another `{what}`")

    def _named(self, what: str) -> list[str]:
        return [] if self.before is None else named(self.before, what)

    def _made(self) -> tuple[set[str], set[str]] | None:
        """Names of the users and databases that are ours; None when ours are there and nothing says which."""
        if self.before is None and self.ours:
            return None
        return set(self._named("users")), set(self._named("databases"))

    def _manifest(self) -> Manifest:
        # a database that left the list stays until the whole component goes: nothing is lost by an edit
        databases = list(dict.fromkeys([*self.wanted.databases, *self._named("databases")]))
        about = {"version": self.cluster.version, "databases": databases, "users": [role.name for role in self.wanted.roles],
                 "backups": self.dumps.folder,
                 "started": self.before.about.get("started") if self.before else not (self.state.running or self.enabled)}
        return Manifest(self.context.app, self.context.environment, self.context.unit, "postgres", self.name,
                        (self.conf, self.drop_in, *self.dumps.paths), about=about)

    def _files(self) -> bool:
        """True when PostgreSQL has to be started again."""
        self.work.want_folder(self.cluster.drop_ins, shared=True)
        wish = files.Wish(self.drop_in, rules.drop_in(self.context.header).encode())
        if self.work.want_file(wish) or not self.state.fresh:
            self.work.add("load postgresql units", lambda: self.systemd.load("postgresql"))
        text = rules.conf(self.context.header, self.context.address, str(self.spec.get("size")))
        return self.work.want_file(files.Wish(self.conf, text.encode(), 0o644, "postgres", "postgres"))

    def _hba(self) -> bool:
        """True when PostgreSQL has to read its rules again."""
        allowed = [] if holds(self.spec.get("allow_from"), self.context.marker) else self.spec.get("allow_from") or []
        self.work.facts["access"] = block_of((files.read(self.cluster.hba) or b"").decode(), self.block)
        networks = [str(item) for item in allowed]
        block = "".join(rules.access(database, role.name, networks) for role in self.wanted.roles for database in role.databases)
        path = self.cluster.hba
        if not self.cluster.exists:
            self.work.show(path, None, block)
            self.work.add(f"write {path}", lambda: files.write(self._hba_wish(block)))
            return True
        return self._want_block(block)

    def _want_block(self, block: str) -> bool:
        changed = self.work.want_file(self._hba_wish(block), shared=True)
        if changed:
            # read again when it is written: another database of the same run may have put its lines there
            words, _ = self.work.acts.pop()
            self.work.add(words, lambda: files.write(self._hba_wish(block)))
        return changed

    def _hba_wish(self, block: str) -> files.Wish:
        text = (files.read(self.cluster.hba) or b"").decode()
        return files.Wish(self.cluster.hba, with_block(text, self.block, block, first=True).encode(), 0o640, "postgres", "postgres")

    def _run(self, restarts: bool, reloads: bool) -> None:
        work, service = self.work, self.cluster.service
        pending = self.before.pending if self.before else ()
        work.pending = ("restart",) if restarts else ("reload",) if reloads else work.pending
        if not self.enabled:
            work.add(f"enable {self.starts}.service", lambda: self.systemd.enable(self.starts))
        if not self.state.running:
            work.add(f"start {service}.service", self._restart)
        elif restarts or "restart" in pending:
            work.add(f"restart {service}.service", self._restart)
        elif reloads or "reload" in pending:
            work.add(f"reload {service}.service", lambda: self.systemd.reload(service))

    def _restart(self) -> None:
        try:
            self.systemd.restart(self.cluster.service)
        except Failed as failure:
            raise Failed(f"{failure.message}\n{self.cluster.log()}") from None
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            try:
                self.cluster.ask("select 1;")
                return
            except Failed:
                time.sleep(0.2)
        self.cluster.ask("select 1;")

    # ------------------------------------------------------------------ health
    def _health(self) -> str:
        return "" if self.work.new else self.server.health(self.state, self.cluster.service)

    def _verify(self) -> str:
        return self.server.judge(self.server.until(), self.cluster.log)

    # ------------------------------------------------------------------ removal
    def remove(self) -> Work:
        """What has to be done so that nothing of it is left but the package and the cluster."""
        work, before, service = self.work, self.before, self.cluster.service
        if before is None:
            return work
        dumps = Dumps(self.context, self.name, {"path": before.about.get("backups")}, dialect(self.cluster))
        dumps.remove(work)
        if self.cluster.exists:
            if not self.state.running:
                work.add(f"start {service}.service", self._restart)
            for database in named(before, "databases"):
                work.add(f"drop database {database}", self._dropping(f'drop database if exists "{database}" with (force);'))
            for user in reversed(named(before, "users")):
                work.add(f"drop user {user}", self._dropping(f'drop role if exists "{user}";'))
            self._want_block("")
        for path in before.files:
            work.want_gone(path)
        work.add("load postgresql units", lambda: self.systemd.load("postgresql"))
        if self.cluster.exists:
            last = bool(before.about.get("started")) and not self.others
            work.add(f"{'stop' if last else 'restart'} {service}.service", lambda: self._rest(last))
        work.add(f"remove {manifest.path_of(self.context)}", lambda: self._forget(before, dumps))
        return work

    def _dropping(self, sql: str) -> Callable[[], None]:
        return lambda: self._drop(sql)

    def _drop(self, sql: str) -> None:
        self.cluster.ask(sql)

    def _rest(self, last: bool) -> None:
        """The cluster was stopped before us and is stopped again, unless others have put a database into it."""
        if last and not _others(self.context) and not self.cluster.databases():
            self.systemd.stop(self.starts)
            commands.run(["systemctl", "stop", f"{self.cluster.service}.service"])
        else:
            self._restart()

    def _forget(self, before: Manifest, dumps: Dumps) -> None:
        for other in _others(self.context)[:1]:
            manifest.hand_over(self.context, other, {"started": before.about.get("started") or other.about.get("started")})
        dumps.clean()
        manifest.discard(self.context)
        # made by the first of several units perhaps; an empty one says nothing
        files.remove_if_empty(self.cluster.drop_ins)


def _others(context: Context) -> list[Manifest]:
    return [other for other in manifest.others(context) if other.kind == "postgres"]


def named(entry: Manifest, what: str) -> list[str]:
    """The users or databases of a unit, as its manifest says; one of each in manifests of earlier versions."""
    return [str(name) for name in entry.about.get(what) or [entry.about[what[:-1]]]]


def dialect(cluster: Cluster) -> Dialect:
    """How the databases of a cluster are dumped."""
    return Dialect(DIALECT.ending, DIALECT.command.format(port=cluster.port))


def look(context: Context, params: dict[str, Any]) -> Work:
    """What has to be done so that the database is as wanted."""
    return Database(context, params["spec"], params["secrets"]).deliver()


def look_away(context: Context, params: dict[str, Any]) -> Work:
    """What has to be done so that nothing of the database is left."""
    return Database(context, params["spec"], {}).remove()
