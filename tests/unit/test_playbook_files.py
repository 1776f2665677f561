"""What a playbook is made of, and copies of it that need nothing else."""

from pathlib import Path

import pytest

from provisioner import playbook_files

PLAY = """
- hosts: all
  roles: [near, shared, "ROOT/roles/motd"]
  vars_files: [vars/a.yml, "{{ which }}.yml"]
  tasks:
    - import_tasks: ../shared/more.yml
    - include_role: name={{ playbook_dir }}/../roles/other
    - ansible.builtin.copy: {src: note.txt, dest: /etc/hostname}
    - {name: unused, ansible.builtin.debug: {msg: !vault "x"}}
"""


@pytest.fixture
def play(tmp_path: Path) -> Path:
    files = {"plays/site.yml": PLAY.replace("ROOT", str(tmp_path)), "plays/note.txt": "n", "plays/vars/a.yml": "{}",
             "plays/roles/near/tasks/main.yml": "[]",
             "roles/motd/tasks/main.yml": "- include_role: {name: base}", "roles/motd/meta/main.yml": "dependencies: [common]",
             "roles/common/tasks/main.yml": "[]", "roles/base/tasks/main.yml": "[]", "roles/other/tasks/main.yml": "[]",
             "roles/shared/tasks/main.yml": "[]", "roles/near/tasks/main.yml": "[]", "roles/unused/tasks/main.yml": "[]",
             "shared/more.yml": "- import_tasks: rest.yml", "shared/rest.yml": "[]", "plays/vault.yml": "$ANSIBLE_VAULT;1.1;AES256\n00\n"}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path / "plays/site.yml"


def _names(root: Path, play: Path, project: Path) -> list[str]:
    return [place.relative_to(root).as_posix() for place in playbook_files.parts(play, project)]


def test_a_playbook_is_its_folder_and_what_it_names_elsewhere(play: Path, tmp_path: Path) -> None:
    """No file somewhere on this machine that is meant on a host, and no role that nobody names."""
    elsewhere = ["roles/base", "roles/common", "roles/motd", "roles/other", "roles/shared", "shared/more.yml", "shared/rest.yml"]
    assert _names(tmp_path, play, tmp_path) == ["plays", *elsewhere]
    own = ["plays/note.txt", "plays/roles", "plays/site.yml", "plays/vars"]
    assert _names(tmp_path, play, tmp_path / "plays") == [*own, *(name for name in elsewhere if name != "roles/shared")]


def test_a_copy_needs_nothing_of_where_it_comes_from(play: Path, tmp_path: Path) -> None:
    into = tmp_path / "kept/playbook"
    playbook_files.copy((play,), tmp_path, into, (".git",))
    copied = into / "site.yml"
    text = copied.read_text()
    assert str(tmp_path) not in text and "../" not in text
    assert (into / "roles/shared/tasks/main.yml").is_file(), "by its name alone"
    made = playbook_files.parts(copied, tmp_path / "elsewhere")
    assert made == [into], "all lies in its folder"
    named = {place.name for place in playbook_files.named(copied, tmp_path / "elsewhere").values()}
    assert {"motd", "other", "shared", "more.yml"} <= named


def test_what_can_t_be_read_names_nothing(tmp_path: Path) -> None:
    (tmp_path / "vault.yml").write_text("$ANSIBLE_VAULT;1.1;AES256\n00\n")
    (tmp_path / "broken.yml").write_text("- [a: }\n")
    for name in ("vault.yml", "broken.yml", "none.yml"):
        assert playbook_files.named(tmp_path / name, tmp_path) == {}
