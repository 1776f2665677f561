"""Which image a cloud will pull: asked of its registry, once, over HTTP; what counts instead, and what is said."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from provisioner.engines.ansible import artefacts
from provisioner.engines.ansible.registries import Registries
from provisioner.library import library_folder
from provisioner.model import Unit

NEW, OLD = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"


class Registry(BaseHTTPRequestHandler):
    """Has one image, shop/web:1."""

    asked: list[str] = []

    def do_HEAD(self) -> None:
        self.asked.append(self.path)
        known = self.path == "/v2/shop/web/manifests/1"
        self.send_response(200 if known else 404)
        if known:
            self.send_header("Docker-Content-Digest", NEW)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Registry)
    Registry.asked = []
    Thread(target=server.serve_forever, daemon=True).start()
    place = f"127.0.0.1:{server.server_port}"
    artefacts.reach(library_folder())
    from ansible.module_utils.provision import registry as asking  # type: ignore[import-untyped]

    monkeypatch.setattr(asking, "_configuration", lambda: [f'[[registry]]\nlocation = "{place}"\ninsecure = true\n'])
    yield place
    server.shutdown()
    server.server_close()


def service(image: str, name: str = "web@aws", engine: Any = "terraform", digest: str = "") -> Unit:
    return Unit(name, "web", "webservice", name.partition("@")[2], engine, images={"image": "digest"}, inputs={"image": image, "digest": digest})


def registries(simulated: set[str] | None = None) -> Registries:
    return Registries(lambda *_: "", library_folder(), simulated or set())


def test_a_name_is_the_image_that_the_registry_has_now(registry: str) -> None:
    units = (service(f"{registry}/shop/web:1"), service(f"{registry}/shop/web:1", "two@aws"))
    asking = registries()
    for _ in range(2):
        found, notes = asking.pinned(units, {}, {})
        assert [unit.inputs["digest"] for unit in found] == [NEW, NEW] and notes == []
    assert Registry.asked == ["/v2/shop/web/manifests/1"]


def test_nobody_is_asked_where_the_image_is_known_or_none_is_pulled(registry: str) -> None:
    image = f"{registry}/shop/web:1"
    same = (service(image, engine="ansible"), service(f"{registry}/shop/web@{OLD}"), service(image, digest=OLD), service(""),
            service(image, "web@sim"))
    assert registries({"sim"}).pinned(same, {}, {}) == (same, [])
    [found], notes = registries().pinned([service(image)], {"web@aws": {image: OLD}}, {"web@aws": {image: NEW}})
    assert found.inputs["digest"] == OLD and notes == [] and Registry.asked == []


def test_what_no_registry_says_stays_as_delivered_or_goes_by_its_name(registry: str) -> None:
    lost, later = f"{registry}/shop/lost:1", "${build@aws.image}"
    [found], [told] = registries().pinned([service(lost)], {}, {"web@aws": {lost: OLD}})
    assert found.inputs["digest"] == OLD and told.startswith(f"web@aws: {lost} stays the image that was delivered, sha256:bbbbbbbbbbbb: the registry")
    found, notes = registries().pinned([service(lost), service(later)], {}, {"web@aws": {"another:1": OLD}})
    assert [unit.inputs["digest"] for unit in found] == ["", ""]
    assert [note.partition(": the ")[0] for note in notes] == [f"web@aws: {name} is delivered by its name, whatever that means by then"
                                                              for name in (lost, later)]
    assert "404" in notes[0] and "known only later" in notes[1]
