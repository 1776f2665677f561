"""How the RabbitMQ of a host is brought to what one component wants of it, and how that is taken away.

A host has one broker: its users, vhosts and permissions are compared and set by their definitions, passwords by their stored form. The
default user is removed. Removal leaves the package; the broker is stopped when it was us who started it.
"""

from __future__ import annotations

import os
from typing import Any

from ansible.module_utils.provision import files, manifest, packages, rabbitmq
from ansible.module_utils.provision.answering import Server
from ansible.module_utils.provision.context import Context, check_name, holds, unknown_names
from ansible.module_utils.provision.failures import Failed
from ansible.module_utils.provision.pieces import Pieces
from ansible.module_utils.provision.portguard import Portguard, Ports
from ansible.module_utils.provision.rabbitmq import INNER, PACKAGE, PORT, SERVICE
from ansible.module_utils.provision.systemd import Systemd
from ansible.module_utils.provision.work import Work

GUEST = "guest"
EVERYTHING = {"configure": ".*", "write": ".*", "read": ".*"}


class Broker:
    """Works out the acts for one broker, in the order in which they will be done."""

    def __init__(self, context: Context, spec: dict[str, Any], secrets: dict[str, Any]) -> None:
        if not context.systemd:
            raise Failed("RabbitMQ on a host needs root and systemd; this host is used without: place the component on an `aws` target "
                         "(the sandbox has one), or give a broker of others by `existing`")
        self.context, self.spec, self.secrets = context, spec, secrets
        self.name = check_name(str(spec["name"]))
        self.pieces = Pieces(context, "broker", self.name)
        self.work = self.pieces.work
        self.systemd = Systemd()
        self.server = Server("RabbitMQ", context.address, PORT)
        self.conf = f"{rabbitmq.FOLDER}/90-provision-{context.app}-{self.name}.conf"
        self.guard = Portguard(context, Ports(SERVICE, (PORT,), INNER))
        self.state = self.systemd.state(SERVICE)

    # ------------------------------------------------------------------ what is wanted
    def _passwords(self) -> dict[str, str]:
        others = self.secrets.get("users") or {}
        return {str(self.spec["user"]): str(self.secrets.get("password") or ""), **{str(name): str(value) for name, value in others.items()}}

    def _permissions(self) -> dict[tuple[str, str], dict[str, str]]:
        """(user, vhost) to what it may do there."""
        owner, found = str(self.spec["user"]), {}
        for vhost in self.vhosts:
            found[owner, vhost] = dict(EVERYTHING)
        for user in self.spec.get("users") or ():
            for vhost in user.get("vhosts") or self.vhosts[:1]:
                if vhost not in self.vhosts:
                    raise Failed(f"user '{user['name']}' is to use vhost '{vhost}', which this component does not have; "
                                 f"it has {', '.join(self.vhosts)}")
                found[str(user["name"]), str(vhost)] = {word: str(user.get(word) or "") if word in user else ".*" for word in EVERYTHING}
        return found

    # ------------------------------------------------------------------ delivery
    def deliver(self) -> Work:
        """What has to be done so that it is as wanted."""
        work, marker = self.work, self.context.marker
        self.vhosts = list(dict.fromkeys([str(self.spec["vhost"]), *map(str, self.spec.get("vhosts") or ())]))
        self.passwords, self.permissions = self._passwords(), self._permissions()
        work.unknown = [name for values in (self.spec, self.secrets) for name in unknown_names(values, marker, "broker_")]
        self._judge()
        self._look()
        if not os.path.exists(rabbitmq.BINARY):
            packages.judge_possible(PACKAGE)
            work.add(f"install package {PACKAGE}", lambda: packages.install(PACKAGE))
        networks = [] if holds(self.spec.get("allow_from"), marker) else [str(one) for one in self.spec.get("allow_from") or ()]
        self.guard.deliver(work, networks)
        for path in self.guard.paths:
            self.pieces.keep(path)
        text = rabbitmq.conf(self.context.header, self.context.address, str(self.spec.get("size")))
        restarts = self.pieces.file(files.Wish(self.conf, text.encode(), 0o644, "root", "root"))
        self._run(restarts)
        self._accounts()
        self.pieces.leftovers()
        work.health = self._health()
        work.verify = self._verify
        return self.pieces.record(self._about())

    def _about(self) -> dict[str, Any]:
        about = self.pieces.about
        # a vhost that left the list stays until the component goes: nothing is lost by an edit
        return {"users": list(self.passwords), "vhosts": list(dict.fromkeys([*self.vhosts, *about.get("vhosts", ())])),
                "started": about.get("started", not (self.state.running or self.state.enabled))}

    def _judge(self) -> None:
        other = next((one for one in manifest.others(self.context) if one.kind == "broker"), None)
        if other is not None:
            raise Failed(f"the broker of this host belongs to {other.unit} of {other.app}; give this component another host, or that one more vhosts")
        version, found = str(self.spec.get("version") or ""), rabbitmq.version()
        if version and found and version != found:
            raise Failed(f"this host has, or offers, RabbitMQ {found} and version {version} is wanted: leave `version` out, or add a package source")
        if GUEST in self.passwords:
            raise Failed(f"'{GUEST}' can't be a user: the default user is removed")

    def _look(self) -> None:
        """What is defined; nothing where the broker can't be asked yet."""
        self.asked = os.path.exists(rabbitmq.BINARY) and self.state.running
        found = rabbitmq.definitions() if self.asked else {}
        self.users = {str(user["name"]): user for user in found.get("users", ())}
        self.present = {str(vhost["name"]) for vhost in found.get("vhosts", ())}
        self.allowed = {(str(one["user"]), str(one["vhost"])): {word: one[word] for word in EVERYTHING} for one in found.get("permissions", ())}
        if self.asked and self.pieces.before is None:
            self._judge_names()
        self.work.facts["definitions"] = self._facts() if self.pieces.before is not None and self.asked else {}

    def _facts(self) -> dict[str, Any]:
        """What the seal says of our users and vhosts."""
        ours = set(self.passwords) | set(self.pieces.about.get("users", ()))
        return {"users": {name: self._fits(name) for name in sorted(ours & set(self.users))}, "guest": GUEST in self.users,
                "vhosts": sorted(set(self.vhosts) & self.present),
                "permissions": sorted([*pair, *words.values()] for pair, words in self.allowed.items() if pair[0] in ours)}

    def _judge_names(self) -> None:
        for what, names, there in (("user", set(self.passwords), set(self.users)), ("vhost", set(self.vhosts) - {"/"}, self.present)):
            for name in sorted(names & there):
                raise Failed(f"this host's RabbitMQ already has a {what} '{name}' that provision did not make; give the component another `{what}`")

    def _tags(self, name: str) -> list[str]:
        return ["administrator"] if name == str(self.spec["user"]) else []

    def _fits(self, name: str) -> bool:
        password = self.passwords.get(name, "")
        user = self.users.get(name, {})
        return holds(password, self.context.marker) or (rabbitmq.matches(password, user) and rabbitmq.tags(user) == self._tags(name))

    def _run(self, restarts: bool) -> None:
        work, before = self.work, self.pieces.before
        work.pending = ("restart",) if restarts else work.pending
        if not self.state.enabled:
            work.add(f"enable {SERVICE}.service", lambda: self.systemd.enable(SERVICE))
        if not self.state.running:
            work.add(f"start {SERVICE}.service", self._restart)
        elif restarts or (before is not None and "restart" in before.pending):
            work.add(f"restart {SERVICE}.service", self._restart)

    def _restart(self) -> None:
        self.systemd.restart(SERVICE)
        rabbitmq.control("await_startup")

    def _accounts(self) -> None:
        work = self.work
        new_vhosts = [name for name in self.vhosts if name not in self.present and not (name == "/" and not self.asked)]
        users = [name for name in self.passwords if name not in self.users or not self._fits(name)]
        allowed = {pair: words for pair, words in self.permissions.items() if self.allowed.get(pair) != words}
        for name in new_vhosts:
            work.add(f"create vhost {name}", lambda name=name: rabbitmq.add({"vhosts": [{"name": name}]}))
        for name in users:
            word = "set password and tags of user" if name in self.users else "create user"
            work.add(f"{word} {name}", lambda name=name: self._set_user(name))
        if allowed:
            who = ", ".join(f"{user} in {vhost}" for user, vhost in allowed)
            work.add(f"set what users may do: {who}", lambda: self._set_permissions(allowed))
        self._leaving()

    def _leaving(self) -> None:
        work = self.work
        if not self.asked or GUEST in self.users:
            work.add(f"remove the default user {GUEST}", lambda: _delete_user(GUEST))
        for name in self.pieces.about.get("users", ()):
            if name not in self.passwords and (name in self.users or not self.asked):
                work.add(f"remove user {name}", lambda name=name: _delete_user(name))
        for user, vhost in self.allowed:
            if user in self.passwords and (user, vhost) not in self.permissions:
                work.add(f"take vhost {vhost} from user {user}",
                         lambda user=user, vhost=vhost: rabbitmq.control("clear_permissions", "-p", vhost, user))

    def _set_user(self, name: str) -> None:
        entry = {"name": name, "password_hash": rabbitmq.fresh(self.passwords[name]), "hashing_algorithm": rabbitmq.HASHING, "tags": self._tags(name)}
        rabbitmq.add({"users": [entry]})

    def _set_permissions(self, allowed: dict[tuple[str, str], dict[str, str]]) -> None:
        rabbitmq.add({"permissions": [{"user": user, "vhost": vhost, **words} for (user, vhost), words in allowed.items()]})

    # ------------------------------------------------------------------ health
    def _health(self) -> str:
        return "" if self.work.new else self.server.health(self.state, SERVICE)

    def _verify(self) -> str:
        return self.server.judge(self.server.until(), lambda: self.systemd.log(SERVICE))

    # ------------------------------------------------------------------ removal
    def remove(self) -> Work:
        """What has to be done so that nothing of it is left but the package."""
        work, before = self.work, self.pieces.before
        if before is None:
            return work
        if os.path.exists(rabbitmq.BINARY):
            if not self.state.running:
                work.add(f"start {SERVICE}.service", self._restart)
            for name in before.about.get("vhosts", ()):
                work.add(f"{'empty' if name == '/' else 'remove'} vhost {name}", lambda name=name: _delete_vhost(name))
            for name in before.about.get("users", ()):
                work.add(f"remove user {name}", lambda name=name: _delete_user(name))
        self.guard.remove(work)
        self.pieces.leave()
        words, forget = work.acts.pop()
        if os.path.exists(rabbitmq.BINARY):
            last = bool(before.about.get("started"))
            work.add(f"{'stop' if last else 'restart'} {SERVICE}.service", lambda: self.systemd.stop(SERVICE) if last else self._restart())
        work.add(words, lambda: self._forget(forget))
        return work

    def _forget(self, forget: Any) -> None:
        self.guard.clean()
        forget()


def _delete_user(name: str) -> None:
    if any(user["name"] == name for user in rabbitmq.definitions().get("users", ())):
        rabbitmq.control("delete_user", name)


def _delete_vhost(name: str) -> None:
    """The vhost with all its queues and messages; the one that every broker has is there again, empty."""
    if any(vhost["name"] == name for vhost in rabbitmq.definitions().get("vhosts", ())):
        rabbitmq.control("delete_vhost", name)
    if name == "/":
        rabbitmq.control("add_vhost", name)


def look(context: Context, params: dict[str, Any]) -> Work:
    """What has to be done so that the broker is as wanted."""
    return Broker(context, params["spec"], params["secrets"]).deliver()


def look_away(context: Context, params: dict[str, Any]) -> Work:
    """What has to be done so that nothing of the component is left in the broker."""
    return Broker(context, params["spec"], {}).remove()
