"""A type as a page of Markdown: parameters, outputs, where it can go and what it refuses there, actions, example. Pure."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from provisioner.compose.unfit import ALL
from provisioner.console.catalogue import DEPTH, fields_below, first_sentence, goes_on, limits_of, made_by, type_words, when_changed
from provisioner.model import ActionSpec, Definition, Implementation

KINDS = (("component", "Components", "can go on"), ("trait", "Traits", "attaches to"), ("policy", "Policies", "stands in"),
         ("step", "Steps of the workflow", "stands in"))
SAYS = {"policy": "policy ([docs/policies.md](../policies.md))", "step": "step of the workflow ([docs/workflow.md](../workflow.md))"}
NOTE = "<!-- Made from components/ by scripts/pages.py: edit the definition, then run it. -->"
NOTES = dict.fromkeys(("policy", "step"), "<!-- Made from its schema in provisioner/ by scripts/pages.py: edit that, then run it. -->")


def type_page(definition: Definition) -> str:
    """The page of one type, without a line break at its end."""
    blocks = [f"# {definition.name}", NOTES.get(definition.kind, NOTE), _facts(definition), definition.description.strip(),
              *_section("Parameters", ("parameter", "type", "default", "when changed", "what it is"), _parameters(definition.parameters))]
    if definition.kind in ("component", "step"):
        outputs = [(f"`{name}`", output.type, "sensitive" if output.sensitive else "", output.description)
                   for name, output in definition.outputs.items()]
        blocks += _section("Gives" if definition.kind == "step" else "Outputs", ("output", "type", "", "what it is"), outputs)
        blocks += ["## Where it can go"] if definition.implementations else []
        for one in definition.implementations:
            blocks += _implementation(one)
    blocks += _ignored(definition.ignored)
    blocks += ["## Example", f"```yaml\n{definition.example.rstrip()}\n```"] if definition.example else []
    return "\n\n".join(block for block in blocks if block)


def index_page(definitions: Iterable[Definition]) -> str:
    """The list of all types with a link to each page."""
    listed = list(definitions)
    blocks = ["# Types", NOTE, "`provision types` prints this list, with a project's own types and those of its addons."]
    for kind, title, where in KINDS:
        rows = [(f"[{one.name}]({page_name(one)})", goes_on(one), first_sentence(one.description)) for one in listed if one.kind == kind]
        blocks += _section(title, ("type", where, "what it is"), rows)
    return "\n\n".join(blocks)


def page_name(definition: Definition) -> str:
    """The page's file: a trait or policy may have the name of a component."""
    return f"{definition.name}.md" if definition.kind == "component" else f"{definition.kind}-{definition.name}.md"


def _facts(definition: Definition) -> str:
    words = [SAYS.get(definition.kind) or f"{definition.kind} · version {definition.version or 'unknown'}"]
    words += [f"speaks {definition.provides}"] if definition.provides else []
    words += ["bears data: destroying or replacing it needs `--allow-destroy NAME`"] if definition.data else []
    words += [f"attaches to {', '.join(definition.applies_to) or 'every type'}"] if definition.kind == "trait" else []
    return " · ".join(words)


def _implementation(one: Implementation) -> Iterator[str]:
    """`### aws`, what makes it, what it can't do there, its actions."""
    yield f"### {one.needs}" + (f", when `{one.when}`" if one.when else "")
    what = made_by(replace(one, refused={}, rootless={}, limits={}, others={}, open={}, replaces=()))
    on = f" Tested on {', '.join(one.os)}." if one.os else ""
    partial = " Check mode can't foresee all of it: a plan says *may change*." if one.check == "partial" else ""
    yield f"{what[:1].upper()}{what[1:]}.{on}{partial}"
    if one.replaces:
        yield "Made anew when changed: " + ", ".join(f"`{name}`" for name in one.replaces)
    if one.refused:
        yield "Refused here:\n\n" + "\n".join(f"- `{name}`: {reason}" for name, reason in one.refused.items())
    if one.rootless:
        yield "Refused where a host is used without root:\n\n" + "\n".join(
            f"- {'all of it' if name == ALL else f'`{name}`'}: {reason}" for name, reason in one.rootless.items())
    if one.limits:
        yield "Not every value can be had here:\n\n" + "\n".join(
            f"- {name if ' ' in name else f'`{name}`'}: {reason}" for name, reason in limits_of(one))
    if one.others:
        yield "Not every component can be referred to here:\n\n" + "\n".join(
            f"- `{name}`: {limit['reason']}" for name, limits in one.others.items() for limit in limits)
    if one.open:
        yield "Holds no secret here:\n\n" + "\n".join(f"- `{name}`: {reason}" for name, reason in one.open.items())
    yield from _ignored(one.ignored)
    if one.actions:
        yield "Actions:\n\n" + "\n".join(line for verb, action in one.actions.items() for line in _action(verb, action))


def _ignored(ignored: Mapping[str, str]) -> Iterator[str]:
    if ignored:
        yield "Makes no difference here:\n\n" + "\n".join(f"- `{name}`: {reason}" for name, reason in ignored.items())


def _action(verb: str, action: ActionSpec) -> Iterator[str]:
    yield f"- `provision action NAME {verb}`: {action.description or verb}"
    for name, schema in action.parameters.get("properties", {}).items():
        yield f"  - `--set {name}=…`: {_cell(str(schema.get('description', '')) or type_words(schema))}"


def _section(title: str, heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    lines = [_row(row) for row in rows]
    return [f"## {title}", "\n".join([_row(heads), "|" + "---|" * len(heads), *lines])] if lines else []


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(_cell(cell) for cell in cells) + " |"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _parameters(schema: Mapping[str, Any], before: str = "", depth: int = 1) -> Iterator[tuple[str, ...]]:
    """A row for each parameter, and for each field below it."""
    required = set(schema.get("required", ()))
    for name, one in schema.get("properties", {}).items():
        about = str(one.get("description", "")) + (" Sensitive." if one.get("writeOnly") is True else "")
        yield f"`{before}{name}`", _type(one), _default(one, name in required), when_changed(one), about
        for inner, mark in fields_below(one, name):
            if depth < DEPTH:
                yield from _parameters(inner, f"{before}{mark}.", depth + 1)


def _type(schema: Mapping[str, Any]) -> str:
    pattern = f", `{schema['pattern']}`" if "pattern" in schema else ""
    return type_words(schema) + pattern


def _default(schema: Mapping[str, Any], required: bool) -> str:
    if required:
        return "**required**"
    return f"`{json.dumps(schema['default'], ensure_ascii=False)}`" if "default" in schema else ""
