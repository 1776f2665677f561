"""What is promoted: the newest revision of another environment, when its newest run succeeded; with the digests of its artefacts."""

from dataclasses import replace
from pathlib import Path

import pytest

from provisioner.api.around import Around
from provisioner.api.promoting import by_name_only, digests_of, of_other_sources, pinned, promoted
from provisioner.errors import ProvisionError
from provisioner.model import Json, Purpose, Unit
from provisioner.store import Revision, Store
from tests.unit.planning import World, unit

API = Unit("api@dc", "api", "webservice", "dc", "ansible", artifacts={"artifact": "sha256"}, inputs={"artifact": "api.tar.gz", "sha256": ""})


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.of_project(tmp_path)


def run(store: Store, state: str, environment: str = "staging", purpose: str = "deliver", **info: Json) -> None:
    plan = World().make(unit("api@dc"), ident=f"p{len(store.runs.list())}")
    plan = type(plan)(**{**vars(plan), "environment": environment, "purpose": Purpose(purpose)})  # type: ignore[arg-type]
    store.plans.save(plan)
    begun = store.runs.begin(plan, "me", "", info=info)
    if state != "running":
        store.runs.move(begun.number, state, 0)  # type: ignore[arg-type]
    if state == "succeeded" and not info.get("acts"):
        store.revisions.add("shop", environment, Revision(0, plan.id, begun.number, "1", "", "", "text"))


def test_the_newest_revision_is_promoted(store: Store) -> None:
    run(store, "succeeded")
    run(store, "succeeded")
    run(store, "failed", action="backup db", acts=True)
    name, revision = promoted(store, "", "staging")
    assert (name, revision.number, promoted(store, "shop", "staging")[1]) == ("shop", 2, revision)


@pytest.mark.parametrize("doing", ["rollback to 1", "heal drift"])
def test_what_a_rollback_or_a_healing_delivered_is_promoted(store: Store, doing: str) -> None:
    run(store, "succeeded")
    run(store, "succeeded", action=doing)
    assert promoted(store, "shop", "staging")[1].number == 2
    run(store, "failed", action=doing)
    with pytest.raises(ProvisionError, match="its newest run, 3, failed"):
        promoted(store, "shop", "staging")
    assert Around("staging", store, lambda service, target: None, lambda path, value: None).state_of("shop") == "failed"


def test_what_was_removed_is_not_promoted(store: Store) -> None:
    """Its revision has the text of then, and nothing is there."""
    run(store, "succeeded")
    run(store, "succeeded", purpose="destroy", action="destroy")
    with pytest.raises(ProvisionError, match="shop is not delivered in staging any more: run 2 removed it") as raised:
        promoted(store, "shop", "staging")
    assert raised.value.code == "PRV-6221"
    run(store, "succeeded")
    assert promoted(store, "shop", "staging")[1].number == 3


def test_a_run_that_waits_is_not_hidden_by_a_healing(store: Store) -> None:
    """What it has delivered so far is no revision yet."""
    run(store, "succeeded")
    run(store, "waiting")
    run(store, "succeeded", action="heal drift")
    with pytest.raises(ProvisionError, match="its newest run, 2, waits for a yes"):
        promoted(store, "shop", "staging")
    assert Around("staging", store, lambda service, target: None, lambda path, value: None).state_of("shop") == "waiting"


def test_the_project_s_file_says_which_of_several(store: Store) -> None:
    run(store, "succeeded")
    for application in ("shop", "mail"):
        store.delivered.deliver(application, "staging", unit("api@dc"), {}, (), 1)
    with pytest.raises(ProvisionError, match="several applications are delivered in staging"):
        promoted(store, "", "staging")
    assert promoted(store, "", "staging", {"shop"})[0] == "shop"
    store.delivered.forget("mail", "staging", "api@dc")
    assert promoted(store, "", "staging")[0] == "shop", "nothing is left of mail"


