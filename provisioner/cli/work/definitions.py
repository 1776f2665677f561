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
from provisioner.console.errors import problem_json, problems_text
from provisioner.console.look import count
from provisioner.console.shapes import head
from provisioner.errors import Exit, Invalid, Problem, ProvisionError
from provisioner.suggest import suggestion

GENERAL = ("site", "main", "playbook", "play", "deploy", "install")
"""Names of playbooks that say less than the name of their folder."""


def init(door: Door, /, module: Path | None, playbook: Path | None, *, owns: tuple[str, ...], name: str, needs: str, project: Path) -> int:
    """Draft a definition from a Terraform module, a playbook or a role."""
    if (module is None) == (playbook is None):
        raise click.UsageError("name one source: --from-module DIR or --from-playbook FILE")
    source = module or playbook or project
    name = name or name_of(source)
    if module is not None:
        draft, files = draft_module(module, name, project, needs), dict[Path, str]()
    else:
        draft, files = draft_playbook(source, name, project, owns)
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


def vet(door: Door, /, names: tuple[str, ...], project: Path) -> int:
    """Check definitions: schema, module, playbooks, example."""
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
