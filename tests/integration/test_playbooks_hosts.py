"""Our playbooks on real Debian hosts under systemd, over SSH: services, nginx and PostgreSQL, bare and prepared hosts, sudo, faults."""

import shlex
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from provisioner.model import Host
from tests.conftest import LabHosts
from tests.integration.playbooks_world import CANARY, PROGRAM, World, service, unit
from tests.lab import Lab

PORT = 8080


@pytest.fixture(scope="module")
def hosts(lab_hosts: LabHosts) -> tuple[Host, Host]:
    """A prepared host (nginx and PostgreSQL installed and off), and a bare one."""
    with ThreadPoolExecutor() as pool:
        full, bare = pool.submit(lab_hosts, 1), pool.submit(lab_hosts, 1, base=True)
        return full.result()[0], bare.result()[0]


@pytest.fixture(scope="module")
def world(lab: Lab, hosts: tuple[Host, Host], tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("pb"), lab.inventory(hosts).read_text())


def only(world: World, lab: Lab, host: Host, **changed: str) -> World:
    """The same project, seen with one host only and its variables changed."""
    shown = World(world.project, lab.inventory([host]).read_text().rstrip() + "".join(f" {key}={value}" for key, value in changed.items()) + "\n")
    return shown


def database(**changed: Any) -> dict[str, Any]:
    return {**unit("ledger", provision_secret_inputs=["postgres_password"]), "postgres_name": "ledger", "postgres_version": "15",
            "postgres_database": "app", "postgres_user": "app", "postgres_password": CANARY,
            "postgres_allow_from": ["10.0.0.0/8"], "postgres_size": "small", **changed}


def gateway(*backends: str, **changed: Any) -> dict[str, Any]:
    return {**unit("door"), "gateway_name": "door", "gateway_domain": "", "gateway_port": 80, "gateway_health_path": "/healthz",
            "gateway_routes": [{"path": "/", "backends": list(backends), "port": PORT}], **changed}


def everything(lab: Lab, host: Host) -> str:
    """Every path of the host's own folders with mode, owner and time of change; logs, caches and what runs left out."""
    others = " ".join(f"-not -path '/var/lib/{name}/*'" for name in ("apt", "dpkg", "systemd", "postgresql", "nginx", "ucf"))
    return lab.ssh(host, f"find /etc /opt /usr/local /var/lib -xdev {others} -printf '%p %m %u %g %T@ %l\\n' | sort").stdout


def names(text: str) -> set[str]:
    return {line.split()[0] for line in text.splitlines()}


def users(lab: Lab, host: Host) -> str:
    return lab.ssh(host, "getent passwd").stdout


# ------------------------------------------------------------------ services
def test_a_service_on_two_hosts(world: World, lab: Lab, hosts: tuple[Host, Host]) -> None:
    full, bare = hosts
    clean = {host.name: (names(everything(lab, host)), users(lab, host)) for host in hosts}
    planned = world.play("service/site", service(PORT), check=True)
    seals = {host.name: planned.of(host.name)["seal"] for host in hosts}
    done = world.play("service/site", service(PORT), seals=seals)
    for host in hosts:
        answer = done.of(host.name)
        assert {**answer, "health": ""} == {**planned.of(host.name), "health": ""}
        assert answer["health"] == "healthy"
        assert lab.exec(["curl", "-s", f"http://{host.address}:{PORT}/x"]).stdout.startswith('a "b" $HOME `x` {{ no }} \\|color = {{ blue }}|/x|')
    shown = lab.ssh(full, "stat -c '%a %U %G %n' /etc/api /etc/api/env /etc/api/app.conf /var/lib/api /opt/api; "
                          "systemctl is-enabled api; "
                          "ps -o user= -p $(systemctl show -P MainPID api); ls /root/.ansible/tmp; "
                          "journalctl -b | grep -c " + CANARY + " || true").stdout
    assert shown.splitlines() == ["750 root api /etc/api", "600 root root /etc/api/env", "640 root api /etc/api/app.conf", "750 api api /var/lib/api",
                                  "755 root root /opt/api", "enabled", "api", "0"]
    before = {host.name: everything(lab, host) for host in hosts}
    again = world.play("service/site", service(PORT))
    for host in hosts:
        assert again.of(host.name)["tasks"] == []
        assert everything(lab, host) == before[host.name]
    removed = world.play("service/remove", service(PORT))
    for host in hosts:
        assert removed.of(host.name)["tasks"]
        assert names(everything(lab, host)) == clean[host.name][0]
        assert users(lab, host) == clean[host.name][1]


