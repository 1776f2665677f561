"""How one PostgreSQL database with its owner is brought to what is wanted of it, and how it is taken away.

Removal drops the database and its user only. The package and the cluster stay; the cluster is stopped when it was us who
started it and no other database is in it.
"""

from __future__ import annotations

import os
import time
from typing import Any

from ansible.module_utils.provision import commands, files, manifest, packages, probes, rules, scram
from ansible.module_utils.provision.blocks import block_of, with_block
from ansible.module_utils.provision.cluster import PORT, Cluster, Entry, installed_versions, offered_versions, other_with_port
from ansible.module_utils.provision.context import Context, check_name, holds, unknown_names
from ansible.module_utils.provision.failures import Failed
from ansible.module_utils.provision.manifest import Manifest
from ansible.module_utils.provision.systemd import Systemd
from ansible.module_utils.provision.work import Work

START_SECONDS = 30
NOTHING = [False, None]
"""What the seal says of a user and a database that are not there, whether the cluster is there or not."""


class Database:
    """Works out the acts for one database, in the order in which they will be done."""

    def __init__(self, context: Context, spec: dict[str, Any], password: str) -> None:
        if not context.systemd:
            raise Failed("PostgreSQL on a host needs root and systemd; this host is used without: place the component on an `aws` target "
                         "(the sandbox has one), or give a database of others by `existing`")
        self.context, self.spec, self.password = context, spec, password
        self.name = check_name(str(spec["name"]))
        self.database, self.user = (rules.sql_name(str(spec.get(key) or "app")) for key in ("database", "user"))
        self.before = manifest.load(context)
        self.cluster = Cluster(self._version())
        self.systemd = Systemd()
        self.block = f"{context.app}.{context.unit}"
        self.conf = f"{self.cluster.folder}/conf.d/provision-{context.app}-{context.unit}.conf"
        self.drop_in = f"{self.cluster.drop_ins}/provision-{context.app}-{context.unit}.conf"
        self.others = _others(context)
        self.work = Work(context, self.before, new=self.before is None and not os.path.exists(self.conf))
        self.state = self.systemd.state(self.cluster.service)
        self.enabled = self.systemd.state("postgresql").enabled
        hba = files.read(self.cluster.hba) or b""
        self.ours = self.before is not None or f"# BEGIN provision {self.block}\n".encode() in hba
        self.work.facts["manifest"] = None if self.before is None else [self.before.digest(), self.before.pending]

    def _version(self) -> str:
        if self.before is not None and holds(self.spec.get("version"), self.context.marker):
            return str(self.before.about["version"])
        version = str(self.spec.get("version") or "")
        if not version.isdigit():
            raise Failed(f"'{version}' is no major version of PostgreSQL")
        return version

    # ------------------------------------------------------------------ delivery
    def deliver(self) -> Work:
        """What has to be done so that it is as wanted."""
        work, cluster = self.work, self.cluster
        work.unknown = unknown_names(self.spec, self.context.marker, "postgres_")
        self.password_unknown = holds(self.password, self.context.marker)
        if self.password_unknown:
            work.unknown.append("postgres_password")
        self._judge_version()
        self._judge_claims()
        self.entry = self._entry()
        work.after = self._manifest()
        if not cluster.installed:
            work.add(f"install package postgresql-{cluster.version}", lambda: packages.install(f"postgresql-{cluster.version}"))
        if not cluster.exists:
            work.add(f"create cluster {cluster.version}/main", cluster.create)
        restarts = self._files()
        reloads = self._hba()
        self._run(restarts, reloads)
        self._role_and_database()
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
            packages.judge_possible(f"postgresql-{version}")
        earlier = str(self.before.about["version"]) if self.before else version
        if earlier != version:
            raise Failed(f"the database is in PostgreSQL {earlier} and {version} is wanted: provision does not upgrade a cluster on a host "
                         f"(pg_upgradecluster {earlier} main); deliver with version {earlier}")
        other = other_with_port(version)
        if other:
            raise Failed(f"another PostgreSQL on this host has port {PORT}: cluster {other}; give it another port or this component another host")

    def _judge_claims(self) -> None:
        for other in self.others:
            for what, name in (("database", self.database), ("user", self.user)):
                if other.about.get(what) == name:
                    raise Failed(f"the {what} '{name}' on this host belongs to {other.unit} of {other.app}; give this one another `{what}`")

    def _entry(self) -> Entry | None:
        """None: the cluster can't be asked yet."""
        if not (self.cluster.exists and self.state.running):
            self.work.facts["entry"] = NOTHING
            return None
        entry = self.cluster.look_up(self.user, self.database)
        self._judge_entry(entry)
        self.work.facts["entry"] = NOTHING if entry.verifier is None and entry.owner is None else [self._password_fits(entry), entry.owner]
        return entry

    def _judge_entry(self, entry: Entry) -> None:
        if self.ours:
            return
        for what, found, name in (("user", entry.verifier, self.user), ("database", entry.owner, self.database)):
            if found is not None:
                raise Failed(f"this host's PostgreSQL already has a {what} '{name}' that provision did not make; give the component another `{what}`")

    def _password_fits(self, entry: Entry) -> bool:
        return self.password_unknown or (entry.verifier is not None and scram.matches(self.password, entry.verifier))

    def _manifest(self) -> Manifest:
        about = {"version": self.cluster.version, "database": self.database, "user": self.user,
                 "started": self.before.about.get("started") if self.before else not (self.state.running or self.enabled)}
        return Manifest(self.context.app, self.context.environment, self.context.unit, "postgres", self.name, (self.conf, self.drop_in),
                        about=about)

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
        path, block = self.cluster.hba, rules.access(self.database, self.user, [str(item) for item in allowed])
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
        work.pending = ("restart",) if restarts else ("reload",) if reloads else ()
        if not self.enabled:
            work.add("enable postgresql.service", lambda: self.systemd.enable("postgresql"))
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

    def _role_and_database(self) -> None:
        work, entry = self.work, self.entry
        if entry is None and self.ours:
            work.add(f"make sure of user {self.user} and database {self.database}", self._set_both)
            return
        if entry is None or entry.verifier is None:
            work.add(f"create user {self.user}", self._set_user)
        elif not self._password_fits(entry):
            work.add(f"set the password of user {self.user}", self._set_user)
        if entry is None or entry.owner is None:
            work.add(f"create database {self.database}", self._set_database)
        elif entry.owner != self.user:
            work.add(f"make {self.user} the owner of database {self.database}", self._set_database)

    def _set_both(self) -> None:
        self._set_user()
        self._set_database()

    def _set_user(self) -> None:
        entry = self.cluster.look_up(self.user, self.database)
        self._judge_entry(entry)
        if entry.verifier is None:
            self.cluster.ask(f'create role "{self.user}" login password \'{scram.fresh(self.password)}\';')
        elif not self._password_fits(entry):
            self.cluster.ask(f'alter role "{self.user}" login password \'{scram.fresh(self.password)}\';')

    def _set_database(self) -> None:
        entry = self.cluster.look_up(self.user, self.database)
        if entry.owner is None:
            self.cluster.ask(f'create database "{self.database}" owner "{self.user}" encoding \'UTF8\' template template0;')
        elif entry.owner != self.user:
            self.cluster.ask(f'alter database "{self.database}" owner to "{self.user}";')

    # ------------------------------------------------------------------ health
    def _probe(self) -> dict[str, Any]:
        host = self.context.address if rules.is_local(self.context.address) else "127.0.0.1"
        return {"tcpSocket": {"host": host, "port": PORT}, "failureThreshold": 10}

    def _health(self) -> str:
        if self.work.new:
            return ""
        return probes.once(self._probe(), probes.Surroundings()) if self.state.running else f"{self.cluster.service}.service is {self.state.words}"

    def _verify(self) -> str:
        answer = probes.until_healthy(self._probe(), probes.Surroundings(), lambda: "")
        if answer != probes.HEALTHY:
            raise Failed(f"PostgreSQL does not answer: {answer}\nits last lines:\n{self.cluster.log()}")
        return answer

    # ------------------------------------------------------------------ removal
    def remove(self) -> Work:
        """What has to be done so that nothing of it is left but the package and the cluster."""
        work, before, service = self.work, self.before, self.cluster.service
        if before is None:
            return work
        database, user = str(before.about["database"]), str(before.about["user"])
        if self.cluster.exists:
            if not self.state.running:
                work.add(f"start {service}.service", self._restart)
            work.add(f"drop database {database}", lambda: self._drop(f'drop database if exists "{database}" with (force);'))
            work.add(f"drop user {user}", lambda: self._drop(f'drop role if exists "{user}";'))
            self._want_block("")
        for path in before.files:
            work.want_gone(path)
        work.add("load postgresql units", lambda: self.systemd.load("postgresql"))
        if self.cluster.exists:
            last = bool(before.about.get("started")) and not self.others
            work.add(f"{'stop' if last else 'restart'} {service}.service", lambda: self._rest(last))
        work.add(f"remove {manifest.path_of(self.context)}", lambda: self._forget(before))
        return work

    def _drop(self, sql: str) -> None:
        self.cluster.ask(sql)

    def _rest(self, last: bool) -> None:
        """The cluster was stopped before us and is stopped again, unless others have put a database into it."""
        if last and not _others(self.context) and not self.cluster.databases():
            self.systemd.stop("postgresql")
            commands.run(["systemctl", "stop", f"{self.cluster.service}.service"])
        else:
            self._restart()

    def _forget(self, before: Manifest) -> None:
        for other in _others(self.context)[:1]:
            manifest.hand_over(self.context, other, {"started": before.about.get("started") or other.about.get("started")})
        manifest.discard(self.context)
        # made by the first of several units perhaps; an empty one says nothing
        files.remove_if_empty(self.cluster.drop_ins)


def _others(context: Context) -> list[Manifest]:
    return [other for other in manifest.others(context) if other.kind == "postgres"]


def look(context: Context, params: dict[str, Any]) -> Work:
    """What has to be done so that the database is as wanted."""
    return Database(context, params["spec"], str(params["secrets"].get("password") or "")).deliver()


def look_away(context: Context, params: dict[str, Any]) -> Work:
    """What has to be done so that nothing of the database is left."""
    return Database(context, params["spec"], "").remove()
