"""The JSON Schema for editors: valid itself, and of one mind with our own reading about the good and the bad cases."""

from pathlib import Path

import jsonschema
import pytest

from provisioner import spec
from provisioner.catalog import Catalog
from provisioner.model import Json
from provisioner.spec import yaml

CASES = Path(__file__).parent.parent / "cases"
SEEN = ("typo-in-key", "typo-in-type", "typo-in-property", "wrong-type", "enum-typo", "out-of-range", "missing-property", "unknown-trait",
        "another-kind", "no-kind", "nearly-nothing", "bad-names")
"""Bad cases that a schema alone can find."""


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Json]:
    return spec.schema(Catalog(tmp_path_factory.mktemp("project")))


def test_it_is_a_schema(schema: dict[str, Json]) -> None:
    jsonschema.Draft202012Validator.check_schema(schema)


GOOD = sorted([*(CASES / "good").rglob("app.yaml"), *(CASES / "good").rglob("environments/*.yaml"), *(CASES / "rules").glob("*.yaml")])


@pytest.mark.parametrize("path", GOOD, ids=str)
def test_good_documents_fit(schema: dict[str, Json], path: Path) -> None:
    project = path.parent if path.name == "app.yaml" else path.parent.parent
    beside = spec.definitions_beside(path) if path.name == "app.yaml" else []
    if beside or (project / "components").is_dir():
        schema = spec.schema(Catalog(project, fetch=False, beside=beside))
    ours = [document.value for document in yaml.read_all(path) if document.value["kind"] in ("Application", "Environment", "Policy", "Rules")]
    assert ours and [error.message for value in ours for error in jsonschema.Draft202012Validator(schema).iter_errors(value)] == []


@pytest.mark.parametrize("name", SEEN)
def test_bad_documents_do_not(schema: dict[str, Json], name: str) -> None:
    assert not jsonschema.Draft202012Validator(schema).is_valid(yaml.read(CASES / "bad" / name / "app.yaml").value)
