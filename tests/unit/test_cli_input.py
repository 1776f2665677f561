"""Where documents and store come from: a folder of somebody else, a store that may only be read, standard input. No tool is started."""

import io
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from provisioner.cli import main
from provisioner.cli.project import as_begun, as_planned
from provisioner.errors import Exit
from provisioner.model import Purpose, project_path
from provisioner.store import Store
from tests.unit.console_shop import PLAN

Captured = pytest.CaptureFixture[str]
pytestmark = pytest.mark.usefixtures("elsewhere")


@pytest.fixture
def past(tmp_path: Path) -> Path:
    """The folder of a store with one run."""
    place = project_path(str(tmp_path))
    place.mkdir()
    with Store.of_project(place) as store:
        store.plans.save(PLAN)
        store.runs.begin(PLAN, "maya", "CHG0041873")
    return place


SEEING = ("--bounding-set", "-dac_override,-dac_read_search", "--inh-caps", "-dac_override,-dac_read_search")
"""Rights by which root reads and writes what it may not."""


@pytest.mark.parametrize("verb", ["validate", "graph", "history", "runs", "doctor"])
def test_who_only_looks_writes_nothing(verb: str, tmp_path: Path) -> None:
    """Also where it could not: a folder of somebody else."""
    main(["init", "--name", "shop"])
    tmp_path.chmod(0o555)
    before = sorted(tmp_path.iterdir())
    line = [*(["setpriv", *SEEING] if os.geteuid() == 0 else []), sys.executable, "-m", "provisioner", verb]
    found = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, check=False)
    tmp_path.chmod(0o755)
    assert sorted(tmp_path.iterdir()) == before
    assert found.returncode == (Exit.MISSING if verb == "doctor" else Exit.OK), found.stderr
    assert verb != "doctor" or "choose another place: --store PATH" in found.stdout


def test_a_store_that_may_only_be_read_is_read(past: Path) -> None:
    for path, mode in ((past / "store.db", 0o400), (past, 0o500)):
        path.chmod(mode)
    rights = ["setpriv", *SEEING] if os.geteuid() == 0 else []
    found = subprocess.run([*rights, sys.executable, "-m", "provisioner", "runs"], capture_output=True, text=True, check=False)
    assert found.returncode == Exit.OK and "maya (CHG" in found.stdout, found.stderr
    past.chmod(0)
    main(["init", "--name", "shop"])
    blind = subprocess.run([*rights, sys.executable, "-m", "provisioner", "validate"], capture_output=True, text=True, check=False)
    past.chmod(0o700)
    assert blind.returncode == Exit.OK and "what is delivered is not known" in blind.stderr


def test_a_file_where_our_folder_should_be_is_no_bug(tmp_path: Path, capsys: Captured) -> None:
    main(["init", "--name", "shop"])
    project_path(str(tmp_path)).touch()
    assert main(["plan"]) == Exit.FAILED
    assert "move the file away" in capsys.readouterr().err


def fed(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    """Standard input with this in it."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))


def test_a_document_may_come_by_standard_input(tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its folder is the current one: the artefact beside it is found."""
    main(["init", "--name", "shop"])
    text = (tmp_path / "app.yaml").read_bytes()
    (tmp_path / "app.yaml").unlink()
    capsys.readouterr()
    fed(monkeypatch, text)
    assert main(["validate", "-"]) == Exit.OK
    assert capsys.readouterr().out.endswith("Next: provision plan -\n")
    fed(monkeypatch, text + b"---\n" + text.replace(b"name: shop", b"name: other"))
    assert main(["graph", "--", "-#other"]) == Exit.OK
    assert capsys.readouterr().out.startswith("other · sandbox\n")


@pytest.mark.parametrize(("content", "told"), [
    (b"", "- error PRV-1106  is empty"), (b"\0" * 5_000_000, "- error PRV-1102  is larger than 4 MiB"),
    (b"a: \xff", "-:1:4 error PRV-1104  is not UTF-8"),
    (b"kind: Application\n", "-:1:1 error PRV-1201")])
def test_what_is_wrong_in_standard_input_has_a_place(content: bytes, told: str, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    fed(monkeypatch, content)
    assert main(["validate", "-"]) == Exit.INVALID
    assert told in capsys.readouterr().err


def test_what_came_by_standard_input_is_in_its_plan(tmp_path: Path) -> None:
    """So that going on needs it no more, from wherever the project is named."""
    project_path(str(tmp_path)).mkdir()
    plan = replace(PLAN, text="kind: Application", purpose=Purpose(file="-"))
    with Store.of_project(project_path(str(tmp_path))) as store:
        store.plans.save(plan)
        store.runs.begin(plan, "maya")
    for file, named in (("", "-"), ("-", "-"), (str(tmp_path), str(tmp_path))):
        begun = as_begun({"file": file}, None)
        assert (begun["file"], begun["given"], begun["environment"]) == (named, b"kind: Application", "prod")
    assert as_planned({"file": "x.plan"}, plan)["given"] == b"kind: Application"
