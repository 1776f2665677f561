"""A definition's text, drafted from what a module or a playbook says of itself. Pure."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from provisioner.model import Json
from provisioner.spec.judging import Shape

PLAIN = re.compile(r"[A-Za-z][\w ./-]*[\w./-]|[A-Za-z]")
"""Text that YAML takes as it is, also inside { } and [ ]."""
WORDS = frozenset(("true", "false", "null", "yes", "no", "on", "off", "y", "n"))
SAMPLES: tuple[Json, ...] = ("example", "a", "1", 1, True, 10, 100, "10.0.0.0/16", "example.com", "https://example.com", "eu-central-1a", [], {},
                             ["example"], 0)
"""Values that an example may begin with; the first that fits is taken."""


@dataclass(frozen=True)
class Draft:
    """What goes into the file. `tool` is `terraform: …` or `ansible: …` as data; `notes` become comments at its end."""

    name: str
    source: str
    description: str
    needs: str
    tool: Mapping[str, Json]
    properties: Mapping[str, Json] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    variables: Mapping[str, Json] = field(default_factory=dict)
    outputs: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def text_of(draft: Draft) -> str:
    """The YAML of the definition, laid out as the shipped ones are."""
    lines = [
        f"# Drafted by provision def init from {draft.source}: read it, make it yours, then provision def vet {draft.name}",
        "apiVersion: provision/v1", "kind: ComponentDefinition", f"metadata: {{name: {flow(draft.name)}, version: 0.1.0}}",
        "spec:", f"  description: {flow(draft.description)}", "  parameters:",
        *([f"    required: {flow(list(draft.required))}"] if draft.required else []),
        *_below("    properties:", draft.properties), *_below("  outputs:", draft.outputs, 4),
        "  implementations:", f"    - needs: {flow(draft.needs)}", *(f"      {key}: {flow(value)}" for key, value in draft.tool.items()),
    ]
    if draft.variables:
        lines += _below("      variables:", draft.variables)
    if draft.outputs:
        lines += [f"      outputs: {flow({name: f'${{module.{name}}}' for name in draft.outputs})}"]
    lines += ["  example: |", f"    - name: {flow(draft.name)}", f"      type: {flow(draft.name)}"]
    if needed := {name: _secret(name) if _sensitive(draft.properties[name]) else sample(draft.properties[name]) for name in draft.required}:
        lines += [f"      properties: {flow(needed)}"]
    return "\n".join([*lines, *(f"# {note}" for note in draft.notes)]) + "\n"


def _below(head: str, entries: Mapping[str, Any], indent: int = 0) -> Iterable[str]:
    """`head` and a line for each entry, or `head: {}`."""
    space = " " * (indent or len(head) - len(head.lstrip()) + 2)
    return [head, *(f"{space}{flow(name)}: {flow(value)}" for name, value in entries.items())] if entries else [f"{head} {{}}"]


def flow(value: Any) -> str:
    """A value in YAML's flow style, on one line; text in quotes only where it must be."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{flow(str(key))}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(flow(item) for item in value) + "]"
    if isinstance(value, str) and PLAIN.fullmatch(value) and value.lower() not in WORDS:
        return value
    return json.dumps(value, ensure_ascii=False)


def _sensitive(schema: Json) -> bool:
    return isinstance(schema, dict) and schema.get("writeOnly") is True


def _secret(name: str) -> str:
    """What is sensitive is never written into a document."""
    return "${secret.%s}" % name.replace("_", "-")


def sample(schema: Json) -> Json:
    """A value that fits a schema as far as one can be guessed: default, first choice, a map of its required fields, a plain sample."""
    if not isinstance(schema, dict):
        return SAMPLES[0]
    if "default" in schema or "enum" in schema:
        return schema["default"] if "default" in schema else schema["enum"][0]
    if isinstance(schema.get("properties"), dict):
        return {name: sample(below) for name, below in schema["properties"].items() if name in schema.get("required", ())}
    if schema.get("minItems") and isinstance(schema.get("items"), dict):
        return [sample(schema["items"])] * int(schema["minItems"])
    if isinstance(schema.get("minimum"), int | float):
        return schema["minimum"]
    check = Shape(schema)
    return next((value for value in SAMPLES if check.accepts(value)), SAMPLES[0])


def sentence(text: str) -> str:
    """Text in one line."""
    return " ".join(text.split())
