"""`provision.lock`: which commit and which content of somebody else's work a project uses. Belongs under version control.

One file for all that comes from elsewhere: addons (docs/decisions/0005-addons.md) and modules that definitions name by a git URL.
"""

import json
import os
import re
import tempfile
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from provisioner.errors import Exit, ProvisionError, Where
from provisioner.model import Json

NAME = "provision.lock"
VERSION = 1
LABEL = re.compile(r"\A[a-z0-9]([-a-z0-9]*[a-z0-9])?\Z")


@dataclass(frozen=True)
class AddonPin:
    """`source` is a folder or a git URL, `path` a folder within it; `digest` is that of the copy under the project."""

    source: str
    version: str
    digest: str
    path: str = ""
    ref: str = ""
    """The branch or tag that was asked for; empty: the default branch."""
    commit: str = ""
    """Empty for a folder."""


@dataclass(frozen=True)
class ModulePin:
    """A remote module: the commit that its ref, or its default branch, was at first use."""

    commit: str


@dataclass(frozen=True)
class Lock:
    """Addons by name; modules by URL, with `?ref=REF` after it where the definition names one."""

    addons: dict[str, AddonPin] = field(default_factory=dict)
    modules: dict[str, ModulePin] = field(default_factory=dict)

    def with_addon(self, name: str, pin: AddonPin) -> "Lock":
        """A copy with this addon."""
        return replace(self, addons=dict(sorted({**self.addons, name: pin}.items())))

    def without_addon(self, name: str) -> "Lock":
        """A copy without this addon."""
        return replace(self, addons={other: pin for other, pin in self.addons.items() if other != name})

    def with_module(self, source: str, pin: ModulePin) -> "Lock":
        """A copy with this module."""
        return replace(self, modules=dict(sorted({**self.modules, source: pin}.items())))


def read(project: Path) -> Lock:
    """The project's lock; an empty one where there is no file. Raises ProvisionError when the file is damaged."""
    path = project / NAME
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Lock()
    except (OSError, ValueError) as error:
        raise _damaged(path, str(error)) from None
    if not isinstance(content, dict) or content.get("version") != VERSION:
        raise _damaged(path, f"its version is not {VERSION}")
    try:
        return Lock({name: AddonPin(**pin) for name, pin in _section(content, "addons").items() if _is_label(name)},
                    {source: ModulePin(**pin) for source, pin in _section(content, "modules").items()})
    except (TypeError, AttributeError) as error:
        raise _damaged(path, str(error)) from None


def write(project: Path, lock: Lock) -> None:
    """Write the lock at once; without any entry there is no file."""
    path = project / NAME
    if lock == Lock():
        path.unlink(missing_ok=True)
        return
    content: Json = {"version": VERSION, **{name: {key: _short(pin) for key, pin in entries.items()}
                                            for name, entries in (("addons", lock.addons), ("modules", lock.modules)) if entries}}
    descriptor, draft = tempfile.mkstemp(dir=project, prefix=f".{NAME}.")
    with open(descriptor, "w", encoding="utf-8") as stream:
        stream.write(json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    os.chmod(draft, 0o644)
    os.replace(draft, path)


def _is_label(name: str) -> bool:
    """A name becomes a folder's. Raises TypeError for one that could lead elsewhere."""
    if not LABEL.match(name):
        raise TypeError(f'"{name}" is no name of an addon')
    return True


def _section(content: dict[str, Any], name: str) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = content.get(name, {})
    return found


def _short(pin: AddonPin | ModulePin) -> dict[str, str]:
    return {key: value for key, value in asdict(pin).items() if value}


def _damaged(path: Path, why: str) -> ProvisionError:
    return ProvisionError(f"{path} can't be read: {why}", code="PRV-1601", where=Where(str(path)), exit=Exit.INVALID,
                          hint="take it from version control again: it says what was checked")
