"""ElastiCache with servers behind its addresses: a replication group is one Redis, whatever the number of its nodes."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from typing import Any

from moto.elasticache.models import ElastiCacheBackend, ReplicationGroup
from moto.elasticache.responses import ElastiCacheResponse

from provisioner.sandbox import caches
from provisioner.sandbox.servers import recipes
from provisioner.sandbox.servers.behind import Call, Thing, Wrap, begin
from provisioner.sandbox.servers.keeper import Keeper
from provisioner.sandbox.servers.recipes import Wanted


class Caches:
    """The calls of ElastiCache, each made of moto's own."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper

    def install(self, wrap: Wrap) -> None:
        """Put them into moto."""
        wrap(ElastiCacheBackend, "create_replication_group", self.created)
        wrap(ElastiCacheBackend, "delete_replication_group", self.deleted)
        wrap(ElastiCacheResponse, "modify_replication_group", self.modified)
        wrap(ElastiCacheResponse, "modify_cache_parameter_group", self.parameters)

    def created(self, stock: Call) -> Call:
        """A group that is no cluster of shards gets a server."""
        def create_replication_group(backend: ElastiCacheBackend, **given: Any) -> ReplicationGroup:
            group: ReplicationGroup = stock(backend, **given)
            if group.cluster_mode != "enabled":
                wanted = Wanted(port=group.port, password=given.get("auth_token") or "", tls=bool(group.transit_encryption_enabled),
                                settings=_settings(backend, group))
                begin(self._keeper, Thing(group.arn, group.replication_group_id, "redis", wanted, group), recipes.redis, _mover(group))
            return group
        return create_replication_group

    def modified(self, stock: Call) -> Call:
        """A new password is good at once; with ROTATE the one before stays good."""
        def modify_replication_group(response: ElastiCacheResponse) -> Any:
            answer = stock(response)
            (group,) = response.elasticache_backend.describe_replication_groups(response._get_param("ReplicationGroupId"))
            self._tell_settings(response.elasticache_backend, group)
            password, server = response._get_param("AuthToken"), self._keeper.find(group.arn)
            if password and server:
                after = replace(server.wanted, password=password)
                both = response._get_param("AuthTokenUpdateStrategy") != "SET"
                self._keeper.tell(group.arn, lambda place, before: recipes.redis_password(place, before, after, both=both), after)
            return answer
        return modify_replication_group

    def parameters(self, stock: Call) -> Call:
        """Parameters reach the caches that have the group."""
        def modify_cache_parameter_group(response: ElastiCacheResponse) -> Any:
            answer = stock(response)
            for group in response.elasticache_backend.replication_groups.values():
                self._tell_settings(response.elasticache_backend, group)
            return answer
        return modify_cache_parameter_group

    def deleted(self, stock: Call) -> Call:
        """The server goes."""
        def delete_replication_group(backend: ElastiCacheBackend, *positional: Any, **named: Any) -> ReplicationGroup:
            group: ReplicationGroup = stock(backend, *positional, **named)
            self._keeper.end(group.arn)
            return group
        return delete_replication_group

    def _tell_settings(self, backend: ElastiCacheBackend, group: ReplicationGroup) -> None:
        server, settings = self._keeper.find(group.arn), _settings(backend, group)
        if server and settings != server.wanted.settings:
            after = replace(server.wanted, settings=settings)
            self._keeper.tell(group.arn, lambda place, before: recipes.redis_settings(place, before, settings), after)


def _mover(group: ReplicationGroup) -> Callable[[str | None], None]:
    """All addresses of a group are those of its one server."""
    stock = deepcopy(group.node_groups)

    def move(address: str | None) -> None:
        group.node_groups = deepcopy(stock)
        for shard in group.node_groups if address else ():
            shard["primary_endpoint_address"] = shard["reader_endpoint_address"] = shard["primary_endpoint"]["address"] = address
            for node in shard["node_group_members"]:
                node["read_endpoint"] = {"address": address, "port": group.port}
    return move


def _settings(backend: ElastiCacheBackend, group: ReplicationGroup) -> dict[str, str]:
    given = caches.parameter_groups(backend).get(str(group.cache_parameter_group_name), {}).get("parameters", {})
    return {name: value for name, value in given.items() if name in recipes.REDIS_SETTINGS}
