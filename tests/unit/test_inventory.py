"""Ansible inventories as hosts, read by the real ansible-inventory."""

from pathlib import Path

import pytest

from provisioner.errors import Invalid
from provisioner.hosts import passwords
from provisioner.hosts.inventory import read_inventory
from provisioner.model import Environment, Host, Hosts, Json, Target
from provisioner.secrets import MissingSecret, Secrets


def test_ini_with_ranges_groups_and_variables(tmp_path: Path) -> None:
    path = tmp_path / "hosts.ini"
    path.write_text("""
bare
[web]
web-[01:02].example ansible_host="10.0.0.{{ number }}" ansible_port=2222 number=7
[db]
db1 ansible_host=10.0.1.1 ansible_user=postgres ansible_become=false
here ansible_connection=local
[core:children]
web
db
[web:vars]
tier=1
""")
    (tmp_path / "group_vars").mkdir()
    (tmp_path / "group_vars" / "core.yml").write_text("zone: a\nprovision_labels: {site: fra, rack: 7}\n")
    (tmp_path / "host_vars").mkdir()
    (tmp_path / "host_vars" / "db1.yml").write_text("disk: big\n")
    hosts = {host.name: host for host in read_inventory(path, "dc", user="deploy", become=True)}
    assert list(hosts) == ["bare", "web-01.example", "web-02.example", "db1", "here"]
    web, db, bare = hosts["web-01.example"], hosts["db1"], hosts["bare"]
    assert (web.address, web.port, web.user, web.become, web.target) == ("10.0.0.7", 2222, "deploy", True, "dc")
    assert set(web.groups) == {"core", "web"} and web.labels == {"site": "fra", "rack": "7"}
    assert web.vars["ansible_host"] == "10.0.0.{{ number }}" and "zone" not in web.vars, "Ansible reads the file itself"
    assert (db.address, db.user, db.become, "disk" in db.vars) == ("10.0.1.1", "postgres", False, False)
    assert (bare.address, bare.groups, bare.labels) == ("bare", (), {})
    assert hosts["here"].connection == "local"


def test_yaml(tmp_path: Path) -> None:
    path = tmp_path / "hosts.yml"
    path.write_text("all:\n  children:\n    web:\n      hosts:\n        a: {ansible_host: 192.0.2.1}\n        b:\n")
    assert [(host.name, host.address, host.groups) for host in read_inventory(path, "dc")] == [
        ("a", "192.0.2.1", ("web",)), ("b", "b", ("web",))]


def test_a_script(tmp_path: Path) -> None:
    path = tmp_path / "hosts.py"
    path.write_text('#!/bin/sh\necho \'{"web": {"hosts": ["a"]}, "_meta": {"hostvars": {"a": {"ansible_host": "192.0.2.3"}}}}\'\n')
    path.chmod(0o755)
    assert [host.address for host in read_inventory(path, "dc")] == ["192.0.2.3"]


@pytest.mark.parametrize(("name", "text", "words"), [
    ("hosts.ini", "[web\nfoo bar=\n", "inventory"), ("hosts.yml", "all:\n  hosts: [a\n", "did not find expected"),
    ("empty.ini", "", "no hosts"), ("template.ini", "a ansible_host=\"{{ nothing }}\"\n", "can't be worked out"),
    ("hosts.sh", "#!/bin/sh\nexit 3\n", "hosts.sh"),
])
def test_unreadable(tmp_path: Path, name: str, text: str, words: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    if name.endswith(".sh"):
        path.chmod(0o755)
    with pytest.raises(Invalid) as raised:
        read_inventory(path, "dc")
    assert raised.value.code == "PRV-1223" and words in str(raised.value)


def test_passwords_are_set_apart() -> None:
    given: dict[str, Json] = {
        "ansible_password": "pw-1", "ansible_become_pass": 1234, "ansible_ssh_private_key_passphrase": "pw-3", "ansible_sudo_pass": "{{ word }}",
        "ansible_su_password": "${secret.su}", "ansible_winrm_password": {"__ansible_vault": "$ANSIBLE_VAULT"}, "ansible_user": "deploy",
        "ansible_become": True}
    bare = Host("b", "192.0.2.2", "dc")
    (host, same), found = passwords.apart((Host("a", "192.0.2.1", "dc", vars=given), bare))
    names = {"ansible_password": "pw-1", "ansible_become_pass": "1234", "ansible_ssh_private_key_passphrase": "pw-3"}
    assert found == {f"a/{name}": value for name, value in names.items()} and same is bare
    assert host.vars == {**given, **{name: "${secret.inventory:dc/a/%s}" % name for name in names}}
    target = Target("dc", hosts=Hosts((host, bare), passwords=found))
    secrets = Secrets(Path("/nowhere"), Environment("prod", (target,)), "shop")
    assert secrets.reveal(host.vars["ansible_become_pass"]) == "1234" and "1234" in secrets.values_seen() and "pw-1" not in repr(target)
    with pytest.raises(MissingSecret, match="ansible_password"):
        secrets.reveal("${secret.inventory:dc/b/ansible_password}")


def test_missing(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="is not there"):
        read_inventory(tmp_path / "none", "dc")
