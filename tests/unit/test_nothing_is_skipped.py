"""The rule of tests/conftest.py: what is skipped on a laptop fails in CI. Runs pytest itself."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SKIPS = {
    "mark": "import pytest\n@pytest.mark.skip(reason='no tool')\ndef test_it(): pass\n",
    "call": "import pytest\ndef test_it(): pytest.skip('no tool')\n",
    "fixture": "import pytest\n@pytest.fixture\ndef tool(): pytest.skip('no tool')\ndef test_it(tool): pass\n",
    "module": "import pytest\npytest.skip('no tool', allow_module_level=True)\n",
    "import": "import pytest\npytest.importorskip('no_such_module', reason='no tool')\n",
}


def run(folder: Path, text: str, ci: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_that_skips.py").write_text(text)
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("CI", "PYTEST_"))}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.conftest", "-p", "no:cacheprovider", "--rootdir", str(folder), "-c", os.devnull]
    return subprocess.run([*command, str(folder)], cwd=ROOT, env={**environ, "CI": ci}, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("kind", SKIPS)
def test_a_skip_fails_in_ci(tmp_path: Path, kind: str) -> None:
    done = run(tmp_path, SKIPS[kind], ci="true")
    assert done.returncode != 0
    assert "was skipped in CI" in done.stdout and "no tool" in done.stdout
    assert " skipped" not in done.stdout.splitlines()[-1]


def test_a_skip_is_a_skip_on_a_laptop(tmp_path: Path) -> None:
    done = run(tmp_path, SKIPS["call"], ci="")
    assert done.returncode == 0 and "1 skipped" in done.stdout


def test_an_expected_failure_is_no_skip(tmp_path: Path) -> None:
    done = run(tmp_path, "import pytest\n@pytest.mark.xfail(strict=True)\ndef test_it(): assert False\n", ci="true")
    assert done.returncode == 0
