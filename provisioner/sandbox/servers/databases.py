"""RDS with servers behind its addresses."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from moto.rds.models import DBInstance, RDSBackend

from provisioner.sandbox.servers import recipes
from provisioner.sandbox.servers.behind import Call, Thing, Wrap, begin
from provisioner.sandbox.servers.keeper import Keeper, Make
from provisioner.sandbox.servers.recipes import Command, Place, Wanted

ENGINES: Mapping[str, tuple[str, Make, Callable[[Place, Wanted], Command]]] = {
    "postgres": ("postgresql", recipes.postgresql, recipes.postgresql_password),
    "mariadb": ("mariadb", recipes.mariadb, recipes.mariadb_password),
    "mysql": ("mariadb", recipes.mariadb, recipes.mariadb_password),
}
"""Engine of RDS to the kind of server, how it is made, and how it gets another password."""


class Databases:
    """The calls of RDS, each made of moto's own."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper

    def install(self, wrap: Wrap) -> None:
        """Put them into moto."""
        wrap(RDSBackend, "create_db_instance", self.created)
        wrap(RDSBackend, "modify_db_instance", self.modified)
        wrap(RDSBackend, "delete_db_instance", self.deleted)
        wrap(DBInstance, "address", self.address)

    def created(self, stock: Call) -> Call:
        """A single instance gets a server; a cluster does not."""
        def create_db_instance(backend: RDSBackend, db_kwargs: dict[str, Any]) -> DBInstance:
            database: DBInstance = stock(backend, db_kwargs)
            if database.engine in ENGINES and not database.db_cluster_identifier:
                kind, make, _ = ENGINES[database.engine]
                begin(self._keeper, Thing(database.dbi_resource_id, database.db_instance_identifier, kind, wanted(database), database), make)
            return database
        return create_db_instance

    def modified(self, stock: Call) -> Call:
        """A new password of the master user is good at once."""
        def modify_db_instance(backend: RDSBackend, *positional: Any, **named: Any) -> DBInstance:
            database: DBInstance = stock(backend, *positional, **named)
            server = self._keeper.find(database.dbi_resource_id)
            if server and (after := replace(server.wanted, password=_password(database))) != server.wanted:
                self._keeper.tell(database.dbi_resource_id, lambda place, before: ENGINES[database.engine][2](place, after), after)
            return database
        return modify_db_instance

    def deleted(self, stock: Call) -> Call:
        """The server goes; one that is a replica has its source's."""
        def delete_db_instance(backend: RDSBackend, *positional: Any, **named: Any) -> DBInstance:
            database: DBInstance = stock(backend, *positional, **named)
            if not database.is_replica:
                self._keeper.end(database.dbi_resource_id)
            return database
        return delete_db_instance

    def address(self, stock: property) -> property:
        """Where the server is."""
        def found(database: DBInstance) -> str:
            server = self._keeper.find(database.dbi_resource_id)
            return server.place.address if server else str(stock.__get__(database))
        return property(found)


def wanted(database: DBInstance) -> Wanted:
    """What RDS was asked for."""
    return Wanted(port=int(database.port or 0), user=database.master_username or "", password=_password(database), database=database.db_name or "",
                  tls=_tls(database), version=str(database.engine_version))


def _tls(database: DBInstance) -> bool:
    """Whether its parameters refuse connections in clear, as those of PostgreSQL do from version 15 on."""
    group = database.backend.db_parameter_groups.get(database.db_parameter_group_name or "")
    given = {name: str(about.get("ParameterValue", "")) for name, about in group.parameters.items()} if group else {}
    if database.engine != "postgres":
        return given.get("require_secure_transport", "0") in ("1", "ON")
    return given.get("rds.force_ssl", "1" if int(str(database.engine_version).split(".")[0]) >= 15 else "0") == "1"


def _password(database: DBInstance) -> str:
    """The master user's, from the secret that RDS manages or from the call."""
    if database.manage_master_user_password:
        secret = database.master_user_secret.secret
        return str(json.loads(secret.versions[str(secret.default_version_id)]["secret_string"])["password"])
    return getattr(database, "_master_user_password", None) or ""
