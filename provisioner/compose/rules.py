"""What a definition says of changing its parameters (`x-change`, `replaces`), by the inputs of an implementation that take them. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from provisioner import references
from provisioner.compose.shape import place_of
from provisioner.model import ChangeRule, Component, Definition, Implementation, Json, Rule

Path = tuple[str, ...]


@dataclass(frozen=True)
class Ruled:
    """One parameter with a rule, and the input that takes it as it is."""

    parameter: str
    """Dotted path, as that of the input."""
    input: str
    rule: Rule


def ruled(definition: Definition, implementation: Implementation) -> tuple[Ruled, ...]:
    """Every parameter with a rule that goes into an input whole; what is only a part of some text can't be compared later."""
    rules = {path: schema["x-change"] for path, schema in with_rule(definition.parameters)}
    rules |= {tuple(name.split(".")): "replace" for name in implementation.replaces}
    if not rules:
        return ()
    taken = list(_taken(implementation.variables))
    return tuple(Ruled(".".join(parameter), ".".join((*path, *parameter[len(whole):])), rule)
                 for parameter, rule in rules.items() for path, whole in taken if parameter[:len(whole)] == whole)


def rules_of(component: Component, found: tuple[Ruled, ...]) -> tuple[ChangeRule, ...]:
    """The rules of one component, each with the place where its parameter was written."""
    return tuple(ChangeRule(one.input, one.parameter, one.rule, place_of(component, "properties." + one.parameter)) for one in found)


def with_rule(schema: Mapping[str, Any], above: Path = ()) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Every parameter with a rule, fields of objects too: its path and its schema."""
    for name, one in schema.get("properties", {}).items():
        if isinstance(one, dict):
            if "x-change" in one:
                yield (*above, name), one
            yield from with_rule(one, (*above, name))


def _taken(value: Json, above: Path = ()) -> Iterator[tuple[Path, Path]]:
    """Paths of inputs that are one parameter and nothing else, with the path of that parameter."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _taken(item, (*above, name))
    elif isinstance(value, str) and "${parameters." in value:
        parts = references.parts(value)
        if len(parts) == 1 and isinstance(parts[0], references.Reference) and not parts[0].encoded:
            yield above, parts[0].path
