"""Secrets, names and certificates on real Debian 12 and 13 hosts: shown, made, left alone, changed, removed without a trace."""

import ssl
from pathlib import Path
from typing import Any

import pytest

from provisioner.model import Host
from tests.conftest import LabHosts
from tests.integration.playbooks_world import CANARY, World, unit
from tests.lab import Lab

FOLDER = "/etc/provision/certificates/shop/tls"
STORED = "/etc/provision/secrets/shop/pin"
CLEAR = "/run/provision/secrets/shop/pin"
JOB = "provision-secret-shop.pin.service"


@pytest.fixture(scope="module")
def hosts(lab_hosts: LabHosts) -> list[Host]:
    """Debian 12 and Debian 13, both bare."""
    return [*lab_hosts(1, base=True), *lab_hosts(1, trixie=True)]


@pytest.fixture(scope="module")
def world(lab: Lab, hosts: list[Host], tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("small"), lab.inventory(hosts).read_text())


def secret(**changed: Any) -> dict[str, Any]:
    return {**unit("pin", provision_secret_inputs=["secret_value"]), "secret_name": "pin", "secret_value": CANARY, "secret_values": {},
            "secret_owner": "", **changed}


def record(**changed: Any) -> dict[str, Any]:
    return {**unit("name"), "record_name": "name", "record_fqdn": "pay.example", "record_type": "A", "record_values": ["192.0.2.7"],
            "record_aliases": ["pay"], **changed}


def certificate(**changed: Any) -> dict[str, Any]:
    return {**unit("tls", provision_secret_inputs=["certificate_seed"]), "certificate_name": "tls", "certificate_domain": "pay.example",
            "certificate_names": ["www.pay.example"], "certificate_given": "", "certificate_key": "", "certificate_seed": CANARY * 3,
            "certificate_authority": "", "certificate_days": 90, "certificate_renew": 30, "certificate_group": "", **changed}


def traces(lab: Lab, host: Host) -> str:
    """What may be left in the folders that these units write to."""
    return lab.ssh(host, "find /etc/provision /run/provision /var/lib/provision /etc/systemd/system -not -type l 2>/dev/null; "
                         "find /etc/systemd/system -lname '*provision*'; cat /etc/hosts", check=False).stdout


def in_clear(lab: Lab, host: Host) -> list[str]:
    """Files that hold the secret, on the disk and in memory."""
    places = "/etc /var /root /home /opt /srv /tmp /usr/local /run"
    return lab.ssh(host, f"grep -rlaIs -D skip '{CANARY[:-1]}[{CANARY[-1]}]' {places}", check=False).stdout.split()


def through(world: World, lab: Lab, hosts: list[Host], playbook: str, variables: dict[str, Any]) -> dict[str, list[str]]:
    """Check mode, then for real: the same answer on each host; then once more, quiet. The acts by host."""
    planned = world.play(f"{playbook}/site", variables, check=True)
    before = {host.name: planned.of(host.name) for host in hosts}
    done = world.play(f"{playbook}/site", variables, seals={name: answer["seal"] for name, answer in before.items()})
    for host in hosts:
        assert {**done.of(host.name), "health": ""} == {**before[host.name], "health": ""}
        assert done.of(host.name)["tasks"]
        world.quiet(f"{playbook}/site", variables, host.name)
    return {host.name: done.of(host.name)["tasks"] for host in hosts}


def test_a_secret(world: World, lab: Lab, hosts: list[Host]) -> None:
    clean = [traces(lab, host) for host in hosts]
    through(world, lab, hosts, "secret", secret())
    for host in hosts:
        assert lab.ssh(host, f"stat -c '%a %U' {STORED}.cred {CLEAR}; cat {CLEAR}").stdout == f"600 root\n400 root\n{CANARY}"
        assert in_clear(lab, host) == [CLEAR]
    changed = through(world, lab, hosts, "secret", secret(secret_value=CANARY + "2\r\n", secret_owner="nobody"))
    # the unit names its owner
    assert changed[hosts[0].name] == [f"write {STORED}.cred", f"write /etc/systemd/system/{JOB}", "daemon-reload", f"enable {JOB}", f"restart {JOB}",
                                      f"write {CLEAR}"]
    by_hand(world, lab, hosts, secret(secret_value=CANARY + "2\r\n", secret_owner="nobody"))
    several = secret(secret_value="", secret_values={"user": "app", "password": CANARY, "none": ""}, secret_owner="reader",
                     provision_secret_inputs=["secret_values.password"])
    assert "can't turn" in world.play("secret/site", several).failure(hosts[0].name)
    assert "larger than 1 MiB" in world.play("secret/site", secret(secret_value="x" * (1 << 20) + "x"), check=True).failure(hosts[0].name)
    world.play("secret/remove", secret())
    assert [traces(lab, host) for host in hosts] == clean
    through(world, lab, hosts, "secret", several)
    restarted(lab, hosts)
    for host in hosts:
        world.quiet("secret/site", several, host.name)
        assert lab.ssh(host, f"stat -c '%a %U %n' {CLEAR} {CLEAR}/*; cat {CLEAR}/password").stdout.split() == [
            "500", "reader", CLEAR, "400", "reader", f"{CLEAR}/none", "400", "reader", f"{CLEAR}/password", "400", "reader", f"{CLEAR}/user", CANARY]
        assert in_clear(lab, host) == [f"{CLEAR}/password"]
    through(world, lab, hosts, "secret", {**several, "secret_values": {"user": "app", "password": CANARY}})
    assert lab.ssh(hosts[0], f"ls {STORED} {CLEAR}").stdout.split() == [f"{STORED}:", "password.cred", "user.cred", f"{CLEAR}:", "password", "user"]
    world.play("secret/remove", several)
    assert [traces(lab, host) for host in hosts] == clean
    assert CANARY not in world.seen


