"""A Terraform root that was just planned, as a plain folder that needs nothing of ours: configuration, modules, lock file, state, a script."""

import json
import os
import re
import shlex
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from provisioner import references
from provisioner.engine import Site
from provisioner.engines.terraform.inputs import variable
from provisioner.engines.terraform.workspace import LOCK, private
from provisioner.model import Json, Unit, project_path
from provisioner.providers import NO_SECRETS
from provisioner.references import as_text

SECRETS = "secrets.auto.tfvars.json"


def eject(key: str, units: Iterable[Unit], site: Site, into: Path, *, with_secrets: bool) -> list[str]:
    """Write the root `key`, as it lies in the site's work folder, to `into`; the names of its variables that hold secrets.

    Raises ProvisionError when a secret that is asked for can't be had, OSError.
    """
    folder = site.work.absolute() / "terraform" / key
    into.mkdir(parents=True, exist_ok=True, mode=0o700)
    document: dict[str, Any] = json.loads((folder / "main.tf.json").read_text())
    ours = project_path(str(site.project)).absolute()
    _modules(document, folder, ours / "sources", into)
    moved = _files(document, ours / "cache" / "artifacts", folder, into)
    _state(document, into, moved)
    private(into / "main.tf.json", moved(json.dumps(document, indent=2)) + "\n")
    if (folder / LOCK).is_file():
        shutil.copyfile(folder / LOCK, into / LOCK)
    private(into / "tf", _script(site.environ, simulated=site.target.simulated))
    names = sorted(document.get("variable", {}))
    if with_secrets and names:
        private(into / SECRETS, json.dumps(_values(units, names, site), indent=2) + "\n")
    return names


def _modules(document: dict[str, Any], folder: Path, sources: Path, into: Path) -> None:
    """The modules in use, each with all that it was kept with."""
    for name, block in document.get("module", {}).items():
        digest, *rest = (folder / block["source"]).resolve().relative_to(sources.resolve()).parts
        shutil.copytree(sources / digest, into.parents[1] / "modules" / into.name / name, dirs_exist_ok=True)
        block["source"] = "/".join(["../../modules", into.name, name, *rest])


def _files(document: dict[str, Any], cache: Path, folder: Path, into: Path) -> Callable[[str], str]:
    """Copy the files that modules were given; what puts their new places into a text of the root."""
    before = os.path.relpath(cache, folder) + "/"
    there = into.parents[1] / "files"
    for name in sorted(set(re.findall(re.escape(before) + r"((?:files/)?[\w.-]+)", json.dumps(document.get("module", {}))))):
        source, copy = cache / name, there / name
        copy.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if source.is_dir():
            shutil.copytree(source, copy, dirs_exist_ok=True)
        else:
            shutil.copyfile(source, copy)
    return lambda text: text.replace(before, os.path.relpath(there, into) + "/")


def _state(document: dict[str, Any], into: Path, moved: Callable[[str], str]) -> None:
    """A copy of a local state, in which files have their new places; a remote one stays where it is."""
    local = document["terraform"]["backend"].get("local")
    if local is not None:
        if (there := Path(local["path"])).is_file():
            private(into / "terraform.tfstate", moved(there.read_text()))
        local["path"] = "terraform.tfstate"


def _values(units: Iterable[Unit], names: list[str], site: Site) -> dict[str, Json]:
    """The values of the variables that stand for secrets."""
    found: dict[str, Json] = {}
    for _, reference in references.find([[unit.inputs, unit.outputs] for unit in units]):
        if reference.head == "secret":
            for ephemeral in (False, True):
                if (name := variable(reference.bare, ephemeral)) in names:
                    found[name] = as_text(site.reveal(reference.bare))
    return found


def _script(given: Mapping[str, str], *, simulated: bool) -> str:
    lines = ["#!/bin/sh", "# sh tf init; sh tf plan: Terraform in this folder, with the settings of its target", 'cd "$(dirname "$0")" || exit 1']
    for name, value in sorted(given.items()):
        if value == "":
            lines.append(f"unset {name}")
        elif (simulated or name in NO_SECRETS) and "${" not in value:
            lines.append(f"export {name}={shlex.quote(value)}")
        else:
            lines.append(f"# needs {name}, which is not written here")
    return "\n".join([*lines, 'exec "${TERRAFORM:-terraform}" "$@"', ""])