def test_a_quiet_run_is_one_round_trip(world: World, lab: Lab, hosts: tuple[Host, Host]) -> None:
    here = only(world, lab, hosts[0])
    here.play("service/site", service(PORT)).of(hosts[0].name)
    sessions = "journalctl -b -u ssh -o cat | grep -c 'Accepted publickey' || true"
    lab.ssh(hosts[0], "true")
    calls = "journalctl -b -o cat | grep -c 'Invoked with' || true"
    before = int(lab.ssh(hosts[0], calls).stdout)
    here.quiet("service/site", service(PORT), hosts[0].name)
    assert int(lab.ssh(hosts[0], calls).stdout) - before == 1
    assert int(lab.ssh(hosts[0], sessions).stdout) > 0


def test_drift_under_systemd_is_healed(world: World, lab: Lab, hosts: tuple[Host, Host]) -> None:
    host, here = hosts[0], only(world, lab, hosts[0])
    here.play("service/site", service(PORT)).of(host.name)
    lab.ssh(host, "echo x >> /etc/api/app.conf; echo x >> /etc/api/env; sed -i s/on-failure/no/ /etc/systemd/system/api.service; "
                  "ln -sfn releases/none /opt/api/current; chown api /etc/api; systemctl disable -q api; systemctl stop api")
    done = here.twice("service/site", service(PORT), host.name)
    assert {"write /etc/api/app.conf", "write /etc/api/env", "write /etc/systemd/system/api.service", "load api.service", "enable api.service",
            "start api.service", "set mode 0750 of folder /etc/api"} <= set(done["tasks"])
    here.quiet("service/site", service(PORT), host.name)


def test_a_service_that_does_not_start_says_why(world: World, lab: Lab, hosts: tuple[Host, Host]) -> None:
    host, here = hosts[0], only(world, lab, hosts[0])
    broken = service(PORT)
    broken["service_env"]["BROKEN"] = "1"
    assert "broken on purpose" in here.play("service/site", broken).failure(host.name)
    assert "no-such-program" in here.play("service/site", service(PORT, service_cmd=["bin/no-such-program"])).failure(host.name)
    here.play("service/site", service(PORT)).of(host.name)


def test_a_canary_that_is_not_healthy_leaves_the_others_alone(world: World, lab: Lab, hosts: tuple[Host, Host]) -> None:
    canary, other = hosts
    done = world.play("service/site", service(PORT))
    assert all(done.of(host.name)["health"] == "healthy" for host in hosts)
    before = everything(lab, other)
    broken = service(PORT, service_rollout={"canary": 1, "batch": "100%"}, provision_first=False)
    broken["service_env"]["BROKEN"] = "1"
    told = world.play("service/site", broken)
    assert "broken on purpose" in told.failure(canary.name) and told.results.keys() == {canary.name}
    assert everything(lab, other) == before
    # one part may lose some of its hosts, and never all of them: without the fault each part has its turn
    rollout = {"canary": 1, "batch": "100%", "maxFailed": 1}
    done = world.play("service/site", service(PORT, service_rollout=rollout, provision_first=False))
    assert all(done.of(host.name)["health"] == "healthy" for host in hosts)


