"""The inventory of one play: our own hosts whole, hosts of the user's inventory with what we add to reach them. Pure."""

import os
import sys
from collections.abc import Mapping

from provisioner.engines.ansible.inputs import HOST_SECRETS, secret_names
from provisioner.hosts.access import KEY_VARS, Access, common_args, ssh_args
from provisioner.model import Host, Hosts, Json


def document(accesses: Mapping[str, Access], hosts: tuple[Host, ...], way: Hosts, configured_ssh_args: str) -> dict[str, Json]:
    """The inventory as JSON; variables and groups of hosts that are in the user's inventory file are left to Ansible."""
    from_file = listed_in_file(way, hosts)
    listed = {host.name for host in way.listed}
    groups: dict[str, Json] = {}
    entries: dict[str, Json] = {}
    for host in hosts:
        entry = {} if host.name in from_file else _own(host)
        entry.update(_local(host) if host.connection == "local" else _remote(accesses[host.name], configured_ssh_args))
        if (host.become or (way.become and host.name not in listed)) and "ansible_become" not in host.vars:
            entry["ansible_become"] = True
        entries[host.name] = entry
        for group in host.groups:
            if group not in ("all", "ungrouped") and host.name not in from_file:
                groups.setdefault(group, {"hosts": {}})["hosts"][host.name] = {}
    return {"all": {"hosts": entries, **({"children": groups} if groups else {})}}


def listed_in_file(way: Hosts, hosts: tuple[Host, ...]) -> frozenset[str]:
    """Names of the hosts that come from the target's inventory file."""
    if not way.inventory:
        return frozenset()
    listed = {host.name for host in way.listed}
    return frozenset(host.name for host in hosts if host.name in listed)


def _own(host: Host) -> dict[str, Json]:
    hidden = secret_names(host)
    found = {name: value for name, value in host.vars.items() if name not in hidden}
    return found | {name: "{{ %s[inventory_hostname].%s }}" % (HOST_SECRETS, name) for name in hidden}


def _local(host: Host) -> dict[str, Json]:
    found: dict[str, Json] = {"ansible_connection": "local"}
    if "ansible_python_interpreter" not in host.vars:
        found["ansible_python_interpreter"] = sys.executable
    return found


def _remote(access: Access, configured_ssh_args: str) -> dict[str, Json]:
    found: dict[str, Json] = {"ansible_host": access.host.address, "ansible_ssh_args": ssh_args(access, configured_ssh_args)}
    if access.port != 22:
        found["ansible_port"] = access.port
    if access.user:
        found["ansible_user"] = access.user
    if access.variable(*KEY_VARS) is None and access.way.private_key:
        found["ansible_ssh_private_key_file"] = os.path.expanduser(access.way.private_key)
    if common := common_args(access):
        found["ansible_ssh_common_args"] = common
    return found
