"""Which project, which environment, which folders: from settings to values and places on disk."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from provisioner.api import folders, opening
from provisioner.api.sites import Sites
from provisioner.api.values import Settings
from provisioner.errors import Exit, Missing, ProvisionError
from provisioner.model import Application, Component, Environment, Target, Trait
from provisioner.process import identity
from provisioner.sandbox.simulator import Simulator


def test_the_document_is_a_file_or_the_app_yaml_of_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "app.yaml").write_text("")
    monkeypatch.chdir(tmp_path)
    for name in ("app.yaml", ".", str(tmp_path), str(tmp_path / "app.yaml")):
        assert opening.document(Settings(file=name)) == tmp_path / "app.yaml"
        assert opening.project_folder(Settings(file=name)) == tmp_path
    with pytest.raises(Missing) as caught:
        opening.document(Settings(file="other.yaml"))
    assert (caught.value.code, caught.value.exit, caught.value.next) == ("PRV-1001", Exit.INVALID, "provision init")


@pytest.mark.parametrize(("asked", "known", "name"), [
    ("", [], "sandbox"), ("", ["prod"], "prod"), ("test", ["prod", "test"], "test"), ("sandbox", ["prod"], "sandbox"), ("sandbox", [], "sandbox")])
def test_which_environment(asked: str, known: list[str], name: str) -> None:
    assert opening.environment_name(Settings(environment=asked), known) == name


@pytest.mark.parametrize(("asked", "known", "code", "exit", "hint"), [
    ("prd", ["prod", "test"], "PRV-1002", Exit.INVALID, "prod"), ("", ["test", "prod"], "PRV-1003", Exit.USAGE, "-e")])
def test_no_such_environment(asked: str, known: list[str], code: str, exit: Exit, hint: str) -> None:
    with pytest.raises(ProvisionError) as caught:
        opening.environment_name(Settings(environment=asked), known)
    assert (caught.value.code, caught.value.exit) == (code, exit) and hint in caught.value.hint


def test_the_sandbox_is_there_without_a_file_and_reaches_nobody(tmp_path: Path) -> None:
    found = opening.open_environment(Settings(), tmp_path, opening.known_endpoint(tmp_path))
    assert found.sandbox and [target.name for target in found.targets] == ["aws", "local"]
    assert {target.vars["endpoint"] for target in found.targets} == {opening.NOWHERE_ENDPOINT}
    assert not list(tmp_path.iterdir())


def test_hosts_on_the_command_line_need_no_file(tmp_path: Path) -> None:
    found = opening.open_environment(Settings(on=("deploy@203.0.113.7:2222",)), tmp_path, "")
    host, = (host for target in found.targets if target.hosts for host in target.hosts.listed)
    assert (host.address, host.user, host.port) == ("203.0.113.7", "deploy", 2222)


def test_gateways_of_the_sandbox_use_high_ports_and_others_are_left_alone(tmp_path: Path) -> None:
    gateway = Trait("gateway", {"domain": "x.example"})
    application = Application("shop", components=(
        Component("web", "webservice", traits=(gateway, Trait("scaler", {"replicas": 2}))), Component("door", "gateway", {"port": 443}),
        Component("high", "gateway", {"port": 9000})))
    fitted = opening.fit(application, opening.open_environment(Settings(), tmp_path, ""))
    ports = [fitted.components[0].traits[0].properties["port"], *(each.properties["port"] for each in fitted.components[1:])]
    assert ports == [8080, 8081, 9000] and fitted.components[0].traits[1] == application.components[0].traits[1]
    assert opening.fit(application, Environment("prod")) is application


def test_the_store_lies_in_the_project_or_where_it_is_named(tmp_path: Path) -> None:
    (tmp_path / "app.yaml").write_text("")
    opening.open_store(Settings(file=str(tmp_path / "app.yaml"))).close()
    assert (tmp_path / ".provision/store.db").exists() and (tmp_path / ".provision").stat().st_mode & 0o777 == 0o700
    opening.open_store(Settings(store=str(tmp_path / "else/where.db"))).close()
    assert (tmp_path / "else/where.db").exists()


# ------------------------------------------------------------------ folders of plans
def aged(state: Path, *names: str) -> None:
    """Folders of plans whose process is gone, the first the oldest."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    for age, name in enumerate(names):
        folder = folders.make(state, name)
        (folder / "owner").write_text(f'[{gone.pid}, "1", "{identity.boot()}"]')
        os.utime(folder, (age, age))


def test_old_folders_of_plans_are_swept_unless_somebody_needs_them(tmp_path: Path) -> None:
    old = [f"p{number:02}" for number in range(folders.KEPT + 5)]
    aged(tmp_path, *old)
    mine = folders.make(tmp_path, "mine")
    os.utime(mine, (0, 0))
    (tmp_path / "plans/p01/owner").write_text("broken")
    folders.sweep(tmp_path, ["p02"])
    left = {path.name for path in (tmp_path / "plans").iterdir()}
    assert left == {"mine", "p02", *old[-folders.KEPT:]}
    assert mine.stat().st_mode & 0o777 == 0o700
    folders.sweep(tmp_path / "nothing", [])


def test_plan_files_go_and_the_rest_stays(tmp_path: Path) -> None:
    folder = folders.make(tmp_path, "p1")
    (folder / "aws").mkdir()
    for name in ("aws/preview.tfplan", "aws/main.tf.json"):
        (folder / name).write_text("")
    folders.forget_plan_files(folder)
    assert [path.name for path in (folder / "aws").iterdir()] == ["main.tf.json"]
    folders.discard(folder)
    folders.discard(folder)
    assert not folder.exists()


# ------------------------------------------------------------------ sites
def test_a_site_knows_its_places_and_the_environment_of_its_children(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "prod")
    aws = Target("aws", offers=("aws",), terraform={"env": {"AWS_REGION": "eu-central-1", "N": 5}})
    sites = Sites("shop", Environment("prod", (aws, Target("dc"))), tmp_path, 3)
    site = sites.site("aws", tmp_path / "work", 7, lambda value: value)
    assert (site.state, site.project, site.run, site.parallel) == (tmp_path / ".provision/shop/prod", tmp_path, 7, 3)
    assert site.environ == {"AWS_REGION": "eu-central-1", "N": "5"} and sites.environ("dc") == {}
    assert site.work.stat().st_mode & 0o777 == site.state.stat().st_mode & 0o777 == 0o700
    with pytest.raises(ProvisionError) as caught:
        sites.site("awss", tmp_path, 0, lambda value: value)
    assert caught.value.code == "PRV-1515" and "aws" in caught.value.hint


def test_children_of_the_sandbox_see_the_simulator_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "prod")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "real-7731")
    sites = Sites("shop", opening.open_environment(Settings(), tmp_path, ""), tmp_path, 1)
    sites.simulate(Simulator("http://127.0.0.1:5", 5, 1, False, ""))
    seen = sites.environ("aws")
    assert seen["AWS_ENDPOINT_URL"] == "http://127.0.0.1:5" and seen["AWS_PROFILE"] == "" and "real-7731" not in str(seen)
    assert sites.environ("local") == {}