def test_sudo(world: World, lab: Lab, hosts: tuple[Host, Host]) -> None:
    host = hosts[0]
    for become, worked in (("true", True), ("false", False)):
        reach = lab.inventory([host]).read_text().replace("ansible_user=root", "ansible_user=deploy").rstrip()
        told = World(world.project, f"{reach} ansible_become={become}\n").play("service/site", service(PORT, service_config={"app.conf": become}))
        if worked:
            told.of(host.name)
        else:
            assert "supervisor" in told.failure(host.name) or "become" in told.failure(host.name)
    lab.ssh(host, "chmod -x /usr/bin/sudo")
    told = World(world.project, f"{reach.replace('ansible_become=false', '')} ansible_become=true\n").play("service/site", service(PORT))
    lab.ssh(host, "chmod +x /usr/bin/sudo")
    assert "sudo" in str(told.results[host.name])


def test_names_of_others_are_not_touched(world: World, lab: Lab, hosts: tuple[Host, Host]) -> None:
    host, here = hosts[0], only(world, lab, hosts[0])
    foreign = {**service(PORT, service_name="nginx"), "provision_unit": "nginx@here"}
    assert "was not made by provision" in here.play("service/site", foreign, check=True).failure(host.name)
    lab.ssh(host, "echo theirs > /etc/motd.api")
    kept = service(PORT, service_config={"app.conf": "x", "/etc/motd.api": "ours"})
    here.twice("service/site", kept, host.name)
    assert lab.ssh(host, "cat /etc/motd.api").stdout == "ours"
    here.play("service/remove", kept).of(host.name)
    assert lab.ssh(host, "cat /etc/motd.api; rm /etc/motd.api").stdout == "theirs\n"


def test_a_full_disk(world: World, lab: Lab, lab_hosts: LabHosts) -> None:
    host = lab_hosts(1, base=True, disk="48m")[0]
    here = only(world, lab, host)
    here.play("service/site", service(PORT)).of(host.name)
    (world.project / "large").write_bytes(b"x" * 2_000_000)
    lab.machine(host).fill()
    told = here.play("service/site", service(PORT, service_artifact="large", service_cmd=["./large"]))
    assert "no space left" in told.failure(host.name).lower()
    lab.machine(host).free()
    assert lab.ssh(host, "ls -A /opt/api/releases | grep -c unpacking || true").stdout.strip() == "0"
    here.play("service/site", service(PORT)).of(host.name)
    assert lab.exec(["curl", "-s", f"http://{host.address}:{PORT}/"]).stdout


# ------------------------------------------------------------------ gateway
def test_a_gateway_on_a_prepared_host(world: World, lab: Lab, hosts: tuple[Host, Host]) -> None:
    full, bare = hosts
    world.play("service/site", service(PORT)).of(full.name)
    here = only(world, lab, full)
    clean = names(everything(lab, full))
    wanted = gateway(full.address, bare.address)
    assert here.twice("gateway/site", wanted, full.name)["health"] == "healthy"
    answers = {lab.exec(["curl", "-s", f"http://{full.address}/"]).stdout.rpartition("|")[2] for _ in range(6)}
    assert len(answers) == 2, "both hosts answer"
    lab.ssh(bare, "systemctl stop api")
    assert all(lab.exec(["curl", "-sf", f"http://{full.address}/"]).stdout for _ in range(4)), "one backend down is not seen by clients"
    here.quiet("gateway/site", wanted, full.name)
    lab.ssh(full, "systemctl stop nginx; systemctl disable -q nginx")
    assert here.twice("gateway/site", wanted, full.name)["tasks"] == ["enable nginx.service", "start nginx.service"]
    here.twice("gateway/remove", wanted, full.name)
    assert names(everything(lab, full)) == clean
    assert lab.ssh(full, "systemctl is-active nginx", check=False).stdout.strip() == "inactive"


