"""Gateways (nginx and HAProxy, TLS, weights, drain) and static sites on real Debian 12 and 13 hosts, asked over the network."""

from typing import Any

import pytest

from provisioner.model import Host
from tests.conftest import LabHosts
from tests.integration.playbooks_world import CANARY, World, interrupt, service, unit
from tests.lab import Lab

PORT = 8080
TLS = "/etc/provision/certificates/shop/tls"
ENGINES = ("nginx", "haproxy")


@pytest.fixture(scope="module")
def hosts(lab_hosts: LabHosts) -> list[Host]:
    """A Debian 12 host with nginx and HAProxy installed and off, and a Debian 13 host without."""
    return [*lab_hosts(1), *lab_hosts(1, trixie=True)]


@pytest.fixture(scope="module")
def world(lab: Lab, hosts: list[Host], tmp_path_factory: pytest.TempPathFactory) -> World:
    """Both hosts run the service that the gateways lead to, and hold a certificate."""
    made = World(tmp_path_factory.mktemp("web"), lab.inventory(hosts).read_text())
    for playbook, variables in (("service/site", service(PORT)), ("certificate/site", certificate())):
        told = made.play(playbook, variables)
        for host in hosts:
            told.of(host.name)
    return made


def certificate(**changed: Any) -> dict[str, Any]:
    return {**unit("tls", provision_secret_inputs=["certificate_seed"]), "certificate_name": "tls", "certificate_domain": "pay.example",
            "certificate_names": [], "certificate_given": "", "certificate_key": "", "certificate_seed": CANARY * 3, "certificate_authority": "",
            "certificate_days": 90, "certificate_renew": 30, "certificate_group": "", **changed}


def gateway(engine: str, *backends: Any, **changed: Any) -> dict[str, Any]:
    return {**unit("door"), "gateway_name": "door", "gateway_engine": engine, "gateway_domain": "", "gateway_port": 80,
            "gateway_health_path": "/healthz", "gateway_certificate": "", "gateway_redirect_from": 0, "gateway_drain": [], "gateway_check": None,
            "gateway_routes": [{"path": "/", "backends": list(backends), "port": PORT}], **changed}


def through(world: World, hosts: list[Host], playbook: str, variables: dict[str, Any]) -> dict[str, list[str]]:
    """Check mode, then for real: the same answer on each host; then once more, quiet. The acts by host."""
    planned = world.play(f"{playbook}/site", variables, check=True)
    before = {host.name: planned.of(host.name) for host in hosts}
    done = world.play(f"{playbook}/site", variables, seals={name: answer["seal"] for name, answer in before.items()})
    again = world.play(f"{playbook}/site", variables)
    for host in hosts:
        assert {**done.of(host.name), "health": ""} == {**before[host.name], "health": ""}
        assert done.of(host.name)["health"] == "healthy"
        assert (again.of(host.name)["tasks"], again.of(host.name)["files"]) == ([], [])
    return {host.name: done.of(host.name)["tasks"] for host in hosts}


def traces(lab: Lab, host: Host) -> str:
    """All that is ours beside the certificate and the service; what packages brought stays when a unit goes."""
    return lab.ssh(host, "find /etc /run /var/lib/provision /var/www -xdev \\( -name '*provision*' -o -name '*door*' -o -name '*pages*' \\) "
                         "2>/dev/null | sort", check=False).stdout


def answers(lab: Lab, url: str, count: int, *options: str) -> dict[str, int]:
    """How often each process behind a URL has answered; "" for a failed request."""
    loop = f"for n in $(seq {count}); do curl -s --max-time 120 {' '.join(options)} '{url}' || true; echo; done"
    found: dict[str, int] = {}
    for line in lab.exec(["sh", "-c", loop]).stdout.splitlines():
        process = line.rpartition("|")[2]
        found[process] = found.get(process, 0) + 1
    return found


