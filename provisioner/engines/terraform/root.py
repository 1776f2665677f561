"""Units to one Terraform root, as the text of `main.tf.json`. Pure; the same units always give the same text."""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from provisioner.engines.terraform import names
from provisioner.engines.terraform.inputs import Inputs, Scope, literal
from provisioner.engines.terraform.interface import Interface
from provisioner.errors import ProvisionError
from provisioner.model import Json, Unit


@dataclass(frozen=True)
class Block:
    """One unit's module: what it is given, where its source lies (relative to the root's folder), and what it takes and gives."""

    unit: Unit
    source: str
    interface: Interface


@dataclass(frozen=True)
class Settings:
    """What a root has besides its modules."""

    backend: dict[str, Json]
    """{TYPE: {…}}"""
    provider: str = ""
    """Source address, "hashicorp/aws"; empty: no provider of the target."""
    version: str = ""
    config: dict[str, Json] = field(default_factory=dict)
    kept: Mapping[str, dict[str, Json]] = field(default_factory=dict)
    """Provider blocks that only the state still refers to: local name to {"source", "version", "config"}."""


@dataclass(frozen=True)
class Root:
    """A root's text and what we must know of it."""

    text: str
    secrets: dict[str, str]
    """Variable to the secret reference that it stands for."""
    waits: dict[str, tuple[str, ...]]
    """Unit to what it waits for (units, or "secret PATH")."""
    lines: dict[str, tuple[int, int]]
    """Unit to the first and last line of its module block."""
    problems: dict[str, str]
    """Units whose inputs could not be written."""

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()

    def unit_at(self, line: int) -> str:
        """The unit whose module block holds a line of the text, or empty."""
        return next((unit for unit, (first, last) in self.lines.items() if first <= line <= last), "")


def brings_its_own(blocks: Collection[Block], provider: str) -> bool:
    """True when every module of a root configures this provider itself: then the target's has no place in it."""
    return bool(provider and blocks) and all(provider in block.interface.own_providers for block in blocks)


def render(blocks: list[Block], settings: Settings, scope: Scope, forgotten: Iterable[str] = ()) -> Root:
    """Write the root for these blocks; a unit whose references lead nowhere is left out and named in `problems`.

    `forgotten` are modules whose resources leave the state and stay as they are.
    """
    if brings_its_own(blocks, settings.provider):
        settings = replace(settings, provider="")
    modules: dict[str, Json] = {}
    data: dict[str, Json] = {}
    secrets: dict[str, str] = {}
    waits: dict[str, dict[str, str]] = {}
    problems: dict[str, str] = {}
    for block in blocks:
        inputs = Inputs(scope)
        try:
            modules[names.module(block.unit)] = _module(block, settings, inputs, [entry.unit for entry in blocks])
        except ProvisionError as error:
            problems[block.unit.name] = error.message
            continue
        secrets |= inputs.secrets
        waits[block.unit.name] = inputs.waits
        data["ready_" + names.module(block.unit)] = _outputs(block, sealed=False)
        if any(block.interface.outputs.values()):
            data["sealed_" + names.module(block.unit)] = _outputs(block, sealed=True)
    provider = Inputs(scope)
    document = _head(settings, provider)
    secrets |= provider.secrets
    for waited in [*waits.values(), provider.waits]:
        data |= {f"pending_{name}": {"input": "?"} for name in waited}
    if secrets:
        document["variable"] = {name: _variable(name) for name in sorted(secrets)}
    if modules:
        document["module"] = modules
    document |= _taken_and_left([block for block in blocks if block.unit.name not in problems], forgotten)
    if data:
        document["resource"] = {"terraform_data": dict(sorted(data.items()))}
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    return Root(text, secrets, {unit: tuple(dict.fromkeys(found.values())) for unit, found in waits.items() if found},
                _lines(text, {names.module(block.unit): block.unit.name for block in blocks}), problems)


def _taken_and_left(blocks: list[Block], forgotten: Iterable[str]) -> dict[str, Json]:
    """What is there already and becomes a resource of the root, and what stays there and leaves it."""
    imports = [{"to": f"module.{names.module(block.unit)}.{address}", "id": literal(identifier)} for block in blocks
               for address, identifier in block.unit.imports.items()]
    removed = [{"from": f"module.{name}", "lifecycle": {"destroy": False}} for name in forgotten]
    return {key: found for key, found in (("import", imports), ("removed", removed)) if found}


def _head(settings: Settings, inputs: Inputs) -> dict[str, Json]:
    required: dict[str, Json] = {}
    configured: dict[str, Json] = {}
    for name, entry in {**settings.kept, **_target_provider(settings)}.items():
        required[name] = {"source": entry["source"], **({"version": entry["version"]} if entry.get("version") else {})}
        configured[name] = inputs.configuration(entry.get("config") or {})
    document: dict[str, Json] = {"terraform": {"backend": settings.backend}}
    if required:
        document["terraform"]["required_providers"] = required
        document["provider"] = configured
    return document


def _target_provider(settings: Settings) -> dict[str, dict[str, Json]]:
    if not settings.provider:
        return {}
    return {local_name(settings.provider): {"source": settings.provider, "version": settings.version, "config": settings.config}}


def local_name(provider: str) -> str:
    """The local name of a provider: the last part of its source address."""
    return provider.rpartition("/")[2]


def _module(block: Block, settings: Settings, inputs: Inputs, units: list[Unit]) -> dict[str, Json]:
    found: dict[str, Json] = {"source": block.source}
    renamed = {name: local_name(settings.provider) for name, (source, _) in block.interface.providers.items()
               if settings.provider and source == settings.provider and name != local_name(settings.provider)}
    if renamed:
        found["providers"] = renamed
    for name, value in block.unit.inputs.items():
        variable = block.interface.variables.get(name)
        inputs.ephemeral = bool(variable and variable.ephemeral)
        found[name] = inputs.configuration(value)
    inputs.ephemeral = False
    needs = [f"module.{names.module(unit)}" for unit in units if unit.name in block.unit.explicit_needs]
    if needs:
        found["depends_on"] = needs
    return found


def _outputs(block: Block, *, sealed: bool) -> dict[str, Json]:
    """Waits for a whole module and holds its outputs: says that the unit is there (`ready_`), or keeps the sensitive ones (`sealed_`)."""
    name = names.module(block.unit)
    outputs = {output: "${module.%s.%s}" % (name, output) for output, sensitive in block.interface.outputs.items() if sensitive == sealed}
    return {"input": outputs, "depends_on": [f"module.{name}"]}


def _variable(name: str) -> dict[str, Json]:
    return {"type": "string", "sensitive": True, **({"ephemeral": True} if name.endswith("_ephemeral") else {})}


def _lines(text: str, modules: Mapping[str, str]) -> dict[str, tuple[int, int]]:
    """Unit to first and last line; relies on the indentation that `render` writes."""
    found: dict[str, tuple[int, int]] = {}
    inside, name, first = False, "", 0
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith('  "'):
            inside = line == '  "module": {'
        elif inside and line.startswith('    "') and line.endswith("{"):
            name, first = line.strip()[1:].partition('"')[0], number
        elif inside and line.startswith("    }") and name in modules:
            found[modules[name]] = (first, number)
    return found
