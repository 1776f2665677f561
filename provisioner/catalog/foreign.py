"""ComponentDefinitions of KubeVela (`core.oam.dev/v1beta1` with `schematic.terraform`) as definitions of ours.

The module is HCL or JSON in the document itself, or a folder of a git repository. Parameters and outputs are its `variable` and `output` blocks.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from provisioner import references
from provisioner.catalog import modules, remote
from provisioner.catalog.inlined import without_providers, without_versions
from provisioner.catalog.library import Origin
from provisioner.errors import Invalid, Problem, ProvisionError
from provisioner.model import Component, Definition, Implementation, Json, OutputSpec, project_path
from provisioner.spec import oam
from provisioner.spec.checking import Codes
from provisioner.spec.document import Document
from provisioner.spec.judging import Shape
from provisioner.spec.reading import violations
from provisioner.suggest import near

CODES = Codes("PRV-1453", "PRV-1453", "PRV-1453", "PRV-1453")
TEXT = {"type": "string", "minLength": 1}
PROVIDER = {"type": "object", "properties": {"name": {"type": "string"}}}
SHAPE = Shape({"type": "object", "required": ["metadata", "spec"], "properties": {
    "metadata": {"type": "object", "required": ["name"], "properties": {
        "name": TEXT, "labels": {"type": ["object", "null"]}, "annotations": {"type": ["object", "null"]}}},
    "spec": {"type": "object", "required": ["schematic"], "properties": {"schematic": {
        "type": "object", "required": ["terraform"], "properties": {"terraform": {
            "type": "object", "required": ["configuration"], "properties": {
                "configuration": TEXT, "type": {"enum": ["hcl", "json", "remote"]}, "path": {"type": "string"},
                "providerRef": PROVIDER, "providerReference": PROVIDER, "customRegion": {"type": "string"},
                "deleteResource": {"type": "boolean"},
                "gitRef": {"type": "object", "properties": {key: {"type": "string"} for key in ("branch", "tag", "commit")}},
            }}}}}}}})
HEAD = re.compile(r"^apiVersion:\s*[\"']?core\.oam\.dev/", re.MULTILINE)
NAME = re.compile(r"^metadata:(?:\s*\n[ \t]+.*)*?\s*\n[ \t]{1,4}name:[ \t]*[\"']?([\w.-]+)", re.MULTILINE)
CLOUDS = {"alibaba": "alicloud", "azure": "azurerm", "baidu": "baiducloud", "gcp": "google", "huawei": "huaweicloud", "tencent": "tencentcloud"}
"""KubeVela's word for a cloud to the name of its Terraform provider, where the two differ."""
DEFAULT_CLOUD = "alibaba"
HEEDED = frozenset(("configuration", "type", "providerRef", "providerReference", "deleteResource"))
"""Fields of `schematic.terraform` that say something of any module."""
REFERENCE = {"type": "object", "properties": {"name": {"type": "string"}, "namespace": {"type": "string"}}, "additionalProperties": False}
BESIDE: dict[str, Json] = {
    "writeConnectionSecretToRef": {**REFERENCE, "description": "Name by which others bind its outputs (trait service-binding)"},
    "providerRef": {**REFERENCE, "description": "Accepted for KubeVela's documents"},
    "region": {"type": "string", "description": "Accepted for KubeVela's documents"},
    "customRegion": {"type": "string", "description": "Accepted for KubeVela's documents"},
    "deleteResource": {"type": "boolean", "default": True, "description": "false: destroying it needs --allow-destroy NAME"},
    "forceDelete": {"type": "boolean", "default": False, "description": "Accepted for KubeVela's documents"},
}
"""Properties that KubeVela adds to every cloud type; a variable of the module with the same name is the module's."""
IGNORED = {
    "providerRef": "the target of the environment has provider and credentials", "region": "the target of the environment has the region",
    "customRegion": "the target of the environment has the region",
    "forceDelete": "what can't be destroyed is said, and tried again",
}
PASSED_OVER = {
    "customRegion": IGNORED["customRegion"], "path": "it is of a remote module",
    "gitRef": "it is of a remote module", "gitCredentialsSecretReference": "git asks for the login by its own means (credential helper, SSH agent)",
}
"""Fields of `schematic.terraform` that make no difference, the second and third where the module is in the document."""


