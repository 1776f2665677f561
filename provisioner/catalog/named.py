"""Types whose module, playbook or role the component itself names (terraform-module, ansible-playbook), fitted to one component.

A module's variables become the schema of the property `variables`, its outputs the outputs; a role gets a thin playbook of ours.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from provisioner import references
from provisioner.catalog import modules, remote
from provisioner.catalog.digests import digest_folder
from provisioner.catalog.from_playbook import OWNED, thin_playbook
from provisioner.catalog.inlined import without_providers, without_versions
from provisioner.catalog.library import Origin, find
from provisioner.errors import Problem, ProvisionError
from provisioner.library import library_folder
from provisioner.model import Component, Definition, Implementation, Json, OutputSpec, project_path

FLAGS = {"tags": "provision_tags", "skipTags": "provision_skip_tags"}
"""Properties to the variables by which the engine is told of options of ansible-playbook (decision 2)."""


@dataclass(frozen=True)
class Fitted:
    """A definition for one component, and what is wrong with what the component names."""

    definition: Definition
    problems: tuple[Problem, ...] = ()


class _Wrong(Exception):
    """Something that the component names can't be had: code, property, text, hint."""

    def __init__(self, code: str, name: str, text: str, hint: str = "") -> None:
        super().__init__(text)
        self.code, self.name, self.text, self.hint = code, name, text, hint


def is_named(definition: Definition) -> bool:
    """True when the component says what delivers it."""
    return any("${" in entry.module or "${" in entry.playbook for entry in definition.implementations)


def fit(component: Component, definition: Definition, project: Path, places: tuple[Origin, ...], *, fetch: bool) -> Fitted:
    """The definition as it is for this component."""
    shop = _Shop(component, definition, project, places, fetch)
    try:
        fitted = shop.module() if any(entry.module for entry in definition.implementations) else shop.playbook()
    except _Wrong as wrong:
        where = component.places.get(f"properties.{wrong.name}", component.where)
        return Fitted(definition, (Problem(wrong.code, f"{component.name}: {wrong.text}", where, wrong.hint),))
    return Fitted(fitted)


