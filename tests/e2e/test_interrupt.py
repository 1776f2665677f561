"""Ctrl-C twice while a database is really being made: Terraform writes its state and marks it as tainted, `resume` keeps it. Budget: 90 s."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from provisioner.sandbox import simulator
from tests import clients
from tests.e2e.conftest import ROOT, Project
from tests.e2e.crashing import none_left, steps, until

BEING_MADE = "resource=module.db.aws_db_instance.this action=create status=progress"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A network and an RDS on the sandbox."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    shutil.copytree(ROOT / "tests" / "data" / "database", tmp_path / "database")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PROVISION_"))}
    return Project(tmp_path / "database", {**kept, "NO_COLOR": "1"})


def databases(project: Project) -> list[str]:
    """Identities of the databases in the simulated cloud: one that is made again has another."""
    running = simulator.find(project.folder)
    assert running is not None
    rds = clients.client("rds", {"region": simulator.REGION, "endpoint": running.endpoint})
    return [each["DbiResourceId"] for each in rds.describe_db_instances()["DBInstances"]]


def test_a_database_that_was_half_made_is_kept(project: Project) -> None:
    said = project.folder / "said"
    try:
        with open(said, "wb") as stream:
            process = subprocess.Popen([*project.command, "apply", "--yes"], cwd=project.folder, env=project.environ, stdin=subprocess.DEVNULL,
                                       stdout=stream, stderr=stream, start_new_session=True)
        until(lambda: process.poll() is not None or BEING_MADE in said.read_text())
        process.send_signal(signal.SIGINT)
        until(lambda: process.poll() is not None or "nothing new starts" in said.read_text())
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=600) == 130, said.read_text()
        told = said.read_text()
        assert "its state is saved" in told and "go on    provision resume 1\n" in told and "Traceback" not in told
        made = databases(project)
        assert len(made) == 1 and steps(project)["db@aws"] == ("interrupted", 1)
        state = next(project.folder.glob(".provision/*/*/terraform/aws/terraform.tfstate")).read_text()
        assert '"status": "tainted"' in state
        project.provision("resume")
        assert databases(project) == made and steps(project)["db@aws"] == ("done", 2)
        project.provision("plan", "--detailed-exitcode")
    finally:
        project.end()
    none_left(project)
