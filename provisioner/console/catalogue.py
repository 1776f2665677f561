"""Types: the list, and one type with its parameters, outputs, implementations and example. Pure."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from provisioner.compose.unfit import ALL
from provisioner.console.look import Cell, Look, Row, table
from provisioner.console.shapes import head
from provisioner.model import ActionSpec, Definition, Implementation, Json

CHANGES = {"replace": "replaces it", "grow-only": "only grows", "upgrade-only": "only upwards"}
"""What changing a parameter (`x-change`) means."""
DEPTH = 4
"""How many levels of a parameter are shown."""


def types_text(definitions: Iterable[Definition], look: Look) -> str:
    """The table of types: what each is, where it can go, where it came from."""
    rows: list[Row] = [["TYPE", "KIND", "CAN GO ON", "FROM", "WHAT IT IS"]]
    rows += [[Cell(one.name, "bold"), one.kind, goes_on(one), one.origin, first_sentence(one.description)] for one in definitions]
    return "\n".join([*table(rows, look, indent="", header=True), "", look.paint("Next: ", "bold") + "provision types TYPE"])


def goes_on(definition: Definition) -> str:
    """`aws, hosts, existing`; of what is no component, where it stands."""
    if definition.kind != "component":
        return ("on " if definition.kind == "trait" else "in ") + (", ".join(definition.applies_to) or "every type")
    return ", ".join(dict.fromkeys(one.needs for one in definition.implementations))


def first_sentence(text: str) -> str:
    """Up to the first full stop."""
    return text.strip().partition(". ")[0].rstrip(".")


def type_text(definition: Definition, look: Look) -> str:
    """Everything about one type."""
    data = " · bears data: destroying it needs --allow-destroy NAME" if definition.data else ""
    lines = [look.line(f"{definition.name} {definition.version}".rstrip(), "title") + look.words(f" · {definition.kind} · {definition.origin}{data}"),
             look.words(definition.description)]
    if definition.unavailable:
        lines += ["", look.paint("Its parameters and outputs are not known: ", "yellow") + look.words(definition.unavailable)]
    lines += [look.words(notice.message) for notice in definition.notices]
    lines += _section("Parameters", parameter_rows(definition.parameters), look)
    lines += _section("Gives (`valueFrom`)" if definition.kind == "step" else "Outputs", output_rows(definition), look)
    lines += _section("Made by", [[Cell(one.needs, "bold"), made_by(one)] for one in definition.implementations], look)
    lines += _section("Actions (provision action NAME VERB)", action_rows(definition), look)
    if definition.example:
        lines += ["", look.paint("Example", "bold"), *("  " + look.words(line) for line in definition.example.rstrip().splitlines())]
    return "\n".join(lines)


def output_rows(definition: Definition) -> list[Row]:
    """NAME, type, whether it is sensitive, description."""
    return [[Cell(name, "bold"), output.type, "sensitive" if output.sensitive else "", output.description]
            for name, output in definition.outputs.items()]


def _section(title: str, rows: list[Row], look: Look) -> list[str]:
    return ["", look.paint(title, "bold"), *table(rows, look)] if rows else []


def parameter_rows(schema: Mapping[str, Json], mark: str = "", depth: int = 1) -> list[Row]:
    """NAME, type, default or required, description; objects and lists of objects with their own fields below."""
    required, rows = set(schema.get("required", ())), list[Row]()
    for name, one in schema.get("properties", {}).items():
        rows.append(_parameter(f"{mark}{name}", one, name in required, depth))
        for inner, way in fields_below(one, name):
            if depth < DEPTH:
                rows += parameter_rows(inner, f"{mark}{way}.", depth + 1)
    return rows


def _parameter(name: str, schema: Mapping[str, Json], required: bool, depth: int) -> Row:
    default = f"default {json.dumps(schema['default'], ensure_ascii=False)}" if "default" in schema else "optional" if depth == 1 else ""
    default = ", ".join(filter(None, ("required" if required else default, when_changed(schema))))
    about = str(schema.get("description", "")) + (" (sensitive)" if schema.get("writeOnly") is True else "")
    shown = Cell(name, "bold") if depth == 1 else "  " * (depth - 1) + name
    return [shown, type_words(schema), Cell(default, "yellow" if required else "dim"), about]


def fields_below(schema: Mapping[str, Any], name: str) -> Iterator[tuple[Mapping[str, Any], str]]:
    """Objects within, each with the way there: of the parameter itself, of its items, of its values, of its alternatives."""
    ways: tuple[tuple[Json, str], ...] = (
        (schema, name), (schema.get("items"), f"{name}[]"), (schema.get("additionalProperties"), f"{name}.NAME"),
        *((one, name) for one in schema.get("anyOf", ())), *((one.get("items"), f"{name}[]") for one in schema.get("anyOf", ())))
    for inner, way in ways:
        if isinstance(inner, dict) and inner.get("properties"):
            yield inner, way


def when_changed(schema: Mapping[str, Json]) -> str:
    """What changing a parameter means (`x-change`), or nothing."""
    return CHANGES.get(str(schema.get("x-change", "")), "")


def type_words(schema: Mapping[str, Json]) -> str:
    """`string`, `one of small, medium`, `list of objects`, `integer 1 to 10`."""
    if "enum" in schema:
        return "one of " + ", ".join('""' if one == "" else str(one) for one in schema["enum"])
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(type_words(one) for one in schema["anyOf"]))
    kind = schema.get("type", "any")
    if isinstance(kind, list):
        return " or ".join(kind)
    if kind == "array":
        inner = schema.get("items", {})
        return "list of objects" if inner.get("type") == "object" else f"list of {type_words(inner)}" if inner else "list"
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"map of {type_words(schema['additionalProperties'])}"
    low, high = schema.get("minimum"), schema.get("maximum")
    limits = f" {low} to {high}" if None not in (low, high) else f" from {low}" if low is not None else f" up to {high}" if high is not None else ""
    return f"{kind}{limits}"


def made_by(one: Implementation) -> str:
    """`Terraform module modules/aws/postgres`, `playbook playbooks/postgres/site.yml`."""
    if one.needs == "existing":
        return "others: the environment gives its outputs; it is checked and never changed"
    what = f"Terraform module {_tail(one.module, 3)}" if one.module else f"playbook {_tail(one.playbook, 3)}"
    what += f"; made anew when changed: {', '.join(one.replaces)}" if one.replaces else ""
    told = [*one.refused.items(),
            *((f"{'all of it' if name == ALL else name} without root", reason) for name, reason in one.rootless.items()),
            *((name if " " in name else f"not every {name}", reason) for name, reason in limits_of(one)),
            *((f"not every component in {name}", str(limit["reason"])) for name, limits in one.others.items() for limit in limits),
            *((f"a secret in {name}", reason) for name, reason in one.open.items())]
    return what + "".join(f"; {name} is refused: {reason}" for name, reason in told)


def limits_of(one: Implementation) -> list[tuple[str, str]]:
    """What not every value of can be had, with the reason; `some values together` where that depends on others."""
    return [("some values together" if name == ALL else name, str(limit["reason"])) for name, limits in one.limits.items() for limit in limits]


def action_rows(definition: Definition) -> list[Row]:
    """VERB, where it can be run, what it does; its parameters (`--set NAME=VALUE`) below. What several implementations share is told once."""
    rows: list[Row] = []
    told: list[tuple[str, str, ActionSpec]] = []
    for one in definition.implementations:
        for verb, action in one.actions.items():
            if (one.needs, verb, action) in told:
                continue
            told.append((one.needs, verb, action))
            rows.append([Cell(verb, "bold"), f"on {one.needs}", "", action.description])
            rows += [["  --set " + str(row[0].text if isinstance(row[0], Cell) else row[0]), *row[1:]] for row in parameter_rows(action.parameters)]
    return rows


def actions_text(component: str, actions: Mapping[str, ActionSpec], look: Look) -> str:
    """The actions of a delivered component, each with its parameters and its command."""
    rows: list[Row] = []
    for verb, one in actions.items():
        rows.append([Cell(verb, "bold"), one.description])
        rows += [["  --set " + name, str(schema.get("description", ""))] for name, schema in one.parameters.get("properties", {}).items()]
    command = f"provision action {component} {next(iter(actions))}"
    return "\n".join([*table(rows, look, indent=""), "", look.paint("Next: ", "bold") + look.command(command)])


def actions_json(actions: Mapping[str, ActionSpec], needs: str) -> list[Json]:
    """The actions of one implementation as data."""
    return [{"name": verb, "needs": needs, "description": one.description, "parameters": one.parameters, "outputs": list(one.outputs)}
            for verb, one in actions.items()]


def _tail(path: str, parts: int) -> str:
    return "/".join(Path(path).parts[-parts:])


def type_json(definition: Definition) -> dict[str, Json]:
    """One type as data."""
    return {
        **head("type"), "name": definition.name, "typeKind": definition.kind, "version": definition.version, "origin": definition.origin,
        "file": definition.file, "description": definition.description, "provides": definition.provides, "data": definition.data,
        "goesOn": list(dict.fromkeys(one.needs for one in definition.implementations)), "appliesTo": list(definition.applies_to),
        "parameters": definition.parameters, "unavailable": definition.unavailable,
        "notices": [notice.message for notice in definition.notices],
        "outputs": {name: {"type": one.type, "sensitive": one.sensitive, "description": one.description} for name, one in definition.outputs.items()},
        "example": definition.example,
        "actions": [action for one in definition.implementations for action in actions_json(one.actions, one.needs)],
    }