def test_a_gateway_on_a_bare_host(world: World, lab: Lab, hosts: tuple[Host, Host]) -> None:
    bare = hosts[1]
    here = only(world, lab, bare)
    done = here.twice("gateway/site", gateway(bare.address, gateway_domain="pay.example"), bare.name)
    assert done["tasks"][0] == "install package nginx"
    asked = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", f"http://{bare.address}/healthz"]
    assert lab.exec([*asked, "-H", "Host: pay.example"]).stdout == "200"
    here.quiet("gateway/site", gateway(bare.address, gateway_domain="pay.example"), bare.name)
    here.play("gateway/remove", gateway(bare.address)).of(bare.name)
    assert lab.ssh(bare, "ls /etc/nginx/conf.d; readlink /etc/nginx/sites-enabled/default").stdout == "/etc/nginx/sites-available/default\n"


# ------------------------------------------------------------------ PostgreSQL
def psql(lab: Lab, host: Host, sql: str, password: str = CANARY) -> str:
    return lab.ssh(host, f"PGPASSWORD='{password}' psql -h {host.address} -U app -At app -c \"{sql}\"", check=False).stdout.strip()


def test_a_database_on_a_prepared_host(world: World, lab: Lab, hosts: tuple[Host, Host]) -> None:
    host, here = hosts[0], only(world, lab, hosts[0])
    clean = names(everything(lab, host))
    assert here.twice("postgres/site", database(), host.name)["health"] == "healthy"
    assert psql(lab, host, "select current_user") == "app"
    assert psql(lab, host, "select 1", "wrong") == ""
    here.quiet("postgres/site", database(), host.name)
    other = {**database(postgres_name="other"), "provision_unit": "other@here"}
    assert "belongs to ledger@here" in here.play("postgres/site", other, check=True).failure(host.name)
    other.update(postgres_database="two", postgres_user="two")
    here.twice("postgres/site", other, host.name)
    assert psql(lab, host, "select 1") == "1"
    lab.ssh(host, "cd /; runuser -u postgres -- psql -qc \"alter role app password 'x'\"; sed -i /10.0.0.0/d /etc/postgresql/15/main/pg_hba.conf; "
                  "systemctl reload postgresql@15-main")
    tasks = here.twice("postgres/site", database(), host.name)["tasks"]
    assert tasks == ["write /etc/postgresql/15/main/pg_hba.conf", "reload postgresql@15-main.service", "set the password of user app"]
    assert psql(lab, host, "select 1") == "1"
    assert "does not offer PostgreSQL 16; it has 15" in here.play("postgres/site", {**other, "provision_unit": "x@here", "postgres_database": "x",
                                                                  "postgres_user": "x", "postgres_version": "16"}, check=True).failure(host.name)
    here.twice("postgres/remove", database(), host.name)
    assert lab.ssh(host, "cd /; runuser -u postgres -- psql -Atc 'select datname from pg_database where not datistemplate order by 1'").stdout == \
        "postgres\ntwo\n"
    here.play("postgres/remove", other).of(host.name)
    assert names(everything(lab, host)) == clean
    assert lab.ssh(host, "systemctl is-active postgresql@15-main", check=False).stdout.strip() == "inactive"
    assert lab.ssh(host, f"grep -rl {CANARY} --exclude-dir=api /var/log /etc /var/lib /tmp /root 2>/dev/null; "
                         f"journalctl -b | grep -c {CANARY} || true", check=False).stdout.strip() == "0"


def test_a_power_cut_in_the_middle_is_made_good(world: World, lab: Lab, hosts: tuple[Host, Host]) -> None:
    """The host dies while its service is being delivered; the same plan goes on from there."""
    host, here = hosts[1], only(world, lab, hosts[1])
    here.play("service/remove", service(PORT)).of(host.name)
    wanted = service(PORT, service_cmd=["bin/api"], service_probe={"httpGet": {"path": "/", "port": PORT + 1}, "failureThreshold": 3000})
    seal = here.play("service/site", wanted, check=True).of(host.name)["seal"]
    with ThreadPoolExecutor() as pool:
        running = pool.submit(here.play, "service/site", wanted, seals={host.name: seal})
        for _ in range(6000):
            if lab.ssh(host, "systemctl is-active -q api", check=False).returncode == 0:
                break
            time.sleep(0.05)
        lab.machine(host).kill()
        assert running.result().rc != 0
    lab.machine(host).start()
    wanted["service_probe"]["httpGet"]["port"] = PORT
    tasks = here.play("service/site", wanted, seals={host.name: seal}).of(host.name)["tasks"]
    assert len(tasks) == 1
    assert "the last delivery did not end well" in tasks[0]
    here.quiet("service/site", wanted, host.name)


