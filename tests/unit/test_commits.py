"""Which commit a spec was at: told by its repository, by nobody else."""

import subprocess
from pathlib import Path

from provisioner.api.commits import commit_of


def git(folder: Path, *words: str) -> str:
    who = ["-c", "user.name=maya", "-c", "user.email=maya@example.com"]
    return subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def test_a_spec_in_a_repository_has_a_commit(tmp_path: Path) -> None:
    file = tmp_path / "app.yaml"
    file.write_text("a: 1\n")
    assert commit_of(file) == "", "no repository"
    git(tmp_path, "init", "-q")
    assert commit_of(file) == "", "git does not know the file"
    git(tmp_path, "add", "app.yaml")
    git(tmp_path, "commit", "-qm", "first")
    assert commit_of(file) == git(tmp_path, "rev-parse", "--short", "HEAD")
    git(tmp_path, "tag", "v1.2.0")
    assert commit_of(file) == "v1.2.0"
    file.write_text("a: 2\n")
    assert commit_of(file) == "v1.2.0-dirty"
