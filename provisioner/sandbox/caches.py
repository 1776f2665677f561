"""ElastiCache in the simulated AWS: what moto lacks of replication groups, parameter groups and subnet groups. Each part says what AWS does.

Runs in the server's own process only, put in by `corrections`.
"""

import re
from collections.abc import Callable
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, EmptyResult
from moto.elasticache.models import CacheCluster, CacheSubnetGroup, ElastiCacheBackend, ReplicationGroup
from moto.elasticache.responses import ElastiCacheResponse

Call = Callable[..., Any]


class NoParameterGroup(ServiceException):
    code = "CacheParameterGroupNotFound"

    def __init__(self, name: str) -> None:
        super().__init__(f"CacheParameterGroup {name} not found.")


def parameter_groups(backend: ElastiCacheBackend) -> dict[str, dict[str, Any]]:
    """Name to family, description, ARN and the parameters that were set; moto knows no parameter groups."""
    found: dict[str, dict[str, Any]] = backend.__dict__.setdefault("provision_parameter_groups", {})
    return found


# ------------------------------------------------------------------ parameter groups: calls that moto does not have
def create_cache_parameter_group(response: ElastiCacheResponse) -> ActionResult:
    backend, name = response.elasticache_backend, response._get_param("CacheParameterGroupName")
    arn = f"arn:aws:elasticache:{backend.region_name}:{backend.account_id}:parametergroup:{name}"
    group = {"CacheParameterGroupName": name, "CacheParameterGroupFamily": response._get_param("CacheParameterGroupFamily"),
             "Description": response._get_param("Description"), "IsGlobal": False, "ARN": arn, "parameters": {}}
    parameter_groups(backend)[name] = group
    # moto keeps the tags of the kinds that it knows by this expression
    backend.arn_regex = re.compile(r"^arn:aws:elasticache:.*:[0-9]*:[a-z]+:.*$")
    backend.tagging_service.tag_resource(arn, response._get_param("Tags", []))
    return ActionResult({"CacheParameterGroup": _shown(group)})


def describe_cache_parameter_groups(response: ElastiCacheResponse) -> ActionResult:
    name = response._get_param("CacheParameterGroupName")
    found = [_group(response)] if name else list(parameter_groups(response.elasticache_backend).values())
    return ActionResult({"CacheParameterGroups": [_shown(group) for group in found]})


def describe_cache_parameters(response: ElastiCacheResponse) -> ActionResult:
    given = _group(response)["parameters"]
    return ActionResult({"Parameters": [{"ParameterName": name, "ParameterValue": value, "Source": "user"} for name, value in given.items()]})


def modify_cache_parameter_group(response: ElastiCacheResponse) -> ActionResult:
    group = _group(response)
    for item in response._get_param("ParameterNameValues", []):
        group["parameters"][item["ParameterName"]] = item["ParameterValue"]
    return ActionResult({"CacheParameterGroupName": group["CacheParameterGroupName"]})


def reset_cache_parameter_group(response: ElastiCacheResponse) -> ActionResult:
    group = _group(response)
    named = [item["ParameterName"] for item in response._get_param("ParameterNameValues", [])]
    for name in named or list(group["parameters"]):
        group["parameters"].pop(name, None)
    return ActionResult({"CacheParameterGroupName": group["CacheParameterGroupName"]})


def delete_cache_parameter_group(response: ElastiCacheResponse) -> EmptyResult:
    parameter_groups(response.elasticache_backend).pop(_group(response)["CacheParameterGroupName"])
    return EmptyResult()


def _group(response: ElastiCacheResponse) -> dict[str, Any]:
    name = response._get_param("CacheParameterGroupName")
    groups = parameter_groups(response.elasticache_backend)
    if name not in groups:
        raise NoParameterGroup(name)
    return groups[name]


def _shown(group: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in group.items() if key != "parameters"}


