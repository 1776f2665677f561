"""A cloud that is not AWS: a provider of the tests' own, found in a mirror, with two targets and modules that do not go together. Budget: 90 s."""

import json
import os
import platform
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import ROOT, Project
from tests.notes_provider import ADDRESS

SEALS = ("c4nary-seal-1", "c4nary-seal-2")
MACHINES = {"x86_64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("minutes")
    shutil.copytree(ROOT / "tests" / "data" / "notes", folder / "minutes")
    for number in ("1.0.0", "1.1.0"):
        version = folder / "mirror" / ADDRESS / number / f"{platform.system().lower()}_{MACHINES[platform.machine()]}"
        version.mkdir(parents=True)
        program = version / f"terraform-provider-notes_v{number}"
        program.write_text(f"#!/bin/sh\nPYTHONPATH='{ROOT}' exec '{sys.executable}' -m tests.notes_provider\n")
        program.chmod(0o755)
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "PROVISION_"))}
    return Project(folder / "minutes", {
        **kept, "NO_COLOR": "1", "PROVISION_MIRROR": str(folder / "mirror"), "DESK": str(folder / "desk"), "ARCHIVE": str(folder / "archive"),
        "SEAL": SEALS[0]})


def note(project: Project, place: str, name: str) -> Any:
    path = Path(project.environ[place]) / f"{name}.json"
    return json.loads(path.read_text()) if path.exists() else None


def test_two_targets_of_another_cloud_are_delivered(project: Project) -> None:
    assert project.planned() == {"agenda@desk": "create", "answer@archive": "create"}
    project.provision("apply", "--yes")
    path = Path(project.environ["DESK"]) / "agenda.json"
    assert note(project, "DESK", "agenda") == {"name": "agenda", "text": "open the window", "seal": SEALS[0]}
    assert note(project, "ARCHIVE", "answer") == {"name": "answer", "text": f"see {path}", "seal": f"again {SEALS[0]}"}
    assert project.outputs("agenda")["path"] == str(path)
    project.provision("plan", "--detailed-exitcode")
    assert "nothing to do" in project.provision("apply", "--yes").stdout.lower()


def test_what_is_sensitive_lies_in_no_file_but_states(project: Project) -> None:
    holding = {path.name for path in (project.folder / ".provision").rglob("*") if path.is_file() and b"c4nary" in path.read_bytes()}
    assert holding == {"terraform.tfstate"}


def test_a_new_seal_reaches_the_other_target(project: Project) -> None:
    project.environ["SEAL"] = SEALS[1]
    project.provision("apply", "--yes")
    assert note(project, "ARCHIVE", "answer")["seal"] == f"again {SEALS[1]}"
    project.provision("plan", "--detailed-exitcode")


def test_a_change_by_hand_is_found_and_healed(project: Project) -> None:
    path = Path(project.environ["DESK"]) / "agenda.json"
    path.write_text(path.read_text().replace("open", "shut"))
    shown = project.provision("plan", "--detailed-exitcode", exit=2).stdout
    assert "shut the window" in shown and "open the window" in shown
    project.provision("apply", "--yes")
    assert note(project, "DESK", "agenda")["text"] == "open the window"


def test_another_name_is_a_replacement_that_says_why(project: Project) -> None:
    project.edit('text: "open the window"', 'name: agenda-2, text: "open the window"')
    assert "forces replacement: name" in project.provision("plan").stdout
    project.provision("apply", "--yes")
    assert note(project, "DESK", "agenda") is None
    assert note(project, "ARCHIVE", "answer")["text"].endswith("agenda-2.json")


def test_what_the_cloud_refuses_is_said_in_its_words(project: Project) -> None:
    (Path(project.environ["DESK"]) / "taken.json").write_text("{}")
    project.edit("agenda-2", "taken")
    done = project.provision("apply", "--yes", exit=None)
    assert done.returncode in (1, 9) and "taken.json is there: choose another name" in done.stdout + done.stderr
    (Path(project.environ["DESK"]) / "taken.json").unlink()
    project.provision("apply", "--yes")
    assert note(project, "DESK", "taken")["text"] == "open the window"


def test_modules_that_do_not_go_together_get_roots_of_their_own(project: Project) -> None:
    """Two that bring their own providers, and two whose constraints can't meet; what was delivered stays in its root."""
    folder = Path(project.environ["DESK"]).parent / "own"
    project.edit("  components:\n", f"""  components:
    - {{name: first, type: own-note, properties: {{text: "first", folder: "{folder}/1", seal: "c4nary-own"}}}}
    - {{name: second, type: own-note, properties: {{text: "see ${{first.path}}", folder: "{folder}/2", seal: "${{first.seal}}"}}}}
    - {{name: old, type: old-note, properties: {{text: "old"}}}}
    - {{name: new, type: new-note, properties: {{text: "new"}}}}
""")
    rules = project.folder / "environments" / "office.yaml"
    rules.write_text(rules.read_text().replace("[agenda]", "[agenda, first, second, old, new]"))
    project.provision("apply", "--yes")
    assert json.loads((folder / "2" / "second.json").read_text()) == {"name": "second", "text": f"see {folder}/1/first.json", "seal": "c4nary-own"}
    roots = {path.name for path in (project.folder / ".provision" / "minutes" / "office" / "terraform").iterdir()}
    assert roots == {"desk", "archive", "desk--first", "desk--second", "desk--new"}
    project.provision("plan", "--detailed-exitcode")
    project.edit("first\", folder", "again\", folder")
    assert project.planned() == {"first@desk": "update"}


def test_a_provider_that_is_nowhere_is_missing(project: Project) -> None:
    blind = Project(project.folder, {**project.environ, "PROVISION_MIRROR": str(project.folder)})
    done = blind.provision("plan", exit=12)
    assert ADDRESS in done.stdout and "provision doctor" in done.stdout


def test_destroy_leaves_nothing(project: Project) -> None:
    project.provision("destroy", "--yes")
    places = [Path(project.environ["DESK"]), Path(project.environ["ARCHIVE"]), Path(project.environ["DESK"]).parent / "own"]
    assert not [path for place in places for path in place.rglob("*.json")]
