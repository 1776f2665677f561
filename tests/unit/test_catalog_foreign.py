"""KubeVela's definitions: where their modules lie, what is pinned, what is kept, and what is made of the text in the document itself."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from provisioner.catalog import Catalog, lock
from provisioner.catalog.foreign import for_component
from provisioner.catalog.inlined import without_providers, without_versions
from provisioner.catalog.remote import Source, source_of
from provisioner.errors import Invalid
from provisioner.model import Component, Definition
from tests.git_server import GitServer, git, repository, serving

MODULE = """
variable "name" {
  type        = string
  description = "Name of it"
}
variable "rules" {
  type = list(object({ port = number, open = optional(bool, false) }))
  default = [{ port = 80 }]
  validation {
    condition     = length(var.rules) < 5
    error_message = "Too many."
  }
}
variable "token" {
  type      = string
  sensitive = true
  default   = null
}
output "id" { value = var.name }
output "key" {
  value     = "k"
  sensitive = true
}
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GitServer]:
    (tmp_path / "repositories").mkdir()
    with serving(tmp_path / "repositories") as found:
        yield found


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "project/components").mkdir(parents=True)
    return tmp_path / "project"


def define(project: Path, name: str = "thing", annotations: dict[str, str] | None = None, **terraform: Any) -> Path:
    path = project / "components" / f"terraform-{name}.yaml"
    path.write_text(yaml.safe_dump({
        "apiVersion": "core.oam.dev/v1beta1", "kind": "ComponentDefinition",
        "metadata": {"name": name, "namespace": "vela-system", "annotations": annotations or {}},
        "spec": {"schematic": {"terraform": terraform}}, "status": {}}))
    return path


def found(project: Path, name: str = "thing", *, fetch: bool = True) -> Definition:
    definition = Catalog(project, fetch=fetch).component(name)
    assert definition is not None
    return definition


@pytest.mark.parametrize(("address", "folder", "ref", "expected"), [
    ("https://host/a/b.git", "", "", Source("https://host/a/b.git")),
    ("git::https://host/a/b.git//deep/er?ref=v1", "", "", Source("https://host/a/b.git", "v1", "deep/er")),
    ("https://host/a/b.git", "alibaba/rds", "v2", Source("https://host/a/b.git", "v2", "alibaba/rds")),
    ("https://host/a/b.git?ref=v1", "/x/", "v2", Source("https://host/a/b.git", "v1", "x")),
    ("git@host:a/b.git//sub", "", "", Source("git@host:a/b.git", "", "sub")),
])
def test_where_a_module_lies(address: str, folder: str, ref: str, expected: Source) -> None:
    assert source_of(address, folder, ref) == expected


def test_an_unpinned_module_is_pinned_at_first_use(server: GitServer, project: Path) -> None:
    first = repository(server.folder / "thing.git", {"sub/main.tf": MODULE})
    define(project, configuration=server.url("thing.git"), type="remote", path="sub", providerRef={"name": "aws"})
    definition = found(project)
    assert [notice.code for notice in definition.notices] == ["PRV-1451"]
    assert lock.read(project).modules[server.url("thing.git")].commit == first
    rules = definition.parameters["properties"]["rules"]
    assert (rules["maxItems"], rules["items"]["required"]) == (4, ["port"])
    assert rules["items"]["properties"]["open"] == {"type": "boolean", "default": False}
    assert definition.parameters["properties"]["token"]["writeOnly"]
    assert definition.parameters["required"] == ["name"]
    assert (definition.outputs["id"].sensitive, definition.outputs["key"].sensitive) == (False, True)
    assert [entry.needs for entry in definition.implementations] == ["aws", "existing"]

    repository(server.folder / "thing.git", {"sub/main.tf": MODULE.replace('"name"', '"other"')})
    asked = len(server.requests)
    assert found(project).parameters["required"] == ["name"]
    assert len(server.requests) == asked


def test_what_is_kept_needs_no_server(project: Path, tmp_path: Path) -> None:
    (tmp_path / "repositories").mkdir()
    with serving(tmp_path / "repositories") as server:
        repository(server.folder / "thing.git", {"main.tf": MODULE})
        define(project, configuration=server.url("thing.git"), type="remote")
        assert not found(project).unavailable
    assert not found(project).unavailable


def test_a_checkout_gets_the_commit_of_the_lock(server: GitServer, project: Path, tmp_path: Path) -> None:
    repository(server.folder / "thing.git", {"main.tf": MODULE})
    define(project, configuration=server.url("thing.git"), type="remote")
    found(project)
    repository(server.folder / "thing.git", {"main.tf": MODULE.replace('"name"', '"other"')})
    checkout = tmp_path / "checkout"
    (checkout / "components").mkdir(parents=True)
    for name in ("provision.lock", "components/terraform-thing.yaml"):
        (checkout / name).write_text((project / name).read_text())
    assert found(checkout).parameters["required"] == ["name"]


def test_a_pinned_module_gives_no_warning(server: GitServer, project: Path) -> None:
    repository(server.folder / "thing.git", {"main.tf": MODULE})
    git(server.folder / "thing.git", "tag", "v1")
    repository(server.folder / "thing.git", {"main.tf": MODULE.replace('"name"', '"other"')})
    define(project, configuration=server.url("thing.git") + "?ref=v1", type="remote")
    define(project, "beside", configuration=server.url("thing.git"), type="remote", gitRef={"tag": "v1"})
    for name in ("thing", "beside"):
        assert (found(project, name).notices, found(project, name).parameters["required"]) == ((), ["name"])


