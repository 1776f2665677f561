"""The users and databases of one PostgreSQL component: what is wanted, what the cluster has, and the SQL in between. Decides no files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ansible.module_utils.provision import rules, scram
from ansible.module_utils.provision.cluster import Cluster
from ansible.module_utils.provision.context import Context, holds
from ansible.module_utils.provision.failures import Failed
from ansible.module_utils.provision.work import Work

GRANTS = {"readwrite": ("pg_read_all_data", "pg_write_all_data"), "readonly": ("pg_read_all_data",)}
"""Access of a further user: roles that PostgreSQL 14 and newer have. pg_hba.conf lets it into its own databases only."""


@dataclass(frozen=True)
class Role:
    """A user as it is wanted."""

    name: str
    password: str
    databases: tuple[str, ...]
    grants: tuple[str, ...] = ()


@dataclass(frozen=True)
class Wanted:
    """The owner first, then further users; the databases all belong to the owner."""

    roles: tuple[Role, ...]
    databases: tuple[str, ...]

    @property
    def owner(self) -> Role:
        """Who owns the databases."""
        return self.roles[0]


def wanted_of(spec: dict[str, Any], secrets: dict[str, Any]) -> Wanted:
    """What the variables ask for. Raises Failed for names that can't be, or that are there twice."""
    owner, first = (rules.sql_name(str(spec.get(key) or "app")) for key in ("user", "database"))
    databases = tuple(dict.fromkeys([first, *(rules.sql_name(str(name)) for name in spec.get("databases") or ())]))
    roles = [Role(owner, str(secrets.get("password") or ""), databases)]
    passwords = secrets.get("users") or {}
    for user in spec.get("users") or ():
        name = rules.sql_name(str(user["name"]))
        allowed = tuple(str(one) for one in user.get("databases") or databases)
        if lost := [one for one in allowed if one not in databases]:
            raise Failed(f"user '{name}' is to use database '{lost[0]}', which this component does not have; it has {', '.join(databases)}")
        roles.append(Role(name, str(passwords.get(str(user["name"])) or ""), allowed, GRANTS[str(user.get("access") or "readwrite")]))
    names = [role.name for role in roles]
    if len(set(names)) != len(names):
        raise Failed(f"users: '{next(name for name in names if names.count(name) > 1)}' is there twice")
    return Wanted(tuple(roles), databases)


class Accounts:
    """Users and databases of one component, against what the cluster has."""

    def __init__(self, context: Context, cluster: Cluster, wanted: Wanted, *, ours: tuple[set[str], set[str]] | None) -> None:
        """`ours`: names of the users and databases that we made before; None: all of these names may have been made by us."""
        self.context, self.cluster, self.wanted, self.ours = context, cluster, wanted, ours
        self.verifiers: dict[str, str] = {}
        self.owners: dict[str, str] = {}
        self.granted: dict[str, set[str]] = {}
        self.asked = False

    def look(self) -> None:
        """Ask the cluster. Raises Failed when a name belongs to somebody else."""
        self.verifiers = self.cluster.verifiers([role.name for role in self.wanted.roles])
        self.owners = self.cluster.owners(self.wanted.databases)
        self.granted = self.cluster.memberships([role.name for role in self.wanted.roles])
        self.asked = True
        if self.ours is None:
            return
        for what, found, made in (("user", self.verifiers, self.ours[0]), ("database", self.owners, self.ours[1])):
            for name in found:
                if name not in made:
                    raise Failed(f"this host's PostgreSQL already has a {what} '{name}' that provision did not make; "
                                 f"give the component another `{what}`")

    def facts(self) -> Any:
        """What the seal says of them; nothing where nothing is there, whether the cluster could be asked or not."""
        users = {name: [self._fits(self._role(name)), sorted(self.granted.get(name, ()))] for name in sorted(self.verifiers)}
        return {"users": users, "databases": dict(sorted(self.owners.items()))} if users or self.owners else {}

    def _role(self, name: str) -> Role:
        return next(role for role in self.wanted.roles if role.name == name)

    def _fits(self, role: Role) -> bool:
        return holds(role.password, self.context.marker) or scram.matches(role.password, self.verifiers.get(role.name, ""))

    def deliver(self, work: Work, leaving: Iterable[str], *, certain: bool) -> None:
        """The acts. `leaving`: users of ours that are not wanted any more; `certain` is false where the cluster is ours and can't be asked."""
        names = ", ".join(role.name for role in self.wanted.roles)
        if not self.asked and not certain:
            work.add(f"make sure of {names} and {', '.join(self.wanted.databases)}", self.make_sure)
            return
        for role in self.wanted.roles:
            self._deliver_role(work, role)
        for database in self.wanted.databases:
            if database not in self.owners:
                work.add(f"create database {database}", lambda database=database: self._set_database(database))
            elif self.owners[database] != self.wanted.owner.name:
                work.add(f"make {self.wanted.owner.name} the owner of database {database}", lambda database=database: self._set_database(database))
        for name in leaving:
            work.add(f"drop user {name}", lambda name=name: self.drop_user(name))

    def _deliver_role(self, work: Work, role: Role) -> None:
        if role.name not in self.verifiers:
            work.add(f"create user {role.name}", lambda: self._set_user(role))
        elif not self._fits(role):
            work.add(f"set the password of user {role.name}", lambda: self._set_user(role))
        elif set(role.grants) != self.granted.get(role.name, set()):
            work.add(f"set what user {role.name} may do", lambda: self._set_user(role))

    def make_sure(self) -> None:
        """All of it, whatever there is."""
        for role in self.wanted.roles:
            self._set_user(role)
        for database in self.wanted.databases:
            self._set_database(database)

    def _set_user(self, role: Role) -> None:
        self.look()
        if not self._fits(role):
            word = "alter" if role.name in self.verifiers else "create"
            self.cluster.ask(f'{word} role "{role.name}" login password \'{scram.fresh(role.password)}\';')
            self._is_ours(0, role.name)
        has = self.granted.get(role.name, set())
        for grant in set(role.grants) - has:
            self.cluster.ask(f'grant {grant} to "{role.name}";')
        for grant in has - set(role.grants):
            self.cluster.ask(f'revoke "{grant}" from "{role.name}";')

    def _set_database(self, name: str) -> None:
        self.look()
        owner = self.wanted.owner.name
        if name not in self.owners:
            self.cluster.ask(f'create database "{name}" owner "{owner}" encoding \'UTF8\' template template0;')
            self._is_ours(1, name)
        elif self.owners[name] != owner:
            self.cluster.ask(f'alter database "{name}" owner to "{owner}";')

    def _is_ours(self, kind: int, name: str) -> None:
        if self.ours is not None:
            self.ours[kind].add(name)

    def drop_user(self, name: str) -> None:
        """Drop a user and what it was granted in our databases; what it owns there becomes the owner's: no table is lost."""
        if not self.cluster.verifiers([name]):
            return
        ours = {*self.wanted.databases, *(self.ours[1] if self.ours else ())}
        for database in ours & set(self.cluster.databases()):
            self.cluster.ask(f'reassign owned by "{name}" to "{self.wanted.owner.name}"; drop owned by "{name}";', database)
        self.cluster.ask(f'drop role if exists "{name}";')
