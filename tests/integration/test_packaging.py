"""An installed wheel works outside the checkout, with the library of types inside. Budget: 30 s."""

import os
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

import provisioner

ROOT = Path(__file__).parents[2]
LIBRARY = ("components", "modules", "playbooks")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the sdist, built from a copy of the checkout (building writes beside its sources)."""
    folder = tmp_path_factory.mktemp("dist")
    source = tmp_path_factory.mktemp("source") / "provision"
    tracked = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    for name in filter(None, tracked.decode().split("\0")):
        if (ROOT / name).is_file() and not name.startswith("tests/"):
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    _run([sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(source)], folder)
    return folder


@pytest.fixture(scope="module")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh virtual environment with the wheel; the libraries that it needs are those of this environment."""
    folder = tmp_path_factory.mktemp("fresh")
    venv.create(folder, with_pip=False)
    site = Path(sysconfig.get_path("purelib", "venv", {"base": str(folder), "platbase": str(folder)}))
    pip = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python"), "install", "--quiet", "--no-deps", "--no-index"]
    _run([*pip, str(next(built.glob("*.whl")))], folder)
    # behind the wheel's own packages; an editable installation's finder is left out by naming folders only
    (site / "libraries.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    return folder / "bin" / "provision"


def test_the_wheel_holds_what_the_checkout_has(built: Path) -> None:
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        names = set(wheel.namelist())
    for folder in LIBRARY:
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts and not any(part.startswith(".terraform") for part in path.parts):
                assert f"provisioner/_library/{path.relative_to(ROOT).as_posix()}" in names
    assert not [name for name in names if name.endswith(".pyc") or name.startswith("tests/")]
    assert any(name.endswith("LICENSE") for name in names)


def test_the_sdist_holds_the_library_too(built: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        names = archive.getnames()
    assert names[0].startswith(f"provision-{provisioner.__version__}")
    for folder in LIBRARY:
        assert any(f"/{folder}/" in name for name in names)


def test_an_installed_provision_knows_its_types(installed: Path, tmp_path: Path) -> None:
    done = _run([str(installed), "types"], tmp_path)
    for name in ("webservice", "postgres", "bucket", "gateway"):
        assert name in done.stdout
    assert str(ROOT) not in done.stdout
    assert provisioner.__version__ in _run([str(installed), "version"], tmp_path).stdout


@pytest.mark.parametrize("example", ["quickstart", "hybrid-bank"])
def test_an_installed_provision_validates_the_examples(installed: Path, tmp_path: Path, example: str) -> None:
    bank = {"LAB_CIDR": "10.101.0.0/16", "LAB_ENDPOINT": "http://127.0.0.1:1", "LAB_KEY": "/dev/null", "LAB_SSH_ARGS": "-v",
            **{f"LAB_ADDRESS_{number}": f"10.101.1.{number}" for number in (1, 2, 3)}}
    _run([str(installed), "validate", str(ROOT / "examples" / example / "app.yaml")], tmp_path, **bank)


def _run(command: list[str], folder: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(command, cwd=folder, env={**kept, **environ}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done
