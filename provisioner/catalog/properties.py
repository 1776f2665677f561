"""The properties of a component or trait against its definition: defaults filled in, every problem with its place. Pure."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from provisioner.errors import Invalid, Problem, Where
from provisioner.model import Component, Definition, Json, Trait
from provisioner.spec import yaml
from provisioner.spec.checking import Codes, check
from provisioner.spec.document import Steps
from provisioner.spec.judging import Shape
from provisioner.spec.schema import parameters_of

CODES = Codes("PRV-1403", "PRV-1404", "PRV-1405", "PRV-1406", "property")


class Checker:
    """A definition's parameters, ready to check many components."""

    def __init__(self, definition: Definition) -> None:
        self._shape = Shape(parameters_of(definition))

    def check(self, subject: Component | Trait) -> tuple[dict[str, Json], list[Problem]]:
        """The properties with defaults, and what is wrong with them. A `${…}` stands for a value of any type."""
        def locate(path: Steps, key: bool) -> Where:
            return _place(subject.places, path, key) or subject.where

        label = subject.name if isinstance(subject, Component) else subject.type
        problems = check(self._shape, subject.properties, CODES, locate, label=label, references=True)
        properties: dict[str, Json] = with_defaults(self._shape.schema, older_forms(self._shape.schema, subject.properties))
        return properties, problems


def older_forms(schema: Mapping[str, Any], properties: dict[str, Json]) -> dict[str, Json]:
    """The properties with those of an older form (`port`, which `x-stands-for: ports.0.port`) where the newer one has its place.

    The newer form takes precedence where both are given.
    """
    found = dict(properties)
    for name, below in schema.get("properties", {}).items():
        if "x-stands-for" in below and name in found:
            head, *path = below["x-stands-for"].split(".")
            value: Json = found[name]
            for part in reversed(path):
                value = [value] if part == "0" else {part: value}
            found.setdefault(head, value)
    return found


def values_of_texts(schema: Mapping[str, Json], texts: Mapping[str, str]) -> tuple[dict[str, Json], list[Problem]]:
    """Values for a schema of type object out of texts from a command line, defaults filled in, and what is wrong with them.

    What the schema calls text stays as it was typed; anything else is read as YAML: 5, true, [a, b].
    """
    shape = Shape({"type": "object", "additionalProperties": False, **schema})
    known = schema.get("properties", {})
    try:
        given = {name: text if known.get(name, {}).get("type") == "string" else yaml.parse(text, f"--set {name}").value
                 for name, text in texts.items()}
    except Invalid as error:
        return {}, list(error.problems)
    problems = check(shape, given, replace(CODES, noun="parameter"), lambda path, key: None)
    values: dict[str, Json] = with_defaults(shape.schema, given)
    return values, problems


def with_defaults(schema: Mapping[str, Any], value: Json) -> Json:
    """A copy of the value with the schema's defaults, at every level that is there."""
    if isinstance(value, dict) and isinstance(schema.get("properties"), dict):
        found = dict(value)
        for name, below in schema["properties"].items():
            if name in found:
                if isinstance(found[name], (dict, list)):
                    found[name] = with_defaults(below, found[name])
            elif "default" in below:
                found[name] = below["default"]
        return found
    if isinstance(value, list) and isinstance(schema.get("items"), dict):
        return [with_defaults(schema["items"], item) for item in value]
    return value


def _place(places: Mapping[str, Where], path: Steps, key: bool) -> Where | None:
    """The nearest place that is known, from the property upwards."""
    parts = ["properties", *map(str, path)]
    if key:
        if found := places.get(".".join(parts) + ":"):
            return found
        parts = parts[:-1]
    while parts:
        if found := places.get(".".join(parts)):
            return found
        parts.pop()
    return None
