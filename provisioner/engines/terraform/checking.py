"""Each module checked alone, before a root is written: a wrong one must not stop the others of its root. Pure."""

import re

from provisioner.engines.terraform.interface import Interface
from provisioner.model import Json, Unit
from provisioner.planner.constraints import compatible
from provisioner.suggest import suggestion

PRIMITIVES = {"string": (str, int, float, bool), "number": (int, float), "bool": (bool,)}
COLLECTION = re.compile(r"\A(list|set|map)\s*\((.*)\)\Z", re.DOTALL)


def check(unit: Unit, interface: Interface) -> str:
    """What is wrong with a unit's inputs for its module, or nothing."""
    if interface.problem:
        # Terraform reads it again and says it with the line; this reader may be the one that is wrong
        return ""
    unknown = [name for name in unit.inputs if name not in interface.variables]
    if unknown:
        near = suggestion(unknown[0], list(interface.variables))
        return f'its module has no variable "{unknown[0]}"' + (f"; {near}" if near else "")
    missing = [name for name, variable in interface.variables.items() if variable.required and unit.inputs.get(name) is None]
    if missing:
        return f'its module needs a value for the variable "{missing[0]}"'
    for name, value in unit.inputs.items():
        wanted = interface.variables[name].type
        if value is not None and not fits(value, wanted):
            return f'the variable "{name}" is of type {wanted}, and was given {_what(value)}'
    return ""


def fits(value: Json, wanted: str) -> bool:
    """False when a literal can't be converted to a type; references and types that we do not look into always fit."""
    if value is None or not wanted or isinstance(value, str) and "${" in value.replace("$${", ""):
        return True
    if wanted in PRIMITIVES:
        return _primitive(value, wanted)
    if match := COLLECTION.match(wanted):
        if match[1] == "map":
            return isinstance(value, dict) and all(fits(item, match[2].strip()) for item in value.values())
        return isinstance(value, list | tuple) and all(fits(item, match[2].strip()) for item in value)
    if wanted.startswith("object"):
        return isinstance(value, dict)
    if wanted.startswith("tuple"):
        return isinstance(value, list | tuple)
    return True


def _primitive(value: Json, wanted: str) -> bool:
    if wanted == "number" and isinstance(value, str):
        return bool(re.fullmatch(r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*", value))
    if wanted == "bool" and isinstance(value, str):
        return value in ("true", "false", "1", "0")
    if wanted == "number" and isinstance(value, bool):
        return False
    return isinstance(value, PRIMITIVES[wanted])


def _what(value: Json) -> str:
    text = repr(value) if isinstance(value, str | int | float | bool) else "a list" if isinstance(value, list | tuple) else "a map"
    return text if len(text) < 60 else f"{text[:56]}…{text[-1]}"


def conflicts(target: tuple[str, str], interfaces: dict[str, Interface]) -> dict[str, str]:
    """Units whose provider constraints can't be met together with those before them; `target` is its (source, version)."""
    taken: dict[str, list[tuple[str, str]]] = {target[0]: [("the target", target[1])]} if target[0] else {}
    found: dict[str, str] = {}
    for name, interface in interfaces.items():
        problem = ""
        for source, version in interface.required:
            others = taken.get(source, [])
            if not compatible([version, *(other for _, other in others)]):
                holder = next((who for who, other in others if not compatible([version, other])), others[0][0])
                problem = f"its module needs {source} {version}, which does not go with {holder}" + (
                    "; change the target's `version`, or place it on another target" if holder == "the target" else "")
                break
        if problem:
            found[name] = problem
            continue
        for source, version in interface.required:
            taken.setdefault(source, []).append((name, version))
    return found