@pytest.mark.parametrize(("path", "fetch", "reason"), [
    ("", False, "was not fetched yet"), ("nowhere", True, "has no folder nowhere at "), ("../..", True, "has no folder ../.. at"),
])
def test_a_module_that_can_not_be_had(server: GitServer, project: Path, path: str, fetch: bool, reason: str) -> None:
    repository(server.folder / "thing.git", {"main.tf": MODULE})
    define(project, configuration=server.url("thing.git"), type="remote", path=path)
    definition = found(project, fetch=fetch)
    assert reason in definition.unavailable and definition.parameters["additionalProperties"]


def test_a_repository_that_is_not_there(server: GitServer, project: Path) -> None:
    define(project, configuration=server.url("none.git"), type="remote")
    assert found(project).unavailable.startswith(f"git could not get {server.url('none.git')}")
    assert not (project / "provision.lock").exists()


def test_a_module_in_the_document_itself(project: Path) -> None:
    define(project, configuration=MODULE, annotations={"definition.oam.dev/description": "A thing", "provider": "azure"}, deleteResource=False)
    definition = found(project)
    assert (definition.description, definition.data, definition.parameters["required"]) == ("A thing", True, ["name"])
    assert [entry.needs for entry in definition.implementations] == ["azure", "azurerm", "existing"]
    assert not (project / ".provision").exists()  # looking writes nothing


def test_a_module_as_json(project: Path) -> None:
    module = {"variable": {"size": {"type": "number", "default": 3}}, "resource": {"alicloud_vpc": {"it": {}}}}
    define(project, configuration=json.dumps(module), type="json")
    definition = found(project)
    assert definition.parameters["properties"]["size"] == {"type": "number", "default": 3}


def test_a_variable_named_like_a_field_of_kubevela_is_the_module_s(project: Path) -> None:
    define(project, configuration='variable "region" {\n  type = string\n  default = "$${x}"\n}\n', providerReference={"name": "gcp"})
    definition = found(project)
    assert definition.parameters["properties"]["region"]["default"] == "$${x}"
    assert "region" not in definition.implementations[0].ignored
    assert [entry.needs for entry in definition.implementations] == ["gcp", "google", "existing"]


def test_what_makes_no_difference_is_told(project: Path) -> None:
    define(project, configuration=MODULE, customRegion="eu-west-3", path="x", pathh="x")
    told = [(problem.code, problem.severity, problem.message.partition(":")[2][1:]) for problem in found(project).notices]
    assert told == [("PRV-1456", "warning", f'"{name}" makes no difference: {why}') for name, why in (
        ("customRegion", "the target of the environment has the region"), ("path", "it is of a remote module"), ("pathh", "nobody knows it here"))]


@pytest.mark.parametrize(("properties", "protected"), [({}, False), ({"deleteResource": True}, False), ({"deleteResource": False}, True)])
def test_a_component_may_say_that_it_stays(project: Path, properties: dict[str, Any], protected: bool) -> None:
    define(project, configuration=MODULE)
    definition = found(project)
    assert for_component(definition, Component("it", "thing", properties)).data is protected
    define(project, configuration='variable "deleteResource" {\n  type = bool\n}\n')
    assert not for_component(found(project), Component("it", "thing", properties)).data, "of a module's own variable nothing is known"


@pytest.mark.parametrize(("terraform", "code"), [
    ({}, "PRV-1453"), ({"configuration": "x", "type": "cue"}, "PRV-1453"), ({"configuration": "resource {{{"}, "PRV-1453"),
])
def test_what_is_malformed(project: Path, terraform: dict[str, Any], code: str) -> None:
    define(project, **terraform)
    with pytest.raises(Invalid) as raised:
        found(project)
    assert {problem.code for problem in raised.value.problems} == {code}


def test_names_are_those_of_the_definitions(project: Path) -> None:
    define(project, configuration=MODULE)
    names = Catalog(project).component_names()
    assert "thing" in names and "terraform-thing" not in names


@pytest.mark.parametrize(("text", "left", "names"), [
    ('a = 1\nprovider "x" {\n  features {}\n}\nb = 2\n', "a = 1\n\n\n\nb = 2\n", ("x",)),
    ('provider "x" {}\nprovider "y" {\n  text = "}{${a}"  # }\n  /* } */\n}\n', "\n\n\n\n\n", ("x", "y")),
    ('provider "x" {\n  text = <<EOT\n}\nEOT\n}\nend = 1\n', "\n\n\n\n\nend = 1\n", ("x",)),
    ('resource "x" "y" {\n  provider = x.z\n}\n', 'resource "x" "y" {\n  provider = x.z\n}\n', ()),
])
def test_provider_blocks_are_left_out(text: str, left: str, names: tuple[str, ...]) -> None:
    assert without_providers(text) == (left, names)


@pytest.mark.parametrize(("text", "left", "versions"), [
    ('terraform {\n  required_providers {\n    aws = {\n      source = "hashicorp/aws"\n      version = "3.74.3"\n    }\n  }\n}\n',
     'terraform {\n  required_providers {\n    aws = {\n      source = "hashicorp/aws"\n      \n    }\n  }\n}\n', ("3.74.3",)),
    ('terraform {\n  required_providers {\n    a = { version = ">= 1", source = "x/a" }\n  }\n  required_version = ">= 1"\n}\nversion = "kept"\n',
     'terraform {\n  required_providers {\n    a = {  source = "x/a" }\n  }\n  required_version = ">= 1"\n}\nversion = "kept"\n', (">= 1",)),
    ('version = "kept"\n', 'version = "kept"\n', ()),
])
def test_versions_of_providers_are_left_out(text: str, left: str, versions: tuple[str, ...]) -> None:
    assert without_versions(text) == (left, versions)
