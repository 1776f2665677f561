"""terraform-module and ansible-playbook on the sandbox: modules of a folder and of a repository, a playbook with group_vars and vault, a role."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import Project, effects

DATA = Path(__file__).parents[1] / "data"
BUCKET = '''
variable "prefix" {
  type = string
}
variable "owner" {
  type    = string
  default = "nobody"
}
output "name" {
  value = aws_s3_bucket.this.id
}
resource "aws_s3_bucket" "this" {
  bucket        = "${var.prefix}-own-archive"
  force_destroy = true
  tags          = { Owner = var.owner }
}
'''
VAULT = "a word for the vault"


@pytest.fixture(scope="module")
def project(example: Callable[..., Project], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """The project, with its repository, a vault, and a folder for what its playbooks make; destroyed at the end."""
    made = example("own", folder=DATA)
    repository, place = tmp_path_factory.mktemp("repository"), tmp_path_factory.mktemp("place")
    (repository / "bucket").mkdir()
    (repository / "bucket/main.tf").write_text(BUCKET)
    for words in (["init", "-q"], ["add", "."], ["-c", "user.name=x", "-c", "user.email=x@example.org", "commit", "-qm", "x"], ["tag", "v1"]):
        subprocess.run(["git", *words], cwd=repository, check=True)
    made.edit("REPOSITORY", f"file://{repository}")
    made.edit("PLACE", str(place))
    (made.folder / "vault.txt").write_text(VAULT)
    (made.folder / "ansible.cfg").write_text("[defaults]\nvault_password_file = vault.txt\n")
    vault = Path(sys.executable).with_name("ansible-vault")
    secret = subprocess.run([vault, "encrypt_string", "--name", "note_secret", "twelve chars"], cwd=made.folder, check=True, capture_output=True,
                            text=True).stdout
    with open(made.folder / "ansible/group_vars/all.yml", "a") as file:
        file.write(secret)
    made.environ["PLACE"] = str(place)
    try:
        made.provision("apply", "--yes")
        yield made
    finally:
        made.provision("destroy", "--yes", "--allow-destroy", "archive", exit=None)
        made.end()


def made(project: Project, name: str) -> str:
    path = Path(project.environ["PLACE"]) / name
    return path.read_text() if path.exists() else ""


def test_outputs_pass_from_modules_to_playbooks(project: Project) -> None:
    assert project.outputs("words") == {"joined": "red-green"}
    assert project.outputs("archive") == {"name": "red-green-own-archive"}
    assert made(project, "note") == "from group_vars: red-green-own-archive 12\n"
    assert made(project, "mark") == f"mark {len('red-green-own-archive')}\n"
    assert "?ref=v1" in (project.folder / "provision.lock").read_text()


def test_a_second_plan_is_empty(project: Project) -> None:
    plan = project.json("plan")
    assert effects(plan) == {}


def test_a_module_is_changed_in_place(project: Project) -> None:
    project.edit('{prefix: "${words.joined}"}', '{prefix: "${words.joined}", owner: eve}')
    assert effects(project.json("plan")) == {"archive@aws": "update"}
    project.provision("apply", "--yes")
    assert effects(project.json("plan")) == {}


def test_a_changed_role_is_delivered(project: Project) -> None:
    role = project.folder / "ansible/roles/mark/tasks/main.yml"
    role.write_text(role.read_text().replace("mark {{", "sign {{"))
    assert effects(project.json("plan")) == {"mark@local": "update"}
    project.provision("apply", "--yes")
    assert made(project, "mark").startswith("sign ")


def test_going_back_plays_the_role_of_then(project: Project) -> None:
    """A role lies beside its playbook, not in it."""
    project.provision("rollback", "--yes")
    assert made(project, "mark").startswith("mark ")
    assert "No drift" in project.provision("drift").stdout


def test_a_variable_that_the_module_does_not_have(project: Project) -> None:
    project.edit("words: [red, green]", "wordz: [red, green]")
    done = project.provision("validate", exit=3)
    assert 'unknown property "wordz"' in done.stdout + done.stderr and "app.yaml:" in done.stdout + done.stderr
    project.edit("wordz: [red, green]", "words: [red, green]")


def test_data_is_protected_and_destroy_leaves_nothing(project: Project) -> None:
    project.provision("destroy", "--yes", exit=5)
    project.provision("destroy", "--yes", "--allow-destroy", "archive")
    assert (made(project, "note"), made(project, "mark")) == ("", "")
