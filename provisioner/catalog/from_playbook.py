"""A playbook or role as the draft of a type: argument specs are the parameters, `set_stats` the outputs. Reads files, runs nothing."""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from provisioner.catalog.draft import Draft, sentence
from provisioner.errors import Exit, ProvisionError, Where
from provisioner.model import Json
from provisioner.spec.judging import Shape

KINDS: Mapping[str, dict[str, Json]] = {
    "str": {"type": "string"}, "path": {"type": "string"}, "bytes": {"type": "string"}, "bits": {"type": "string"}, "int": {"type": "integer"},
    "float": {"type": "number"}, "bool": {"type": "boolean"}, "list": {"type": "array"}, "dict": {"type": "object"},
}
BLIND = frozenset(("command", "shell", "raw", "script", "expect"))
"""Modules that check mode can't foresee."""
OWNED = "playbooks/owned/remove.yml"
"""The library's removal of paths and units, for a playbook that has none."""
BLOCKS = ("block", "rescue", "always")
REMOVALS = ("remove.yml", "removal.yml", "uninstall.yml", "destroy.yml", "absent.yml")


@dataclass
class Findings:
    """What was met in the tasks of a playbook and its roles."""

    options: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    defaults: dict[str, Json] = field(default_factory=dict)
    outputs: list[str] = field(default_factory=list)
    description: str = ""
    blind: bool = False


class _Loader(yaml.SafeLoader):
    """YAML of Ansible: what its tags (`!vault`, `!unsafe`) hold is not needed."""


VAULT = "$ANSIBLE_VAULT;"


_Loader.add_multi_constructor("!", lambda loader, suffix, node: None)


def draft_playbook(path: Path, name: str, project: Path, owns: tuple[str, ...] = ()) -> tuple[Draft, dict[Path, str]]:
    """The draft, and thin playbooks to write where a role was given. Raises ProvisionError where it is neither playbook nor role."""
    found = Findings()
    written: dict[Path, str] = {}
    if (path / "tasks").is_dir():
        _role(path, found)
        playbook = project / "playbooks" / name / "site.yml"
        written[playbook] = _thin(path, playbook.parent, f"Deliver {name}")
        remove = next((path / "tasks" / end for end in REMOVALS if (path / "tasks" / end).is_file()), None)
        if remove is not None:
            written[playbook.with_name("remove.yml")] = _thin(path, playbook.parent, f"Remove {name}", remove.stem)
            remove = playbook.with_name("remove.yml")
    else:
        playbook = path
        _playbook(path, found)
        remove = next((path.with_name(end) for end in REMOVALS if path.with_name(end).is_file() and end != path.name), None)
    removal = {"remove": os.path.relpath(remove, project)} if remove else {"remove": OWNED} if owns else {}
    return _draft(name, path, project, found, {"playbook": os.path.relpath(playbook, project), **removal}, owns), written


def _draft(name: str, path: Path, project: Path, found: Findings, playbooks: Mapping[str, str], owns: tuple[str, ...]) -> Draft:
    properties = {option: _schema(spec, found.defaults.get(option)) for option, spec in found.options.items()}
    required = tuple(option for option, spec in found.options.items() if spec.get("required") is True and "default" not in properties[option])
    tool: dict[str, Json] = dict(playbooks)
    notes = ["What set_stats gives in the playbook is an output: ${module.NAME}."]
    if "remove" not in playbooks:
        notes.append("remove: PLAYBOOK beside `playbook` takes away what it made; without it, that stays on its hosts.")
    if found.blind:
        tool["check"] = "partial"
        notes.append("check: partial, because it has commands that check mode can't foresee: a plan says `may change` instead of promising.")
    return Draft(
        name=name, source=(source := os.path.relpath(path, project)), description=found.description or f"The playbook {source}", needs="hosts",
        tool={"ansible": tool}, properties=properties, required=required,
        variables=_owned(playbooks, owns) | {option: f"${{parameters.{option}}}" if option in required or "default" in properties[option]
                   else f"${{parameters.{option}|default(null)}}" for option in found.options},
        outputs={output: {"description": f"What the playbook gives as {output}"} for output in dict.fromkeys(found.outputs)}, notes=tuple(notes))


