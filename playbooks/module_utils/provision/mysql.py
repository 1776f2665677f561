"""How one MariaDB database with its owner is brought to what is wanted of it, and how it is taken away.

Removal drops the database and its user only. The package stays; the server is stopped when it was us who started it and no other
database is in it.
"""

from __future__ import annotations

import os
import time
from typing import Any

from ansible.module_utils.provision import files, manifest, mariadb, packages
from ansible.module_utils.provision.answering import Server
from ansible.module_utils.provision.context import Context, check_name, holds, unknown_names
from ansible.module_utils.provision.dumps import Dumps
from ansible.module_utils.provision.failures import Failed
from ansible.module_utils.provision.manifest import Manifest
from ansible.module_utils.provision.mariadb import PACKAGE, PORT, SERVICE
from ansible.module_utils.provision.systemd import Systemd
from ansible.module_utils.provision.work import Work

START_SECONDS = 60


class Mysql:
    """Works out the acts for one database, in the order in which they will be done."""

    def __init__(self, context: Context, spec: dict[str, Any], password: str) -> None:
        if not context.systemd:
            raise Failed("MariaDB on a host needs root and systemd; this host is used without: place the component on an `aws` target "
                         "(the sandbox has one), or give a database of others by `existing`")
        self.context, self.spec, self.password = context, spec, password
        self.name = check_name(str(spec["name"]))
        self.before = manifest.load(context)
        self.systemd = Systemd()
        self.server = Server("MariaDB", context.address, PORT)
        self.conf = f"{mariadb.folder()}/99-provision-{context.app}-{context.unit}.cnf"
        self.others = _others(context)
        self.work = Work(context, self.before, new=self.before is None and not os.path.exists(self.conf))
        self.state = self.systemd.state(SERVICE)
        self.work.facts["manifest"] = None if self.before is None else [self.before.digest(), self.before.pending]

    # ------------------------------------------------------------------ delivery
    def deliver(self) -> Work:
        """What has to be done so that it is as wanted."""
        work, marker = self.work, self.context.marker
        self.database, self.user = _name(str(self.spec.get("database") or "app")), _name(str(self.spec.get("user") or "app"))
        self.unknown = holds(self.password, marker)
        work.unknown = [*unknown_names(self.spec, marker, "mysql_"), *(["mysql_password"] if self.unknown else [])]
        allowed = [] if holds(self.spec.get("allow_from"), marker) else self.spec.get("allow_from") or []
        self.hosts = mariadb.hosts_of(str(one) for one in allowed)
        self._judge()
        self._look()
        self.dumps = Dumps(self.context, self.name, self.spec.get("backup") or {}, mariadb.DIALECT)
        work.after = self._manifest()
        if not mariadb.installed():
            packages.judge_possible(PACKAGE)
            work.add(f"install package {PACKAGE}", lambda: packages.install(PACKAGE))
        text = mariadb.conf(self.context.header, self.context.address, str(self.spec.get("size")))
        restarts = work.want_file(files.Wish(self.conf, text.encode(), 0o644, "root", "root"))
        self._run(restarts)
        self._accounts()
        self.dumps.deliver(work, [self.database])
        work.want_record()
        work.health = self._health()
        work.verify = self._verify
        return work

    def _judge(self) -> None:
        version, found = str(self.spec.get("version") or ""), mariadb.version()
        if version and found and version != found:
            raise Failed(f"this host has, or offers, MariaDB {found} and version {version} is wanted: leave `version` out, or add a package source")
        for other in self.others:
            for what, name in (("database", self.database), ("user", self.user)):
                if other.about.get(what) == name:
                    raise Failed(f"the {what} '{name}' on this host belongs to {other.unit} of {other.app}; give this one another `{what}`")
        before = self.before.about if self.before else {}
        for what, name in (("database", self.database), ("user", self.user)):
            if before.get(what, name) != name:
                raise Failed(f"the {what} is '{before[what]}' and would become '{name}': provision does not rename it on a host; destroy the "
                             f"component first, or give it another name beside the old one")

    def _look(self) -> None:
        """Accounts and the database as they are; nothing where the server can't be asked yet."""
        self.asked = mariadb.installed() and self.state.running
        self.there = self.asked and self.database in mariadb.databases()
        self.known = mariadb.accounts(self.user) if self.asked else {}
        self.granted = mariadb.granted(self.user, self.database) if self.asked else set()
        if self.before is None and (self.there or self.known):
            what = "database" if self.there else "user"
            raise Failed(f"this host's MariaDB already has a {what} '{self.database if self.there else self.user}' that provision did not make; "
                         f"give the component another `{what}`")
        accounts = {host: [self._fits(stored), host in self.granted] for host, stored in sorted(self.known.items())}
        self.work.facts["entry"] = [self.there, accounts]

    def _fits(self, stored: str) -> bool:
        return self.unknown or mariadb.matches(self.password, stored)

    def _manifest(self) -> Manifest:
        about = {"database": self.database, "databases": [self.database], "user": self.user, "backups": self.dumps.folder,
                 "started": self.before.about.get("started") if self.before else not (self.state.running or self.state.enabled)}
        return Manifest(self.context.app, self.context.environment, self.context.unit, "mysql", self.name,
                        (self.conf, *self.dumps.paths), about=about)

    def _run(self, restarts: bool) -> None:
        work = self.work
        pending = self.before.pending if self.before else ()
        work.pending = ("restart",) if restarts else work.pending
        if not self.state.enabled:
            work.add(f"enable {SERVICE}.service", lambda: self.systemd.enable(SERVICE))
        if not self.state.running:
            work.add(f"start {SERVICE}.service", self._restart)
        elif restarts or "restart" in pending:
            work.add(f"restart {SERVICE}.service", self._restart)

    def _restart(self) -> None:
        self.systemd.restart(SERVICE)
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            try:
                mariadb.ask("select 1;")
                return
            except Failed:
                time.sleep(0.2)
        mariadb.ask("select 1;")

    def _accounts(self) -> None:
        work = self.work
        if not self.asked and self.before is not None:
            work.add(f"make sure of user {self.user} and database {self.database}", self._set_both)
            return
        if not self.there:
            work.add(f"create database {self.database}", self._set_database)
        wrong = [host for host in self.hosts if not self._fits(self.known.get(host, "")) or host not in self.granted]
        wrong += [host for host in self.known if host not in self.hosts]
        if not self.known:
            work.add(f"create user {self.user}", self._set_user)
        elif any(not self._fits(stored) for stored in self.known.values()):
            work.add(f"set the password of user {self.user}", self._set_user)
        elif wrong:
            work.add(f"set from where user {self.user} may come, and what it may do", self._set_user)

    def _set_both(self) -> None:
        self._set_database()
        self._set_user()

    def _set_database(self) -> None:
        mariadb.ask(f"create database if not exists `{self.database}` character set utf8mb4;")

    def _set_user(self) -> None:
        """One account for each network: MariaDB knows users by name and place."""
        known, secret = mariadb.accounts(self.user), mariadb.verifier(self.password)
        for host in self.hosts:
            mariadb.ask(f"create user if not exists '{self.user}'@'{host}' identified by password '{secret}';"
                        f"alter user '{self.user}'@'{host}' identified by password '{secret}';"
                        f"grant all privileges on `{mariadb.pattern(self.database)}`.* to '{self.user}'@'{host}';")
        for host in known:
            if host not in self.hosts:
                mariadb.ask(f"drop user '{self.user}'@'{host}';")

    # ------------------------------------------------------------------ health
    def _health(self) -> str:
        return "" if self.work.new else self.server.health(self.state, SERVICE)

    def _verify(self) -> str:
        return self.server.judge(self.server.until(), lambda: self.systemd.log(SERVICE))

    # ------------------------------------------------------------------ removal
    def remove(self) -> Work:
        """What has to be done so that nothing of it is left but the package and the server."""
        work, before = self.work, self.before
        if before is None:
            return work
        database, user = str(before.about["database"]), str(before.about["user"])
        dumps = Dumps(self.context, self.name, {"path": before.about.get("backups")}, mariadb.DIALECT)
        dumps.remove(work)
        if mariadb.installed():
            if not self.state.running:
                work.add(f"start {SERVICE}.service", self._restart)
            work.add(f"drop database {database}", lambda: self._drop(f"drop database if exists `{database}`;"))
            work.add(f"drop user {user}", lambda: self._drop_user(user))
        for path in before.files:
            work.want_gone(path)
        if mariadb.installed():
            last = bool(before.about.get("started")) and not self.others
            work.add(f"{'stop' if last else 'restart'} {SERVICE}.service", lambda: self._rest(last))
        work.add(f"remove {manifest.path_of(self.context)}", lambda: self._forget(before, dumps))
        return work

    def _drop(self, sql: str) -> None:
        mariadb.ask(sql)

    def _drop_user(self, user: str) -> None:
        for host in mariadb.accounts(user):
            mariadb.ask(f"drop user '{user}'@'{host}';")

    def _rest(self, last: bool) -> None:
        """The server was stopped before us and is stopped again, unless others have put a database into it."""
        if last and not _others(self.context) and not mariadb.databases():
            self.systemd.stop(SERVICE)
        else:
            self._restart()

    def _forget(self, before: Manifest, dumps: Dumps) -> None:
        for other in _others(self.context)[:1]:
            manifest.hand_over(self.context, other, {"started": before.about.get("started") or other.about.get("started")})
        dumps.clean()
        manifest.discard(self.context)


def _name(name: str) -> str:
    if name in (*mariadb.SYSTEM, "root", "mariadb.sys") or not name.replace("_", "a").isalnum():
        raise Failed(f"'{name}' can't be the name of a database or its user: it is one of MariaDB's own")
    return name


def _others(context: Context) -> list[Manifest]:
    return [other for other in manifest.others(context) if other.kind == "mysql"]


def look(context: Context, params: dict[str, Any]) -> Work:
    """What has to be done so that the database is as wanted."""
    return Mysql(context, params["spec"], str(params["secrets"].get("password") or "")).deliver()


def look_away(context: Context, params: dict[str, Any]) -> Work:
    """What has to be done so that nothing of the database is left."""
    return Mysql(context, params["spec"], "").remove()