@dataclass(frozen=True)
class _Shop:
    """What a definition is fitted with."""

    component: Component
    definition: Definition
    project: Path
    places: tuple[Origin, ...]
    fetch: bool
    notices: list[Problem] = field(default_factory=list)

    def text(self, name: str) -> str:
        """A property that has to be known before anything is delivered."""
        value = self.component.properties.get(name) or ""
        if not isinstance(value, str) or any(references.find(value)):
            raise _Wrong("PRV-1439", name, f'"{name}" has to be said as it is, it can\'t be a reference')
        return references.unescape(value)

    # ------------------------------------------------------------------ Terraform
    def module(self) -> Definition:
        """The definition with the module that the component names."""
        address, text = self.text("module"), self.text("configuration")
        if bool(address) == bool(text):
            raise _Wrong("PRV-1439", "module", "needs either a `module` or a `configuration`")
        folder, name = (self._folder(address), "module") if address else (self._inline(text), "configuration")
        try:
            found = modules.read_module(folder)
        except modules.Unreadable as error:
            raise _Wrong("PRV-1431", name, f"the module can't be read: {error}", f"terraform -chdir={folder} validate") from None
        entry = self.definition.implementations[0]
        given = self.component.properties.get("variables")
        names = given if isinstance(given, Mapping) else {}
        made = replace(
            entry, needs=self.text("needs") or entry.needs, module=str(folder), hosts_output=self._hosts_output(found),
            variables={name: "${parameters.variables.%s}" % name for name in names},
            outputs={name: "${module.%s}" % name for name in found.outputs})
        outputs = {name: OutputSpec("string", output.sensitive, None, output.description) for name, output in found.outputs.items()}
        return self._with(made, outputs, _schema(found))

    def _inline(self, text: str) -> Path:
        """The folder into which the component's own text is written; providers and their versions are the target's."""
        text, dropped = without_providers(text.rstrip() + "\n")
        text, versions = without_versions(text)
        where = self.component.places.get("properties.configuration", self.component.where)
        self.notices.extend(Problem("PRV-1454", f'{self.component.name}: the block of provider "{name}" is left out', where,
                                 "the target of the environment has it: terraform: {provider: …, config: {…}}", "warning") for name in dropped)
        self.notices.extend(Problem("PRV-1455", f"{self.component.name}: the provider's version {version} is left out", where,
                                 "the target of the environment has it: version: …", "warning") for version in versions)
        digest = hashlib.sha256(text.encode()).hexdigest()[:12]
        folder = project_path(str(self.project)) / "modules" / f"inline-{self.component.name}-{digest}"
        _written(folder / "main.tf", text)
        return folder

    def _folder(self, address: str) -> Path:
        """The module's folder: beside app.yaml, in the library, or of a repository at a commit."""
        if _is_remote(address):
            return self._fetched("module", remote.source_of(address))
        path = Path(find(address, self.places[0], self.places))
        if not any(path.glob("*.tf")) and not any(path.glob("*.tf.json")):
            raise _Wrong("PRV-1430", "module", f"no Terraform module at {path}",
                         "a folder beside app.yaml, or git::https://HOST/REPOSITORY.git//FOLDER?ref=TAG")
        return path

    def _fetched(self, name: str, source: remote.Source) -> Path:
        """A folder of a repository, at the commit in provision.lock."""
        try:
            folder, commit = remote.folder_of(self.project, source, fetch=self.fetch)
        except ProvisionError as error:
            raise _Wrong(error.code, name, error.message, error.hint) from None
        if not source.ref:
            self.notices.append(Problem(
                "PRV-1451", f"{self.component.name}: {source.url} is not pinned; {commit[:12]} is used (provision.lock)",
                self.component.places.get(f"properties.{name}", self.component.where), f"add ?ref=… to `{name}`", "warning"))
        return folder

    def _hosts_output(self, found: modules.Module) -> str:
        name = self.text("hostsOutput")
        if name and name not in found.outputs:
            raise _Wrong("PRV-1434", "hostsOutput", f'the module has no output "{name}"', f"it has: {', '.join(found.outputs) or 'none'}")
        return name

    # ------------------------------------------------------------------ Ansible
    def playbook(self) -> Definition:
        """The definition with the playbook or role that the component names."""
        playbook, role, remove = self.text("playbook"), self.text("role"), self.text("remove")
        if bool(playbook) == bool(role):
            raise _Wrong("PRV-1439", "playbook", "needs either a `playbook` or a `role`")
        entry = self.definition.implementations[0]
        variables = self._variables()
        if role:
            site, gone = self._of_role(role, remove)
        else:
            site, gone = self._file("playbook", playbook), self._file("remove", remove) if remove else ""
        owns = self.component.properties.get("owns")
        if isinstance(owns, Mapping) and owns and not gone:
            gone = str(library_folder() / OWNED)
        if isinstance(owns, Mapping):
            variables |= {"owned_paths": "${parameters.owns.paths|default([])}", "owned_units": "${parameters.owns.units|default([])}"}
        names = self.component.properties.get("outputs")
        outputs = {str(name): OutputSpec() for name in (names if isinstance(names, list) else ())}
        made = replace(entry, playbook=site, remove=gone, variables=variables, check="exact" if self.text("check") == "exact" else "partial",
                       outputs={name: "${module.%s}" % name for name in outputs})
        return self._with(made, outputs)

    def _variables(self) -> dict[str, Json]:
        given = self.component.properties.get("variables")
        found: dict[str, Json] = {name: "${parameters.variables.%s}" % name for name in (given if isinstance(given, Mapping) else {})}
        ours = next((name for name in found if name.startswith("provision_")), None)
        if ours is not None:
            raise _Wrong("PRV-1439", f"variables.{ours}", f'"{ours}" is a variable of provision\'s own', "names that begin with provision_ are taken")
        return found | {variable: "${parameters.%s}" % name for name, variable in FLAGS.items() if self.component.properties.get(name)}

    def _file(self, name: str, path: str) -> str:
        if _is_remote(path):
            source = remote.source_of(path)
            folder, _, file = source.folder.rpartition("/")
            found = self._fetched(name, replace(source, folder=folder)) / file
        else:
            found = Path(find(path, self.places[0], self.places))
        if not found.is_file():
            raise _Wrong("PRV-1430", name, f"no playbook {found}",
                         "a path beside app.yaml, or git::https://HOST/REPOSITORY.git//FOLDER/PLAYBOOK.yml?ref=TAG")
        return str(found)

    def _of_role(self, role: str, remove: str) -> tuple[str, str]:
        """Thin playbooks that apply the role; their text holds its digest, so that a changed role is a changed source."""
        folder = self._fetched("role", remote.source_of(role)) if _is_remote(role) else Path(find(role, self.places[0], self.places))
        folder = folder.absolute()
        if not (folder / "tasks").is_dir():
            raise _Wrong("PRV-1430", "role", f"no role at {folder}", "a role is a folder with tasks/main.yml, relative to the folder of app.yaml")
        digest = digest_folder(folder)
        place = project_path(str(self.project)) / "playbooks" / f"{folder.name}-{hashlib.sha256(f'{folder}{digest}'.encode()).hexdigest()[:12]}"
        site = _written(place / "site.yml", thin_playbook(str(folder), f"Deliver {self.component.name}", note=f"Role {digest}"))
        if not remove:
            return site, ""
        tasks = remove.removesuffix(".yml").removesuffix(".yaml")
        if not any((folder / "tasks" / f"{tasks}{end}").is_file() for end in (".yml", ".yaml")):
            raise _Wrong("PRV-1430", "remove", f"the role has no tasks/{tasks}.yml", "`remove` names a file of the role's tasks")
        return site, _written(place / f"remove-{tasks}.yml", thin_playbook(str(folder), f"Remove {self.component.name}", tasks, f"Role {digest}"))

    def _with(self, made: Implementation, outputs: dict[str, OutputSpec], variables: dict[str, Json] | None = None) -> Definition:
        parameters: dict[str, Any] = dict(self.definition.parameters)
        if variables is not None:
            parameters["required"] = [*parameters.get("required", ()), *(["variables"] if variables["required"] else [])]
            parameters["properties"] = {**parameters["properties"], "variables": {**parameters["properties"]["variables"], **variables}}
        others = self.definition.implementations[1:]
        return replace(self.definition, implementations=(made, *others), outputs=outputs, parameters=parameters, notices=tuple(self.notices),
                       data=self.component.properties.get("data") is True)


def _is_remote(address: str) -> bool:
    return address.startswith("git::") or "://" in address or address.startswith("git@")


def _schema(module: modules.Module) -> dict[str, Json]:
    """What `variables` may hold; defaults are the module's own business."""
    properties: dict[str, Json] = {name: {key: value for key, value in variable.schema.items() if key != "default"}
                                   for name, variable in module.variables.items()}
    required: list[Json] = [name for name, variable in module.variables.items() if variable.required]
    return {"properties": properties, "required": required, "additionalProperties": False}


def _written(path: Path, text: str) -> str:
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return str(path)