def _thin(role: Path, folder: Path, title: str, tasks: str = "") -> str:
    return thin_playbook(f"{{{{ playbook_dir }}}}/{os.path.relpath(role, folder)}", title, tasks)


def thin_playbook(role: str, title: str, tasks: str = "", note: str = "") -> str:
    """A playbook that does nothing but apply the role at a path; `tasks` names another file of its tasks."""
    entry = f"        tasks_from: {tasks}\n" if tasks else ""
    return (f"{f'# {note}{chr(10)}' if note else ''}- name: {title}\n  hosts: all\n  gather_facts: true\n  tasks:\n"
            f"    - name: Apply {os.path.basename(role)}\n      ansible.builtin.include_role:\n        name: \"{role}\"\n{entry}")


# ------------------------------------------------------------------ reading
def _yaml(path: Path) -> Any:
    """What a file holds; nothing that could be known of one that is encrypted as a whole."""
    try:
        text = path.read_text(encoding="utf-8")
        return None if text.startswith(VAULT) else yaml.load(text, _Loader)
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ProvisionError(f"{path} can't be read: {str(error).splitlines()[0]}", code="PRV-1442", where=Where(str(path)),
                             exit=Exit.INVALID) from None


def _playbook(path: Path, found: Findings) -> None:
    if path.is_dir():
        raise ProvisionError(f"{path} is a folder, and no role: it has no tasks/main.yml", code="PRV-1442", where=Where(str(path)), exit=Exit.INVALID,
                             hint="name a playbook in it, or a role")
    plays = _yaml(path)
    if plays is None:
        raise ProvisionError(f"{path} is empty, or encrypted by ansible-vault as a whole", code="PRV-1442", where=Where(str(path)), exit=Exit.INVALID,
                             hint="encrypt its values or files of variables only, and it can be read")
    if not isinstance(plays, list) or not all(isinstance(play, dict) for play in plays) or not any("hosts" in play for play in plays):
        raise ProvisionError(f"{path} is no playbook and no role", code="PRV-1442", where=Where(str(path)), exit=Exit.INVALID,
                             hint="a playbook is a list of plays with `hosts`; a role is a folder with tasks/main.yml")
    found.description = next((str(play["name"]) for play in plays if play.get("name")), "")
    for play in plays:
        for role in play.get("roles", ()):
            named = role.get("role", role.get("name", "")) if isinstance(role, dict) else role
            _role_beside(path.parent, str(named), found)
        for section in ("pre_tasks", "tasks", "post_tasks"):
            _tasks(play.get(section), path.parent, found)


def _role_beside(folder: Path, name: str, found: Findings) -> None:
    place = folder / "roles" / name
    if "{{" not in name and place.is_dir():
        _role(place, found)


def _role(folder: Path, found: Findings) -> None:
    """Argument specs of the role's main entry, its defaults, its tasks."""
    files = (folder / "meta" / end for end in ("argument_specs.yml", "argument_specs.yaml", "main.yml", "main.yaml"))
    read = (_yaml(file) for file in files if file.is_file())
    specs: dict[str, Any] = next((one["argument_specs"] for one in read if isinstance(one, dict) and one.get("argument_specs")), {})
    main = specs.get("main") or {}
    found.options |= {name: spec or {} for name, spec in (main.get("options") or {}).items()}
    found.description = found.description or sentence(str(main.get("short_description", "")))
    for end in ("main.yml", "main.yaml"):
        if (folder / "defaults" / end).is_file():
            given = _yaml(folder / "defaults" / end)
            found.defaults |= {name: value for name, value in given.items() if "{{" not in str(value)} if isinstance(given, dict) else {}
        if (folder / "tasks" / end).is_file():
            _tasks(_yaml(folder / "tasks" / end), folder / "tasks", found)


