"""The store's schema: migrated and fresh ones are the same, every version can be brought up, newer ones are left alone."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect
from sqlalchemy.pool import NullPool

import provisioner.store.migrations as migrations
from provisioner.model import Event, Plan, Step, Unit
from provisioner.store import Store, StoreError
from provisioner.store.tables import HEAD, METADATA


def scripts() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    return ScriptDirectory.from_config(config)


VERSIONS = sorted(script.revision for script in scripts().walk_revisions())


def shape(place: Path) -> dict[str, Any]:
    """Every table with its columns, keys and indexes, as the database tells them."""
    engine = create_engine(f"sqlite:///{place}", poolclass=NullPool)
    found = inspect(engine)
    return {table: {
        "columns": [(column["name"], str(column["type"]), column["nullable"], column["default"]) for column in found.get_columns(table)],
        "key": found.get_pk_constraint(table), "foreign": sorted(map(str, found.get_foreign_keys(table))),
        "indexes": sorted(map(str, found.get_indexes(table)))} for table in found.get_table_names()}


def made_at(place: Path, version: str) -> None:
    """A store as that version left it."""
    engine = create_engine(f"sqlite:///{place}", poolclass=NullPool)
    with engine.begin() as connection:
        migrations.upgrade(connection, version)


def test_the_newest_migration_is_what_this_version_expects() -> None:
    assert scripts().get_current_head() == HEAD == VERSIONS[-1]


def test_a_fresh_schema_is_the_migrated_one(tmp_path: Path) -> None:
    Store(tmp_path / "fresh.db").close()
    made_at(tmp_path / "migrated.db", "head")
    assert shape(tmp_path / "fresh.db") == shape(tmp_path / "migrated.db")
    assert set(shape(tmp_path / "fresh.db")) == {*METADATA.tables, "alembic_version"}


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_is_brought_up_with_its_rows(tmp_path: Path, version: str) -> None:
    place = tmp_path / "store.db"
    made_at(place, version)
    with sqlite3.connect(place) as old:
        old.execute("INSERT INTO plans VALUES ('p0', 'shop', 'prod', 'd', '2024', '{\"id\":\"p0\",\"application\":\"shop\",\"environment\":\"prod\","
                    "\"version\":\"1\",\"steps\":[]}')")
    old.close()
    with Store(place) as store:
        assert store.plans.get("p0") == Plan("p0", "shop", "prod", "1", ())
        run = store.runs.begin(store.plans.get("p0"), "me")  # type: ignore[arg-type]
        store.events.append(run.number, Event("note"))
        store.delivered.deliver("shop", "prod", Unit("db@dc", "db", "postgres", "dc", "ansible"), {}, [], run.number)
        store.delivered.host_done("shop", "prod", "db@dc", "dc/h1", "d", run.number)
    Store(tmp_path / "fresh.db").close()
    assert shape(place) == shape(tmp_path / "fresh.db")


def test_a_newer_schema_is_left_alone(tmp_path: Path) -> None:
    place = tmp_path / "store.db"
    Store(place).close()
    with sqlite3.connect(place) as newer:
        newer.execute("UPDATE alembic_version SET version_num = '9999'")
    newer.close()
    before = shape(place)
    with pytest.raises(StoreError) as caught:
        Store(place)
    assert caught.value.code == "PRV-6015" and "9999" in caught.value.message and HEAD in caught.value.message
    assert shape(place) == before


def test_a_migration_that_fails_leaves_the_old_schema(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "store.db"
    made_at(place, VERSIONS[0])
    before = shape(place)

    def half(config: Config, target: str) -> None:
        whole(config, target)
        raise StoreError("power cut")

    whole = command.upgrade
    monkeypatch.setattr(command, "upgrade", half)
    with pytest.raises(StoreError, match="power cut"):
        Store(place)
    assert shape(place) == before


def test_a_store_without_steps_can_be_read(tmp_path: Path) -> None:
    with Store(tmp_path / "store.db") as store:
        store.plans.save(Plan("p", "shop", "prod", "1", ()))
        assert store.runs.steps(store.runs.begin(Plan("p", "shop", "prod", "1", ()), "me").number) == {}
        store.plans.save(Plan("q", "shop", "prod", "1", (Step("a", "deliver", Unit("a@b", "a", "t", "b", "existing")),)))
