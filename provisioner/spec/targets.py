"""One target of an Environment, from its map to a Target. Reads an Ansible inventory where the target names one."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from provisioner.errors import Invalid, Problem, Where
from provisioner.hosts.inventory import read_inventory
from provisioner.hosts.passwords import apart
from provisioner.model import Host, Hosts, Json, Target
from provisioner.spec.clouds import CLOUDS
from provisioner.spec.document import Document, Steps
from provisioner.spec.source import shown

TERRAFORM = (*CLOUDS, "terraform")
"""Kinds of targets that Terraform reaches, of which one excludes the others."""


def target(document: Document, path: Steps, project: Path, problems: list[Problem]) -> Target | None:
    """The target at a path; problems are added. None when it says nothing usable."""
    value: dict[str, Any] = document.find(path).value
    kinds = [kind for kind in (*TERRAFORM, "hosts") if kind in value]
    reached = [kind for kind in kinds if kind in TERRAFORM]
    where = document.value_at(path)
    name = value["name"]
    if not kinds or len(reached) > 1:
        says = f"is both {' and '.join(reached)}" if kinds else "says not what it is"
        problems.append(Problem("PRV-1220", f'target "{name}" {says}', where,
                                f"a target has {', '.join(TERRAFORM)} or hosts; {' and '.join(TERRAFORM)} may have hosts beside it"))
        return None
    variables = dict(value.get("vars", {}))
    offers: tuple[str, ...] = ()
    terraform = None
    for kind in reached:
        cloud = CLOUDS.get(kind)
        terraform, offers = (cloud.terraform(value[kind]), (kind,)) if cloud else other(value[kind])
        if cloud and "endpoint" in value[kind]:
            variables.setdefault("endpoint", value[kind]["endpoint"])
    hosts = None
    if "hosts" in value:
        hosts = _hosts(document, (*path, "hosts"), name, project, problems)
        offers += ("hosts",) if terraform is None or hosts.listed else ()
    return Target(name, value.get("labels", {}), offers, hosts, terraform, variables, value.get("simulated", False), where)


def other(value: Mapping[str, Any]) -> tuple[dict[str, Json], tuple[str, ...]]:
    """The Terraform side of a target with any other provider, and what it offers."""
    offers = (value["offers"],) if isinstance(value["offers"], str) else tuple(value["offers"])
    return {"provider": value["provider"], "version": value.get("version", ""), "config": value.get("config", {}),
            "env": value.get("env", {}), "backend": value.get("backend", {})}, offers


def _hosts(document: Document, path: Steps, name: str, project: Path, problems: list[Problem]) -> Hosts:
    value: Any = document.find(path).value
    below: Steps = path
    if isinstance(value, list):
        value = {"list": value}
    else:
        below = (*path, "list")
    where = document.value_at(path)
    sources = [key for key in ("list", "inventory", "local") if value.get(key)]
    if len(sources) > 1:
        problems.append(Problem("PRV-1220", f'target "{name}": hosts come from one place, not from {" and ".join(sources)}', where))
    user, become = value.get("user", ""), value.get("become", False)
    inventory = ""
    listed: tuple[Host, ...] = ()
    if value.get("local"):
        listed = (Host("localhost", "127.0.0.1", name, user, connection="local", become=become),)
    elif "inventory" in value:
        inventory = located(value["inventory"], project)
        listed = _inventory(inventory, project, (name, user, become), document.value_at((*path, "inventory")), problems)
    elif "list" in value:
        listed = tuple(_host(item, name, user, become) for item in value["list"])
        _twice(document, below, listed, problems)
    listed, passwords = apart(listed)
    return Hosts(
        listed, inventory, user, become, located(value.get("privateKey", ""), project), value.get("jump", ""), value.get("sshArgs", ""),
        located(value.get("knownHosts", ""), project), value.get("hostKeys", "strict"), value.get("sshWait", 120), passwords)


def _inventory(path: str, project: Path, reach: tuple[str, str, bool], where: Where, problems: list[Problem]) -> tuple[Host, ...]:
    target, user, become = reach
    try:
        return read_inventory(Path(shown(Path(path))), target, user=user, become=become, folder=project)
    except Invalid as error:
        problems += [Problem(found.code, found.message, found.where if found.where and found.where.line else where, found.hint)
                     for found in error.problems]
        return ()


def _host(value: Mapping[str, Any], target: str, user: str, become: bool) -> Host:
    name = value["name"]
    return Host(
        name, value.get("address", name), target, value.get("user", user), value.get("port", 22), become=value.get("become", become),
        labels=value.get("labels", {}), groups=tuple(value.get("groups", ())), vars=value.get("vars", {}))


def _twice(document: Document, path: Steps, hosts: tuple[Host, ...], problems: list[Problem]) -> None:
    seen: set[str] = set()
    for index, host in enumerate(hosts):
        if host.name in seen:
            problems.append(Problem("PRV-1206", f'host "{host.name}" is there twice', document.value_at((*path, index, "name")),
                                    "a host's name is its identity"))
        seen.add(host.name)


def located(path: str, project: Path) -> str:
    """A path of the document as an absolute one: relative to the project, `~` is the home folder."""
    if not path:
        return ""
    found = Path(path).expanduser()
    return str(found if found.is_absolute() else project / found)
