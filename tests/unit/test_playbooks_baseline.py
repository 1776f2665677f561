"""The text of firewall rules and exports, waiting upgrades out of what apt says, certificates: values in, values out."""

import datetime

import pytest
from cryptography import x509

import tests.unit.playbooks  # noqa: F401  isort: skip
from ansible.module_utils.provision import apt, firewall, share
from ansible.module_utils.provision.controller import authority
from ansible.module_utils.provision.failures import Failed
from ansible.module_utils.provision.packaging import Upgrade

SIMULATED = """
Reading package lists...
Inst libssl3 [3.0.11-1] (3.0.15-1~deb12u1 Debian-Security:12/stable-security [amd64])
Inst curl [7.88.1-10] (7.88.1-10+deb12u8 Debian:12.8/stable [amd64])
Inst new-one (1.0 Debian:12/stable [amd64])
Conf libssl3 (3.0.15-1~deb12u1 Debian-Security:12/stable-security [amd64])
"""


# ------------------------------------------------------------------ firewall
def test_ports_networks_and_families() -> None:
    wanted = {"allow": [{"port": 443}, {"port": 53, "protocol": "udp"}, {"port": 9000, "to": 9010, "from": ["10.0.0.0/8", "fd00::/8", "192.0.2.7"]}]}
    text, stamp = firewall.text("# ours", wanted, [22])
    assert "        tcp dport 443 accept\n        udp dport 53 accept\n" in text
    assert "        ip saddr { 10.0.0.0/8, 192.0.2.7/32 } tcp dport 9000-9010 accept\n" in text
    assert "        ip6 saddr { fd00::/8 } tcp dport 9000-9010 accept\n" in text
    assert f'comment "provision {stamp}"' in text


def test_ssh_is_open_whatever_is_asked() -> None:
    text, _ = firewall.text("# ours", {"allow": [], "ping": False, "policy": "reject"}, [2222, 22])
    assert "tcp dport { 22, 2222 } accept" in text
    assert "echo-request" not in text and text.rstrip().endswith("reject with icmpx type admin-prohibited\n    }\n}")


def test_the_stamp_follows_the_rules() -> None:
    one, other = (firewall.text("# ours", {"allow": [{"port": port}]}, [22])[1] for port in (80, 81))
    assert one != other == firewall.text("# ours", {"allow": [{"port": 81}]}, [22])[1]


@pytest.mark.parametrize("rule", [{"port": 10, "to": 9}, {"port": 1, "from": ["here"]}])
def test_rules_that_are_none(rule: dict[str, object]) -> None:
    with pytest.raises(Failed):
        firewall.text("# ours", {"allow": [rule]}, [22])


# ------------------------------------------------------------------ upgrades, exports
def test_waiting_upgrades() -> None:
    assert apt.upgrades_of(SIMULATED) == [Upgrade("libssl3", "3.0.15-1~deb12u1", True), Upgrade("curl", "7.88.1-10+deb12u8", False)]


def test_exports() -> None:
    assert share.kernel_text("# ours", "/srv/a b", ["10.0.0.0/8", "fd00::/8"], False) == (
        '# ours\n"/srv/a b" 10.0.0.0/8(rw,sync,no_subtree_check,no_root_squash) fd00::/8(rw,sync,no_subtree_check,no_root_squash)\n')
    text = share.ganesha_text("# ours", "/srv/a", ["10.0.0.0/8"], True)
    assert "Squash = Root_Squash;" in text and "Clients = 10.0.0.0/8;" in text


# ------------------------------------------------------------------ certificates
def test_one_secret_is_one_authority() -> None:
    assert authority.Authority("one").pem == authority.Authority("one").pem != authority.Authority("other").pem


def test_an_issued_certificate() -> None:
    issued = authority.Authority("one").issue(["pay.example", "192.0.2.7"], 90)
    leaf, ca = x509.load_pem_x509_certificates(issued.chain.encode())
    leaf.verify_directly_issued_by(ca)
    assert issued.end == int(leaf.not_valid_after_utc.timestamp())
    assert 89 <= (leaf.not_valid_after_utc - datetime.datetime.now(datetime.UTC)).days <= 90
    assert authority.given(issued.chain, issued.key, ["pay.example", "192.0.2.7"]).end == issued.end


@pytest.mark.parametrize(("names", "covered"), [
    (["a.example"], True), (["b.example"], True), (["x.b.example"], False), (["example"], False), (["*.example"], True), (["A.Example"], True)])
def test_a_star_stands_for_one_label(names: list[str], covered: bool) -> None:
    issued = authority.Authority("one").issue(["*.example"], 1)
    if covered:
        authority.given(issued.chain, issued.key, names)
    else:
        with pytest.raises(Failed, match="not for"):
            authority.given(issued.chain, issued.key, names)


def test_given_ones_that_do_not_fit() -> None:
    one, other = (authority.Authority("one").issue(["a"], 1) for _ in range(2))
    with pytest.raises(Failed, match="not the one of"):
        authority.given(one.chain, other.key, ["a"])
    with pytest.raises(Failed, match="ended on"):
        ended = authority.Authority("one").issue(["a"], 0)
        authority.given(ended.chain, ended.key, ["a"])
    with pytest.raises(Failed, match="can't be read"):
        authority.given("no PEM", one.key, ["a"])
