"""What a playbook reads beside its own folder, or, in the project's folder, in it: the roles and files that it names. Reads and copies files.

Names in templates are not seen, but for `playbook_dir`; folders that Ansible looks into by itself count as a whole.
"""

import hashlib
import os
import re
import shutil
from collections.abc import Collection, Iterator
from pathlib import Path

import yaml

ROLES = "roles"
LOOKED_INTO = (
    ROLES, "tasks", "handlers", "templates", "files", "vars", "group_vars", "host_vars", "library", "module_utils", "action_plugins",
    "callback_plugins", "connection_plugins", "filter_plugins", "lookup_plugins", "strategy_plugins", "test_plugins", "vars_plugins")
"""Folders beside a playbook that Ansible looks into."""
OF_A_ROLE = ("tasks", "handlers", "meta")
OUTSIDE = "outside"
"""In a copy: the folder of what did not lie beside the playbook."""
VAULT = "$ANSIBLE_VAULT;"
LONGEST = 300
PLAYBOOK_DIR = re.compile(r"\{\{\s*playbook_dir\s*\}\}/")
SHORT_FORM = re.compile(r"=((?:\{\{\s*playbook_dir\s*\}\}/)?\S+)")


def named(playbook: Path, project: Path) -> dict[str, Path]:
    """Words of a playbook, and of files that it names, to the file or role that they name, also one of the project's `roles/`."""
    found: dict[str, Path] = {}
    top, shared = playbook.parent, project / ROLES
    waiting: list[tuple[Path, tuple[Path, ...], tuple[Path, ...]]] = [(playbook, (top,), (top, top / ROLES, shared))]
    while waiting:
        file, files, roles = waiting.pop()
        for word, is_role in _words(file):
            place = None if word in found else _place(word, roles if is_role else files, top, is_role)
            if place is None:
                continue
            found[word] = place
            if is_role:
                # it names the roles beside it; its files are its own
                waiting += [(task, (), (place.parent, shared)) for name in OF_A_ROLE for task in sorted((place / name).glob("*.y*ml"))]
            elif place.suffix in (".yml", ".yaml"):
                waiting.append((place, (place.parent, top), (top, top / ROLES, shared)))
    return found


def parts(playbook: Path, project: Path) -> list[Path]:
    """The files and folders that it is made of: its folder (of the project's folder only what it reads there), and what it names elsewhere."""
    folder = playbook.parent
    own = [playbook, *(folder / name for name in LOOKED_INTO)] if folder == project else [folder]
    places = sorted({*own, *named(playbook, project).values()})
    return [place for place in places if place.exists() and not any(place != other and place.is_relative_to(other) for other in places)]


def copy(playbooks: Collection[Path], project: Path, into: Path, ignore: tuple[str, ...] = ()) -> None:
    """Copy playbooks of one folder with all that they are made of, so that the copy needs nothing of where it comes from. Raises OSError."""
    folder = next(iter(playbooks)).parent
    targets: dict[Path, Path] = {}
    for place in sorted({place for playbook in playbooks for place in parts(playbook, project)}):
        if place.is_relative_to(folder):
            _copied(place, into / place.relative_to(folder), ignore)
            continue
        targets[place] = into / _aside(place, folder, project) / place.name
        _copied(place, targets[place], ignore)
    words = {word: place for playbook in playbooks for word, place in named(playbook, project).items()}
    elsewhere = {word: _target(place, targets).relative_to(into) for word, place in words.items()
                 if "/" in word and not place.is_relative_to(folder)}
    for file in {*playbooks, *(place for place in words.values() if place.is_file() and place.is_relative_to(folder))}:
        _reworded(into / file.relative_to(folder), elsewhere)


def _aside(place: Path, folder: Path, project: Path) -> Path:
    """Where a copy of what does not lie beside the playbook goes. What lies in one folder may name one another, so it stays together."""
    if place.parent == project / ROLES and not (folder / ROLES / place.name).exists():
        # by its name alone Ansible looks there
        return Path(ROLES)
    return Path(OUTSIDE) / hashlib.sha256(str(place.parent).encode()).hexdigest()[:8]


def _target(place: Path, targets: dict[Path, Path]) -> Path:
    """Where the copy of something outside lies: by itself, or in a folder that was copied."""
    top = next(other for other in targets if place.is_relative_to(other))
    return targets[top] / place.relative_to(top)


def _reworded(file: Path, elsewhere: dict[str, Path]) -> None:
    """Name the copies in place of what they were made of."""
    text = before = file.read_text(errors="surrogateescape")
    for word, target in elsewhere.items():
        said = f"{{{{ playbook_dir }}}}/{target.as_posix()}" if PLAYBOOK_DIR.match(word) else target.as_posix()
        text = re.sub(rf"(?<![\w./-]){re.escape(word)}(?![\w/-])", said.replace("\\", r"\\"), text)
    if text != before:
        file.write_text(text, errors="surrogateescape")


def _copied(place: Path, target: Path, ignore: tuple[str, ...]) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if place.is_dir():
        shutil.copytree(place, target, ignore=shutil.ignore_patterns(*ignore), symlinks=True, dirs_exist_ok=True)
    else:
        shutil.copy2(place, target)


def _place(word: str, folders: tuple[Path, ...], top: Path, is_role: bool) -> Path | None:
    """The role or file that a word names, seen from these folders; no file somewhere on this machine, which is meant on a host."""
    path = Path(PLAYBOOK_DIR.sub(f"{top}/", word))
    if path.is_absolute() and word.startswith("/") and not is_role:
        return None
    places = (Path(os.path.normpath(folder / path)) for folder in folders)
    return next((place for place in places if ((place / "tasks").is_dir() if is_role else place.is_file())), None)


def _words(file: Path) -> Iterator[tuple[str, bool]]:
    """The words in a YAML file that may name something, and whether that is a role."""
    try:
        text = file.read_text(encoding="utf-8")
        waiting = [] if text.startswith(VAULT) else [yaml.compose(text, yaml.CSafeLoader)]
    except (OSError, ValueError, yaml.YAMLError):
        return
    seen: set[int] = set()
    roles: set[int] = set()
    while waiting:
        node = waiting.pop()
        if node is None or id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            roles |= {id(role) for key, value in node.value for role in _roles(str(key.value), value)}
            waiting += [one for pair in node.value for one in pair]
        elif isinstance(node, yaml.SequenceNode):
            waiting += node.value
        else:
            yield from ((word, id(node) in roles) for word in (node.value, *SHORT_FORM.findall(node.value)) if _may_name(word))


def _roles(key: str, value: yaml.Node) -> Iterator[yaml.Node]:
    """The nodes that name roles: of a play, of a role's dependencies, of a task."""
    listed = value.value if key in ("roles", "dependencies") and isinstance(value, yaml.SequenceNode) else []
    for one in [*listed, *([value] if key.rpartition(".")[2] in ("include_role", "import_role") else [])]:
        if isinstance(one, yaml.MappingNode):
            yield from (inner for name, inner in one.value if name.value in ("role", "name"))
        else:
            yield one


def _may_name(word: str) -> bool:
    rest = PLAYBOOK_DIR.sub("", word)
    return 1 < len(word) <= LONGEST and "\n" not in word and "\0" not in word and "{{" not in rest and rest.strip("./") != ""
