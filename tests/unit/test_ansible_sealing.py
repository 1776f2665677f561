"""What Ansible reads beside a unit's playbook ties a saved plan."""

from pathlib import Path

import pytest

from provisioner.engine import Site
from provisioner.engines.ansible.sealing import seals
from provisioner.model import Hosts, Target
from provisioner.planner.sealing import reasons

FILES = {"dc/hosts.ini": "[web]\nweb1\n", "dc/group_vars/web/main.yml": "tier: 1\n", "dc/host_vars/web1.yml": "disk: big\n",
         "ansible.cfg": "[defaults]\nforks = 3\n", "roles/sign/tasks/main.yml": "[]\n", "dc/README": "not read\n"}


@pytest.fixture
def site(tmp_path: Path) -> Site:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return Site("shop", "prod", Target("dc", hosts=Hosts(inventory="dc/hosts.ini")), tmp_path, tmp_path / "state", tmp_path / "work",
                reveal=lambda value: value)


@pytest.mark.parametrize(("edited", "reason"), [
    ("dc/hosts.ini", "the inventory of dc was changed"), ("dc/group_vars/web/main.yml", "the inventory of dc was changed"),
    ("dc/host_vars/web1.yml", "the inventory of dc was changed"), ("ansible.cfg", "the ansible.cfg was changed"),
    ("roles/sign/tasks/main.yml", "the roles and collections of the project was changed"), ("dc/README", "")])
def test_a_file_that_was_edited_is_named(site: Site, edited: str, reason: str) -> None:
    before = seals(site, {})
    with open(site.project / edited, "a") as file:
        file.write("# more\n")
    found = reasons(before, seals(site, {}))
    assert [one.partition(" (")[0] for one in found] == ([reason] if reason else [])