@pytest.mark.parametrize("engine", ENGINES)
def test_a_gateway_with_weights_drain_and_tls(engine: str, world: World, lab: Lab, hosts: list[Host]) -> None:
    first, second = (host.address for host in hosts)
    clean = [traces(lab, host) for host in hosts]
    parts = [{"to": [first], "weight": 3}, {"to": [second], "weight": 1}]
    through(world, hosts, "gateway", gateway(engine, *parts))
    for host in hosts:
        assert sorted(answers(lab, f"http://{host.address}/", 8).values()) == [2, 6]
    # taken out: only the other one answers, and nothing is restarted
    acts = through(world, hosts, "gateway", gateway(engine, *parts, gateway_drain=[first]))
    assert acts[hosts[0].name][-1].startswith("reload ") and len(acts[hosts[0].name]) == 2
    assert list(answers(lab, f"http://{first}/", 4).values()) == [4]
    # TLS with the certificate of our own authority, checked by name; plain HTTP is sent there
    secure = gateway(engine, *parts, gateway_port=443, gateway_redirect_from=80, gateway_certificate=TLS, gateway_domain="pay.example")
    through(world, hosts, "gateway", secure)
    ca = world.project / "ca.pem"
    ca.write_text(lab.ssh(hosts[0], f"cat {TLS}/ca.pem").stdout)
    for host in hosts:
        options = ("--cacert", str(ca), "--resolve", f"pay.example:443:{host.address}", "--resolve", f"pay.example:80:{host.address}", "-L")
        assert "" not in answers(lab, "http://pay.example/", 2, *options)
    # a renewed certificate is served without a change of the gateway
    serial = "echo | openssl s_client -connect 127.0.0.1:443 -servername pay.example 2>/dev/null | openssl x509 -noout -serial"
    before = lab.ssh(hosts[0], serial).stdout
    renewed = through_certificate(world, hosts)
    assert renewed[hosts[0].name][-1] == f"reload {'nginx' if engine == 'nginx' else 'provision-shop-door-haproxy'}"
    lab.ssh(hosts[0], f"for n in $(seq 1200); do test \"$({serial})\" = '{before.strip()}' || break; sleep 0.1; done")
    assert lab.ssh(hosts[0], serial).stdout != before
    # a delivery that was broken off after its files were written: what follows from them is made up for, once
    interrupt(lab, hosts[0], "tls@here")
    made_up = world.play("certificate/site", certificate()).of(hosts[0].name)["tasks"]
    assert made_up == [renewed[hosts[0].name][-1]]
    world.quiet("certificate/site", certificate(), hosts[0].name)
    world.play("certificate/site", certificate())
    world.play("gateway/remove", secure)
    assert [traces(lab, host) for host in hosts] == clean
    assert [lab.ssh(host, "ss -Hltn 'sport = :80 or sport = :443'").stdout for host in hosts] == ["", ""]


def through_certificate(world: World, hosts: list[Host]) -> dict[str, list[str]]:
    told = world.play("certificate/site", certificate(certificate_renew=91))
    return {host.name: told.of(host.name)["tasks"] for host in hosts}


@pytest.mark.parametrize("engine", ENGINES)
def test_a_reload_drops_no_request(engine: str, world: World, lab: Lab, hosts: list[Host]) -> None:
    first, second = (host.address for host in hosts)
    world.play("gateway/site", gateway(engine, first, second))
    ask = f"curl -s -o /dev/null --max-time 120 -w '%{{http_code}}\\n' http://{first}/"
    lab.ssh(hosts[0], f'nohup sh -c "while test ! -e /tmp/enough; do {ask}; done" > /tmp/codes 2>&1 < /dev/null & echo')
    for drained in ([first], [second], []):
        world.play("gateway/site", gateway(engine, first, second, gateway_drain=drained)).of(hosts[0].name)
    codes = lab.ssh(hosts[0], "touch /tmp/enough; sleep 0.5; cat /tmp/codes; rm -f /tmp/enough /tmp/codes").stdout.split()
    assert len(codes) > 3
    assert set(codes) == {"200"}
    world.play("gateway/remove", gateway(engine, first))


def test_haproxy_asks_its_backends(world: World, lab: Lab, hosts: list[Host]) -> None:
    first, second = (host.address for host in hosts)
    world.play("gateway/site", gateway("haproxy", first, second, gateway_check={"path": "/", "seconds": 1})).of(hosts[0].name)
    lab.ssh(hosts[1], "systemctl stop api")
    state = ("for n in $(seq 1200); do echo 'show stat' | socat - /run/provision-shop-door-haproxy/admin.sock | grep -q 's1.*DOWN' && break; "
             "sleep 0.1; done; echo")
    lab.ssh(hosts[0], state)
    assert list(answers(lab, f"http://{first}/", 4).values()) == [4]
    lab.ssh(hosts[1], "systemctl start api")
    assert "choose `engine: haproxy`" in world.play("gateway/site", gateway("nginx", first, gateway_check={"path": "/"})).failure(hosts[0].name)


