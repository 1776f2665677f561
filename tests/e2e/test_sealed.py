"""Sensitive outputs of any Terraform module reach hosts and other roots, and lie nowhere but in Terraform's state. Budget: 60 s."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import ROOT, Project

SEEDS = ("c4nary-first-51", "c4nary-second-52")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    folder = tmp_path_factory.mktemp("sealed") / "sealed"
    shutil.copytree(ROOT / "tests" / "data" / "sealed", folder)
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "PROVISION_"))}
    made = Project(folder, {**kept, "NO_COLOR": "1", "SEED": SEEDS[0]})
    try:
        yield made
    finally:
        made.provision("destroy", "--yes", exit=None)
        made.end()


def holding(folder: Path, text: str) -> list[str]:
    """Names of the files below the folder that hold a text."""
    return sorted(path.name for path in folder.rglob("*") if path.is_file() and not path.is_symlink() and text.encode() in path.read_bytes())


def environment(project: Project) -> str:
    """The environment file of the service."""
    (found,) = [path for path in project.folder.rglob("env") if path.is_file() and path.parent.name == "web"]
    return found.read_text()


def test_the_service_gets_what_the_module_keeps_to_itself(project: Project) -> None:
    project.provision("apply", "--yes")
    assert f'TOKEN="{SEEDS[0]}"' in environment(project)
    assert f'URL="login://{SEEDS[0]}-password@here"' in environment(project)
    project.provision("plan", "--detailed-exitcode")


def test_it_is_not_shown_and_lies_in_the_state_only(project: Project) -> None:
    printed = [project.provision(*words.split()).stdout for words in ("outputs", "outputs -o json", "show -o json", "events", "status")]
    assert not [text for text in printed if "c4nary" in text]
    assert set(holding(project.folder / ".provision", "c4nary")) == {"terraform.tfstate", "env"}


def test_a_new_value_is_delivered(project: Project) -> None:
    project.environ["SEED"] = SEEDS[1]
    assert project.planned() == {"token@aws": "update", "web@local": "update"}
    project.provision("apply", "--yes")
    assert f'TOKEN="{SEEDS[1]}"' in environment(project) and f"{SEEDS[1]}-password@here" in environment(project)
    project.provision("plan", "--detailed-exitcode")
