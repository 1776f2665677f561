"""The types that are known here. A definition's file is read once, when its type is first asked for."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from provisioner.catalog.addons import contested
from provisioner.catalog.definitions import Kind, read_definition
from provisioner.catalog.digests import digest_source
from provisioner.catalog.library import Origin, library_folder, origins
from provisioner.catalog.properties import Checker
from provisioner.catalog.vetting import vet
from provisioner.compose import Context
from provisioner.errors import Problem
from provisioner.model import Application, Component, Definition, Environment, Json, Trait

FOLDERS: Mapping[Kind, str] = {"component": "components", "trait": "components/traits"}


class Catalog:
    """Definitions of a project's own `components/`, then those of its addons, then the shipped ones."""

    def __init__(self, project: Path, *, thorough: bool = False, places: tuple[Origin, ...] = ()) -> None:
        """`thorough`: look into the modules of shipped definitions, too, which are checked before they ship. `places`: other ones than usual.

        Raises ProvisionError for a damaged lock.
        """
        self._thorough = thorough
        self._project = project
        self._places = places or origins(project)
        self._contested: dict[tuple[Kind, str], tuple[Origin, Origin]] = {}
        self._known: dict[Kind, dict[str, tuple[Path, Origin]]] = {"component": self._files("component"), "trait": self._files("trait")}
        self._verified: set[Origin] = set()
        self._read: dict[Path, Definition] = {}
        self._checkers: dict[int, tuple[Definition, Checker]] = {}
        self._digests: dict[str, str] = {}

    def component(self, name: str) -> Definition | None:
        """The component type, or None. Raises Invalid when its definition is wrong."""
        return self._definition("component", name)

    def trait(self, name: str) -> Definition | None:
        """The trait type, or None. Raises Invalid when its definition is wrong."""
        return self._definition("trait", name)

    def component_names(self) -> list[str]:
        """All component types, sorted."""
        return sorted(self._known["component"])

    def trait_names(self) -> list[str]:
        """All trait types, sorted."""
        return sorted(self._known["trait"])

    def check(self, subject: Component | Trait, definition: Definition) -> tuple[dict[str, Json], list[Problem]]:
        """The properties with defaults, and every problem with them at its place."""
        known = self._checkers.get(id(definition))
        if known is None or known[0] is not definition:
            known = self._checkers[id(definition)] = (definition, Checker(definition))
        return known[1].check(subject)

    def digest_of(self, source: str) -> str:
        """sha256 of a module or playbook and what it uses; empty when it is gone. Worked out once."""
        if source not in self._digests:
            self._digests[source] = digest_source(source, library_folder())
        return self._digests[source]

    def context_for(self, application: Application, environment: Environment, assigned: Mapping[str, tuple[str, ...]] | None = None,
                    problems: Iterable[Problem] = (), *, ignore_unsupported: bool = False) -> Context:
        """What compose must be told. `problems` are those that are known already: compose raises them with its own."""
        return Context(application, environment, self.component, self.trait, self.component_names, self.trait_names, self.check,
                       self.digest_of, assigned or {}, ignore_unsupported, tuple(problems))

    def vet(self, components: Iterable[str] | None = None, traits: Iterable[str] | None = None) -> list[Problem]:
        """The named definitions (all without names) with their modules, playbooks and examples: all problems. Looks into everything, so slow."""
        return vet(Catalog(self._project, thorough=True, places=self._places), components, traits)

    def _files(self, kind: Kind) -> dict[str, tuple[Path, Origin]]:
        found: dict[str, tuple[Path, Origin]] = {}
        for origin in self._places:
            for path in sorted((origin.folder / FOLDERS[kind]).glob("*.y*ml")):
                if path.suffix in (".yaml", ".yml"):
                    _, first = found.setdefault(path.stem, (path, origin))
                    if first.addon and origin.addon and first != origin:
                        self._contested.setdefault((kind, path.stem), (first, origin))
        return found

    def _definition(self, kind: Kind, name: str) -> Definition | None:
        entry = self._known[kind].get(name)
        if entry is None:
            return None
        path, origin = entry
        if path in self._read:
            return self._read[path]
        if (kind, name) in self._contested:
            raise contested(f"{kind} {name}", *(origin.addon for origin in self._contested[kind, name]))
        if origin.addon and origin not in self._verified:
            origin.verify()
            self._verified.add(origin)
        shipped = origin.name == "built-in" and not self._thorough
        self._read[path] = definition = read_definition(path, kind, origin, self._places, modules=not shipped)
        return definition
