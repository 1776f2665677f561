"""Saved plans on the sandbox: done exactly as shown, or refused with what changed since; and no later rank may do more. Budget: 2 minutes."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import Project

FILES = {
    "app.yaml": """\
apiVersion: core.oam.dev/v1beta1
kind: Application
metadata: {name: post}
spec:
  components:
    - {name: jobs, type: mailbox, properties: {seconds: 60}, traits: [{type: noted}]}
    - {name: sign, type: signpost, properties: {text: first}}
    - {name: copy, type: follower, properties: {token: "${sign.token}"}}
""",
    "components/mailbox.yaml": """\
apiVersion: provision/v1
kind: ComponentDefinition
metadata: {name: mailbox, version: 1.0.0}
spec:
  parameters: {properties: {seconds: {type: integer, default: 60}, note: {type: string, default: ""}}}
  outputs: {name: {type: string}}
  implementations:
    - needs: aws
      terraform: {module: modules/mailbox}
      variables: {seconds: "${parameters.seconds}"}
      outputs: {name: "${module.name}"}
""",
    "components/traits/noted.yaml": """\
apiVersion: provision/v1
kind: TraitDefinition
metadata: {name: noted, version: 1.0.0}
spec:
  appliesTo: [mailbox]
  patch: [{merge: {note: once}}]
""",
    "modules/mailbox/main.tf": """\
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
variable "seconds" { type = number }
resource "aws_ssm_parameter" "it" {
  name  = "/post/jobs"
  type  = "String"
  value = var.seconds
}
output "name" { value = aws_ssm_parameter.it.name }
""",
    "components/signpost.yaml": """\
apiVersion: provision/v1
kind: ComponentDefinition
metadata: {name: signpost, version: 1.0.0}
spec:
  parameters: {required: [text], properties: {text: {type: string}}}
  outputs: {token: {type: string}}
  implementations:
    - needs: hosts
      check: partial
      ansible: {playbook: playbooks/signpost/site.yml, remove: playbooks/signpost/remove.yml}
      variables: {text: "${parameters.text}"}
      outputs: {token: "${module.token}"}
""",
    "playbooks/signpost/site.yml": """\
- name: A signpost
  hosts: all
  gather_facts: false
  tasks:
    - name: Write the sign
      ansible.builtin.copy:
        dest: "{{ provision_project }}/sign.txt"
        content: "{{ text }}\\n"
        mode: "0644"
    - name: Read what is really there
      ansible.builtin.slurp:
        src: "{{ provision_project }}/sign.txt"
      register: sign
      when: not ansible_check_mode
    - name: Tell it
      ansible.builtin.set_stats:
        data: {token: "{{ sign.content }}"}
      when: not ansible_check_mode
""",
    "playbooks/signpost/remove.yml": """\
- name: No signpost
  hosts: all
  gather_facts: false
  tasks:
    - name: Remove the sign
      ansible.builtin.file:
        path: "{{ provision_project }}/sign.txt"
        state: absent
""",
    "components/follower.yaml": """\
apiVersion: provision/v1
kind: ComponentDefinition
metadata: {name: follower, version: 1.0.0}
spec:
  parameters: {required: [token], properties: {token: {type: string}}}
  outputs: {id: {type: string}}
  implementations:
    - needs: aws
      terraform: {module: modules/follower}
      variables: {token: "${parameters.token}"}
      outputs: {id: "${module.id}"}
""",
    "modules/follower/main.tf": """\
