"""types, schema, explain, help: what there is to know without asking any tool."""

import difflib
from pathlib import Path
from typing import Any

import click

from provisioner import codes, spec
from provisioner.catalog import Catalog
from provisioner.cli.door import Door
from provisioner.cli.options import looks, option
from provisioner.cli.topics import TOPICS
from provisioner.console.catalogue import type_json, type_text, types_text
from provisioner.console.look import Cell, Row, table
from provisioner.console.schemas import SCHEMAS
from provisioner.console.shapes import head
from provisioner.errors import Exit, ProvisionError
from provisioner.model import Definition
from provisioner.suggest import suggestion

DOCUMENTS = ("application", "environment")


@click.command("types", short_help="List the types, or everything about one TYPE.")
@click.argument("name", required=False, metavar="[TYPE]")
@option("--project", default=".", type=click.Path(file_okay=False), metavar="DIR", help="The project, whose own types come first.")
@looks()
@click.pass_obj
def types_command(door: Door, /, name: str | None, project: str) -> int:
    """List the types, or everything about one TYPE.

    Parameters, outputs, where it can go, and an example that works.

    \b
      provision types
      provision types postgres
    """
    catalog = Catalog(Path(project).resolve())
    if name:
        found = definitions_named(catalog, name)
        if door.json:
            door.say_json(type_json(found[0]))
        else:
            door.say("\n\n".join(type_text(one, door.look) for one in found))
        return Exit.OK
    every = every_definition(catalog)
    if door.json:
        door.say_json({**head("types"), "types": [type_json(one) for one in every]})
    else:
        door.say(types_text(every, door.look))
    return Exit.OK


def every_definition(catalog: Catalog) -> list[Definition]:
    """Component types, then traits, by name."""
    components = [catalog.component(name) for name in sorted(catalog.component_names())]
    traits = [catalog.trait(name) for name in sorted(catalog.trait_names())]
    return [one for one in [*components, *traits] if one is not None]


def definitions_named(catalog: Catalog, name: str) -> list[Definition]:
    """The component type and the trait of that name. Raises ProvisionError when there is neither."""
    found = [one for one in (catalog.component(name), catalog.trait(name)) if one is not None]
    if not found:
        raise ProvisionError(f'there is no type "{name}"', code="PRV-6404", next="provision types",
                             hint=suggestion(name, [*catalog.component_names(), *catalog.trait_names()]))
    return found


@click.command("schema", short_help="Print a JSON Schema, for editors and scripts.")
@option("--of", "of", type=click.Choice([*DOCUMENTS, *SCHEMAS]), default="application", show_default=True, help="What the schema is of.")
@option("--project", default=".", type=click.Path(file_okay=False), metavar="DIR", help="The project, whose own types come first.")
@click.pass_obj
def schema_command(door: Door, /, of: str, project: str) -> int:
    """Print a JSON Schema, for editors and scripts.

    That of app.yaml has the properties of every known type, for completion and checks while you write.

    \b
      provision schema > app.schema.json
      provision schema --of plan
    """
    door.say_json(SCHEMAS[of] if of in SCHEMAS else document_schema(Path(project), of))
    return Exit.OK


def document_schema(project: Path, of: str) -> Any:
    """The schema of app.yaml, or of an environment."""
    found = spec.schema(Catalog(project.resolve()))
    return found.get(of, found)


@click.command("explain", short_help="Explain an error code or a topic, offline.")
@click.argument("code", required=False, metavar="[CODE|TOPIC]")
@looks()
@click.pass_obj
def explain_command(door: Door, /, code: str | None) -> int:
    """Explain an error code or a topic, offline.

    \b
      provision explain
      provision explain PRV-6001
      provision explain exit-codes
    """
    if code is None:
        _list_codes(door)
    elif code in TOPICS:
        _topic(door, code)
    else:
        _one_code(door, code)
    return Exit.OK


def _list_codes(door: Door) -> None:
    every = codes.every()
    if door.json:
        door.say_json({**head("codes"), "codes": [{"code": code, "title": title} for code, (title, _) in every.items()]})
        return
    rows: list[Row] = [[Cell(code, "bold"), title] for code, (title, _) in every.items()]
    door.say("\n".join([*table(rows, door.look, indent=""), "", f"Topics: {', '.join(TOPICS)}"]))


def _one_code(door: Door, code: str) -> None:
    found = codes.explain(code)
    if found is None:
        near = difflib.get_close_matches(code.upper(), codes.every(), 1) or difflib.get_close_matches(code, TOPICS, 1)
        raise ProvisionError(f'there is no code or topic "{code}"', code="PRV-6402", exit=Exit.USAGE,
                             hint=f'did you mean "{near[0]}"?' if near else "", next="provision explain")
    title, text = found
    digits = code.upper().removeprefix("PRV").lstrip("-")
    if door.json:
        door.say_json({**head("code"), "code": f"PRV-{digits}", "title": title, "text": text})
    else:
        door.say(door.look.paint(f"PRV-{digits}  {door.look.words(title)}", "title") + "\n" + door.look.words(text))


def _topic(door: Door, topic: str) -> None:
    if door.json:
        door.say_json({**head("topic"), "topic": topic, "text": TOPICS[topic]})
    else:
        door.say(door.look.words(TOPICS[topic]))


@click.command("help", short_help="Help on a verb or a topic.")
@click.argument("words", nargs=-1, metavar="[VERB|TOPIC]")
@click.pass_context
def help_command(ctx: click.Context, /, words: tuple[str, ...]) -> int:
    """Help on a verb or a topic.

    \b
      provision help apply
      provision help exit-codes
    """
    door = ctx.find_object(Door) or Door()
    if words and words[0] in TOPICS:
        _topic(door, words[0])
        return Exit.OK
    context = ctx.find_root()
    for word in words:
        group = context.command
        command = group.get_command(context, word) if isinstance(group, click.Group) else None
        if command is None:
            raise ProvisionError(f'there is no command or topic "{word}"', code="PRV-6402", exit=Exit.USAGE, hint=f"topics: {', '.join(TOPICS)}")
        context = click.Context(command, info_name=word, parent=context)
    door.say(context.get_help())
    return Exit.OK