def test_another_engine_takes_over_and_gives_back(world: World, lab: Lab, hosts: list[Host]) -> None:
    first, second = (host.address for host in hosts)
    world.play("gateway/site", gateway("haproxy", first, second))
    for engine in ("nginx", "haproxy"):
        through(world, hosts, "gateway", gateway(engine, first, second))
        assert "" not in answers(lab, f"http://{first}/", 4)
        listening = lab.ssh(hosts[0], "ss -Hltnp 'sport = :80'").stdout
        assert engine in listening and (ENGINES[0] if engine == ENGINES[1] else ENGINES[1]) not in listening
    world.play("gateway/remove", gateway("haproxy", first))
    for host in hosts:
        assert "conf.d/" not in traces(lab, host) and "provision-shop" not in traces(lab, host)


def test_a_broken_configuration_leaves_the_old_one(world: World, lab: Lab, hosts: list[Host]) -> None:
    first = hosts[0].address
    for engine in ENGINES:
        world.play("gateway/site", gateway(engine, first))
        told = world.play("gateway/site", gateway(engine, first, gateway_certificate="/nowhere", gateway_port=443))
        assert "there is no certificate in /nowhere" in told.failure(hosts[0].name)
        told = world.play("gateway/site", gateway(engine, "no-such-host.invalid"))
        if engine == "nginx":
            assert "nginx refuses the configuration, the old one is still in force" in told.failure(hosts[0].name)
        else:
            world.play("gateway/site", gateway(engine, first))
        assert "" not in answers(lab, f"http://{first}/", 2)
        world.play("gateway/remove", gateway(engine, first))


# ------------------------------------------------------------------ static sites
def site(**changed: Any) -> dict[str, Any]:
    return {**unit("pages"), "site_name": "pages", "site_artifact": "pages", "site_sha256": "", "site_index": "index.html",
            "site_error_page": "404.html",
            "site_fallback": "", "site_domain": "", "site_port": 80, "site_certificate": "", "site_headers": {"X-Frame-Options": "DENY"},
            "site_cache_seconds": 0, "site_keep": 2, **changed}


def test_a_static_site(world: World, lab: Lab, hosts: list[Host]) -> None:
    clean = [traces(lab, host) for host in hosts]
    folder = world.project / "pages"
    (folder / "docs").mkdir(parents=True)
    for name, text in (("index.html", "first"), ("404.html", "not here"), ("docs/index.html", "docs")):
        (folder / name).write_text(text)
    through(world, hosts, "static-site", site())
    for host in hosts:
        url = f"http://{host.address}"
        assert lab.exec(["curl", "-s", f"{url}/", f"{url}/docs/"]).stdout == "firstdocs"
        shown = lab.exec(["curl", "-si", f"{url}/nothing"]).stdout
        assert "404 Not Found" in shown and "X-Frame-Options: DENY" in shown and shown.endswith("not here")
    for text in ("second", "third"):
        (folder / "index.html").write_text(text)
        acts = through(world, hosts, "static-site", site())
        assert lab.exec(["curl", "-s", f"http://{hosts[1].address}/"]).stdout == text
    assert any(act.startswith("remove release") for act in acts[hosts[0].name])
    through(world, hosts, "static-site", site(site_fallback="index.html", site_error_page="", site_cache_seconds=60, site_headers={}))
    shown = lab.exec(["curl", "-si", f"http://{hosts[0].address}/some/route"]).stdout
    assert "200 OK" in shown and "max-age=60" in shown and shown.endswith("third")
    lab.ssh(hosts[0], "echo hacked > /var/www/pages/current/index.html")
    assert "changed by hand" in world.play("static-site/site", site(), check=True).of(hosts[0].name)["tasks"][0]
    world.play("static-site/remove", site())
    assert [traces(lab, host) for host in hosts] == clean