def test_what_was_taken_away_is_not_promoted(store: Store) -> None:
    run(store, "succeeded")
    plan = World().make(unit("api@dc"), ident="gone")
    store.plans.save(plan)
    store.runs.move(store.runs.begin(replace(plan, environment="staging"), "me", "").number, "succeeded", 0)
    with pytest.raises(ProvisionError, match="not ready to be promoted: its newest run, 2, took it away"):
        promoted(store, "", "staging")


@pytest.mark.parametrize(("state", "told"), [
    ("failed", "run, 2, failed"), ("running", "run, 2, is at work"), ("waiting", "run, 2, waits for a yes"), ("superseded", "run, 2, superseded")])
def test_what_is_not_green_is_not_promoted(store: Store, state: str, told: str) -> None:
    run(store, "succeeded")
    run(store, state)
    with pytest.raises(ProvisionError, match=told) as raised:
        promoted(store, "shop", "staging")
    assert raised.value.code == "PRV-6222" and raised.value.next == "provision show 2"


def test_nothing_to_promote(store: Store) -> None:
    run(store, "succeeded")
    with pytest.raises(ProvisionError, match="nothing of shop is delivered in stagin") as raised:
        promoted(store, "shop", "stagin")
    assert (raised.value.code, raised.value.hint) == ("PRV-6221", 'did you mean "staging"?')


def test_artefacts_are_those_of_the_revision() -> None:
    revision = Revision(3, "p", 1, "1", "", "", "", artifacts={"api@eu": {"api.tar.gz": "d1", "other": None}})
    [found, other] = pinned((API, unit("db@aws")), revision)
    assert found.inputs == {"artifact": "api.tar.gz", "sha256": "d1"} and other == unit("db@aws")
    assert pinned((API,), Revision(3, "p", 1, "1", "", "", "")) == (API,)


def test_images_are_those_of_the_revision_or_said_to_go_by_their_name() -> None:
    web = Unit("web@dc", "web", "webservice", "dc", "ansible", images={"image": "digest"}, inputs={"image": "shop/web:1", "digest": ""})
    other, fixed = (replace(web, name=name, inputs={**web.inputs, "image": image}) for name, image in (
        ("other@dc", "shop/other:1"), ("fixed@dc", "shop/fixed@sha256:f")))
    digests = digests_of((API, web, other, fixed), {"other@dc": {"shop/other:1": "sha256:o"}, "web@dc": {"shop/web:1": "sha256:old"}},
                         {("web@dc", "shop/web:1"): "sha256:w"})
    assert digests == {"api@dc": {"api.tar.gz": None}, "web@dc": {"shop/web:1": "sha256:w"}, "other@dc": {"shop/other:1": "sha256:o"},
                       "fixed@dc": {"shop/fixed@sha256:f": None}}
    late = replace(web, name="late@dc", inputs={**web.inputs, "image": "shop/late:2"})
    found = pinned((web, other, fixed, late), Revision(3, "p", 1, "1", "", "", "", artifacts=digests))
    assert [one.inputs["digest"] for one in found] == ["sha256:w", "sha256:o", "", ""]
    assert by_name_only(found) == ["late@dc: shop/late:2 is promoted by its name: the digest that was delivered is not known"]


def test_a_module_or_playbook_that_was_edited_since_is_told() -> None:
    """What staging has tested is not what comes; a component that another tool makes here, or that is new, can't be compared."""
    then = [replace(API, source_digest="d1"), replace(API, name="db@dc", component="db", source_digest="d3")]
    same, other = replace(API, name="api@prod", target="prod", source_digest="d1"), replace(API, name="api@prod", source_digest="d2")
    cloud, new = replace(other, engine="terraform"), replace(other, name="new@prod", component="new")
    assert of_other_sources([same, cloud, new], then, "staging") == []
    assert of_other_sources([other, new], then, "staging") == [
        "not as in staging: the module or playbook of api@prod is another one than was delivered there"]
