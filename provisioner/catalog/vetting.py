"""Every definition, looked through before it ships: its file, its modules and playbooks, whether each parameter counts, and its example."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from provisioner import references
from provisioner.catalog import examples
from provisioner.catalog.examples import Definitions
from provisioner.catalog.foreign import BESIDE
from provisioner.catalog.named import is_named
from provisioner.errors import Problem, ProvisionError, Where
from provisioner.model import Definition, Implementation, Json

CHOOSING = {"hosts": ("replicas", "count")}
"""By what an implementation needs: parameters that decide where it goes, so that no template has to name them."""
CONTAINERS = ("containers", "containerName")
"""What of a trait says which container it is for."""
PLACEMENT = "placement"
"""The trait that is known to the code."""


def vet(catalog: Definitions, components: Iterable[str] | None = None, traits: Iterable[str] | None = None) -> list[Problem]:
    """All problems of the named definitions; of all without names."""
    problems: list[Problem] = []
    everything = components is None and traits is None
    chosen = list(_read(catalog.component, catalog.component_names() if everything else components or (), problems))
    named_traits = catalog.trait_names() if everything else traits or ()
    of_traits = list(_read(catalog.trait, named_traits, problems))
    for definition in [*chosen, *of_traits]:
        where = Where(definition.file)
        if not definition.description:
            problems.append(Problem("PRV-1420", f'"{definition.name}" has no description', where))
        problems += [*_described(definition, where), *_sources(definition), *_unused(definition, where)]
    if not problems:
        every = {definition.name: definition for definition in [*_read(catalog.component, catalog.component_names(), []), *chosen]}
        problems += examples.of_components(catalog, chosen, every)
        problems += examples.of_traits(catalog, of_traits, every)
    return problems


def _read(read: Callable[[str], Definition | None], names: Iterable[str], problems: list[Problem]) -> Iterator[Definition]:
    for name in names:
        try:
            definition = read(name)
        except ProvisionError as error:
            problems += error.problems
        else:
            if definition:
                yield definition


def _described(definition: Definition, where: Where) -> Iterator[Problem]:
    for name, schema in definition.parameters.get("properties", {}).items():
        if not schema.get("description"):
            yield Problem("PRV-1420", f'"{definition.name}": parameter "{name}" has no description', where)
    for verb, action in ((verb, action) for entry in definition.implementations for verb, action in entry.actions.items()):
        lacking = [f'action "{verb}"'] if not action.description else []
        lacking += [f'parameter "{name}" of action "{verb}"' for name, schema in action.parameters.get("properties", {}).items()
                    if not schema.get("description")]
        for what in lacking:
            yield Problem("PRV-1420", f'"{definition.name}": {what} has no description', where)


def _sources(definition: Definition) -> Iterator[Problem]:
    where = Where(definition.file)
    for entry in () if is_named(definition) else definition.implementations:
        if entry.module and not Path(entry.module).is_dir():
            yield Problem("PRV-1430", f"no module {entry.module}", where)
        for playbook in filter(None, (entry.playbook, entry.remove, *(action.playbook for action in entry.actions.values()))):
            if not Path(playbook).is_file():
                yield Problem("PRV-1430", f"no playbook {playbook}", where)


def _unused(definition: Definition, where: Where) -> Iterator[Problem]:
    """Parameters that an implementation would accept in silence: neither used, nor refused or ignored with a reason."""
    parameters = definition.parameters.get("properties", {})
    short = {name for name, schema in parameters.items() if isinstance(schema, dict) and "x-stands-for" in schema}
    if definition.kind == "trait" and not (definition.refused or definition.implementations or definition.name == PLACEMENT):
        used = _used(definition, Implementation("")) | {*definition.ignored, *CONTAINERS}
        if left := [name for name in parameters if name not in used and "*" not in used]:
            yield Problem("PRV-1426", f'"{definition.name}": the trait takes no notice of {", ".join(left)}', where,
                          "use it in `patch` or `adds`, or say why not: `ignored: {NAME: REASON}` is a warning for who gives it")
    for entry in () if is_named(definition) else definition.implementations:
        if not (entry.module or entry.playbook):
            continue
        used = short | _used(definition, entry) | {*entry.refused, *entry.ignored, *CHOOSING.get(entry.needs, ())}
        left = [name for name, schema in parameters.items() if name not in used and schema != BESIDE.get(name)]
        if left and "*" not in used:
            when = f" (when {entry.when})" if entry.when else ""
            yield Problem("PRV-1426", f'"{definition.name}": the implementation for {entry.needs}{when} takes no notice of {", ".join(left)}', where,
                          "use it in `variables`, or say why not: `refused: {NAME: REASON}` is an error for who gives it, `ignored` a warning")


def _used(definition: Definition, entry: Implementation) -> set[str]:
    """Names of the parameters that an implementation, or the choice of it, refers to; "*" stands for all."""
    derived = [output.value for name, output in definition.outputs.items() if name not in entry.outputs]
    choices = [other.when for other in definition.implementations if other.needs == entry.needs]
    of_trait: Json = [list(definition.patch), [vars(one) for one in definition.adds], definition.variables]
    templates: Json = [entry.variables, entry.outputs, definition.health, derived, choices, of_trait]
    found = {reference.path[0] for _, reference in references.find(templates) if reference.head == "parameters" and reference.path}
    return found | {entry.attaches["parameter"]} if entry.attaches else found
