"""What Ansible reads beside a unit's playbook and variables: the inventory with its variables, ansible.cfg, roles. Reads files only.

A saved plan is tied to it: a task that check mode leaves out may do something else when such a file was edited.
"""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from provisioner.engine import Site
from provisioner.engines.ansible.settings import configured

INVENTORY = "inventory of "
SETTINGS = "ansible.cfg"
ROLES = "roles and collections of the project"
BESIDE = ("group_vars", "host_vars")
SHARED = ("roles", "collections")


def seals(site: Site, environ: Mapping[str, str]) -> dict[str, str]:
    """In words, to a digest; what there is not is left out."""
    found = {}
    way = site.target.hosts
    if way is not None and way.inventory:
        listed = site.project / way.inventory
        found[f"{INVENTORY}{site.target.name}"] = _digest([listed, *(listed.parent / name for name in BESIDE)])
    settings = configured(site.project, environ)
    if settings.path:
        found[SETTINGS] = _digest([Path(settings.path)])
    if any((site.project / name).is_dir() for name in SHARED):
        found[ROLES] = _digest(site.project / name for name in SHARED)
    return found


def _digest(paths: Iterable[Path]) -> str:
    """Of files and folders; one that is not there counts as that."""
    total = hashlib.sha256()
    for path in paths:
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        for file in files:
            if file.is_file() and "__pycache__" not in file.parts and ".git" not in file.parts:
                total.update(f"{file.relative_to(path.parent)}\0{hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()
