"""PostgreSQL, MariaDB, Redis and RabbitMQ on Debian 12 and 13, through the command line: clients over the network, actions, changes,
removal. Budget: 10 minutes (each host installs four servers)."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from provisioner import model
from provisioner.api import Settings, open_session
from tests.conftest import LabHosts
from tests.e2e.asking import CLIENT, use
from tests.e2e.conftest import ROOT, Project
from tests.lab import Lab

APPLICATION = """
apiVersion: core.oam.dev/v1beta1
kind: Application
metadata: {name: shop}
spec:
  components:
    - name: db
      type: postgres
      properties:
        allowFrom: ["${var.network}"]
        databases: [archive]
        users: [{name: reader, password: "${secret.reader}", access: readonly, databases: [app]}]
        backup: {schedule: daily, keep: 2}
    - {name: stock, type: mysql, properties: {database: my_stock, allowFrom: ["${var.network}"], backup: {schedule: "02:30"}}}
    - {name: sessions, type: cache, properties: {memoryMB: 64, allowFrom: ["${var.network}"]}}
    - name: events
      type: broker
      properties:
        user: shop
        vhosts: [orders]
        allowFrom: ["${var.network}"]
        users: [{name: reader, password: "${secret.reader}", vhosts: [orders], configure: "", write: "", read: "^a"}]
"""
READER = "canary-reader-77"
TARGETS = ("bookworm", "trixie")
PROTOCOLS = {"db": "postgresql", "stock": "mysql", "sessions": "redis", "events": "amqp"}
SQL = """
import json, sys
outputs, kind, *statements = json.load(sys.stdin)
if kind == "postgresql":
    import psycopg
    connection = psycopg.connect(outputs["url"])
else:
    import pymysql
    connection = pymysql.connect(host=outputs["host"], user=outputs["user"], password=outputs["password"], database=outputs["database"])
with connection, connection.cursor() as cursor:
    for statement in statements:
        cursor.execute(statement)
    print(json.dumps(cursor.fetchall() if cursor.description else []))
    connection.commit()
"""
LEFT = """
cd /
ls -d /var/lib/provision /etc/provision /var/lib/redis-* 2>/dev/null
ls /etc/systemd/system /etc/rabbitmq/conf.d /etc/mysql/mariadb.conf.d /etc/postgresql/*/main/conf.d 2>/dev/null | grep -i -e provision -e redis-
grep -l provision /etc/postgresql/*/main/pg_hba.conf
nft list tables
for unit in postgresql mariadb redis-server rabbitmq-server; do
    systemctl is-active $unit | grep -x active; systemctl is-enabled $unit | grep -x enabled
done
"""


@pytest.fixture(scope="module")
def hosts(lab_hosts: LabHosts) -> dict[str, model.Host]:
    with ThreadPoolExecutor() as pool:
        made = [pool.submit(lab_hosts, 1, base=True), pool.submit(lab_hosts, 1, trixie=True)]
        return {target: future.result()[0] for target, future in zip(TARGETS, made, strict=True)}


@pytest.fixture(scope="module")
def project(lab: Lab, hosts: dict[str, model.Host], tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project, delivered to both hosts."""
    folder = tmp_path_factory.mktemp("shop")
    targets = [{"name": name, "labels": {"zone": "lab"}, "hosts": {
        "user": "root", "privateKey": str(lab.key), "sshArgs": lab.ssh_args, "knownHosts": str(lab.known_hosts),
        "list": [{"name": host.name, "address": host.address}]}} for name, host in hosts.items()]
    environment = {"apiVersion": "provision/v1", "kind": "Environment", "metadata": {"name": "lab"}, "spec": {
        "vars": {"network": f"{lab.network.gateway.removesuffix('.0.1')}.0.0/16"}, "targets": targets,
        "place": [{"types": ["postgres", "mysql", "cache", "broker"], "each": {"zone": "lab"}}]}}
    (folder / "app.yaml").write_text(APPLICATION)
    (folder / "environments").mkdir()
    (folder / "environments/lab.yaml").write_text(json.dumps(environment))
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PROVISION_"))}
    made = Project(folder, {**kept, "NO_COLOR": "1"})
    subprocess.run([*made.command, "secrets", "set", "reader"], cwd=folder, env=made.environ, input=READER, text=True, check=True,
                   capture_output=True)
    made.provision("apply", "--yes", timeout=3000)
    return made


