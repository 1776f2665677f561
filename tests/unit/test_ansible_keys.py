"""Host keys and the reading of how a host is reached, without a host."""

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from provisioner.hosts import keys
from provisioner.hosts.access import Access, common_args, connection, jump_command, key_args, ssh_args
from provisioner.hosts.keys import Key, KeyBook
from provisioner.model import Host, Hosts

A = Key("ssh-ed25519", "AAAAC3NzaC1lZDI1NTE5AAAAIJ1Hq3r5yQ7Qe2tV1m9m1p0pJk0C9w2b5q8m1xv0m5bA")
B = Key("ssh-ed25519", "AAAAC3NzaC1lZDI1NTE5AAAAIB1Hq3r5yQ7Qe2tV1m9m1p0pJk0C9w2b5q8m1xv0m5bA")
HOST = Host("web-01", "10.0.0.1", "dc1")
needs_ssh = pytest.mark.skipif(shutil.which("ssh") is None, reason="needs OpenSSH")


@pytest.fixture
def own(tmp_path: Path) -> KeyBook:
    return keys.key_book(Hosts(host_keys="accept-new"), tmp_path / "state", tmp_path)


def test_a_key_is_kept_once_and_by_target_and_name(own: KeyBook) -> None:
    assert keys.known(HOST, own) == []
    keys.keep(HOST, own, A)
    keys.keep(HOST, own, A)
    keys.keep(replace(HOST, target="dc2"), own, B)
    assert own.path.read_text() == f"dc1/web-01 {A.kind} {A.text}\ndc2/web-01 {B.kind} {B.text}\n"
    assert keys.known(HOST, own) == [A]
    assert keys.forget_line(HOST, own) == f"ssh-keygen -R dc1/web-01 -f {own.path}"


def test_a_replaced_instance_drops_the_key_of_the_one_before(own: KeyBook) -> None:
    first, second = (replace(HOST, vars={"instance_id": name}) for name in ("i-1", "i-2"))
    keys.keep(first, own, A)
    keys.keep(replace(HOST, name="web-011"), own, B)
    assert keys.known(second, own) == []
    keys.keep(second, own, B)
    assert own.path.read_text() == f"dc1/web-011 {B.kind} {B.text}\ndc1/web-01/i-2 {B.kind} {B.text}\n"


def test_pinned_keys_are_found_by_name_or_address_and_never_written(tmp_path: Path) -> None:
    way = Hosts(known_hosts="pins")
    book = keys.key_book(way, tmp_path / "state", tmp_path)
    (tmp_path / "pins").write_text(f"# comment\n10.0.0.1 {A.kind} {A.text}\n@cert-authority * {B.kind} {B.text}\nbroken line\nweb-01 x !!!\n")
    assert keys.alias(HOST, book) == "10.0.0.1" and keys.known(HOST, book) == [A] and keys.has_authorities(book)
    text = (tmp_path / "pins").read_text()
    keys.keep(HOST, book, B)
    keys.keep(replace(HOST, name="other", address="10.9.9.9"), book, B)
    assert (tmp_path / "pins").read_text() == text
    keys.keep(replace(HOST, name="other", address="10.9.9.9"), replace(book, accept_new=True), B)
    assert (tmp_path / "pins").read_text() == text + f"other {B.kind} {B.text}\n"
    assert keys.alias(HOST, KeyBook(tmp_path / "none", True, False)) == "web-01"
    assert not keys.has_authorities(KeyBook(tmp_path / "none", True, False))


@pytest.mark.parametrize(("patterns", "name", "fits"), [
    ("web-01,10.0.0.1", "10.0.0.1", True), ("WEB-01", "web-01", True), ("web-*", "web-01", True), ("web-*,!web-01", "web-01", False),
    ("[web-01]:2222", "[web-01]:2222", True), ("[web-01]:2222", "web-01", False), ("web-0?", "web-012", False),
])
def test_names_are_matched_as_openssh_does(tmp_path: Path, patterns: str, name: str, fits: bool) -> None:
    (tmp_path / "k").write_text(f"{patterns} {A.kind} {A.text}\n")
    assert bool(keys.read(tmp_path / "k", name)) == fits


