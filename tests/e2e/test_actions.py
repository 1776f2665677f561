"""`provision action`: the actions of a project's own type on this machine, through the command line. Budget: 60 s."""

import json
import os
from pathlib import Path

import pytest

from provisioner.store import Store, holder_here
from tests.e2e.conftest import Project

FILES = {
    "app.yaml": """
apiVersion: core.oam.dev/v1beta1
kind: Application
metadata: {name: notes}
spec:
  components:
    - {name: diary, type: note, properties: {path: "FOLDER/diary", text: "one"}}
    - {name: plain, type: paper, properties: {path: "FOLDER/plain"}}
""",
    "environments/here.yaml": """
apiVersion: provision/v1
kind: Environment
metadata: {name: here}
spec: {targets: [{name: here, hosts: {local: true}}]}
""",
    "components/note.yaml": """
apiVersion: provision/v1
kind: ComponentDefinition
metadata: {name: note, version: 1.0.0}
spec:
  description: A file with a text.
  parameters:
    properties:
      path: {type: string, description: Where it lies}
      text: {type: string, default: "", description: What it says}
    required: [path]
  outputs: {path: {type: string, value: "${parameters.path}"}}
  implementations:
    - needs: hosts
      ansible: {playbook: playbooks/note/site.yml}
      variables: {note_path: "${parameters.path}", note_text: "${parameters.text}"}
      actions:
        copy:
          description: Copy the note beside itself
          playbook: playbooks/note/copy.yml
          parameters:
            required: [to]
            properties:
              to: {type: string, description: Ending of the copy's name}
              times: {type: integer, minimum: 1, default: 1, description: How often its text is written}
          outputs: [copy]
        break: playbooks/note/break.yml
  example: |
    - {name: diary, type: note, properties: {path: /tmp/diary}}
""",
    "components/paper.yaml": """
apiVersion: provision/v1
kind: ComponentDefinition
metadata: {name: paper, version: 1.0.0}
spec:
  description: An empty file.
  parameters: {properties: {path: {type: string, description: Where it lies}}, required: [path]}
  implementations:
    - {needs: hosts, ansible: {playbook: playbooks/note/site.yml}, variables: {note_path: "${parameters.path}", note_text: ""}}
  example: |
    - {name: plain, type: paper, properties: {path: /tmp/plain}}
""",
    "playbooks/note/site.yml": """
- name: Note
  hosts: all
  gather_facts: false
  tasks:
    - name: Write the note
      ansible.builtin.copy: {dest: "{{ note_path }}", content: "{{ note_text }}", mode: "0644"}
""",
    "playbooks/note/copy.yml": """
- name: Copy a note
  hosts: all
  gather_facts: false
  tasks:
    - name: Write the copy
      ansible.builtin.copy: {dest: "{{ note_path }}.{{ action_to }}", content: "{{ note_text * action_times }}", mode: "0644"}
    - name: Say where it is
      ansible.builtin.set_stats: {data: {copy: "{{ note_path }}.{{ action_to }}"}}
""",
    "playbooks/note/break.yml": """
- name: Break off
  hosts: all
  gather_facts: false
  tasks:
    - name: Break off unless it may go on
      ansible.builtin.stat: {path: "{{ note_path }}.go"}
      register: found
    - name: Fail
      ansible.builtin.fail: {msg: it may not go on}
      when: not found.stat.exists and not ansible_check_mode
""",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("notes")
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text.replace("FOLDER", str(folder)).lstrip())
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PROVISION_"))}
    return Project(folder, {**kept, "NO_COLOR": "1"})


def test_what_is_not_delivered_has_no_actions(project: Project) -> None:
    done = project.provision("action", "diary", "copy", "--set", "to=x", "--yes", exit=1)
    assert "PRV-6407" in done.stderr
    assert 'nothing that is called "diary" is delivered' in done.stderr
    project.provision("apply", "--yes")


