"""A unit on hosts as plain files: its inventory, its variables and its playbook, to be played without us."""

import json
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from provisioner.engine import Site
from provisioner.engines.ansible.inputs import variables, with_host_secrets
from provisioner.engines.ansible.sources import is_kept
from provisioner.engines.ansible.stage import Stage, prepare, tag_flags
from provisioner.model import Host, Json, Unit
from provisioner.playbook_files import copy

SECRETS = "secrets.json"
PLAYBOOKS = "playbooks"
IGNORED = ("__pycache__", "*.pyc", ".git", ".provision")


@dataclass(frozen=True)
class Ejected:
    """One unit that was written: how it is played from the folder, and which variables of it hold secrets."""

    unit: str
    playbook: str
    inventory: str
    flags: tuple[str, ...]
    hidden: tuple[str, ...]


def eject(unit: Unit, hosts: tuple[Host, ...], site: Site, into: Path, library: Path, *, with_secrets: bool) -> Ejected:
    """Write one delivered unit below `into`. Raises ProvisionError when a secret that is asked for can't be had, OSError."""
    own = into / unit.name
    given = with_host_secrets(variables(unit, site), hosts, site)
    prepare(Stage(site, library, own, unit.source, hosts, given), given, hosts)
    (own / "command").unlink(missing_ok=True)
    kept = json.loads((own / "vars.json").read_text())
    kept.pop("provision_project", None)
    _put(own / "vars.json", json.dumps(kept, indent=2))
    _movable(own / "inventory.json", into)
    _artefacts(unit.inputs, site.project, into)
    hidden = tuple(sorted(given.hidden))
    if with_secrets and hidden:
        _put(own / SECRETS, json.dumps(given.hidden))
    way = site.target.hosts
    listed = site.project / way.inventory if way is not None and way.inventory else None
    return Ejected(unit.name, _playbook(unit, site.project, into, library), _inventory(listed, into), tag_flags(given), hidden)


def _playbook(unit: Unit, project: Path, into: Path, library: Path) -> str:
    """Copy the playbook with all that it is made of; its path in the folder."""
    source = Path(unit.source)
    if source.is_relative_to(library):
        shutil.copytree(library, into / PLAYBOOKS, dirs_exist_ok=True, ignore=shutil.ignore_patterns(*IGNORED))
        return f"{PLAYBOOKS}/{source.relative_to(library).as_posix()}"
    # kept copies have folders of one name
    alone = source.parent.parent.name[:12] if is_kept(unit.source) else source.stem if source.parent.resolve() == project.resolve() else ""
    name = alone or source.parent.name
    copy((source,), project, into / PLAYBOOKS / name, IGNORED)
    return f"{PLAYBOOKS}/{name}/{source.name}"


def _movable(inventory: Path, into: Path) -> None:
    """Pinned host keys come along; Python of this machine is whichever plays."""
    text = inventory.read_text().replace(json.dumps(sys.executable), '"{{ ansible_playbook_python }}"')
    for path in set(re.findall(r"UserKnownHostsFile=\\?[\"']?([^\s\"'\\]+)", text)):
        if Path(path).is_file():
            shutil.copyfile(path, into / Path(path).name)
            text = text.replace(path, "{{ inventory_dir }}/../" + Path(path).name)
    _put(inventory, text)


def _inventory(listed: Path | None, into: Path) -> str:
    """The user's own inventory with its variables; its path in the folder, or nothing."""
    if listed is None or not listed.is_file():
        return ""
    place = into / "inventory"
    place.mkdir(exist_ok=True, mode=0o700)
    shutil.copyfile(listed, place / listed.name)
    for name in ("group_vars", "host_vars"):
        if (listed.parent / name).is_dir():
            shutil.copytree(listed.parent / name, place / name, dirs_exist_ok=True)
    return f"inventory/{listed.name}"


def _artefacts(value: Json, project: Path, into: Path) -> None:
    """Files and folders beside app.yaml that an input names: playbooks look for them where they are started."""
    if isinstance(value, dict | list | tuple):
        for item in value.values() if isinstance(value, dict) else value:
            _artefacts(item, project, into)
    elif isinstance(value, str) and value and "\n" not in value and len(value) < 1024 and not value.startswith(("/", "~", ".")) and "${" not in value:
        there = project / value
        if there.is_dir():
            shutil.copytree(there, into / value, dirs_exist_ok=True, ignore=shutil.ignore_patterns(*IGNORED))
        elif there.is_file():
            (into / value).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            shutil.copyfile(there, into / value)


def _put(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o600)