HELD = """#!/bin/sh
case " $* " in *" restart "*) echo $$ > /run/held; exec sleep 6000;; esac
exec /usr/bin/systemctl "$@"
"""
"""A systemctl that never comes to restart anything."""


def test_what_was_killed_between_its_files_and_the_restart_is_restarted_later(world: World, lab: Lab, hosts: tuple[Host, Host]) -> None:
    host, here = hosts[1], only(world, lab, hosts[1])
    here.play("service/site", service(PORT)).of(host.name)
    changed = service(PORT, service_config={"app.conf": "color = red"})
    lab.ssh(host, f"rm -f /run/held; printf '%s' {shlex.quote(HELD)} > /usr/local/bin/systemctl; chmod 755 /usr/local/bin/systemctl")
    ask = ["curl", "-s", f"http://{host.address}:{PORT}/x"]
    with ThreadPoolExecutor() as pool:
        running = pool.submit(here.play, "service/site", changed)
        held = "for n in $(seq 6000); do test -s /run/held && break; sleep 0.1; done; held=$(cat /run/held); ps -o ppid= -p $held; echo $held"
        lab.ssh(host, f"kill -9 {' '.join(lab.ssh(host, held).stdout.split())}; rm /usr/local/bin/systemctl")
        assert running.result().rc != 0
    assert lab.ssh(host, "cat /etc/api/app.conf").stdout == "color = red"
    process = lab.ssh(host, "systemctl show -P MainPID api").stdout
    tasks = here.play("service/site", changed).of(host.name)["tasks"]
    assert len(tasks) == 1 and "restart api.service" in tasks[0]
    assert lab.ssh(host, "systemctl show -P MainPID api").stdout != process and "color = red" in lab.exec(ask).stdout
    here.quiet("service/site", changed, host.name)


def test_links_that_the_service_s_user_made_lead_nowhere(world: World, lab: Lab, hosts: tuple[Host, Host]) -> None:
    """In its own folder it may do what it likes, and in its releases nothing; what such links lead to stays as it is, also at the removal."""
    host, here = hosts[1], only(world, lab, hosts[1])
    here.play("service/site", service(PORT)).of(host.name)
    lab.ssh(host, "rm -rf /root/precious; mkdir -m 700 /root/precious; echo mine > /root/precious/file; chmod 600 /root/precious/file")
    precious = "stat -c '%a %U %Y %n' /root/precious /root/precious/file; cat /root/precious/file"
    before = lab.ssh(host, precious).stdout
    for path in ("/opt/api/releases/own", "/opt/api/next", "/etc/api/own"):
        assert lab.ssh(host, f"runuser -u api -- ln -s /root/precious {path}", check=False).returncode != 0
    lab.ssh(host, "cd /var/lib/api; for name in etc cache .ssh; do runuser -u api -- ln -s /root/precious $name; done; "
                  "runuser -u api -- ln -s /root/precious/file note; runuser -u api -- ln -s / root")
    world.program(PROGRAM + "# another release\n")
    here.play("service/site", service(PORT, service_config={"app.conf": "color = green"})).of(host.name)
    assert lab.ssh(host, precious).stdout == before
    here.play("service/remove", service(PORT)).of(host.name)
    assert lab.ssh(host, precious).stdout == before
    lab.ssh(host, "rm -rf /root/precious /var/lib/api")


def test_the_secret_was_never_told(world: World) -> None:
    assert CANARY not in world.seen