def outputs(project: Project, component: str, target: str) -> dict[str, Any]:
    """The outputs of one copy, secrets in clear: what a program of the application is given."""
    settings = Settings(file=str(project.folder / "app.yaml"), environment="lab")
    with open_session(settings, lambda text: None) as session:
        found: dict[str, Any] = session.secrets.reveal(session.delivered[f"{component}@{target}"].outputs)
    return found


def sql(lab: Lab, given: dict[str, Any], kind: str, *statements: str) -> Any:
    return json.loads(lab.exec([sys.executable, "-c", SQL], stdin=None, input=json.dumps([given, kind, *statements]), cwd=ROOT).stdout)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("component", PROTOCOLS)
def test_the_protocol_s_client_works_over_the_network_with_the_outputs_alone(lab: Lab, project: Project, component: str, target: str) -> None:
    use(lab, PROTOCOLS[component], outputs(project, component, target))


def test_a_second_apply_has_nothing_to_do(project: Project) -> None:
    project.provision("plan", "--detailed-exitcode")


@pytest.mark.parametrize("target", TARGETS)
def test_only_allowed_ports_are_reached_and_no_default_user_is_left(lab: Lab, hosts: dict[str, model.Host], project: Project, target: str) -> None:
    host = hosts[target]
    for port, reached in ((5672, True), (6379, True), (25672, False), (4369, False)):
        assert (lab.exec(["nc", "-z", "-w", "2", host.address, str(port)], check=False).returncode == 0) is reached, port
    assert lab.ssh(host, "rabbitmqctl -q list_users --no-table-headers | cut -f 1 | sort").stdout.split() == ["reader", "shop"]
    timers = lab.ssh(host, "systemctl list-timers --no-pager --no-legend 'provision-backup-*' | grep -o 'provision-backup[^ ]*timer'").stdout.split()
    assert sorted(timers) == [f"provision-backup-shop.{name}.{target}.timer" for name in ("db", "stock")]


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("component", ["db", "stock"])
def test_backup_and_restore_bring_a_dropped_table_back(lab: Lab, project: Project, component: str, target: str) -> None:
    given, kind = outputs(project, component, target), PROTOCOLS[component]
    sql(lab, given, kind, "create table kept (note varchar(20))", "insert into kept values ('here')")
    told = project.json("action", f"{component}@{target}", "backup", "--yes")
    files = told["outputs"][f"backup {component}@{target}"]["files"]
    assert files[0].startswith(f"/var/backups/{component}/{given['database']}-")
    sql(lab, given, kind, "drop table kept")
    told = project.provision("action", f"{component}@{target}", "restore", "--set", f"file={Path(files[0]).name}", "--yes").stdout
    assert f"restore database {given['database']} from {files[0]}" in told
    assert sql(lab, given, kind, "select * from kept") == [["here"]]
    sql(lab, given, kind, "drop table kept")


def test_a_restore_of_what_is_not_there_changes_nothing(project: Project) -> None:
    done = project.provision("action", "db", "restore", "--set", "file=none.dump", "--yes", exit=1)
    assert "there is no backup none.dump in /var/backups/db; there is: app-" in done.stdout + done.stderr