@dataclass(frozen=True)
class Found:
    """A definition, and the module's text where the document itself holds it: `file` is to be written into the definition's module folder."""

    definition: Definition
    file: str = ""
    text: str = ""

    def materialise(self) -> None:
        """Write the module where the definition says that it lies."""
        folder = Path(self.definition.implementations[0].module)
        if self.file and not (folder / self.file).exists():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            (folder / self.file).write_text(self.text, encoding="utf-8")


def is_foreign(document: Document) -> bool:
    """True for a definition under OAM's own group."""
    value = document.value
    return isinstance(value, dict) and value.get("apiVersion") in (oam.API, oam.OLD_API)


def foreign_name(path: Path) -> str:
    """The name in a file that holds such a definition, without reading it as YAML; empty for any other file."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""
    match = NAME.search(text) if HEAD.search(text) else None
    return match[1] if match else ""


def read_foreign(document: Document, project: Path, origin: Origin, *, fetch: bool) -> Found:
    """The definition. A remote module that can't be had leaves it `unavailable`. Raises Invalid."""
    schematic = document.find(("spec", "schematic")).value
    if not isinstance(schematic, dict) or "terraform" not in schematic:
        raise Invalid([Problem("PRV-1450", "is no definition with schematic.terraform", document.value_at(("spec",)),
                               "CUE makes Kubernetes objects, which mean nothing here; write implementations: provision types postgres")])
    if wrong := violations(document, SHAPE, CODES):
        raise Invalid(wrong)
    given: dict[str, Any] = schematic["terraform"]
    metadata = document.value["metadata"]
    annotations = metadata.get("annotations") or {}
    definition = Definition(
        metadata["name"], description=annotations.get("definition.oam.dev/description", ""), data=given.get("deleteResource") is False,
        origin=origin.name, file=document.file)
    remote_module = given.get("type", "hcl") == "remote"
    found = Found(_remote(definition, given, metadata, project, fetch)) if remote_module else _inline(definition, given, metadata, document, project)
    passed = tuple(_passed_over(definition.name, given, document, remote_module=remote_module))
    return replace(found, definition=replace(found.definition, notices=(*found.definition.notices, *passed)))


def for_component(definition: Definition, component: Component) -> Definition:
    """The definition for one component: its own `deleteResource: false` protects as that of the definition does."""
    asked = definition.parameters.get("properties", {}).get("deleteResource") == BESIDE["deleteResource"]
    return replace(definition, data=True) if asked and component.properties.get("deleteResource") is False else definition


def _passed_over(name: str, given: dict[str, Any], document: Document, *, remote_module: bool) -> Iterator[Problem]:
    """What of the definition makes no difference, as warnings."""
    heeded = HEEDED | {"path", "gitRef"}
    for field in (field for field in given if field not in (heeded if remote_module else HEEDED)):
        meant = "" if field in PASSED_OVER else near(field, heeded)
        yield Problem("PRV-1456", f'{name}: "{field}" makes no difference: {PASSED_OVER.get(field, "nobody knows it here")}',
                      document.key_at(("spec", "schematic", "terraform", field)), f'did you mean "{meant}"?' if meant else "", "warning")


