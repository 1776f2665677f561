"""Components that other applications of a store have delivered: looked up, shared, and kept while somebody has them."""

from dataclasses import replace
from pathlib import Path

import pytest

from provisioner.api.neighbouring import Neighbourhood
from provisioner.catalog import Catalog
from provisioner.compose import compose
from provisioner.errors import Invalid
from provisioner.model import Application, Component, Environment, Handling, PlaceRule, Policy, Target, Unit
from provisioner.planner.keeping import kept
from provisioner.store import Store

SHARED = Policy("s", "shared-resource", {"rules": [{"selector": {"componentNames": ["db"]}}]})
READ = Policy("r", "read-only", {"rules": [{"selector": {"componentTypes": ["postgres"]}}]})
OUTPUTS = {"host": "10.0.0.1", "port": 5432, "url": "postgresql://${secret.generated/first/prod/db@dc/password}@10.0.0.1/app"}
DB = Unit("db@dc", "db", "postgres", "dc", "ansible", handling=Handling(shared=True))
PROD = Environment("prod", (Target("aws", offers=("aws",), terraform={}),))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store.of_project(tmp_path)
    made.delivered.deliver("first", "prod", DB, OUTPUTS, (), 1)
    return made


def composed(store: Store, *policies: Policy, component: str = "db", environment: Environment = PROD) -> tuple[Unit, ...]:
    application = Application("second", components=(Component(component, "postgres"),), policies=policies)
    return compose(Catalog(Path("/nowhere")).context_for(
        application, environment, neighbours=Neighbourhood(store, "second", environment.name).neighbours())).units


@pytest.mark.parametrize("policy", [SHARED, READ])
def test_what_another_application_has_is_an_existing_one_with_its_outputs(store: Store, policy: Policy) -> None:
    [unit] = composed(store, policy)
    assert (unit.name, unit.engine, unit.data) == ("db@existing", "existing", False)
    assert unit.outputs["url"] == OUTPUTS["url"] and "url" in unit.sensitive


def test_the_first_one_owns_what_is_shared(store: Store) -> None:
    store.delivered.forget("first", "prod", "db@dc")
    [unit] = composed(store, SHARED)
    assert (unit.name, unit.handling.shared) == ("db@aws", True)


def test_what_is_read_only_must_be_somewhere(store: Store) -> None:
    store.delivered.forget("first", "prod", "db@dc")
    with pytest.raises(Invalid, match='PRV-1535 "db" is read-only, and no application has delivered a postgres of that name in prod'):
        composed(store, READ)
    there = replace(PROD, place=(PlaceRule(("db",), existing={"host": "h", "port": 1, "password": "x", "user": "u", "database": "d"}),))
    assert [unit.name for unit in composed(store, READ, environment=there)] == ["db@existing"]


def test_only_what_is_shared_by_both_is_lent(store: Store) -> None:
    assert [unit.name for unit in composed(store)] == ["db@aws"]
    store.delivered.deliver("first", "prod", replace(DB, handling=Handling()), OUTPUTS, (), 1)
    assert [unit.name for unit in composed(store, SHARED)] == ["db@aws"]
    assert [unit.name for unit in composed(store, SHARED, environment=replace(PROD, name="other"))] == ["db@aws"]


def test_what_is_its_own_is_not_looked_up_elsewhere(store: Store) -> None:
    store.delivered.deliver("second", "prod", replace(DB, name="db@aws", target="aws"), OUTPUTS, (), 1)
    assert [unit.name for unit in composed(store, READ)] == ["db@aws"]


def test_what_others_share_stays(store: Store) -> None:
    def stays() -> dict[str, str]:
        first = Neighbourhood(store, "first", "prod")
        return kept((), store.delivered.all("first", "prod"), (), lambda unit: unit.handling, destroy=True, users=first.users_of)

    assert stays() == {}
    [unit] = composed(store, SHARED)
    store.delivered.deliver("second", "prod", unit, unit.outputs, (), 2)
    assert stays() == {"db@dc": "shared with second"}
    store.delivered.forget("second", "prod", "db@existing")
    assert stays() == {}


@pytest.mark.parametrize(("name", "known"), [("db", True), ("d*", True), ("dbb", False), ("beside", True)])
def test_what_other_applications_are_called_is_known(store: Store, name: str, known: bool) -> None:
    """Those that are delivered there, and those of the same file; a name of another environment is none of this one."""
    store.delivered.deliver("first", "dev", replace(DB, name="dbb@dc", component="dbb"), {}, (), 1)
    assert Neighbourhood(store, "second", "prod", lambda: ["beside"]).neighbours().has(name) is known
