"""Copies of playbooks that are kept for what they delivered."""

from dataclasses import replace
from pathlib import Path

import pytest

from provisioner.engines.ansible import sources
from provisioner.model import Unit

UNIT = Unit("api@dc1", "api", "webservice", "dc1", "ansible", "/lib/site.yml", "d1")


def test_sources_are_kept_unless_they_are_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = tmp_path / ".provision/shop/prod"
    (tmp_path / "play/.git").mkdir(parents=True)
    (tmp_path / "play/.git/x").write_text("x")
    (tmp_path / "play/remove.yml").write_text("- hosts: all\n")
    unit = replace(UNIT, remove_source=str(tmp_path / "play/remove.yml"))
    monkeypatch.setattr(sources, "LARGEST", 5)
    assert not sources.keep(unit, state)
    monkeypatch.undo()
    assert sources.keep(unit, state) and sources.keep(unit, state) and not sources.keep(UNIT, state)
    assert sources.removal(unit, state) == str(tmp_path / "play/remove.yml")
    (tmp_path / "play/remove.yml").unlink()
    kept = sources.removal(unit, state)
    assert kept == str(tmp_path / ".provision/sources/d1/removal/remove.yml") and not (Path(kept).parent / ".git").exists()
    assert sources.removal(UNIT, state) == ""


def test_a_playbook_that_was_changed_is_delivered_again_from_its_copy(tmp_path: Path) -> None:
    state, play = tmp_path / ".provision/shop/prod", tmp_path / "play"
    play.mkdir()
    for name in ("site.yml", "remove.yml"):
        (play / name).write_text("- hosts: all\n")
    unit = replace(UNIT, source=str(play / "site.yml"), remove_source=str(play / "remove.yml"), source_digest="d2")
    assert sources.kept(unit, state) == "" and sources.keep(unit, state)
    (play / "site.yml").write_text("- hosts: none\n")
    assert Path(sources.kept(unit, state)).read_text() == "- hosts: all\n"
    assert [path.name for path in (tmp_path / ".provision/sources/d2").iterdir()] == ["playbook"]


def test_a_role_that_left_with_its_component_removes_it_all_the_same(tmp_path: Path) -> None:
    """Of the role only a thin playbook of ours is left, which names it by its path."""
    state, thin, role = tmp_path / ".provision/shop/prod", tmp_path / ".provision/playbooks/motd-1", tmp_path / "roles/motd"
    for folder in (thin, role / "tasks"):
        folder.mkdir(parents=True)
    (role / "tasks/absent.yml").write_text("[]\n")
    for name in ("site.yml", "remove-absent.yml"):
        (thin / name).write_text(f'- hosts: all\n  tasks:\n    - ansible.builtin.include_role: {{name: "{role}"}}\n')
    unit = replace(UNIT, source=str(thin / "site.yml"), remove_source=str(thin / "remove-absent.yml"), source_digest="d3")
    assert sources.keep(unit, state) and sources.removal(unit, state) == str(thin / "remove-absent.yml")
    role.rename(tmp_path / "gone")
    kept = Path(sources.removal(unit, state))
    assert kept == tmp_path / ".provision/sources/d3/playbook/remove-absent.yml" and str(role) not in kept.read_text()
    assert (kept.parent / "roles/motd/tasks/absent.yml").is_file()
