"""Artefacts in S3, asked of a simulated S3 over HTTP as the action plugin asks it."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

import tests.unit.playbooks  # noqa: F401  isort: skip
from ansible.module_utils.provision.controller import artefacts
from ansible.module_utils.provision.failures import Failed


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client of a simulated S3 with one bucket; the environment points at it."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in {"AWS_ENDPOINT_URL": f"http://{host}:{port}", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
                        "AWS_DEFAULT_REGION": "us-east-1"}.items():
        monkeypatch.setenv(name, value)
    client = boto3.client("s3")
    client.create_bucket(Bucket="builds")
    yield client
    server.stop()


def test_an_object_is_fetched_again_only_when_it_changed(s3: Any, tmp_path: Path) -> None:
    s3.put_object(Bucket="builds", Key="a/api.tgz", Body=b"one")
    found = artefacts.find("s3://builds/a/api.tgz", "", str(tmp_path))
    assert (found.name, found.digest, found.size) == ("api.tgz", hashlib.sha256(b"one").hexdigest(), 3)
    assert Path(found.fetch()).read_bytes() == b"one"
    kept = sorted((tmp_path / ".provision/cache/artifacts").iterdir())
    assert artefacts.find("s3://builds/a/api.tgz", "", str(tmp_path)).digest == found.digest
    assert sorted((tmp_path / ".provision/cache/artifacts").iterdir()) == kept
    s3.put_object(Bucket="builds", Key="a/api.tgz", Body=b"two")
    assert artefacts.find("s3://builds/a/api.tgz", "", str(tmp_path)).digest == hashlib.sha256(b"two").hexdigest()


def test_with_a_digest_nothing_is_asked_before_it_is_needed(s3: Any, tmp_path: Path) -> None:
    found = artefacts.find("s3://builds/later.tgz", hashlib.sha256(b"one").hexdigest(), str(tmp_path))
    with pytest.raises(Failed, match="can't be fetched"):
        found.fetch()
    s3.put_object(Bucket="builds", Key="later.tgz", Body=b"one")
    assert Path(found.fetch()).read_bytes() == b"one"


@pytest.mark.parametrize("source", ["s3://builds/missing.tgz", "s3://no-such-bucket/x.tgz"])
def test_what_is_not_there(s3: Any, tmp_path: Path, source: str) -> None:
    with pytest.raises(Failed, match="can't be fetched"):
        artefacts.find(source, "", str(tmp_path))