# ------------------------------------------------------------------ subnet groups: calls that moto does not have
def delete_cache_subnet_group(response: ElastiCacheResponse) -> EmptyResult:
    backend, name = response.elasticache_backend, response._get_param("CacheSubnetGroupName")
    backend.describe_cache_subnet_groups(name)
    backend.cache_subnet_groups.pop(name)
    return EmptyResult()


def modify_cache_subnet_group(response: ElastiCacheResponse) -> ActionResult:
    backend, name = response.elasticache_backend, response._get_param("CacheSubnetGroupName")
    (before,) = backend.describe_cache_subnet_groups(name)
    after = CacheSubnetGroup(backend.account_id, backend.region_name, name,
                             response._get_param("CacheSubnetGroupDescription") or before.cache_subnet_group_description,
                             response._get_param("SubnetIds") or before.subnet_ids, before.tags)
    backend.cache_subnet_groups[name] = after
    return ActionResult({"CacheSubnetGroup": after})


# ------------------------------------------------------------------ replication groups
def with_members(stock: Call) -> Call:
    """CreateReplicationGroup makes `NumCacheClusters` nodes, each a cache cluster that can be described; moto makes one, and none to describe."""
    def create_replication_group(backend: ElastiCacheBackend, **given: Any) -> ReplicationGroup:
        if (given.get("num_cache_clusters") or 1) > 1 and not given.get("replicas_per_node_group"):
            given["replicas_per_node_group"] = given["num_cache_clusters"] - 1
        group: ReplicationGroup = stock(backend, **given)
        if group.transit_encryption_enabled:
            group.transit_encryption_mode = group.transit_encryption_mode or "required"
        for name in group.member_clusters:
            _member(backend, group, name)
        return group
    return create_replication_group


def _member(backend: ElastiCacheBackend, group: ReplicationGroup, name: str) -> None:
    """The cache cluster that is one node of a group, with the settings of the group."""
    if name not in backend.cache_clusters:
        unset: dict[str, Any] = dict.fromkeys((
            "az_mode", "preferred_availability_zone", "network_type", "ip_discovery", "snapshot_name", "notification_topic_arn", "auth_token",
            "outpost_mode", "preferred_outpost_arn", "preferred_availability_zones", "cache_security_group_names", "tags", "snapshot_arns",
            "preferred_outpost_arns", "log_delivery_configurations", "cache_node_ids_to_remove", "cache_node_ids_to_reboot", "security_group_ids",
            "cache_parameter_group_name"))
        backend.cache_clusters[name] = CacheCluster(
            account_id=backend.account_id, region_name=backend.region_name, cache_cluster_id=name, cache_node_type=group.cache_node_type or "",
            replication_group_id=group.replication_group_id, num_cache_nodes=1, engine=group.engine, engine_version=group.engine_version,
            cache_subnet_group_name=group.cache_subnet_group_name, transit_encryption_enabled=group.transit_encryption_enabled,
            preferred_maintenance_window=group.preferred_maintenance_window or "sun:05:00-sun:06:00", port=group.port,
            auto_minor_version_upgrade=group.auto_minor_version_upgrade, snapshot_retention_limit=group.snapshot_retention_limit,
            snapshot_window=group.snapshot_window, **unset)
    _follow(backend.cache_clusters[name], group)


def _follow(cluster: Any, group: ReplicationGroup) -> None:
    cluster.num_cache_nodes, cluster.replication_group_id = 1, group.replication_group_id
    cluster.engine, cluster.engine_version, cluster.cache_node_type = group.engine, group.engine_version, group.cache_node_type or ""
    cluster.snapshot_retention_limit, cluster.snapshot_window = group.snapshot_retention_limit, group.snapshot_window
    cluster.at_rest_encryption_enabled, cluster.auth_token_enabled = group.at_rest_encryption_enabled, group.auth_token_enabled
    cluster.cache_parameter_group = {"cache_parameter_group_name": group.cache_parameter_group_name, "parameter_apply_status": "in-sync"}
    cluster.security_groups = [{"security_group_id": name, "status": "active"} for name in group.security_group_ids or []]