def test_an_action_is_shown_run_and_kept_as_a_run(project: Project) -> None:
    told = project.provision("action", "diary").stdout
    assert "copy" in told
    assert "--set to" in told
    done = project.provision("action", "diary", "copy", "--set", "to=copy", "--set", "times=2", "--yes", "--reason", "CHG1")
    assert "copy diary@here" in done.stdout
    assert "run on localhost" in done.stdout
    assert "Plan: 1 action to run · 1 host" in done.stdout
    assert "Result: DONE · 1 run" in done.stdout
    copy = project.folder / "diary.copy"
    assert copy.read_text() == "oneone"
    assert str(copy) in done.stdout
    runs = project.json("runs")["runs"]
    assert [run["action"] for run in runs] == ["copy diary", ""]
    assert (runs[0]["state"], runs[0]["reason"], runs[0]["exit"]) == ("succeeded", "CHG1", 0)
    assert "copy diary@here" in project.provision("show").stdout
    events = [json.loads(line) for line in project.provision("events").stdout.splitlines()]
    assert {event["step"] for event in events} == {"", "copy diary@here"}
    # it delivered nothing: no revision, and the next apply has nothing to do
    assert project.json("status")["revision"] == 1
    project.provision("plan", "--detailed-exitcode")


@pytest.mark.parametrize(("words", "code", "said"), [
    (("diary", "backup"), "PRV-6413", "there is: break, copy"),
    (("diary", "copi", "--set", "to=x"), "PRV-6413", 'did you mean "copy"?'),
    (("plain", "copy"), "PRV-6413", "no implementation of paper has any"),
    (("plain",), "PRV-6413", "has no actions"),
    (("diari", "copy"), "PRV-6407", 'did you mean "diary"?'),
    (("diary", "copy"), "PRV-6414", '"to" is missing'),
    (("diary", "copy", "--set", "to=x", "--set", "times=none"), "PRV-6414", "times"),
    (("diary", "copy", "--set", "to=x", "--set", "how=none"), "PRV-6414", 'unknown parameter "how"'),
    (("diary", "copy", "--set", "to"), "PRV-6400", "--set PARAMETER=VALUE"),
    (("diary", "copy", "--set", "to=x"), "PRV-6401", "--yes"),
])
def test_what_is_wrong_is_said_and_nothing_is_done(words: tuple[str, ...], code: str, said: str, project: Project) -> None:
    before = sorted(project.folder.glob("diary*"))
    done = project.provision("action", *words, *(() if code == "PRV-6401" else ("--yes",)), exit=None)
    assert code in done.stderr
    assert said in done.stderr
    assert done.returncode == (1 if code == "PRV-6407" else 64)
    assert sorted(project.folder.glob("diary*")) == before


def test_a_failed_action_can_be_gone_on_with_and_stops_no_apply(project: Project) -> None:
    done = project.provision("action", "diary", "break", "--yes", exit=1)
    assert "it may not go on" in done.stdout
    assert project.json("runs")["runs"][0]["state"] == "failed"
    (project.folder / "diary.go").touch()
    project.provision("resume")
    (project.folder / "diary.go").unlink()
    project.provision("action", "diary@here", "break", "--yes", exit=1)
    project.provision("apply", "--yes")
    assert project.json("runs")["runs"][0]["state"] == "superseded"


def test_an_action_takes_the_lock_of_deliveries(project: Project) -> None:
    holder = holder_here(reason="CHG2")
    with Store.of_project(project.folder / ".provision") as store, store.lock.held("notes", "here", holder, 0.0, lambda other: None):
        done = project.provision("action", "diary", "copy", "--set", "to=late", "--yes", exit=8)
    assert "CHG2" in done.stderr


def test_json_says_what_the_playbook_told(project: Project) -> None:
    told = project.json("action", "diary", "copy", "--set", "to=json", "--yes")
    assert told["outputs"] == {"copy diary@here": {"copy": str(Path(project.folder) / "diary.json")}}
    assert told["run"]["action"] == "copy diary"
