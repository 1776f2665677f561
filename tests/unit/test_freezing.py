"""publishVersion freezes what was delivered under it."""

from dataclasses import replace

import pytest

from provisioner.errors import Exit, Refused
from provisioner.model import Application, Component, Policy
from provisioner.planner.freezing import AUTO_UPDATE, refuse_edited, refuse_moved
from tests.unit.planning import unit

SHOP = Application("shop", "2.4.0", (Component("web", "webservice", {"cpu": 1}),), (Policy("keep", "protect"),))
WEB = replace(unit("web@dc", inputs={"artifact": "dist/web", "sha256": "aa"}), artifacts={"artifact": "sha256"}, source_digest="s1")
ARTIFACTS, SOURCES = {"web@dc": {"dist/web": "aa"}}, {"web@dc": "s1"}


@pytest.mark.parametrize(("now", "says"), [
    (replace(SHOP, components=(Component("web", "webservice", {"cpu": 2}),)), "the component web was changed"),
    (replace(SHOP, components=()), "component web was taken out"),
    (replace(SHOP, policies=()), "policy keep was taken out"),
])
def test_an_edit_under_a_delivered_version_is_refused(now: Application, says: str) -> None:
    with pytest.raises(Refused) as caught:
        refuse_edited(now, SHOP, 41)
    assert (caught.value.code, caught.value.exit) == ("PRV-5004", Exit.DENIED)
    assert says in caught.value.message and "version 2.4.0 was delivered as revision 41" in caught.value.message


def test_what_is_no_edit() -> None:
    refuse_edited(replace(SHOP, text="# a comment", labels={"owner": "ann"}), SHOP, 41)
    refuse_moved(SHOP, [WEB, unit("new@dc2")], ARTIFACTS, SOURCES, 41)


@pytest.mark.parametrize(("now", "says"), [
    (replace(WEB, inputs={**WEB.inputs, "sha256": "bb"}), "the artefact dist/web of web@dc was changed"),
    (replace(WEB, source_digest="s2"), "the playbook of web@dc was changed"),
])
def test_what_it_is_made_of_is_frozen_too(now: object, says: str) -> None:
    with pytest.raises(Refused, match=says):
        refuse_moved(SHOP, [now], ARTIFACTS, SOURCES, 41)  # type: ignore[list-item]


def test_the_platform_may_move_where_the_application_says_so() -> None:
    moving = replace(SHOP, annotations={AUTO_UPDATE: "true"})
    refuse_moved(moving, [replace(WEB, source_digest="s2")], ARTIFACTS, SOURCES, 41)
    with pytest.raises(Refused, match="artefact"):
        refuse_moved(moving, [replace(WEB, inputs={**WEB.inputs, "sha256": "bb"})], ARTIFACTS, SOURCES, 41)