def by_hand(world: World, lab: Lab, hosts: list[Host], wanted: dict[str, Any]) -> None:
    """What somebody changed is put right: each file alone, and what a boot needs. Then the power goes, and the file is there again."""
    unit = f"/etc/systemd/system/{JOB}"
    for drift, expected, shown in (
            (f"echo x > {CLEAR}", [f"write {CLEAR}"], [CLEAR]),
            (f"rm {CLEAR} {STORED}.cred", [f"write {STORED}.cred", f"restart {JOB}", f"write {CLEAR}"], [CLEAR]),
            # who reads the file starts anew only where that one was another
            (f"chmod 644 {CLEAR}; echo x > {STORED}.cred",
             [f"write {STORED}.cred", f"restart {JOB}", f"set mode 0400, owner nobody:as it is of {CLEAR}"], []),
            (f"systemctl disable -q {JOB}; systemctl stop {JOB}", [f"enable {JOB}", f"restart {JOB}"], []),
            (f"echo '# x' >> {unit}", [f"write {unit}", "daemon-reload", f"enable {JOB}", f"restart {JOB}"], [])):
        lab.ssh(hosts[0], drift)
        done = world.twice("secret/site", wanted, hosts[0].name)
        assert (done["tasks"], [file["path"] for file in done["files"]]) == (expected, shown)
    restarted(lab, hosts)
    for host in hosts:
        assert lab.ssh(host, f"stat -c '%a %U' {CLEAR}; tail -c 4 {CLEAR} | od -An -c").stdout.split() == ["400", "nobody", "8", "2", "\\r", "\\n"]
        world.quiet("secret/site", wanted, host.name)


def restarted(lab: Lab, hosts: list[Host]) -> None:
    """A power cut, and the hosts are back."""
    for host in hosts:
        lab.machine(host).kill()
    for host in hosts:
        lab.machine(host).start()


def test_a_secret_where_systemd_can_not_encrypt(world: World, lab: Lab, hosts: list[Host]) -> None:
    clean = traces(lab, hosts[0])
    lab.ssh(hosts[0], "mv /usr/bin/systemd-creds /root/")
    try:
        told = world.play("secret/site", secret()).of(hosts[0].name)
        assert (told["outputs"]["path"], in_clear(lab, hosts[0])) == (STORED, [STORED])
        assert "on its disk in clear" in " ".join(told["notes"])
        world.quiet("secret/site", secret(), hosts[0].name)
    finally:
        lab.ssh(hosts[0], "mv /root/systemd-creds /usr/bin/")
    # what lay in clear does not stay beside what is encrypted
    done = world.twice("secret/site", secret(), hosts[0].name)
    assert f"remove {STORED}" in done["tasks"] and in_clear(lab, hosts[0]) == [CLEAR]
    world.play("secret/remove", secret())
    assert traces(lab, hosts[0]) == clean


def test_a_host_of_no_known_family_is_refused_before_anything_is_done(world: World, lab: Lab, hosts: list[Host]) -> None:
    clean = traces(lab, hosts[0])
    alpine = 'ID=alpine\\nPRETTY_NAME="Alpine Linux v3.20"\\n'
    lab.ssh(hosts[0], f"cp -L /etc/os-release /root/release; rm /etc/os-release; printf '{alpine}' > /etc/os-release")
    try:
        told = world.play("secret/site", secret())
        assert "this host runs Alpine Linux v3.20; provision's playbooks know the families of Debian and Red Hat" in told.failure(hosts[0].name)
        assert told.of(hosts[1].name)["os"] in ("debian-12", "debian-13")
        # whatever it runs, what was delivered can be taken away
        assert world.play("secret/remove", secret()).rc == 0
    finally:
        lab.ssh(hosts[0], "mv /root/release /etc/os-release")
    assert traces(lab, hosts[0]) == clean