def modified(stock: Call) -> Call:
    """ModifyReplicationGroup changes version, parameter group, security groups and password too; moto passes them over."""
    def modify_replication_group(response: ElastiCacheResponse) -> Any:
        answer = stock(response)
        backend = response.elasticache_backend
        (group,) = backend.describe_replication_groups(response._get_param("ReplicationGroupId"))
        group.engine_version = response._get_param("EngineVersion") or group.engine_version
        group.cache_parameter_group_name = response._get_param("CacheParameterGroupName") or group.cache_parameter_group_name
        group.security_group_ids = response._get_param("SecurityGroupIds") or group.security_group_ids
        for name in group.member_clusters:
            _member(backend, group, name)
        return answer
    return modify_replication_group


def increase_replica_count(response: ElastiCacheResponse) -> ActionResult:
    """Adds nodes to a group; moto has no such call."""
    return _resized(response)


def decrease_replica_count(response: ElastiCacheResponse) -> ActionResult:
    """Takes nodes from a group; moto has no such call."""
    return _resized(response)


def _resized(response: ElastiCacheResponse) -> ActionResult:
    backend = response.elasticache_backend
    (group,) = backend.describe_replication_groups(response._get_param("ReplicationGroupId"))
    nodes = group.node_groups[0]["node_group_members"]
    wanted = response._get_int_param("NewReplicaCount") + 1
    for name in group.member_clusters[wanted:]:
        backend.cache_clusters.pop(name, None)
    del nodes[wanted:], group.member_clusters[wanted:]
    for number in range(len(nodes) + 1, wanted + 1):
        name = f"{group.replication_group_id}-{number:0>3}"
        nodes.append({**nodes[0], "cache_cluster_id": name, "preferred_availability_zone": "us-east-1b", "current_role": "replica"})
        group.member_clusters.append(name)
        _member(backend, group, name)
    return ActionResult({"ReplicationGroup": group})


def without_group(stock: Call) -> Call:
    """A deleted replication group is gone, and its nodes with it; in moto it is being deleted for ever."""
    def delete_replication_group(backend: ElastiCacheBackend, *positional: Any, **named: Any) -> ReplicationGroup:
        group: ReplicationGroup = stock(backend, *positional, **named)
        for name in [name for name, cluster in backend.cache_clusters.items() if cluster.replication_group_id == group.replication_group_id]:
            del backend.cache_clusters[name]
        del backend.replication_groups[group.replication_group_id]
        return group
    return delete_replication_group


def without_cluster(stock: Call) -> Call:
    """A deleted cache cluster is gone; in moto it is being deleted for ever."""
    def delete_cache_cluster(backend: ElastiCacheBackend, cache_cluster_id: str) -> CacheCluster:
        cluster: CacheCluster = stock(backend, cache_cluster_id)
        del backend.cache_clusters[cache_cluster_id]
        return cluster
    return delete_cache_cluster


ADDED: tuple[Call, ...] = (
    create_cache_parameter_group, describe_cache_parameter_groups, describe_cache_parameters, modify_cache_parameter_group,
    reset_cache_parameter_group, delete_cache_parameter_group, delete_cache_subnet_group, modify_cache_subnet_group,
    increase_replica_count, decrease_replica_count,
)
"""Calls of ElastiCacheResponse that moto does not have."""
WRAPPED: tuple[tuple[Any, str, Callable[[Call], Call]], ...] = (
    (ElastiCacheBackend, "create_replication_group", with_members),
    (ElastiCacheBackend, "delete_replication_group", without_group),
    (ElastiCacheBackend, "delete_cache_cluster", without_cluster),
    (ElastiCacheResponse, "modify_replication_group", modified),
)
"""Calls that answer otherwise than AWS: class, name, what makes the right one of it."""
