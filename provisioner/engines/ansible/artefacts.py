"""Artefacts are sealed before they are planned: the digest of what a path holds now is an input of the unit from then on.

Packs and counts as our action plugins do, by their own code, so that both mean the same bytes.
"""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import ansible.module_utils  # type: ignore[import-untyped]

from provisioner import references
from provisioner.model import Json, Unit

FETCHED = ("http://", "https://", "s3://")


def sealed(units: Iterable[Unit], project: Path, library: Path) -> tuple[Unit, ...]:
    """The units with the sha256 of each file or folder that they deliver; one that is fetched keeps the digest that app.yaml gives it.

    `library` is the folder that holds our `playbooks/`.
    """
    known: dict[str, str] = {}
    return tuple(_sealed(unit, project, library, known) if unit.artifacts else unit for unit in units)


def _sealed(unit: Unit, project: Path, library: Path, known: dict[str, str]) -> Unit:
    found: dict[str, Json] = {}
    for name, taking in unit.artifacts.items():
        source = unit.inputs.get(name)
        if not isinstance(source, str) or not source or unit.inputs.get(taking) or any(True for _ in references.find(source)):
            continue
        path = references.unescape(source)
        if not path.startswith(FETCHED):
            if path not in known:
                known[path] = _digest(project / Path(path).expanduser(), library)
            if known[path]:
                found[taking] = known[path]
    return replace(unit, inputs={**unit.inputs, **found}) if found else unit


def reach(library: Path) -> None:
    """From now on the code of our modules can be imported: it lies where Ansible finds it."""
    shared = str(library / "playbooks" / "module_utils")
    if shared not in ansible.module_utils.__path__:
        ansible.module_utils.__path__.append(shared)


def _digest(path: Path, library: Path) -> str:
    reach(library)
    from ansible.module_utils.provision.controller import artefacts  # type: ignore[import-untyped]

    digest: str = artefacts.digest_of(str(path))
    return digest