def test_a_name(world: World, lab: Lab, hosts: list[Host]) -> None:
    clean = [traces(lab, host) for host in hosts]
    through(world, lab, hosts, "dns-record", record())
    for host in hosts:
        assert lab.ssh(host, "getent hosts pay").stdout.split() == ["192.0.2.7", "pay.example", "pay"]
    other = {**record(record_name="six", record_fqdn="six.example", record_type="AAAA", record_values=["fd00::7"], record_aliases=[]),
             "provision_unit": "six@here"}
    through(world, lab, hosts, "dns-record", other)
    through(world, lab, hosts, "dns-record", record(record_values=["192.0.2.8"]))
    assert lab.ssh(hosts[1], "getent hosts pay.example; getent ahostsv6 six.example | head -1").stdout.split()[:1] == ["192.0.2.8"]
    assert "needs a DNS server" in world.play("dns-record/site", record(record_type="CNAME")).failure(hosts[0].name)
    world.play("dns-record/remove", record())
    assert "fd00::7 six.example" in lab.ssh(hosts[0], "cat /etc/hosts").stdout
    world.play("dns-record/remove", other)
    assert [traces(lab, host) for host in hosts] == clean


def test_a_certificate_of_our_own_authority(world: World, lab: Lab, hosts: list[Host]) -> None:
    clean = [traces(lab, host) for host in hosts]
    acts = through(world, lab, hosts, "certificate", certificate())
    assert "issue a certificate for pay.example (90 days)" in acts[hosts[0].name]
    verify = f"openssl verify -x509_strict -CAfile {FOLDER}/ca.pem -verify_hostname www.pay.example {FOLDER}/fullchain.pem"
    modes = f"cd {FOLDER} && stat -c '%a %n' *"
    for host in hosts:
        assert lab.ssh(host, verify).stdout.endswith(": OK\n")
        assert lab.ssh(host, modes).stdout.splitlines() == ["644 ca.pem", "600 combined.pem", "644 fullchain.pem", "600 privkey.pem"]
    keys = [lab.ssh(host, f"cat {FOLDER}/privkey.pem").stdout for host in hosts]
    assert keys[0] != keys[1], "each host has a key of its own"
    assert lab.ssh(hosts[0], f"cat {FOLDER}/ca.pem").stdout == lab.ssh(hosts[1], f"cat {FOLDER}/ca.pem").stdout
    assert not any(line in world.seen for line in keys[0].splitlines()[1:-1])
    # the time has come when less is left than `renewBeforeDays`
    acts = through(world, lab, hosts, "certificate", certificate(certificate_days=300, certificate_renew=91))
    assert "the one there is ends on" in acts[hosts[0].name][0]
    lab.ssh(hosts[0], f"echo >> {FOLDER}/fullchain.pem")
    assert "changed by hand" in world.twice("certificate/site", certificate(certificate_days=300), hosts[0].name)["tasks"][0]
    world.play("certificate/remove", certificate())
    assert [traces(lab, host) for host in hosts] == clean


def test_a_given_certificate(world: World, lab: Lab, hosts: list[Host], tmp_path: Path) -> None:
    from tests.unit.playbooks import LIBRARY  # noqa: F401  makes the next import possible
    from ansible.module_utils.provision.controller.authority import Authority  # isort: skip

    issued = Authority("other").issue(["pay.example", "*.pay.example"], 20)
    given = certificate(certificate_given=issued.chain, certificate_key=issued.key, provision_secret_inputs=["certificate_given", "certificate_key"])
    acts = through(world, lab, hosts, "certificate", given)
    assert acts[hosts[0].name][-1].startswith("write") and "take the given certificate for pay.example" in acts[hosts[0].name]
    assert lab.ssh(hosts[0], f"cat {FOLDER}/fullchain.pem").stdout == issued.chain
    pem = tmp_path / "chain.pem"
    pem.write_text(issued.chain)
    ssl.create_default_context(cafile=str(pem))
    other = {**given, "certificate_key": Authority("third").issue(["x"], 1).key}
    assert "not the one of the given certificate" in world.play("certificate/site", other, check=True).failure(hosts[0].name)
    assert "not for api.other" in world.play("certificate/site", {**given, "certificate_names": ["api.other"]}, check=True).failure(hosts[0].name)
    world.play("certificate/remove", given)
