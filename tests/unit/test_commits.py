"""Which commits a delivery comes from: told by the spec's repository and by artefacts, by nobody else."""

import subprocess
import zipfile
from pathlib import Path

from provisioner.api.commits import LISTED, commit_in, commit_of, commits_of, commits_since
from provisioner.model import Commit, Commits, Unit


def git(folder: Path, *words: str) -> str:
    who = ["-c", "user.name=maya", "-c", "user.email=maya@example.com"]
    return subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def test_a_spec_in_a_repository_has_a_commit(tmp_path: Path) -> None:
    file = tmp_path / "app.yaml"
    file.write_text("a: 1\n")
    assert commit_of(file) == ("", ""), "no repository"
    git(tmp_path, "init", "-q")
    assert commit_of(file) == ("", ""), "git does not know the file"
    git(tmp_path, "add", "app.yaml")
    git(tmp_path, "commit", "-qm", "first")
    assert commit_of(file) == (git(tmp_path, "rev-parse", "--short", "HEAD"), git(tmp_path, "rev-parse", "HEAD"))
    git(tmp_path, "tag", "v1.2.0")
    assert commit_of(file)[0] == "v1.2.0"
    file.write_text("a: 2\n")
    assert commit_of(file)[0] == "v1.2.0-dirty"


def commit(folder: Path, subject: str) -> str:
    """A commit of app.yaml; its name in full."""
    file = folder / "app.yaml"
    file.write_text(subject + (file.read_text() if file.exists() else ""))
    git(folder, "add", "app.yaml")
    git(folder, "commit", "-qm", subject)
    return commit_of(file)[1]


def test_what_was_committed_since_a_revision_is_listed_newest_first(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    first = commit(tmp_path, "first")
    assert commits_since(tmp_path, first, first) == Commits(first) and commits_since(tmp_path, "", first) == Commits()
    second = commit(tmp_path, "fees: round\x1f them")
    third = commit(tmp_path, "second thoughts")
    found = commits_since(tmp_path, first, third)
    assert found == Commits(first, (Commit(third[:7], "second thoughts", "maya"), Commit(second[:7], "fees: round\x1f them", "maya")))
    for number in range(LISTED):
        last = commit(tmp_path, str(number))
    found = commits_since(tmp_path, first, last)
    assert (len(found.listed), found.listed[0].subject, found.more) == (LISTED, str(LISTED - 1), 2)
    # going back
    assert commits_since(tmp_path, third, first) == Commits(third, note="without 2 commits that were delivered")


def test_a_revision_s_commit_that_is_not_there_is_said(tmp_path: Path) -> None:
    (tmp_path / "whole").mkdir()
    git(tmp_path / "whole", "init", "-q")
    first, second = commit(tmp_path / "whole", "first"), commit(tmp_path / "whole", "second")
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{tmp_path}/whole", "shallow")
    found = commits_since(tmp_path / "shallow", first, second)
    assert found.listed == () and f"{first[:10]} is not in this repository (a shallow clone" in found.note
    assert commits_since(tmp_path, first, second).note == found.note, "no repository any more"
    git(tmp_path / "whole", "commit", "-q", "--amend", "-m", "another second")
    rewritten = git(tmp_path / "whole", "rev-parse", "HEAD")
    assert [one.subject for one in commits_since(tmp_path / "whole", second, rewritten).listed] == ["another second"]
    assert commits_since(tmp_path / "whole", second, rewritten).note == "without 1 commit that was delivered"
    assert commits_since(tmp_path / "whole", "--output=x", rewritten) == Commits("--output=x"), "what is no name of a commit is no option"


def test_an_artefact_tells_its_commit_where_what_made_it_noted_one(tmp_path: Path) -> None:
    (tmp_path / "api.py").write_text("print(1)\n")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "api.py")
    git(tmp_path, "commit", "-qm", "first")
    commit = git(tmp_path, "rev-parse", "HEAD")
    for name in ("api.tar", "api.tar.gz", "api.zip"):
        git(tmp_path, "archive", "-o", name, "HEAD")
        assert commit_in(tmp_path / name) == commit, name
    with zipfile.ZipFile(tmp_path / "api.jar", "w") as jar:
        jar.writestr("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\r\nImplementation-Version: 2.4.0\r\nGit-Commit: 1a2b3c4d\r\n")
    assert commit_in(tmp_path / "api.jar") == "1a2b3c4d"
    with zipfile.ZipFile(tmp_path / "plain.zip", "w") as plain:
        plain.writestr("a", "b")
    (tmp_path / "broken.zip").write_bytes((tmp_path / "api.zip").read_bytes()[30:])
    assert [commit_in(tmp_path / name) for name in ("plain.zip", "broken.zip", "api.py", "nothing", "")] == ["", commit, "", "", ""]

    def unit(name: str, path: str) -> Unit:
        return Unit(name, name, "webservice", "dc", "ansible", artifacts={"artifact": "sha256"}, inputs={"artifact": path})

    units = [unit("a@dc", "api.tar.gz"), unit("b@dc", "api.tar.gz"), unit("c@dc", "https://x.example/api.tar"), unit("d@dc", "")]
    assert commits_of("v1.2.0", units, tmp_path) == f"v1.2.0, api.tar.gz at {commit[:10]}" and commits_of("", [], tmp_path) == ""
