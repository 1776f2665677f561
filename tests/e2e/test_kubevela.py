"""A document of KubeVela's with a definition of KubeVela's, unchanged, delivered to the simulated cloud. Budget: 2 minutes."""

import shutil
from collections.abc import Callable, Iterator

import boto3  # type: ignore[import-untyped]
import pytest

from tests.e2e.conftest import Project
from tests.kubevela import DATA

APPLICATION = "kubevela__docs__examples__terraform__cloud-resource-provision-and-consume__application-aws-s3.yaml"
DEFINITION = "catalog__addons__terraform-aws__definitions__terraform-aws-s3.yaml"


@pytest.fixture(scope="module")
def project(example: Callable[..., Project]) -> Iterator[Project]:
    found = example("environments", folder=DATA)
    (found.folder / "both.yaml").unlink()
    shutil.copy(DATA / "applications" / APPLICATION, found.folder / "app.yaml")
    (found.folder / "components").mkdir()
    shutil.copy(DATA / "definitions" / DEFINITION, found.folder / "components")
    try:
        yield found
    finally:
        found.provision("destroy", "--yes", exit=None)
        found.end()


def test_it_is_delivered(project: Project) -> None:
    told = project.provision("apply", "--yes").stderr
    assert "PRV-1455 aws-s3: the provider's version 3.74.3 is left out" in told
    endpoint = project.json("sandbox", "status")["endpoint"]
    client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")
    assert [bucket["Name"] for bucket in client.list_buckets()["Buckets"]] == ["vela-website-202110191745"]
    assert project.outputs("sample-s3")["BUCKET_NAME"].startswith("vela-website-202110191745.s3")
    assert project.planned() == {}
