"""What a Terraform module takes and gives: its `variable` and `output` blocks. Reads .tf files; runs no Terraform."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from provisioner import hcl, references
from provisioner.catalog.variables import Variable, json_variable, literal, variable
from provisioner.errors import Problem, Where
from provisioner.hcl import Block
from provisioner.model import Implementation, Json
from provisioner.module_folders import called
from provisioner.spec.judging import Shape
from provisioner.suggest import suggestion

INTERESTING = re.compile(r'^\s*(variable|output)\s+"?[\w-]+"?\s*\{', re.MULTILINE)
WHOLE = re.compile(r"\A\$\{parameters\.([\w-]+)(\s*\|\s*default\([^)]*\))?\}\Z")
NAMES = {"array": "a list", "object": "a map", "scalar": "one value"}
RESOURCES = re.compile(r'^\s*resource\s+"([\w-]+)"', re.MULTILINE)
PROVIDERS = re.compile(r"^\s*required_providers\s*\{", re.MULTILINE)


KEPT = frozenset(("source", "version", "providers", "count", "for_each", "lifecycle", "depends_on", "locals"))
"""What stands beside variables where a module is called."""
HELPERS = ("archive", "external", "http", "local", "null", "random", "template", "terraform", "time", "tls")
"""Providers that are no place where anything is made."""


@dataclass(frozen=True)
class ModuleOutput:
    """An `output` block."""

    description: str = ""
    sensitive: bool = False


@dataclass(frozen=True)
class Module:
    """Variables and outputs by name, in the order of the files."""

    variables: dict[str, Variable] = field(default_factory=dict)
    outputs: dict[str, ModuleOutput] = field(default_factory=dict)


class Unreadable(ValueError):
    """A file of the module is no HCL; says which."""


def read_module(folder: Path) -> Module:
    """The blocks of a module's folder. Raises Unreadable."""
    return module_of(_texts(folder, INTERESTING))


def module_of(files: Iterable[tuple[str, str]]) -> Module:
    """The blocks of files given as (name, text); a name that ends in .json holds Terraform's JSON. Raises Unreadable."""
    variables: dict[str, Variable] = {}
    outputs: dict[str, ModuleOutput] = {}
    for name, text in files:
        try:
            if name.endswith(".json"):
                _add_json(json.loads(text), variables, outputs)
            else:
                _add_blocks(hcl.read(text), variables, outputs)
        except ValueError as error:
            raise Unreadable(f"{name}: {error}") from None
    if kept := sorted(KEPT & variables.keys()):
        raise Unreadable(f'Terraform keeps the name "{kept[0]}" for itself: a variable needs another one')
    return Module(variables, outputs)


def read_providers(folder: Path) -> dict[str, str]:
    """Local names of the providers that a module asks for, and their sources, such as hashicorp/aws. Raises Unreadable."""
    found: dict[str, str] = {}
    for name, text in _texts(folder, PROVIDERS):
        if name.endswith(".json"):
            continue
        try:
            required = [inner for block in hcl.read(text).blocks if block.kind == "terraform" for inner in block.blocks]
        except ValueError as error:
            raise Unreadable(f"{name}: {error}") from None
        for block in required:
            for local, tree in block.attributes.items() if block.kind == "required_providers" else ():
                given = literal(tree)
                found[local] = str(given.get("source", f"hashicorp/{local}")) if isinstance(given, dict) else f"hashicorp/{local}"
    return found


def providers_of(text: str) -> list[str]:
    """Local names of the providers of a module's own resources and data, in their order; empty for what is no HCL."""
    try:
        blocks = hcl.read(text).blocks
    except ValueError:
        return []
    required = [name for block in blocks if block.kind == "terraform" for inner in block.blocks
                if inner.kind == "required_providers" for name in inner.attributes]
    used = [block.labels[0].partition("_")[0] for block in blocks if block.kind in ("resource", "data") and block.labels]
    return [name for name in dict.fromkeys([*required, *used]) if name not in HELPERS]


def _texts(folder: Path, wanted: re.Pattern[str]) -> Iterator[tuple[str, str]]:
    for path in sorted([*folder.glob("*.tf"), *folder.glob("*.tf.json")]):
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            raise Unreadable(f"{path.name}: {str(error).strip().splitlines()[0]}") from None
        if path.suffix == ".json" or wanted.search(text):
            yield path.name, text


def _add_blocks(file: Block, variables: dict[str, Variable], outputs: dict[str, ModuleOutput]) -> None:
    for block in file.blocks:
        if block.kind == "variable" and block.labels:
            variables[block.labels[0]] = variable(block)
        elif block.kind == "output" and block.labels:
            outputs[block.labels[0]] = ModuleOutput(str(literal(block.attributes.get("description")) or ""),
                                                    literal(block.attributes.get("sensitive")) is True)