def _tasks(tasks: Any, folder: Path, found: Findings) -> None:
    for task in tasks if isinstance(tasks, list) else ():
        if not isinstance(task, dict):
            continue
        for block in BLOCKS:
            _tasks(task.get(block), folder, found)
        for module, given in task.items():
            short = str(module).removeprefix("ansible.builtin.").removeprefix("ansible.legacy.")
            found.blind = found.blind or short in BLIND
            if short in MEETS and isinstance(given, dict | str):
                MEETS[short](given if isinstance(given, dict) else {"name": given, "file": given}, folder, found)


def _stats(given: Mapping[str, Any], folder: Path, found: Findings) -> None:
    data = given.get("data")
    found.outputs += [str(name) for name in data] if isinstance(data, dict) else []


def _validated(given: Mapping[str, Any], folder: Path, found: Findings) -> None:
    spec = given.get("argument_spec")
    found.options |= {str(name): one or {} for name, one in spec.items()} if isinstance(spec, dict) else {}


def _included_role(given: Mapping[str, Any], folder: Path, found: Findings) -> None:
    _role_beside(folder, str(given.get("name", "")), found)


def _included_tasks(given: Mapping[str, Any], folder: Path, found: Findings) -> None:
    place = folder / str(given.get("file", ""))
    if "{{" not in str(place) and place.is_file():
        _tasks(_yaml(place), folder, found)


MEETS: Mapping[str, Callable[[Mapping[str, Any], Path, Findings], None]] = {
    "set_stats": _stats, "validate_argument_spec": _validated, "include_role": _included_role, "import_role": _included_role,
    "include_tasks": _included_tasks, "import_tasks": _included_tasks,
}


# ------------------------------------------------------------------ argument specs
def _owned(playbooks: Mapping[str, str], owns: tuple[str, ...]) -> dict[str, Json]:
    """The variables of the library's removal: units are stopped, paths go."""
    if playbooks.get("remove") != OWNED:
        return {}
    units = [name for name in owns if "/" not in name]
    return {"owned_paths": [name for name in owns if "/" in name], **({"owned_units": units} if units else {})}


def _schema(spec: Mapping[str, Any], default: Json = None) -> dict[str, Json]:
    """One option of an argument spec as JSON Schema; `default` is the role's own, where the spec says none."""
    found: dict[str, Json] = dict(KINDS.get(str(spec.get("type", "str")), {}))
    if choices := spec.get("choices"):
        found["enum"] = list(choices)
    inner = spec.get("options")
    if found.get("type") == "array":
        found |= {"items": _map(inner)} if inner else {"items": dict(KINDS.get(str(spec["elements"]), {}))} if spec.get("elements") else {}
    elif found.get("type") == "object" and inner:
        found |= _map(inner)
    given = spec.get("default", default)
    if given is not None and _plain(given) and Shape(found).accepts(given):
        found["default"] = given
    if spec.get("no_log") is True:
        found["writeOnly"] = True
    found["description"] = sentence(" ".join(_lines(spec.get("description")))) or "A variable of the playbook"
    return found


def _map(options: Mapping[str, Any]) -> dict[str, Json]:
    required = [name for name, one in options.items() if (one or {}).get("required") is True]
    return {"type": "object", "properties": {name: _schema(one or {}) for name, one in options.items()},
            **({"required": required} if required else {}), "additionalProperties": False}


def _plain(value: Any) -> bool:
    """JSON, and no template."""
    return isinstance(value, str | int | float | bool | list | dict) and "{{" not in str(value)


def _lines(text: Any) -> Iterator[str]:
    for line in text if isinstance(text, list) else [text or ""]:
        yield str(line)
