"""docs/extending.md, word by word: every file of it is written, every command typed, every line of output compared. Budget: 3 minutes."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import PROVISION, ROOT, Project

PAGE = ROOT / "docs" / "extending.md"
BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)
NAMED = re.compile(r"`([^`\s]+)`:\s*\Z")
ANYTHING = "…"


def steps() -> Iterator[tuple[str, str]]:
    """The page's blocks in order: (path, content) of a file, or ("$ COMMAND", expected output)."""
    text = PAGE.read_text(encoding="utf-8")
    for block in BLOCK.finditer(text):
        if block[1] == "console":
            for command in re.split(r"^\$ ", block[2], flags=re.MULTILINE)[1:]:
                line, _, expected = command.partition("\n")
                yield f"$ {line}", expected
        else:
            named = NAMED.search(text[:block.start()])
            assert named is not None, f"no file is named before the block that begins with {block[2].splitlines()[0]}"
            yield named[1], block[2]


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "PROVISION_"))}
    environ = {**kept, "NO_COLOR": "1", "PATH": f"{PROVISION.parent}{os.pathsep}{kept['PATH']}"}
    made = Project(tmp_path / "shop", environ)
    made.folder.mkdir()
    yield made
    made.end()


def test_the_page_is_true(project: Project) -> None:
    done = list(steps())
    assert sum(step.startswith("$ ") for step, _ in done) >= 12
    for step, content in done:
        if not step.startswith("$ "):
            path = project.folder / step
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
            continue
        ran = subprocess.run(["bash", "-c", step[2:]], cwd=project.folder, env=project.environ, stdin=subprocess.DEVNULL, capture_output=True,
                             text=True, check=False, timeout=1800)
        compare(step, content.splitlines(), ran.stdout + (ran.stderr if ran.returncode else ""))
    assert not list((project.folder / ".provision" / "host" / "etc" / "notices").iterdir())


def compare(command: str, expected: list[str], said: str) -> None:
    """Every expected line is there, in this order; a line `…` stands for any lines, `…` in a line for any text."""
    left = said.splitlines()
    anywhere = False
    for line in expected:
        if line == ANYTHING:
            anywhere = True
            continue
        wanted = re.compile(".*".join(re.escape(part) for part in line.rstrip().split(ANYTHING)))
        while left and anywhere and not wanted.fullmatch(left[0].rstrip()):
            left.pop(0)
        assert left and wanted.fullmatch(left[0].rstrip()), f"{command}\nno line: {line}\nin:\n{said}"
        left.pop(0)
        anywhere = False


def test_the_page_needs_nothing_else() -> None:
    """No command of it needs a tool that the quickstart does not need."""
    tools = {step[2:].split()[0] for step, _ in steps() if step.startswith("$ ")}
    assert tools <= {"provision", "sed"} and shutil.which("sed")
