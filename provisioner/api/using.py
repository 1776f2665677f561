"""Who uses the types that an addon is about to lose: the applications beside it, and what is delivered. Reads; changes nothing."""

from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path

from provisioner.catalog.addons import types_of
from provisioner.errors import Exit, Invalid, ProvisionError
from provisioner.model import Application
from provisioner.spec import yaml
from provisioner.spec.application import of_document
from provisioner.store import Store

TOLD = 5
"""Users that are named; of further ones the number is enough."""


def refuse_in_use(project: Path, store: Store | None, addon: str, types: Collection[str]) -> None:
    """Raises ProvisionError (PRV-1610) where one of these types of an addon (`component NAME`, `trait NAME`) is in use."""
    found = [*_written(project, {*types} - {*types_of(project)}), *(_delivered(store, addon, types) if store else ())]
    if not found:
        return
    more = f" and {len(found) - TOLD} more" if len(found) > TOLD else ""
    raise ProvisionError(f'addon "{addon}" is in use: {", ".join(found[:TOLD])}{more}', code="PRV-1610", exit=Exit.INVALID,
                         hint="without its type a component can't be planned any more: take it out and apply that first, or go on with --yes")


def _written(project: Path, types: Collection[str]) -> Iterator[str]:
    """Uses in the applications beside `addons/`; a file that can't be read uses nothing."""
    for path in sorted(project.glob("*.y*ml")):
        with suppress(Invalid):
            for document in yaml.read_all(path):
                if isinstance(document.value, dict) and document.value.get("kind") == "Application":
                    application, _ = of_document(document, str(project))
                    yield from (f"{what} in {path.name}" for what in _uses(application, types))


def _uses(application: Application, types: Collection[str]) -> Iterator[str]:
    for component in application.components:
        if f"component {component.type}" in types:
            yield f"{component.name} ({component.type})"
        yield from (f"trait {trait.type} of {component.name}" for trait in component.traits if f"trait {trait.type}" in types)


def _delivered(store: Store, addon: str, types: Collection[str]) -> Iterator[str]:
    names = {key.partition(" ")[2] for key in types}
    for row in store.applications():
        for unit in (entry.unit for entry in store.delivered.all(row.application, row.environment).values()):
            if unit.type in names and f"(addon {addon} " in unit.definition:
                yield f"{unit.name} ({unit.type}) of {row.application} in {row.environment}, delivered"
