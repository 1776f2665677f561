"""What a module takes and gives, read from its files: variables, outputs, providers. Runs nothing.

Reading is slow, so the answer is kept beside the kept copy of the module.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from provisioner import hcl
from provisioner.engines.terraform import sources
from provisioner.model import Unit
from provisioner.module_folders import called

FORMAT = 4


@dataclass(frozen=True)
class Variable:
    """One `variable` block; `type` is its text, empty for any."""

    type: str = ""
    required: bool = True
    sensitive: bool = False
    ephemeral: bool = False
    nullable: bool = True


@dataclass(frozen=True)
class Interface:
    """What a module takes and gives. `outputs` says which are sensitive; ephemeral ones are none, they are never kept. `problem`: why it
    could not be read."""

    variables: dict[str, Variable] = field(default_factory=dict)
    outputs: dict[str, bool] = field(default_factory=dict)
    providers: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Local name to (source, version constraint)."""
    required: tuple[tuple[str, str], ...] = ()
    """(source, version constraint) of all providers that it and the local modules that it calls ask for."""
    own_providers: tuple[str, ...] = ()
    """Sources of the providers that it, or a local module that it calls, configures itself; "SOURCE alias" for one with an alias."""
    problem: str = ""


def read(folder: Path, cache: Path | None = None) -> Interface:
    """The interface of a module's folder; `cache` is a file where it is kept."""
    if cache is not None and (kept := _kept(cache)) is not None:
        return kept
    found = parse(folder)
    if cache is not None and not found.problem:
        fresh = cache.with_suffix(".new")
        fresh.write_text(json.dumps({"format": FORMAT, **asdict(found)}))
        fresh.replace(cache)
    return found


def of_unit(unit: Unit, kept: Path) -> tuple[Path, Interface]:
    """The kept copy of a unit's module, made when it is not there yet, and its interface. Raises SourceGone."""
    folder = sources.keep(unit.source, unit.source_digest, kept)
    return folder, read(folder, kept / (folder.relative_to(kept).parts[0] + ".interface.json"))


def parse(folder: Path) -> Interface:
    """Read all `.tf` and `.tf.json` files of a folder; a file that can't be read gives an interface with a problem."""
    variables: dict[str, Variable] = {}
    outputs: dict[str, bool] = {}
    providers: dict[str, tuple[str, str]] = {}
    try:
        contents = list(_contents(folder))
        for content in contents:
            for name, body in _named(content.get("variable")):
                variables[name] = _variable(body)
            for name, body in _named(content.get("output")):
                if body.get("ephemeral") not in (True, "true"):
                    outputs[name] = body.get("sensitive") in (True, "true")
            providers |= _required(content)
        modules = [contents, *(list(_contents(other)) for other in called(folder.resolve())[1:])]
        asked = [entry for module in modules for content in module for entry in _required(content).values()]
        own = [source for module in modules for source in _configured(module)]
    except Exception as error:  # the parser raises whatever it meets
        return Interface(problem=f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else folder}")
    return Interface(variables, outputs, providers, tuple(dict.fromkeys(asked)), tuple(dict.fromkeys(own)))


def resources(folder: Path) -> dict[tuple[str, str], tuple[str, ...]]:
    """Type and name of the resources that a folder's own files declare, with what they ignore themselves (`ignore_changes`).

    None where the files can't be read.
    """
    try:
        return {(kind, name): _ignored(one) for content in _contents(folder) for kind, body in _named(content.get("resource"))
                for name, one in body.items()}
    except Exception:  # the parser raises whatever it meets
        return {}


def _ignored(resource: Any) -> tuple[str, ...]:
    return tuple(str(item) for block in _list(resource) for lifecycle in _list(block.get("lifecycle"))
                 for item in _list(lifecycle.get("ignore_changes")))


def _contents(folder: Path) -> Iterator[dict[str, Any]]:
    for file in sorted(folder.glob("*.tf")):
        yield hcl.as_json(file.read_text())
    for file in sorted(folder.glob("*.tf.json")):
        yield json.loads(file.read_text())


def _variable(body: dict[str, Any]) -> Variable:
    return Variable(" ".join(str(body.get("type", "")).split()), "default" not in body, body.get("sensitive") in (True, "true"),
                    body.get("ephemeral") in (True, "true"), body.get("nullable") not in (False, "false"))


def _required(content: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {name: _requirement(name, value) for block in _list(content.get("terraform")) for required in _list(block.get("required_providers"))
            for name, value in required.items()}


def _configured(module: list[dict[str, Any]]) -> Iterator[str]:
    """Sources of the providers with a block in a module; an empty block only says that the caller's is used."""
    local = {name: source for content in module for name, (source, _) in _required(content).items()}
    for content in module:
        for name, body in _named(content.get("provider")):
            if set(body) - {"alias", "version"}:
                yield local.get(name, f"hashicorp/{name}") + (" alias" if "alias" in body else "")


def _requirement(name: str, value: Any) -> tuple[str, str]:
    if isinstance(value, str):
        return f"hashicorp/{name}", value
    return str(value.get("source", f"hashicorp/{name}")), str(value.get("version", ""))


def _named(blocks: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    for block in _list(blocks):
        for name, body in block.items():
            for one in _list(body):
                yield name, one


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _kept(cache: Path) -> Interface | None:
    try:
        content = json.loads(cache.read_text())
        if content.pop("format") != FORMAT:
            return None
        variables = {name: Variable(**body) for name, body in content.pop("variables").items()}
        providers = {name: (source, version) for name, (source, version) in content.pop("providers").items()}
        required = tuple((source, version) for source, version in content.pop("required"))
        own = tuple(content.pop("own_providers"))
        return Interface(variables=variables, providers=providers, required=required, own_providers=own, **content)
    except (OSError, ValueError, KeyError, TypeError):
        return None