@needs_ssh
def test_hashed_names_and_fingerprints_are_those_of_openssh(tmp_path: Path) -> None:
    (tmp_path / "k").write_text(f"web-01 {A.kind} {A.text}\n")
    subprocess.run(["ssh-keygen", "-H", "-f", str(tmp_path / "k")], check=True, capture_output=True)
    assert (tmp_path / "k").read_text().startswith("|1|") and keys.read(tmp_path / "k", "web-01") == [A] and keys.read(tmp_path / "k", "x") == []
    shown = subprocess.run(["ssh-keygen", "-l", "-F", "web-01", "-f", str(tmp_path / "k")], check=True, capture_output=True, text=True).stdout
    assert A.fingerprint.split()[1] in shown


def test_the_users_own_known_hosts_counts_where_we_have_no_key(own: KeyBook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "USERS_OWN", (str(tmp_path / "users"),))
    (tmp_path / "users").write_text(f"[10.0.0.1]:2222 {A.kind} {A.text}\n")
    assert keys.known(replace(HOST, port=2222), own) == [A] and keys.known(HOST, own) == []


def test_a_machine_that_was_just_made_is_not_taken_for_the_one_that_had_its_address(
        own: KeyBook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "USERS_OWN", (str(tmp_path / "users"),))
    (tmp_path / "users").write_text(f"10.0.0.1 {A.kind} {A.text}\n")
    made = replace(HOST, vars={"instance_id": "i-1"})
    assert keys.known(made, own) == [] and keys.known(HOST, own) == [A]
    assert keys.known(made, replace(own, accept_new=False)) == [A]


# ------------------------------------------------------------------ access
def access(host: Host = HOST, **way: object) -> Access:
    return Access(host, Hosts(**way), KeyBook(Path("/my state/known_hosts"), False, True))  # type: ignore[arg-type]


def test_the_hosts_own_variables_come_before_the_target() -> None:
    host = replace(HOST, user="deploy", vars={"ansible_user": "ops", "ansible_port": "2200", "ansible_ssh_private_key_file": "/hk",
                                              "ansible_ssh_common_args": "-F /host", "ansible_ssh_args": "-v"})
    found = access(host, user="root", private_key="/k", ssh_args="-F /target")
    assert (found.user, found.port, found.private_key, common_args(found)) == ("ops", 2200, "/hk", "-F /host")
    assert ssh_args(found, "-q").endswith(" -v")
    plain = access(user="root", private_key="/k", ssh_args="-F /target")
    assert (plain.user, plain.port, plain.private_key, common_args(plain)) == ("root", 22, "/k", "-F /target")
    assert ssh_args(plain, "").endswith("-C -o ControlMaster=auto -o ControlPersist=60s")


@needs_ssh
def test_openssh_reads_what_we_write(tmp_path: Path) -> None:
    (tmp_path / "conf").write_text("Host *\n Port 2022\n StrictHostKeyChecking no\n UserKnownHostsFile /dev/null\n")
    found = connection(access(user="root", private_key="/k", ssh_args=f"-F {tmp_path}/conf -o ProxyCommand='nc -x p %h %p'"))
    assert (found["hostname"], found["port"], found["user"], found["proxycommand"]) == ("10.0.0.1", "2022", "root", "nc -x p %h %p")
    assert found["identityfile"].splitlines()[0] == "/k" and found["hostkeyalias"] == "dc1/web-01"
    assert found["stricthostkeychecking"] in ("yes", "true"), "the user's configuration does not turn the check off"
    assert "/my state/known_hosts" in found["userknownhostsfile"]
    assert connection(access(replace(HOST, port=2222)))["port"] == "2222"
    with pytest.raises(ValueError, match="Bad configuration option|command-line"):
        connection(access(ssh_args="-o NoSuchOption=1"))


@needs_ssh
def test_the_way_through_a_jump_host() -> None:
    found = access(jump="ops@first:2201,ops@bastion:2200", private_key="/k")
    command = jump_command(found)
    assert command.endswith("-o ProxyJump=ops@first:2201 -p 2200 -W '[%h]:%p' ops@bastion") and "-i /k" in command
    assert "StrictHostKeyChecking=accept-new" in command and '"/my state/known_hosts" ~/.ssh/known_hosts' in command
    assert connection(found)["proxycommand"] == command
    assert "-p" not in jump_command(access(jump="bastion")).split(" -W ")[0].split()


def test_a_host_is_bound_to_its_key() -> None:
    words = " ".join(key_args(access()))
    for option in ("HostKeyAlias=dc1/web-01", "StrictHostKeyChecking=yes", "GlobalKnownHostsFile=/dev/null", "ServerAliveInterval=5"):
        assert option in words
