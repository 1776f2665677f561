"""The types that are known here. A definition's file is read once, when its type is first asked for."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from provisioner.catalog.addons import contested, installed, verify
from provisioner.catalog.definition_shape import KINDS
from provisioner.catalog.definitions import Kind, of_document
from provisioner.catalog.digests import digest_source
from provisioner.catalog.foreign import Found, for_component, foreign_name, is_foreign, read_foreign
from provisioner.catalog.library import Origin, origins
from provisioner.catalog.named import fit, is_named
from provisioner.catalog.properties import Checker
from provisioner.catalog.vetting import vet
from provisioner.compose import Context
from provisioner.compose.lending import Neighbours
from provisioner.errors import Invalid, Problem
from provisioner.library import library_folder
from provisioner.model import Application, Component, Definition, Environment, Json, Trait
from provisioner.spec import yaml
from provisioner.spec.document import Document
from provisioner.suggest import suggestion

FOLDERS: Mapping[Kind, str] = {"component": "components", "trait": "components/traits"}


def name_of(document: Document) -> str:
    """The type that a definition is of, empty where it has no name."""
    metadata = document.value.get("metadata")
    return str(metadata.get("name", "")) if isinstance(metadata, dict) else ""


class Catalog:
    """Definitions of a project's own `components/`, then those of its addons, then the shipped ones."""

    def __init__(self, project: Path, *, thorough: bool = False, fetch: bool = True, beside: Iterable[Document] = (),
                 places: tuple[Origin, ...] = ()) -> None:
        """`beside` are definitions out of the application's own file: they come first. `places`: other ones than usual.

        `thorough`: look into the modules of shipped definitions, too, which are checked before they ship. Without `fetch` no
        repository is asked for a remote module that was not used yet. Raises ProvisionError for a damaged lock.
        """
        self._thorough = thorough
        self._fetch = fetch
        self._beside: dict[tuple[str, str], Document] = {(str(document.value["kind"]), name_of(document)): document for document in beside}
        self._project = project
        self._places = places or origins(project)
        self._contested: dict[tuple[Kind, str], tuple[Origin, Origin]] = {}
        self._known: dict[Kind, dict[str, tuple[Path, Origin]]] = {"component": self._files("component"), "trait": self._files("trait")}
        self._verified: set[Origin] = set()
        self._read: dict[tuple[Kind, str], Definition] = {}
        self._found: dict[str, Found] = {}
        """Types whose definitions are KubeVela's."""
        self._indexed: set[Kind] = set()
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
        return self._names("component")

    def trait_names(self) -> list[str]:
        """All trait types, sorted."""
        return self._names("trait")

    def check(self, subject: Component | Trait, definition: Definition) -> tuple[dict[str, Json], list[Problem]]:
        """The properties with defaults, and every problem with them at its place."""
        known = self._checkers.get(id(definition))
        if known is None or known[0] is not definition:
            known = self._checkers[id(definition)] = (definition, Checker(definition))
        return known[1].check(subject)

    def digest_of(self, source: str) -> str:
        """sha256 of a module or playbook and what it uses; empty when it is gone. Worked out once."""
        if source not in self._digests:
            self._digests[source] = digest_source(source, library_folder(), self._project)
        return self._digests[source]

    def files_of(self, types: Iterable[str]) -> dict[str, str]:
        """These component types, and the traits that were read, to the files of their definitions."""
        found = {name: definition.file for name in types if (definition := self.component(name)) is not None and definition.file}
        return found | {f"trait {name}": trait.file for (kind, name), trait in self._read.items() if kind == "trait" and trait.file}

    def context_for(self, application: Application, environment: Environment, assigned: Mapping[str, tuple[str, ...]] | None = None,
                    problems: Iterable[Problem] = (), *, ignore_unsupported: bool = False, neighbours: Neighbours | None = None) -> Context:
        """What compose must be told. `problems` are those that are known already: compose raises them with its own."""
        return Context(application, environment, self._to_deliver, self.trait, self.component_names, self.trait_names, self.check,
                       self.digest_of, assigned or {}, ignore_unsupported, tuple(problems), self._fitted, neighbours)

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

    def _fitted(self, component: Component, definition: Definition) -> tuple[Definition, tuple[Problem, ...]]:
        if definition.name in self._found:
            return for_component(definition, component), ()
        if not is_named(definition):
            return definition, ()
        fitted = fit(component, definition, self._project, self._places, fetch=self._fetch)
        return fitted.definition, fitted.problems

    def _to_deliver(self, name: str) -> Definition | None:
        """The component type, with its module on disk where the definition itself holds it."""
        definition = self.component(name)
        if name in self._found:
            self._found[name].materialise()
        return definition

    def _names(self, kind: Kind) -> list[str]:
        self._index(kind)
        return sorted({*self._known[kind], *(name for of, name in self._beside if of == KINDS[kind])})

    def _index(self, kind: Kind) -> None:
        """Find KubeVela's definitions by the name that they have: their files are named otherwise."""
        if kind in self._indexed:
            return
        self._indexed.add(kind)
        for stem, (path, origin) in list(self._known[kind].items()):
            name = foreign_name(path) if origin.name != "built-in" else ""
            if name and name != stem:
                del self._known[kind][stem]
                _, first = self._known[kind].setdefault(name, (path, origin))
                if first.addon and origin.addon and first != origin:
                    self._contested.setdefault((kind, name), (first, origin))

    def _definition(self, kind: Kind, name: str) -> Definition | None:
        if (kind, name) not in self._read:
            found = self._look_up(kind, name)
            if found is None:
                return None
            self._read[kind, name] = found
        return self._read[kind, name]

    def _look_up(self, kind: Kind, name: str) -> Definition | None:
        if (KINDS[kind], name) in self._beside:
            document = self._beside[KINDS[kind], name]
            return self._of_document(document, Path(document.file), kind, name, self._places[0])
        if name not in self._known[kind]:
            self._index(kind)
        if name not in self._known[kind]:
            # it may be of an addon that is not there
            for addon in installed(self._project):
                if addon.state == "missing":
                    verify(addon.name, addon.folder, addon.pin)
            return None
        path, origin = self._known[kind][name]
        if (kind, name) in self._contested:
            raise contested(f"{kind} {name}", *(origin.addon for origin in self._contested[kind, name]))
        if origin.addon and origin not in self._verified:
            origin.verify()
            self._verified.add(origin)
        return self._of_document(yaml.read(path), path, kind, name, origin)

    def _of_document(self, document: Document, path: Path, kind: Kind, name: str, origin: Origin) -> Definition:
        if is_foreign(document):
            self._found[name] = read_foreign(document, self._project, origin, fetch=self._fetch)
            return self._found[name].definition
        shipped = origin.name == "built-in" and not self._thorough
        definition = of_document(document, path, kind, origin, self._places, modules=not shipped)
        return self._same(kind, definition, document) if definition.same_as else definition

    def _same(self, kind: Kind, definition: Definition, document: Document) -> Definition:
        """The definition that another one is a further name of, under its own name. Raises Invalid where there is none."""
        meant = self._definition(kind, definition.same_as) if definition.same_as != definition.name else None
        if meant is None or meant.same_as:
            raise Invalid([Problem("PRV-1438", f'"{definition.name}" is the same as "{definition.same_as}", which is no other {kind} type',
                                   document.value_at(("spec", "sameAs")), suggestion(definition.same_as, self._names(kind)))])
        return replace(meant, name=definition.name, version=definition.version or meant.version, same_as=meant.name,
                       description=definition.description or meant.description, origin=definition.origin, file=definition.file)
