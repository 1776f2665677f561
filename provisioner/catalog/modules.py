"""What a Terraform module takes and gives: its `variable` and `output` blocks. Reads .tf files; runs no Terraform."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hcl2.api
from lark.exceptions import LarkError

from provisioner import references
from provisioner.errors import Problem, Where
from provisioner.model import Implementation
from provisioner.suggest import suggestion

INTERESTING = re.compile(r'^\s*(variable|output)\s+"?[\w-]+"?\s*\{', re.MULTILINE)


@dataclass(frozen=True)
class Module:
    """Names of variables (True: required) and of outputs."""

    variables: dict[str, bool]
    outputs: frozenset[str]


class Unreadable(ValueError):
    """A file of the module is no HCL; says which."""


def read_module(folder: Path) -> Module:
    """The blocks of a module's folder. Raises Unreadable."""
    variables: dict[str, bool] = {}
    outputs: set[str] = set()
    for path in sorted([*folder.glob("*.tf"), *folder.glob("*.tf.json")]):
        content = _content(path)
        for name, body in _blocks(content.get("variable")):
            variables[name] = "default" not in body
        outputs |= {name for name, _ in _blocks(content.get("output"))}
    return Module(variables, frozenset(outputs))


def _content(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".json":
            found = json.loads(text)
        else:
            found = hcl2.api.loads(text if text.endswith("\n") else text + "\n") if INTERESTING.search(text) else {}
    except (OSError, ValueError, LarkError) as error:
        raise Unreadable(f"{path.name}: {str(error).strip().splitlines()[0]}") from None
    return found if isinstance(found, dict) else {}


def _blocks(value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Named blocks, as HCL gives them (a list of one-keyed maps) and as JSON does (a map)."""
    for entry in value if isinstance(value, list) else [value] if isinstance(value, dict) else []:
        for name, body in entry.items():
            if not name.startswith("__"):
                yield name.strip('"'), body if isinstance(body, dict) else {}


def check_module(implementation: Implementation, locate: Callable[..., Where]) -> list[Problem]:
    """What the definition's implementation and its module do not agree about; nothing when the module is not there.

    `locate` gives the place of a path below the implementation.
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
    problems += [Problem("PRV-1433", f'module {name} needs the variable "{variable}"', locate("variables"), f"set it: variables: {{{variable}: …}}")
                 for variable, required in module.variables.items() if required and variable not in implementation.variables]
    wanted = [(str(reference), reference.path[0], ("outputs", *path.split("."))) for path, reference in references.find(implementation.outputs)
              if reference.head == "module" and reference.path]
    if implementation.hosts_output:
        wanted.append((f"hostsOutput: {implementation.hosts_output}", implementation.hosts_output, ("hostsOutput",)))
    problems += [Problem("PRV-1434", f'{text}: module {name} has no output "{output}"', locate(*path), suggestion(output, module.outputs))
                 for text, output, path in dict.fromkeys(wanted) if output not in module.outputs]
    return problems