variable "token" { type = string }
resource "terraform_data" "it" {
  triggers_replace = var.token
}
output "id" { value = terraform_data.it.id }
""",
}


NEWER = """\
#!/bin/bash
{} "$@" | sed '/"type":"version"/s/"terraform":"[^"]*"/"terraform":"99.0.0"/'
exit ${{PIPESTATUS[0]}}
"""
"""A Terraform that says of itself that it is a newer one."""


def commit(project: Project, subject: str) -> None:
    """A commit of app.yaml."""
    for words in (["init", "-q"], ["add", "app.yaml"], ["-c", "user.name=maya", "-c", "user.email=maya@example.com", "commit", "-qm", subject]):
        subprocess.run(["git", *words], cwd=project.folder, check=True, capture_output=True)


def write(folder: Path) -> None:
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


@pytest.fixture(scope="module")
def post(example: Callable[..., Project], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """The application, delivered once from a saved plan."""
    source = tmp_path_factory.mktemp("source")
    write(source / "post")
    project = example("post", folder=source)
    try:
        commit(project, "first")
        project.provision("plan", "--out", "first.plan")
        project.provision("apply", "first.plan", "--yes")
        yield project
    finally:
        project.provision("destroy", "--yes", exit=None)
        project.end()


def test_what_was_shown_is_what_is_delivered(post: Project) -> None:
    assert (post.folder / "sign.txt").read_text() == "first\n"
    assert post.planned() == {}
    assert "carried out already: run 1 succeeded" in post.provision("apply", "first.plan", "--yes", exit=11).stderr


def refused(post: Project, *named: str, terraform: str = "") -> None:
    """The saved plan is refused for these reasons, before anything is begun."""
    done = post.provision("apply", "next.plan", "--yes", *(["--terraform", terraform] if terraform else []), exit=11)
    assert all(text in done.stderr for text in ("PRV-6105", *named)), done.stderr
    assert [run["run"] for run in post.json("runs")["runs"]] == [1]


def test_a_plan_is_stale_when_what_it_was_made_from_was_edited(post: Project) -> None:
    """Five ways: spec, property, module file, playbook file, definition; and the definition of a trait, and the plan of another application."""
    write(post.folder)
    post.edit("seconds: 60", "seconds: 90")
    commit(post, "Ninety seconds are enough")
    assert "Ninety seconds are enough · maya" in post.provision("plan").stdout
    post.provision("plan", "--out", "next.plan")
    assert (post.folder / "next.plan").stat().st_mode & 0o777 == 0o600
    for name, before, after, reason in [
            ("app.yaml", "    - {name: jobs", "    - {name: more, type: mailbox}\n    - {name: jobs", "component more was added"),
            ("app.yaml", "seconds: 90", "seconds: 91", "component jobs was changed"),
            ("modules/mailbox/main.tf", '"/post/jobs"', '"/post/tasks"', "module of jobs@aws was changed"),
            ("playbooks/signpost/site.yml", "Write the sign", "Paint the sign", "playbook of sign@local was changed"),
            ("components/mailbox.yaml", "version: 1.0.0", "version: 1.0.1", "definition of mailbox was changed"),
            ("components/traits/noted.yaml", "version: 1.0.0", "version: 1.0.1", "definition of trait noted was changed"),
            ("app.yaml", "metadata: {name: post}", "metadata: {name: mail}", "the plan is of application post, and this is mail")]:
        path = post.folder / name
        text = path.read_text()
        assert before in text
        path.write_text(text.replace(before, after))
        refused(post, reason)
        path.write_text(text)


def test_a_plan_is_stale_when_the_world_is_another_one(post: Project) -> None:
    """Three ways: host file, provider lock, state; and what Ansible reads beside a playbook, which check mode need not show; and Terraform itself."""
    (post.folder / "sign.txt").write_text("by hand\n")
    (post.folder / "ansible.cfg").write_text("[defaults]\nforks = 3\n")
    (post.folder / "roles/sign/tasks").mkdir(parents=True)
    (post.folder / "roles/sign/tasks/main.yml").write_text("[]\n")
    refused(post, "sign@local: local", "ansible.cfg was added", "roles and collections of the project was added")
    (post.folder / "sign.txt").write_text("first\n")
    (post.folder / "ansible.cfg").unlink()
    shutil.rmtree(post.folder / "roles")
    kept = post.folder / ".provision/post/sandbox/terraform/aws"
    locks = {path: path.read_text() for path in [kept / ".terraform.lock.hcl", *kept.glob("data/*/.terraform.lock.hcl")]}
    for path, text in locks.items():
        path.write_text(text + "# changed\n")
    refused(post, "provider lock of aws was changed")
    for path, text in locks.items():
        path.write_text(text)
    newer = post.folder / "terraform"
    newer.write_text(NEWER.format(shutil.which("terraform")))
    newer.chmod(0o755)
    refused(post, "the program of aws is terraform 99.0.0, and was terraform 1.", terraform=str(newer))
    newer.unlink()
    state = kept / "terraform.tfstate"
    text = state.read_text()
    serial = json.loads(text)["serial"]
    state.write_text(json.dumps({**json.loads(text), "serial": serial + 1}))
    refused(post, f"the state of aws was written since: serial {serial} then, {serial + 1} now")
    state.write_text(text)


def test_a_plan_s_file_that_was_edited_is_no_plan(post: Project) -> None:
    (post.folder / "damaged.plan").write_text((post.folder / "next.plan").read_text().replace('"post"', '"host"', 1))
    assert "PRV-6106" in post.provision("apply", "damaged.plan", "--yes", exit=11).stderr


def test_the_plan_that_fits_again_is_carried_out_by_its_id(post: Project) -> None:
    saved = json.loads((post.folder / "next.plan").read_text())
    shown = post.provision("apply", saved["id"], "--yes").stdout
    assert "1 changed" in shown
    assert [one["path"] for one in post.json("diff", "1", "2")["differences"]] == ["seconds"]
    # what was committed since revision 1 is kept with it
    assert [one["subject"] for one in post.json("show", "post@2")["commits"]["listed"]] == ["Ninety seconds are enough"]
    assert [len(one["commits"]["listed"]) for one in post.json("history")["revisions"]] == [1, 0]
    assert "Ninety seconds are enough · maya" in post.provision("history").stdout
    back = post.json("rollback", "--plan")["origin"]
    assert (back["head"], back["commits"]["note"]) == (post.json("show", "post@2")["commits"]["since"], "without 1 commit that was delivered")


def test_going_back_is_judged_by_the_components_of_then(post: Project) -> None:
    """A rule that forbids what revision 1 had can't be passed by way of a rollback."""
    text = (post.folder / "app.yaml").read_text()
    (post.folder / "app.yaml").write_text(text + """\
  policies:
    - name: slow
      type: rules
      properties:
        rules: [{name: no-minute, each: component, deny: "component.type == 'mailbox' && component.properties.seconds == 60", message: quick}]
""")
    assert 'rule "no-minute"' in post.provision("rollback", "--to", "1", "--yes", exit=5).stderr
    assert [run["run"] for run in post.json("runs")["runs"]] == [2, 1]
    (post.folder / "app.yaml").write_text(text)


def test_a_later_rank_that_wants_more_than_was_shown_is_not_done(post: Project) -> None:
    """The preview expects the sign's token as it was; when its playbook gives another one, `copy` would be replaced, which nobody was shown."""
    before = post.outputs("copy")["id"]
    post.edit("text: first", "text: second")
    plan = post.json("plan")
    assert {unit["unit"]: unit["action"] for unit in plan["units"]}["copy@aws"] == "none"
    done = post.provision("apply", "--yes", exit=None)
    assert done.returncode == 11, done.stdout + done.stderr
    assert "sign@local gave another token than the plan expected" in done.stdout + done.stderr
    assert post.outputs("copy")["id"] == before
    # the next plan shows it, and then it is done
    post.provision("apply", "--yes")
    assert post.outputs("copy")["id"] != before
    assert post.planned() == {}
