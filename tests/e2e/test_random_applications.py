"""Random small applications on the sandbox: delivered, planned again, removed. Budget: 1 minute."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3  # type: ignore[import-untyped]
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from provisioner.sandbox import simulator
from tests.e2e.conftest import Project, effects
from tests.ports import free_port

PORTS = [free_port(), free_port()]
DATA = ("table", "bucket")
OUTPUTS = {"table": ("name", "arn"), "bucket": ("name",), "topic": ("arn", "name")}
MADE = {"dynamodb": ("list_tables", "TableNames"), "s3": ("list_buckets", "Buckets"), "sns": ("list_topics", "Topics")}
"""How the cloud is asked for what these types make."""
SERVICE = """
import http.server, os
http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), http.server.SimpleHTTPRequestHandler).serve_forever()
"""


@st.composite
def applications(draw: st.DrawFn) -> list[dict[str, Any]]:
    """One to three stores, each perhaps after others, and one or two services that are told of some of them."""
    kinds = draw(st.lists(st.sampled_from(sorted(OUTPUTS)), min_size=1, max_size=3))
    found: list[dict[str, Any]] = [{"name": f"{kind}-{number}", "type": kind} for number, kind in enumerate(kinds)]
    for number, one in enumerate(found):
        one["dependsOn"] = draw(st.lists(st.sampled_from([before["name"] for before in found[:number]]), max_size=2, unique=True)) if number else []
    known = [f"${{{one['name']}.{output}}}" for one in found for output in OUTPUTS[one["type"]]]
    for number in range(draw(st.integers(1, 2))):
        port = PORTS[number]
        env = {f"V{index}": text for index, text in enumerate(draw(st.lists(st.sampled_from(known), max_size=3)))}
        found.append({"name": f"web-{number}", "type": "webservice", "properties": {
            "artifact": "service", "cmd": ["python3", "web.py"], "ports": [{"port": port}], "env": {"PORT": str(port), **env},
            "readinessProbe": {"httpGet": {"path": "/", "port": port}}}})
    return draw(st.permutations(found))


@pytest.fixture(scope="module")
def project(example: Callable[..., Project], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project without an application yet."""
    source = tmp_path_factory.mktemp("source")
    (source / "drawn/service").mkdir(parents=True)
    (source / "drawn/service/web.py").write_text(SERVICE)
    project = example("drawn", folder=source)
    try:
        yield project
    finally:
        project.provision("destroy", "--yes", exit=None)
        project.end()


def left(project: Project) -> dict[str, int]:
    """What the simulated cloud still has, and how much the host."""
    running = simulator.find(project.folder)
    assert running is not None
    way = {"region_name": simulator.REGION, "endpoint_url": running.endpoint, "aws_access_key_id": "test", "aws_secret_access_key": "test"}
    found = {service: len(getattr(boto3.client(service, **way), ask)()[key]) for service, (ask, key) in MADE.items()}
    host = project.folder / ".provision/host"
    return {**found, "services": len(list((host / "etc").glob("web-*"))), "releases": len(list((host / "opt").glob("**/web-*")))}


@settings(max_examples=2, phases=[Phase.generate])
@given(applications())
def test_what_is_delivered_needs_nothing_and_its_removal_leaves_nothing(project: Project, components: list[dict[str, Any]]) -> None:
    (project.folder / "app.yaml").write_text(json.dumps({
        "apiVersion": "core.oam.dev/v1beta1", "kind": "Application", "metadata": {"name": "drawn"}, "spec": {"components": components}}))
    project.provision("apply", "--yes")
    there = left(project)
    assert there["services"] == sum(one["type"] == "webservice" for one in components)
    assert sum(there[service] for service in MADE) == len(components) - there["services"]
    assert effects(project.json("plan")) == {}
    allow = [word for one in components if one["type"] in DATA for word in ("--allow-destroy", one["name"])]
    project.provision("destroy", "--yes", *allow)
    assert not any(left(project).values()), left(project)
    assert project.json("outputs")["outputs"] == {}
