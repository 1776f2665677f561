"""KubeVela's own documents: each is read, and the table of what composes and what does not is as it was. UPDATE_CASES=1 writes it: read it."""

import json
import os
import random
from contextlib import suppress
from pathlib import Path

import pytest

from provisioner import spec
from provisioner.catalog import Catalog
from provisioner.catalog.foreign import foreign_name
from provisioner.errors import ProvisionError
from provisioner.model import Definition
from provisioner.spec import yaml
from tests import kubevela

TABLE = kubevela.DATA / "table.txt"
GOAL = 120
NOT_READ = {"kubevela.github.io__docs__platform-engineers__traits__organisation-trait.md__1.yaml"}
"""Its names hold dots, which references can't."""
INLINE = {"alibaba-nas", "aws-s3", "azure-database-mariadb", "baidu-vpc", "tencent-vpc", "terraform-k8s-pod"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return kubevela.project(tmp_path_factory.mktemp("kubevela"))


def test_the_table(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told, counts = kubevela.table(folder)
    with capsys.disabled():
        print(told.rpartition("\n\n")[2], end="")
    if os.environ.get("UPDATE_CASES"):
        TABLE.write_text(told)
    assert [judged(line) for line in told.splitlines()] == [judged(line) for line in TABLE.read_text().splitlines()]
    assert counts["plans"] + counts["plans without"] >= GOAL


def test_what_composes_was_planned_for_real(folder: Path) -> None:
    """`python -m tests.kubevela --plan` plans what is new."""
    only = {row.file: row.reasons for row in kubevela.rows(folder) if row.result == "composes only"}
    assert only.keys() == kubevela.NEEDS_OTHERS, only
    assert kubevela.planned_before().keys() == {row.file for row in kubevela.rows(folder) if row.result != "no"}


def test_each_that_does_not_plan_has_a_reason_that_is_still_true(folder: Path) -> None:
    """Types of addons, modules that are not here, Kubernetes objects; every other one by file."""
    refused = {row.file: row for row in kubevela.rows(folder) if row.result == "no"}
    assert [name for name, row in refused.items() if not row.why] == []
    assert kubevela.OTHERWISE.keys() - refused.keys() == set()


def judged(line: str) -> tuple[str, str]:
    """A line of the table without its words: those may be said better any day."""
    code = line.find(" PRV-")
    return (line, "") if code < 0 else (line[:code], line[code:code + 9])


@pytest.mark.parametrize("path", kubevela.APPLICATIONS, ids=lambda path: path.stem)
def test_each_application_is_read(path: Path) -> None:
    for name in kubevela.names_in(path):
        application, problems = spec.examine_application(path, name)
        assert application.components
        wrong = [str(problem) for problem in problems if problem.severity == "error" and problem.code != "PRV-1209"]
        assert (path.name in NOT_READ) == bool(wrong), wrong


def test_a_field_of_ours_is_strict_in_such_a_document(tmp_path: Path) -> None:
    path = tmp_path / "app.yaml"
    path.write_text(kubevela.APPLICATIONS[0].read_text().replace("      type: webservice\n", "      type: webservice\n      stck: own\n"))
    _, problems = spec.examine_application(path)
    assert [problem.message for problem in problems if problem.severity == "error"] == ['components[0]: unknown field "stck"']


def definitions(folder: Path) -> dict[str, Definition]:
    catalog = Catalog(folder, fetch=False)
    names = {name for path in kubevela.DEFINITIONS for name in [foreign_name(path)]}
    return {name: found for name in sorted(names) if (found := catalog.component(name))}


def test_every_definition_loads(folder: Path) -> None:
    found = definitions(folder)
    assert len(kubevela.DEFINITIONS) == 94 and len(found) == 92  # two names are there twice
    assert {name for name, definition in found.items() if not definition.unavailable} == INLINE
    clouds = {definition.implementations[0].needs for definition in found.values()}
    assert clouds == {"alibaba", "aws", "azure", "baidu", "ec", "gcp", "kubernetes", "tencent", "vsphere"}


def test_parameters_come_from_the_variables(folder: Path) -> None:
    found = definitions(folder)
    tencent = found["tencent-vpc"].parameters["properties"]
    assert {key: tencent["vpc_dns_servers"][key] for key in ("type", "items", "default")} == {
        "type": "array", "items": {"type": "string"}, "default": []}
    assert tencent["vpc_is_multicast"]["type"] == "boolean"
    assert found["aws-s3"].parameters["required"] == ["bucket"]
    assert found["azure-database-mariadb"].outputs["DB_PASSWORD"].sensitive
    assert [notice.code for notice in found["azure-database-mariadb"].notices] == ["PRV-1454"]


def test_a_damaged_application_is_an_error_in_words(folder: Path) -> None:
    chance = random.Random(20)
    documents = [document.value for path in kubevela.APPLICATIONS for document in yaml.read_all(path) if document.value["kind"] == "Application"]
    path = folder / "app.yaml"
    for number in range(400):
        path.write_text(json.dumps(kubevela.damaged(chance.choice(documents), chance)))
        with suppress(ProvisionError):
            kubevela.composed(folder, path, "", ignore=number % 2 == 0)


def test_a_damaged_definition_is_an_error_in_words(tmp_path: Path) -> None:
    chance = random.Random(20)
    documents = [yaml.read(path).value for path in kubevela.DEFINITIONS]
    path = tmp_path / "components/thing.yaml"
    path.parent.mkdir()
    for _ in range(100):
        path.write_text(json.dumps(kubevela.damaged(chance.choice(documents), chance)))
        with suppress(ProvisionError):
            Catalog(tmp_path, fetch=False).component("thing")
