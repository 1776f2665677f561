"""An environment that extends another one: `extends: NAME` in environments/NAME.yaml. Pure but for finding the files."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from provisioner.errors import Problem
from provisioner.model import Environment, Target
from provisioner.spec.document import Document
from provisioner.suggest import suggestion


def base_file(document: Document, path: Path, chain: tuple[str, ...], problems: list[Problem]) -> Path | None:
    """The file of the environment that a document extends; None where it extends none, or a problem says why it can't.

    `chain` are the names from the environment that was asked for to this one.
    """
    spec = document.value.get("spec")
    name = spec.get("extends") if isinstance(spec, dict) else None
    if not isinstance(name, str):
        return None
    where = document.value_at(("spec", "extends"))
    if name in chain:
        circle = " → ".join([*chain[chain.index(name):], name])
        problems.append(Problem("PRV-1228", f"environments extend each other in a circle: {circle}", where, "take one `extends` out"))
        return None
    known = {file.stem: file for file in sorted(path.parent.glob("*.y*ml")) if file.suffix in (".yaml", ".yml")}
    if name not in known:
        problems.append(Problem("PRV-1229", f'extends: there is no environment "{name}" beside {path.name}', where,
                                suggestion(name, known.keys() - {path.stem})))
        return None
    return known[name]


def extended(base: Environment, own: Environment) -> Environment:
    """The environment with all that it does not say itself from its base.

    Maps are merged key by key; a target takes the place of the base's of its name; own place rules come before the base's, and own
    overrides after them; policies and rules are those of the base and its own.
    """
    return replace(
        own, targets=_targets(base.targets, own.targets), place=(*own.place, *base.place), override=(*base.override, *own.override),
        policies=(*base.policies, *own.policies), rules=(*base.rules, *own.rules), vars=_over(base.vars, own.vars),
        secrets=_over(base.secrets, own.secrets), aliases={**base.aliases, **own.aliases}, stacks={**base.stacks, **own.stacks},
        drift=_over(base.drift, own.drift), yes_within=own.yes_within or base.yes_within)


def _targets(base: tuple[Target, ...], own: tuple[Target, ...]) -> tuple[Target, ...]:
    return tuple({**{target.name: target for target in base}, **{target.name: target for target in own}}.values())


def _over(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(base)
    for key, value in own.items():
        found[key] = _over(found[key], value) if isinstance(value, dict) and isinstance(found.get(key), dict) else value
    return found
