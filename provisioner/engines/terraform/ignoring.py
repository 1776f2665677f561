"""A module whose resources leave certain attributes alone: a kept copy with `ignore_changes` in an override file, which is Terraform's own way.

The copy is named by the digest of the module and of what is ignored, and never changed.
"""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from provisioner.engines.terraform import interface
from provisioner.model import Json, Once
from provisioner.module_folders import called
from provisioner.providers import MARKS as MARKED

MARKS = tuple(f"{name}." for name in MARKED)
FILE = "provision_override.tf.json"
Attributes = Mapping[str, frozenset[str]]
"""Type of resource to the names of its attributes, as far as they are known from the state."""


def ignoring(kept: Path, folder: Path, once: tuple[Once, ...], attributes: Attributes) -> Path:
    """The module (a kept copy in the folder of such) with the override files, made when it is not there yet."""
    modules = {one: _lifecycles(interface.resources(one), once, attributes) for one in called(kept.resolve())}
    modules = {one: found for one, found in modules.items() if found}
    if not modules:
        return kept
    inside = kept.relative_to(folder)
    top = folder / inside.parts[0]
    said = json.dumps({str(one.relative_to(top.resolve())): found for one, found in modules.items()}, sort_keys=True)
    copy = folder / f"{top.name}-{hashlib.sha256(said.encode()).hexdigest()[:16]}"
    if not copy.is_dir():
        _make(top, copy, {one.relative_to(top.resolve()): found for one, found in modules.items()})
    return copy.joinpath(*inside.parts[1:])


def _lifecycles(resources: Mapping[tuple[str, str], tuple[str, ...]], once: tuple[Once, ...], attributes: Attributes) -> dict[str, dict[str, Json]]:
    """Type to name to what an override file says of it."""
    found: dict[str, dict[str, Json]] = {}
    for (kind, name), own in resources.items():
        meant = [one for one in once if (not one.resources or kind in one.resources) and (not one.places or f"{kind}.{name}" in one.places)]
        paths = [path for one in meant for path in one.paths if _has(kind, path, bool(one.resources or one.places), attributes)]
        # an override takes the place of the module's own list
        if any(not one.paths for one in meant) or (paths and own == ("all",)):
            found.setdefault(kind, {})[name] = {"lifecycle": {"ignore_changes": "all"}}
        elif paths:
            found.setdefault(kind, {})[name] = {"lifecycle": {"ignore_changes": list(dict.fromkeys([*own, *map(_traversal, paths)]))}}
    return found


def _has(kind: str, path: str, named: bool, attributes: Attributes) -> bool:
    """Whether a resource has the attribute; where the state does not tell, those have it that the rule names."""
    return path.partition(".")[0] in attributes[kind] if kind in attributes else named


def _traversal(path: str) -> str:
    """`tags.owner` as Terraform writes it: a key of a map; below an item of a list names are attributes. A tag's name may hold dots."""
    first, *rest = path.split(".", 1 if path.startswith(MARKS) else -1)
    text = first
    for part in rest:
        text += f"[{part}]" if part.isdigit() else f".{part}" if "[" in text and text.endswith("]") and '"' not in text else f'["{part}"]'
    return text


def _make(top: Path, copy: Path, modules: Mapping[Path, dict[str, dict[str, Json]]]) -> None:
    fresh = Path(tempfile.mkdtemp(prefix="new-", dir=top.parent))
    try:
        shutil.copytree(top, fresh, dirs_exist_ok=True)
        for inside, found in modules.items():
            (fresh / inside / FILE).write_text(json.dumps({"resource": found}, indent=2, sort_keys=True) + "\n")
        try:
            fresh.rename(copy)
        except OSError:
            # another command made the same copy in the meantime
            if not copy.is_dir():
                raise
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
