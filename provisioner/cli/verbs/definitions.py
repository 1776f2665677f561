"""def: draft a definition from a module or a playbook, and check definitions. Runs no tool."""

import os
import re
from pathlib import Path

import click

from provisioner.catalog import Catalog
from provisioner.catalog.draft import Draft, text_of
from provisioner.catalog.from_module import draft_module
from provisioner.catalog.from_playbook import draft_playbook
from provisioner.cli.door import Door
from provisioner.cli.options import looks, option
from provisioner.console.errors import problem_json, problems_text
from provisioner.console.look import count
from provisioner.console.shapes import head
from provisioner.errors import Exit, Invalid, Problem, ProvisionError
from provisioner.suggest import suggestion

PROJECT = option("--project", default=".", type=click.Path(file_okay=False, path_type=Path), metavar="DIR", help="The project (default: here).")
GENERAL = ("site", "main", "playbook", "play", "deploy", "install")
"""Names of playbooks that say less than the name of their folder."""


@click.group("def", short_help="Definitions of types: init from a module or playbook, vet.")
def def_command() -> None:
    """Definitions of types: init from a module or playbook, vet.

    A definition is one file, components/NAME.yaml beside app.yaml. docs/extending.md makes one in ten minutes.

    \b
      provision def init --from-module modules/mailbox
      provision def vet mailbox
    """


@def_command.command("init", short_help="Draft a definition from a Terraform module, a playbook or a role.")
@click.option("--from-module", "module", type=click.Path(exists=True, file_okay=False, path_type=Path), metavar="DIR", help="A Terraform module.")
@click.option("--from-playbook", "playbook", type=click.Path(exists=True, path_type=Path), metavar="FILE|ROLE",
              help="A playbook, or a role's folder.")
@click.option("--name", default="", metavar="NAME", help="Name of the type (default: that of the folder or file).")
@click.option("--needs", default="", metavar="OFFER", help="What a target must offer (default: the provider that the module requires).")
@PROJECT
@looks()
@click.pass_obj
def init_command(door: Door, /, module: Path | None, playbook: Path | None, name: str, needs: str, project: Path) -> int:
    """Draft a definition from a Terraform module, a playbook or a role.

    Parameters come from `variable` blocks or argument specs, outputs from `output` blocks or set_stats. Writes components/NAME.yaml;
    never overwrites a file.

    \b
      provision def init --from-module modules/mailbox
      provision def init --from-playbook roles/ntp --name clock
    """
    if (module is None) == (playbook is None):
        raise click.UsageError("name one source: --from-module DIR or --from-playbook FILE")
    source = module or playbook or project
    name = name or name_of(source)
    if module is not None:
        draft, files = draft_module(module, name, project, needs), dict[Path, str]()
    else:
        draft, files = draft_playbook(source, name, project)
    made = _write(door, project, draft, files)
    problems = Catalog(project.resolve()).vet([name], [])
    if door.json:
        door.say_json({**head("definition"), "name": name, "files": [str(path) for path in made],
                       "problems": [problem_json(one) for one in problems]})
        return Exit.OK
    look = door.look
    what = f"{count(len(draft.properties), 'parameter')}, {count(len(draft.outputs), 'output')}, needs {draft.needs}"
    door.say(look.words(f"Made {', '.join(map(str, made))}: {what}"))
    if problems:
        door.show(problems_text(problems, door.aside))
    door.say(look.paint("Next: ", "bold") + f"provision def vet {name}")
    return Exit.OK


def name_of(source: Path) -> str:
    """A type's name out of a folder's or a playbook's."""
    place = source.resolve()
    word = place.parent.name if place.is_file() and place.stem in GENERAL else place.stem if place.is_file() else place.name
    return re.sub(r"[^a-z0-9]+", "-", word.lower()).strip("-")[:63].strip("-") or "thing"


def _write(door: Door, project: Path, draft: Draft, files: dict[Path, str]) -> list[Path]:
    """All files or none: the definition, and what goes with it. They are the user's, so with the user's own umask."""
    os.umask(door.umask)
    every = {project / "components" / f"{draft.name}.yaml": text_of(draft), **files}
    there = [path for path in every if path.exists()]
    if there:
        raise ProvisionError(f"{there[0]} is there already", code="PRV-6403", hint="nothing was made; choose another name, or move that file away",
                             next=f"provision def init … --name {draft.name}-2")
    for path, text in every.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as stream:
            stream.write(text)
    return list(every)


@def_command.command("vet", short_help="Check definitions: schema, module, playbooks, example.")
@click.argument("names", nargs=-1, metavar="[NAME|FILE]...")
@PROJECT
@looks()
@click.pass_obj
def vet_command(door: Door, /, names: tuple[str, ...], project: Path) -> int:
    """Check definitions: schema, module, playbooks, example.

    Variables and outputs agree with those of the module, playbooks exist, and the example composes on each kind of target. Without names:
    every definition of the project, and of the library where the project is the library.

    \b
      provision def vet mailbox
      provision def vet components/mailbox.yaml -o json
    """
    files = [Path(name) for name in names if name.endswith((".yaml", ".yml"))]
    folder = _project_of(files[0]) if files else project.resolve()
    catalog = Catalog(folder)
    components, traits = _chosen(catalog, folder, [Path(name).stem if Path(name) in files else name for name in names])
    problems = catalog.vet(components, traits)
    failed = any(problem.severity == "error" for problem in problems)
    checked = len(components) + len(traits)
    if door.json:
        door.say_json({**head("vet"), "valid": not failed, "definitions": sorted([*components, *traits]),
                       "problems": [problem_json(problem) for problem in problems]})
    elif failed:
        raise Invalid(problems)
    else:
        if problems:
            door.show(problems_text(problems, door.aside))
        door.say(door.look.paint("Good: ", "good") + door.look.words(f"{count(checked, 'definition')} with modules, playbooks and examples"))
    return Exit.INVALID if failed else Exit.OK


def _project_of(file: Path) -> Path:
    """The folder above `components/`. Raises Invalid for a file that lies elsewhere."""
    place = file.resolve()
    if not place.is_file():
        raise ProvisionError(f"there is no file {file}", code="PRV-1101", exit=Exit.INVALID, next="provision types")
    above = place.parent.parent if place.parent.name == "traits" else place.parent
    if above.name != "components":
        raise Invalid([Problem("PRV-1437", f"{file} does not lie in a folder components/ or components/traits/: its paths have no beginning",
                               hint="move it beside app.yaml: components/NAME.yaml")])
    return above.parent


def _chosen(catalog: Catalog, folder: Path, names: list[str]) -> tuple[list[str], list[str]]:
    """Component types and traits of these names; all that the folder itself defines without names."""
    known = catalog.component_names(), catalog.trait_names()
    if names:
        for name in names:
            if name not in known[0] and name not in known[1]:
                raise ProvisionError(f'there is no type "{name}"', code="PRV-6404", hint=suggestion(name, [*known[0], *known[1]]),
                                     next="provision types")
        return [name for name in known[0] if name in names], [name for name in known[1] if name in names]
    own = {path.stem for path in (folder / "components").glob("*.y*ml")}, {path.stem for path in (folder / "components" / "traits").glob("*.y*ml")}
    return [name for name in known[0] if name in own[0]], [name for name in known[1] if name in own[1]]
