"""An Ansible inventory as hosts, as Ansible itself reads it: ranges, groups, group_vars, plugins and scripts. Contacts no host.

Asks `ansible-inventory` in a process of its own: Ansible's own objects are slow to import, keep global state, and only warn
about a file that they can't read.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from provisioner.errors import Invalid, Problem, Where
from provisioner.model import Host, Json

LONGEST = 120
"""Seconds for an inventory; a plugin may ask a cloud."""
QUIET = {
    "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true", "ANSIBLE_LOCALHOST_WARNING": "false", "ANSIBLE_DEPRECATION_WARNINGS": "false",
    "ANSIBLE_NOCOLOR": "1", "ANSIBLE_FORCE_COLOR": "0",
}
REASON = re.compile(r"\[WARNING\]: Failed to parse inventory with '(?P<plugin>[\w.]+)' plugin: (?P<reason>.*)")
ORIGIN = re.compile(r"Origin: (?P<file>.+?):(?P<line>\d+):(?P<column>\d+)\s*$", re.MULTILINE)
OURS = ("ansible_", "provision_", "instance_id")
LABELS = "provision_labels"
"""The host variable that gives a host its labels."""


def read_inventory(path: Path, target: str, *, user: str = "", become: bool = False, folder: Path | None = None) -> tuple[Host, ...]:
    """The hosts of an inventory file, folder, script or plugin, in its order. `user` and `become` serve hosts that say nothing.

    `folder` is where Ansible runs (its ansible.cfg counts). Raises Invalid with Ansible's own words.
    """
    if not path.exists():
        raise Invalid([Problem("PRV-1223", f"inventory {path} is not there", hint="the path is relative to the project's folder")])
    listing = _ask(path, folder or path.parent)
    variables: Mapping[str, dict[str, Json]] = listing.pop("_meta", {}).get("hostvars", {})
    groups = _groups(listing)
    names = list(dict.fromkeys(_names(listing, "all")))
    if not names:
        raise Invalid([Problem("PRV-1223", f"inventory {path} has no hosts", Where(str(path)))])
    return tuple(_host(name, target, groups, dict(variables.get(name, {})), (user, become)) for name in names)


def _ours(variables: Mapping[str, Json]) -> dict[str, Json]:
    """The variables that we look at. Ansible reads the others itself: they may be anybody's secrets, in clear where a vault was opened."""
    return {name: value for name, value in variables.items() if name.startswith(OURS)}


def _ask(path: Path, folder: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "ansible.cli.inventory", "-i", str(path.absolute()), "--list"]
    try:
        answer = subprocess.run(command, cwd=folder, env={**os.environ, **QUIET}, stdin=subprocess.DEVNULL, capture_output=True,
                                text=True, errors="replace", timeout=LONGEST, check=False)
    except subprocess.TimeoutExpired:
        raise Invalid([Problem("PRV-1223", f"inventory {path} did not answer within {LONGEST} s", Where(str(path)))]) from None
    try:
        found = json.loads(answer.stdout) if answer.returncode == 0 else None
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Invalid([_complaint(path, answer.stderr or answer.stdout)])
    return found


def _complaint(path: Path, said: str) -> Problem:
    """What Ansible says about a file that no plugin could read: the reason of the plugin that was meant."""
    reasons = {match["plugin"]: match["reason"] for match in REASON.finditer(said)}
    meant = "yaml" if path.suffix in (".yml", ".yaml", ".json") else "script" if path.is_file() and os.access(path, os.X_OK) else "ini"
    reason = reasons.get(meant) or reasons.get("auto", "")
    if not reason:
        errors = [line.partition("]: ")[2] or line for line in said.splitlines() if line.startswith(("[ERROR]", "ERROR"))]
        reason = next(iter(errors), said.strip().splitlines()[-1] if said.strip() else "ansible-inventory failed")
    origin = next((match for match in ORIGIN.finditer(said) if match["file"] == str(path.absolute())), None)
    where = Where(str(path), int(origin["line"]), int(origin["column"])) if origin else Where(str(path))
    return Problem("PRV-1223", f"inventory {path}: {reason.removeprefix('Failed to parse inventory: ')}", where,
                   f"try it by itself: ansible-inventory -i {path} --list")


def _names(listing: Mapping[str, Any], group: str, above: frozenset[str] = frozenset()) -> Iterator[str]:
    entry = listing.get(group, {})
    yield from entry.get("hosts", ())
    for child in entry.get("children", ()):
        if child not in above:
            yield from _names(listing, child, above | {group})


def _groups(listing: Mapping[str, Any]) -> dict[str, list[str]]:
    """Host to the groups that it is in, directly or through their children."""
    found: dict[str, list[str]] = {}
    for group in listing:
        if group not in ("all", "ungrouped"):
            for name in dict.fromkeys(_names(listing, group)):
                found.setdefault(name, []).append(group)
    return found


def _host(name: str, target: str, groups: Mapping[str, list[str]], variables: dict[str, Json], reach: tuple[str, bool]) -> Host:
    known = {**variables, "inventory_hostname": name, "inventory_hostname_short": name.partition(".")[0], "group_names": groups.get(name, [])}

    def said(*names: str) -> Json:
        value = next((variables[key] for key in names if key in variables), None)
        return _rendered(name, value, known) if isinstance(value, str) and "{{" in value else value

    port = said("ansible_port", "ansible_ssh_port")
    become = said("ansible_become")
    labels = variables.get(LABELS)
    local = said("ansible_connection") == "local" or name == "localhost" and "ansible_connection" not in variables
    return Host(
        name, str(said("ansible_host", "ansible_ssh_host") or name), target, str(said("ansible_user", "ansible_ssh_user") or reach[0]),
        int(port) if isinstance(port, int) or isinstance(port, str) and port.isdigit() else 22, "local" if local else "ssh",
        reach[1] if become is None else str(become).lower() in ("true", "yes", "1", "on"),
        {str(key): str(value) for key, value in labels.items()} if isinstance(labels, dict) else {},
        tuple(groups.get(name, ())), _ours(variables))


def _rendered(host: str, text: str, variables: Mapping[str, Json]) -> str:
    """A connection variable that is a template over other variables of its host."""
    # here and not above: few inventories have such
    from jinja2 import StrictUndefined, TemplateError
    from jinja2.sandbox import SandboxedEnvironment

    try:
        return SandboxedEnvironment(undefined=StrictUndefined).from_string(text).render(variables)
    except TemplateError as error:
        raise Invalid([Problem("PRV-1223", f"inventory: {text} of host {host} can't be worked out: {error}",
                               hint="give the address, port and user of a host as values, or as templates over its variables")]) from None