def test_changes_are_made_in_place(lab: Lab, hosts: dict[str, model.Host], project: Project) -> None:
    before = {target: outputs(project, "sessions", target) for target in TARGETS}
    for target, given in before.items():
        lab.exec([sys.executable, "-c", "import sys, redis; redis.Redis.from_url(sys.argv[1]).set('k', 'v')", given["url"]])
        sql(lab, outputs(project, "db", target), "postgresql", "create table stays (note text)", "insert into stays values ('here')")
    project.edit("memoryMB: 64", "memoryMB: 96")
    project.edit("databases: [archive]", "databases: [archive]\n        user: keeper")
    project.edit("users: [{name: reader, password: \"${secret.reader}\", access: readonly, databases: [app]}]", "users: []")
    told = project.provision("apply", "--yes").stdout
    assert "set maxmemory of the running Redis to 100663296" in told
    assert "drop user app" in told
    for target in TARGETS:
        given = outputs(project, "sessions", target)
        assert given == before[target], "the password is kept"
        value = "import sys, redis; print(redis.Redis.from_url(sys.argv[1], decode_responses=True).get('k'))"
        assert lab.exec([sys.executable, "-c", value, given["url"]]).stdout.strip() == "v", "what it holds is kept"
        renamed = outputs(project, "db", target)
        assert renamed["user"] == "keeper"
        assert sql(lab, renamed, "postgresql", "select note from stays") == [["here"]], "another owner has the same tables"
    project.provision("plan", "--detailed-exitcode")


def test_what_was_changed_by_hand_is_healed(lab: Lab, hosts: dict[str, model.Host], project: Project) -> None:
    password = outputs(project, "sessions", "bookworm")["password"]
    by_hand = f"""
    cd /
    REDISCLI_AUTH='{password}' redis-cli config set maxmemory 1mb
    nft delete table inet provision_shop_events_bookworm
    rabbitmqctl -q delete_user reader
    echo "revoke all privileges on \\`my\\\\_stock\\`.* from 'app'@'127.0.0.1';" | mariadb
    runuser -u postgres -- psql -qc "alter role keeper password 'x'"
    systemctl disable -q --now provision-backup-shop.db.bookworm.timer
    """
    lab.ssh(hosts["bookworm"], by_hand)
    told = project.provision("apply", "--yes").stdout
    for words in ("set maxmemory of the running Redis", "set which networks reach rabbitmq-server", "create user reader",
                  "set from where user app may come", "set the password of user keeper", "start provision-backup-shop.db.bookworm.timer"):
        assert words in told, words
    project.provision("plan", "--detailed-exitcode")


def test_a_power_cut_is_survived(lab: Lab, hosts: dict[str, model.Host], project: Project) -> None:
    machine = lab.machine(hosts["trixie"])
    lab.ssh(hosts["trixie"], "sync")
    machine.kill()
    machine.start()
    for component in PROTOCOLS:
        given = outputs(project, component, "trixie")
        lab.exec(f"for i in $(seq 600); do {sys.executable} -c '{CLIENT}' {PROTOCOLS[component]} <<< \"$GIVEN\" && exit; sleep 1; done; exit 1",
                 cwd=ROOT, env={**os.environ, "GIVEN": json.dumps(given)}, timeout=1800)
    project.provision("plan", "--detailed-exitcode")


def test_data_goes_only_when_it_is_allowed_by_name_and_then_nothing_is_left(lab: Lab, hosts: dict[str, model.Host], project: Project) -> None:
    done = project.provision("destroy", "--yes", exit=5)
    assert "--allow-destroy db" in done.stderr
    project.provision("destroy", "--yes", *(word for name in ("db", "stock", "events") for word in ("--allow-destroy", name)))
    for host in hosts.values():
        assert lab.ssh(host, LEFT, check=False).stdout == "", host.name
        assert lab.ssh(host, "ls /var/backups/db | wc -l").stdout.strip() != "0", "backups are what is kept"


def test_no_secret_was_left_on_a_host_or_in_the_project(lab: Lab, hosts: dict[str, model.Host], project: Project) -> None:
    for host in hosts.values():
        found = lab.ssh(host, f"grep -rl {READER} /etc /var/lib/provision /var/log /root /tmp 2>/dev/null; journalctl -b | grep -c {READER}",
                        check=False).stdout
        assert found.strip() == "0"
    assert not [path for path in project.folder.rglob("*") if path.is_file() and READER.encode() in path.read_bytes()]
