"""Files beside app.yaml that a module is given: packed or copied, kept by digest, always the same for the same content."""

import io
import os
import tarfile
import zipfile
from pathlib import Path

import pytest

from provisioner.codes import terraform as codes
from provisioner.engines.terraform import artefacts
from provisioner.model import Json, Unit

KEPT = ".provision/cache/artifacts"


def unit(path: Json, kind: str = "zip") -> Unit:
    return Unit("fn@t", "fn", "function", "t", "terraform", "modules/function", inputs={"artifact": path, "size": 1},
                files={"artifact": kind}, root="t")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a folder `code`, and the folder of a root in it."""
    code = tmp_path / "code"
    (code / "lib" / "__pycache__").mkdir(parents=True)
    (code / "lib" / "__pycache__" / "a.pyc").write_text("not packed")
    (code / "app.py").write_text("def handle(event, context): return event\n")
    (code / "lib" / "run").write_text("#!/bin/sh\n")
    (code / "lib" / "run").chmod(0o700)
    (tmp_path / ".provision/app/env/plans/1/terraform/t").mkdir(parents=True)
    return tmp_path


def given(project: Path, path: Json, kind: str = "zip", plan: int = 1) -> Path:
    """The kept copy, from the path that the module is given."""
    root = project / f".provision/app/env/plans/{plan}/terraform/t"
    root.mkdir(parents=True, exist_ok=True)
    inputs = artefacts.given(unit(path, kind), project, root).inputs
    assert inputs["size"] == 1 and not os.path.isabs(str(inputs["artifact"]))
    return Path(os.path.normpath(root / str(inputs["artifact"])))


def test_a_folder_is_packed_the_same_each_time(project: Path) -> None:
    first = given(project, "code")
    assert first.parent == project / KEPT and first.suffix == ".zip"
    with zipfile.ZipFile(first) as archive:
        assert [(entry.filename, entry.external_attr >> 16 & 0o777, entry.date_time) for entry in archive.infolist()] == [
            ("app.py", 0o644, artefacts.EPOCH), ("lib/run", 0o755, artefacts.EPOCH)]
    content = first.read_bytes()
    first.unlink()
    os.utime(project / "code" / "app.py", (1, 1))
    again = given(project, "code", plan=2)
    assert again == first and again.read_bytes() == content
    (project / "code" / "app.py").write_text("def handle(event, context): return 2\n")
    assert given(project, "code") != first and first.exists(), "what was planned stays"


def test_an_archive_is_taken_as_it_is(project: Path) -> None:
    with zipfile.ZipFile(project / "ready.zip", "w") as archive:
        archive.writestr("app.py", "x = 1\n")
    assert given(project, "ready.zip").read_bytes() == (project / "ready.zip").read_bytes()


def test_a_folder_can_be_had_as_a_folder(project: Path) -> None:
    kept = given(project, "code", "folder")
    assert sorted(str(path.relative_to(kept)) for path in kept.rglob("*") if path.is_file()) == ["app.py", "lib/run"]
    assert (kept / "lib/run").stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("name", ["site.tar.gz", "site.zip"])
def test_an_archive_is_unpacked_where_a_folder_is_wanted(project: Path, name: str) -> None:
    if name.endswith("zip"):
        with zipfile.ZipFile(project / name, "w") as packed:
            packed.writestr("a/index.html", "hello")
    else:
        with tarfile.open(project / name, "w:gz") as archive:
            archive.add(project / "code" / "app.py", "a/index.html")
    kept = given(project, name, "folder")
    assert [str(path.relative_to(kept)) for path in kept.rglob("*") if path.is_file()] == ["a/index.html"]


def test_links_count_as_what_they_lead_to(project: Path) -> None:
    (project / "code" / "other.py").symlink_to("app.py")
    with zipfile.ZipFile(given(project, "code")) as archive:
        assert archive.read("other.py") == archive.read("app.py")


def test_files_one_by_one_keep_their_place(project: Path) -> None:
    (project / "code" / "css").mkdir()
    (project / "code" / "css" / "a.css").write_text("one")
    before = artefacts.given(unit("code", "files"), project, project).inputs["artifact"]
    (project / "code" / "css" / "a.css").write_text("two")
    after = artefacts.given(unit("code", "files"), project, project).inputs["artifact"]
    assert [name for name in after if after[name] != before[name]] == ["css/a.css"] and before.keys() == after.keys()
    assert (project / after["css/a.css"]).read_text() == "two" and (project / before["css/a.css"]).read_text() == "one"


def test_nothing_is_nothing(project: Path) -> None:
    assert artefacts.given(unit(""), project, project).inputs["artifact"] == ""


def climbing(project: Path) -> None:
    with tarfile.open(project / "bad.tar", "w") as archive:
        entry = tarfile.TarInfo("../outside")
        archive.addfile(entry, io.BytesIO())


BAD: list[tuple[str, str, str]] = [
    ("gone", "zip", "fn: gone is not there (looked for"),
    ("https://x.example/a.zip", "zip", "is no file beside app.yaml"),
    ("${other@t.path}", "zip", "must stand in app.yaml"),
    ("code/app.py", "zip", "app.py is no zip archive; give a zip or a folder"),
    ("code/app.py", "folder", "neither a folder nor an archive"),
    ("empty", "zip", "is empty"),
    ("circle", "zip", "leads in a circle"),
    ("broken", "folder", "is a link to nothing"),
    ("bad.tar", "folder", "can't be unpacked"),
]


@pytest.mark.parametrize(("path", "kind", "said"), BAD)
def test_what_can_not_be_taken_is_said(project: Path, path: str, kind: str, said: str) -> None:
    (project / "empty").mkdir()
    (project / "circle").mkdir()
    (project / "circle" / "round").symlink_to("../circle")
    (project / "broken").mkdir()
    (project / "broken" / "link").symlink_to("nowhere")
    climbing(project)
    with pytest.raises(artefacts.Absent, match=".") as caught:
        artefacts.given(unit(path, kind), project, project)
    assert said in caught.value.message and caught.value.code in codes.CODES
    assert not (project / "outside").exists() and not list(project.glob(f"{KEPT}/.new-*"))