def _add_json(content: Any, variables: dict[str, Variable], outputs: dict[str, ModuleOutput]) -> None:
    """Blocks are a map by name in JSON, or a list of such maps."""
    for kind in ("variable", "output"):
        given = content.get(kind) if isinstance(content, dict) else None
        for blocks in given if isinstance(given, list) else [given] if isinstance(given, dict) else ():
            for name, body in blocks.items():
                body = body if isinstance(body, dict) else {}
                if kind == "variable":
                    variables[name] = json_variable(name, body)
                else:
                    outputs[name] = ModuleOutput(str(body.get("description", "")), body.get("sensitive") is True)


def resource_types(folder: Path) -> set[str]:
    """Types of the resources that a module makes, those of the modules beside it that it calls included."""
    files = [path for one in called(folder) for path in sorted(one.glob("*.tf"))]
    return {kind for path in files for kind in RESOURCES.findall(path.read_text(encoding="utf-8", errors="replace"))}


def check_module(implementation: Implementation, parameters: Mapping[str, Json], locate: Callable[..., Where]) -> list[Problem]:
    """What the definition's implementation and its module do not agree about; nothing when the module is not there.

    `parameters` are the schemas of the definition's parameters; `locate` gives the place of a path below the implementation.
    """
    folder = Path(implementation.module)
    if not any(path.name.endswith((".tf", ".tf.json")) for path in folder.glob("*")):
        # a copy of it may have been kept; the engine looks, and fails for this component alone
        return []
    try:
        module = read_module(folder)
    except Unreadable as error:
        return [Problem("PRV-1431", f"module {implementation.module} can't be read: {error}", locate("terraform", "module"))]
    name = folder.name
    problems = [Problem("PRV-1432", f'module {name} has no variable "{given}"', locate("variables", given), suggestion(given, module.variables))
                for given in implementation.variables if given not in module.variables]
    besides: list[tuple[tuple[str, ...], str]] = [(("secrets", given), other) for given, other in implementation.secrets.items()]
    besides += [(("attach", "variable"), implementation.attach["variable"])] if implementation.attach else []
    problems += [Problem("PRV-1432", f'module {name} has no variable "{other}"', locate(*path), suggestion(other, module.variables))
                 for path, other in besides if other not in module.variables]
    there = resource_types(folder) if implementation.holds else set()
    problems += [Problem("PRV-1440", f'module {name} makes no resource of type "{held}"', locate("terraform", "holds"), suggestion(held, there))
                 for held in implementation.holds if held not in there]
    problems += [Problem("PRV-1433", f'module {name} needs the variable "{variable}"', locate("variables"), f"set it: variables: {{{variable}: …}}")
                 for variable, found in module.variables.items() if found.required and variable not in implementation.variables]
    problems += _misfits(implementation, parameters, module, locate)
    wanted = [(str(reference), reference.path[0], ("outputs", *path.split("."))) for path, reference in references.find(implementation.outputs)
              if reference.head == "module" and reference.path]
    if implementation.hosts_output:
        wanted.append((f"hostsOutput: {implementation.hosts_output}", implementation.hosts_output, ("hostsOutput",)))
    problems += [Problem("PRV-1434", f'{text}: module {name} has no output "{output}"', locate(*path), suggestion(output, module.outputs))
                 for text, output, path in dict.fromkeys(wanted) if output not in module.outputs]
    return problems


def _misfits(implementation: Implementation, parameters: Mapping[str, Json], module: Module, locate: Callable[..., Where]) -> Iterator[Problem]:
    """Variables that are given one parameter as it is, and could not take what the parameter allows."""
    for given, template in implementation.variables.items():
        whole = WHOLE.match(template) if isinstance(template, str) else None
        schema = parameters.get(whole[1]) if whole else None
        if whole is None or given not in module.variables or not isinstance(schema, dict) or given in implementation.files:
            continue  # of a file the module gets something else than the parameter says
        wanted = module.variables[given].schema
        shape, wanted_shape = _shape(schema), _shape(wanted)
        if shape and wanted_shape and shape != wanted_shape:
            yield Problem("PRV-1436", f'parameter "{whole[1]}" is {NAMES[shape]}, the module\'s variable "{given}" {NAMES[wanted_shape]}',
                          locate("variables", given))
            continue
        for value in dict.fromkeys([*schema.get("enum", ()), *([schema["default"]] if isinstance(schema.get("default"), str | int | float) else [])]):
            if schema.get("type") == wanted.get("type") and not Shape(wanted).accepts(value):
                yield Problem("PRV-1436", f'parameter "{whole[1]}" may be {json.dumps(value)}, the module\'s variable "{given}" refuses that',
                              locate("variables", given))


def _shape(schema: Mapping[str, Any]) -> str:
    """Terraform converts text, numbers and booleans into each other, and nothing else."""
    kind = schema.get("type", "")
    return kind if kind in ("array", "object") else "scalar" if kind in ("string", "number", "integer", "boolean") else ""