def _inline(definition: Definition, given: dict[str, Any], metadata: dict[str, Any], document: Document, project: Path) -> Found:
    text = given["configuration"].rstrip() + "\n"
    file = "main.tf.json" if given.get("type") == "json" else "main.tf"
    notices: list[Problem] = []
    where = document.value_at(("spec", "schematic", "terraform", "configuration"))
    if file == "main.tf":
        text, dropped = without_providers(text)
        text, versions = without_versions(text)
        notices += [Problem("PRV-1454", f'{definition.name}: the block of provider "{name}" is left out', where,
                            "the target of the environment has it: terraform: {provider: …, config: {…}}", "warning") for name in dropped]
        notices += [Problem("PRV-1455", f"{definition.name}: the provider's version {version} is left out", where,
                            "the target of the environment has it: version: …", "warning") for version in versions]
    try:
        module = modules.module_of([(file, text)])
    except modules.Unreadable as error:
        raise Invalid([Problem("PRV-1453", f"configuration can't be read: {error}", where)]) from None
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    folder = project_path(str(project)) / "modules" / f"inline-{definition.name}-{digest}"
    made = replace(_made(definition, module, folder, _words(given, metadata, text)), version=digest, notices=tuple(notices))
    return Found(made, file, text)


def _remote(definition: Definition, given: dict[str, Any], metadata: dict[str, Any], project: Path, fetch: bool) -> Definition:
    asked = given.get("gitRef") or {}
    source = remote.source_of(given["configuration"], given.get("path", ""), asked.get("commit") or asked.get("tag") or asked.get("branch", ""))
    words = _words(given, metadata, "")
    try:
        folder, commit = remote.folder_of(project, source, fetch=fetch)
        module = modules.read_module(folder)
    except (ProvisionError, modules.Unreadable) as error:
        # what it takes is not known: nothing is refused, and nothing can be delivered
        reason = error.message if isinstance(error, ProvisionError) else str(error)
        open_to_all = {"properties": dict(BESIDE), "additionalProperties": True}
        return replace(definition, parameters=open_to_all, unavailable=reason, implementations=tuple(
            Implementation(word, module=source.key) for word in words))
    made = replace(_made(definition, module, folder, words), version=commit[:12])
    if source.ref:
        return made
    return replace(made, notices=(Problem(
        "PRV-1451", f"{definition.name}: its module {source.url} is not pinned; {commit[:12]} is used (provision.lock)", None,
        f"add ?ref=… to `configuration` in {definition.file}", "warning"),))


def _made(definition: Definition, module: modules.Module, folder: Path, words: tuple[str, ...]) -> Definition:
    properties: dict[str, Json] = {}
    for name, variable in module.variables.items():
        schema = dict(variable.schema)
        if "default" in schema:
            schema["default"] = references.escape(schema["default"])
        properties[name] = schema
    required = [name for name, variable in module.variables.items() if variable.required]
    beside = {name: schema for name, schema in BESIDE.items() if name not in properties}
    variables = {name: "${parameters.%s|default(null)}" % name for name in module.variables}
    outputs: dict[str, Json] = {name: "${module.%s}" % name for name in module.outputs}
    ignored = {name: reason for name, reason in IGNORED.items() if name in beside}
    made = [Implementation(word, module=str(folder), variables=dict(variables), outputs=outputs, ignored=ignored) for word in words]
    return replace(
        definition, parameters={"properties": {**properties, **beside}, "required": required},
        outputs={name: OutputSpec("string", output.sensitive, None, output.description) for name, output in module.outputs.items()},
        implementations=(*made, Implementation("existing")))


def _words(given: dict[str, Any], metadata: dict[str, Any], text: str) -> tuple[str, ...]:
    """What a target must offer: the cloud as KubeVela calls it, or the name of its Terraform provider."""
    reference = given.get("providerRef") or given.get("providerReference") or {}
    labels = {**(metadata.get("labels") or {}), **(metadata.get("annotations") or {})}
    cloud = reference.get("name") or str(labels.get("provider") or "")
    if not cloud or cloud == "default":
        asked = modules.providers_of(text)
        known = [word for word, provider in CLOUDS.items() if provider in asked]
        prefix = str(metadata["name"]).partition("-")[0]
        cloud = known[0] if known else asked[0] if asked else prefix if prefix in (*CLOUDS, "aws", "ec", "vsphere", "ucloud") else DEFAULT_CLOUD
    return tuple(dict.fromkeys((cloud, CLOUDS.get(cloud, cloud))))
