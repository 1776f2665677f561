"""types and schema: what can be written in app.yaml. Asks no tool."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from provisioner import spec
from provisioner.catalog import Catalog, words
from provisioner.cli.door import Door
from provisioner.console.catalogue import type_json, type_text, types_text
from provisioner.console.errors import problems_text
from provisioner.console.schemas import SCHEMAS
from provisioner.console.shapes import head
from provisioner.errors import Exit, Problem, ProvisionError
from provisioner.model import Definition
from provisioner.suggest import suggestion


def types(door: Door, /, name: str | None, project: str) -> int:
    """List the types, or everything about one TYPE."""
    catalog = Catalog(Path(project).resolve(), fetch=bool(name))
    if name:
        found = definitions_named(catalog, name)
        if door.json:
            door.say_json(type_json(found[0]))
        else:
            door.say("\n\n".join(type_text(one, door.look) for one in found))
        return Exit.OK
    every, problems = every_definition(catalog)
    if door.json:
        door.say_json({**head("types"), "types": [type_json(one) for one in every]})
    else:
        door.say(types_text(every, door.look))
    if problems:
        door.show(problems_text(problems, door.aside))
    return Exit.INVALID if problems else Exit.OK


def every_definition(catalog: Catalog) -> tuple[list[Definition], list[Problem]]:
    """Component types, traits, policies and steps of workflows, each by name; and what is wrong with those that can't be read."""
    found: list[Definition] = []
    problems: list[Problem] = []
    for read, names in _kinds(catalog):
        for name in sorted(names):
            try:
                one = read(name)
            except ProvisionError as error:
                problems += error.problems
                continue
            found += [one] if one else []
    return found, problems


def _kinds(catalog: Catalog) -> tuple[tuple[Callable[[str], Definition | None], list[str]], ...]:
    """What reads a type of each kind, and their names."""
    return ((catalog.component, catalog.component_names()), (catalog.trait, catalog.trait_names()), (words.policy, words.policy_names()),
            (words.step, words.step_names()))


def definitions_named(catalog: Catalog, name: str) -> list[Definition]:
    """The types of that name: of components, traits, policies and steps. Raises ProvisionError when there is none."""
    found = [one for read, _ in _kinds(catalog) if (one := read(name)) is not None]
    if not found:
        raise ProvisionError(f'there is no type "{name}"', code="PRV-6404", next="provision types",
                             hint=suggestion(name, [known for _, names in _kinds(catalog) for known in names]))
    return found


def schema(door: Door, /, of: str, project: str) -> int:
    """Print a JSON Schema, for editors and scripts."""
    door.say_json(SCHEMAS[of] if of in SCHEMAS else document_schema(Path(project), of))
    return Exit.OK


def document_schema(project: Path, of: str) -> Any:
    """The schema of app.yaml, or of an environment."""
    found = spec.schema(Catalog(project.resolve(), fetch=False))
    return found.get(of, found)
