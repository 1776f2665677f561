"""Our playbooks on this machine without systemd: supervisord and nginx below a folder, as in the sandbox. Nothing is left running."""

import json
import os
import shutil
import signal
import threading
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.integration.playbooks_world import CANARY, World, service, traces, unit
from tests.ports import free_port

HERE = "here"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One project and one root folder for the whole file: the tests build on each other."""
    project = tmp_path_factory.mktemp("pb")
    root = project / "root"
    reach = "ansible_connection=local ansible_host=127.0.0.1 ansible_python_interpreter=/usr/bin/python3"
    made = World(project, f"{HERE} {reach} provision_root={root}\n")
    os.environ["PROVISION_RUN"] = "mark"
    yield made
    del os.environ["PROVISION_RUN"]
    pid = supervisord(made)
    if pid:
        os.kill(pid, signal.SIGTERM)


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


def supervisord(world: World) -> int:
    path = world.project / "root/var/lib/provision/supervisor/supervisord.pid"
    return int(path.read_text()) if path.exists() else 0


def runs(pid: int) -> bool:
    """True for a living process; one that only waits for its parent's question has no command line any more."""
    try:
        return bool(Path(f"/proc/{pid}/cmdline").read_bytes())
    except OSError:
        return False


def get(port: int, path: str = "/", **headers: str) -> str:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers)
    with urllib.request.urlopen(request, timeout=120) as answer:
        return str(answer.read().decode())


def test_1_first_delivery(world: World, port: int) -> None:
    done = world.twice("service/site", service(port), HERE)
    assert done["new"] is True
    assert done["health"] == "healthy"
    assert get(port).startswith('a "b" $HOME `x` {{ no }} \\|color = {{ blue }}|/|')
    by_path = {Path(file["path"]).name: file for file in done["files"]}
    assert "PIN=(secret, new)" in by_path["env"]["after"]
    assert 'PORT="' in by_path["env"]["after"]
    env = world.project / "root/etc/api/env"
    assert env.stat().st_mode & 0o777 == 0o600
    assert CANARY in env.read_text()


def test_2_supervisord_has_none_of_our_environment(world: World) -> None:
    environ = Path(f"/proc/{supervisord(world)}/environ").read_bytes()
    assert b"PROVISION_RUN" not in environ
    assert b"ANSIBLE" not in environ
    assert os.getsid(supervisord(world)) == supervisord(world)


def test_3_nothing_to_do_touches_nothing(world: World, port: int) -> None:
    before, process = traces(world.project / "root"), get(port).rpartition("|")[2]
    world.quiet("service/site", service(port), HERE)
    assert traces(world.project / "root") == before
    assert get(port).rpartition("|")[2] == process


def test_4_drift_is_seen_and_healed(world: World, port: int) -> None:
    root = world.project / "root"
    (root / "etc/api/app.conf").write_text("by hand")
    (root / "etc/api/env").chmod(0o644)
    (root / "opt/api/current/bin/api").write_text("#!/bin/sh\n")
    (root / "opt/api/current").unlink()
    done = world.twice("service/site", service(port), HERE)
    assert [file for file in done["files"] if file["before"] == "by hand"]
    words = " ".join(done["tasks"])
    for expected in ("again: it was changed by hand", "write ", "set mode 0600", "point ", "restart api"):
        assert expected in words
    assert "|color = {{ blue }}|" in get(port)


def test_5_only_what_changed(world: World, port: int) -> None:
    changed = service(port, service_config={"app.conf": "red", "sub/more.conf": "x"})
    done = world.twice("service/site", changed, HERE)
    assert sorted(Path(file["path"]).name for file in done["files"]) == ["app.conf", "more.conf"]
    assert "|red|" in get(port)
    done = world.play("service/site", service(port, service_config={"app.conf": "red"})).of(HERE)
    assert [(Path(file["path"]).name, file["after"]) for file in done["files"]] == [("more.conf", None)]


def test_6_a_secret_shows_that_it_changes_and_never_what_it_is(world: World, port: int) -> None:
    changed = service(port, service_config={"app.conf": "red"})
    changed["service_env"]["PIN"] = f"{CANARY}-2"
    done = world.twice("service/site", changed, HERE)
    before, after = done["files"][0]["before"], done["files"][0]["after"]
    assert before != after
    assert CANARY not in before + after
    assert 'GREETING="a' in before
    world.play("service/site", service(port, service_config={"app.conf": "red"})).of(HERE)


def test_6b_a_secret_that_it_reads_is_another_one(world: World, port: int) -> None:
    pin = unit("pin", secret_name="pin", secret_value=CANARY, secret_values={}, secret_owner="", provision_secret_inputs=["secret_value"])
    path = world.play("secret/site", pin).of(HERE)["outputs"]["path"]
    reads = service(port, service_config={"app.conf": "red"})
    reads["service_env"]["PIN_FILE"] = path
    assert "restart api" in world.twice("service/site", reads, HERE)["tasks"]
    quiet = world.play("service/site", reads, check=True).of(HERE)
    assert (quiet["tasks"], quiet["follows"]) == ([], {"pin@here": "restart api"})
    process = get(port).rpartition("|")[2]
    planned = world.play("secret/site", {**pin, "secret_value": "another"}).of(HERE)
    assert planned["tasks"] == [f"write {path}"]
    # the seal of before: what others have written is no change of this unit's own
    done = world.play("service/site", reads, seals={HERE: quiet["seal"]}).of(HERE)
    assert (done["tasks"], done["health"]) == (["restart api (for a change of pin@here, which it reads)"], "healthy")
    assert get(port).rpartition("|")[2] != process
    world.quiet("service/site", reads, HERE)
    # it is known as well when the run that wrote it ended before it came to the service
    world.play("secret/site", pin)
    (world.project / "root/etc/api/env").chmod(0o644)
    assert world.twice("service/site", reads, HERE)["tasks"][-1] == "restart api (for a change of pin@here, which it reads)"
    noted = (world.project / "root/var/lib/provision/units/shop.api@here.json").read_text()
    assert "pin@here" in noted and CANARY not in noted
    world.play("service/site", service(port, service_config={"app.conf": "red"}))
    assert "follows" not in world.play("service/site", service(port, service_config={"app.conf": "red"}), check=True).of(HERE)
    assert world.play("secret/remove", pin).rc == 0


def test_7_values_that_are_not_known_yet(world: World, port: int) -> None:
    unknown = service(port)
    unknown["service_env"]["URL"] = "http://<unknown>/x"
    planned = world.play("service/site", unknown, check=True).of(HERE)
    assert planned["unknown"] == ["service_env.URL"]
    assert [file["after"] for file in planned["files"] if file["path"].endswith("/env")] == ["(known after apply)"]
    assert "not known yet" in world.play("service/site", unknown).failure(HERE)
    later = world.play("service/site", service(port, service_artifact="s3://<unknown>/api.tgz"), check=True).of(HERE)
    assert "unpack the artifact (known after apply)" in later["tasks"]


def test_8_a_host_that_changed_since_the_plan_is_not_touched(world: World, port: int) -> None:
    wanted = service(port, service_config={"app.conf": "green"})
    seal = world.play("service/site", wanted, check=True).of(HERE)["seal"]
    (world.project / "root/etc/api/app.conf").write_text("meanwhile")
    told = world.play("service/site", wanted, seals={HERE: seal})
    assert told.results[HERE]["provision"]["stale"] is True
    assert (world.project / "root/etc/api/app.conf").read_text() == "meanwhile"
    seal = world.play("service/site", wanted, check=True).of(HERE)["seal"]
    assert world.play("service/site", wanted, seals={HERE: seal}).of(HERE)["tasks"]
    # a run that died after its work is done again with the seal that it began with
    assert world.play("service/site", wanted, seals={HERE: seal}).of(HERE)["tasks"] == []


def test_9_a_service_that_does_not_stay_up(world: World, port: int) -> None:
    broken = service(port)
    broken["service_env"]["BROKEN"] = "1"
    told = world.play("service/site", broken)
    assert "broken on purpose" in told.failure(HERE)
    assert told.results[HERE]["changed"] is True
    planned = world.play("service/site", broken, check=True).of(HERE)
    assert "the last delivery did not end well" in " ".join(planned["tasks"])
    assert planned["health"] != "healthy"
    silent = world.play("service/site", service(port, service_args=["x"], service_probe={"tcpSocket": {"port": free_port()}, "failureThreshold": 2}))
    assert "connection refused (2 tries)" in silent.failure(HERE)
    world.play("service/site", service(port)).of(HERE)


def test_a_dead_supervisord_is_started_again(world: World, port: int) -> None:
    os.kill(supervisord(world), signal.SIGKILL)
    stop_orphans(world)
    planned = world.play("service/site", service(port), check=True).of(HERE)
    assert planned["health"] != "healthy"
    assert planned["tasks"][0] == "start supervisord"
    world.play("service/site", service(port)).of(HERE)
    assert get(port)


def stop_orphans(world: World) -> None:
    """What supervisord's death left running, as after a power cut."""
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                folder = os.readlink(process / "cwd")
            except OSError:
                continue
            if folder.startswith(str(world.project / "root")):
                os.kill(int(process.name), signal.SIGKILL)


def test_b_releases_are_kept_and_pruned(world: World, port: int) -> None:
    text = (world.project / "app/bin/api").read_text()
    kept = {(world.project / "root/opt/api/current").resolve().name}
    for number in range(2):
        world.program(f"{text}# {number}\n")
        tasks = world.play("service/site", service(port)).of(HERE)["tasks"]
        kept.add((world.project / "root/opt/api/current").resolve().name)
    assert any(words.startswith("remove release") for words in tasks)
    assert len([path for path in (world.project / "root/opt/api/releases").iterdir() if not path.name.startswith(".")]) == 2
    world.program(f"{text}# 0\n")
    tasks = world.play("service/site", service(port)).of(HERE)["tasks"]
    assert not any(words.startswith("unpack") for words in tasks), "the release before is still there"


def test_c_refused_with_the_reason(world: World, port: int) -> None:
    cases = [
        ({"service_artifact": "missing.tgz"}, "missing.tgz is not there"),
        ({"service_cmd": []}, "has no `cmd`"),
        ({"service_env": {"a-b": "x"}}, "environment variable"),
        ({"service_args": ["${secret}"], "provision_secret_inputs": ["service_args.0"]}, "list of processes"),
        ({"service_name": "A b"}, "can't be the name"),
        ({"provision_unit": "other@here"}, "already has a service 'api'"),
        ({"provision_environment": "other"}, "for environment 'test'"),
    ]
    before = traces(world.project / "root")
    for changed, words in cases:
        assert words in world.play("service/site", {**service(port), **changed}, check=True).failure(HERE)
    assert traces(world.project / "root") == before


# ------------------------------------------------------------------ gateway
def gateway(port: int, backend: int, **changed: object) -> dict[str, object]:
    routes = [{"path": "/", "backends": ["127.0.0.1"], "port": backend}, {"path": "/cut", "backends": f"http://127.0.0.1:{backend}", "rewrite": True}]
    return {**unit("door"), "gateway_name": "door", "gateway_domain": "", "gateway_port": port, "gateway_routes": routes,
            "gateway_health_path": "/healthz", **changed}


@pytest.fixture(scope="module")
def door() -> int:
    return free_port()


def test_d_a_gateway_in_front(world: World, port: int, door: int) -> None:
    done = world.twice("gateway/site", gateway(door, port), HERE)
    assert done["health"] == "healthy"
    assert get(door, "/healthz") == "ok\n"
    assert f"|/x?y=1|127.0.0.1:{door}|" in get(door, "/x?y=1")
    assert "|/below|" in get(door, "/cut/below")
    assert "|/cutter|" in get(door, "/cutter")
    before = traces(world.project / "root")
    world.quiet("gateway/site", gateway(door, port), HERE)
    assert traces(world.project / "root") == before


def test_e_a_reload_drops_no_request(world: World, port: int, door: int) -> None:
    ended, failures = threading.Event(), []

    def ask() -> None:
        while not ended.is_set():
            try:
                get(door, "/")
            except OSError as error:
                failures.append(error)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        tasks = world.play("gateway/site", gateway(door, port, gateway_health_path="/up")).of(HERE)["tasks"]
    finally:
        ended.set()
        asking.join()
    assert [words.split()[0] for words in tasks] == ["write", "reload"]
    assert not failures
    assert get(door, "/up") == "ok\n"


def test_f_a_gateway_edited_by_hand_is_healed(world: World, port: int, door: int) -> None:
    path = next((world.project / "root/var/lib/provision/nginx/conf.d").glob("*.conf"))
    path.write_text(path.read_text().replace("/up", "/down"))
    done = world.play("gateway/site", gateway(door, port)).of(HERE)
    assert "/down" in done["files"][0]["before"]


def test_g_what_nginx_refuses_leaves_the_old_gateway(world: World, port: int, door: int) -> None:
    path = next((world.project / "root/var/lib/provision/nginx/conf.d").glob("*.conf"))
    before = path.read_text()
    wrong = gateway(door, port, gateway_routes=[{"path": "/", "backends": ["no-such-host.invalid"], "port": 1}])
    assert "nginx refuses the configuration" in world.play("gateway/site", wrong).failure(HERE)
    assert path.read_text() == before
    assert get(door, "/healthz") == "ok\n"
    assert "above 1024" in world.play("gateway/site", gateway(80, port), check=True).failure(HERE)
    claimed = gateway(door, port, provision_app="bank")
    assert "already answers" in world.play("gateway/site", claimed, check=True).failure(HERE)


def test_h_a_database_needs_a_host_of_its_own(world: World) -> None:
    variables = {**unit("ledger", provision_secret_inputs=["postgres_password"]), "postgres_name": "ledger", "postgres_version": "15",
                 "postgres_password": CANARY}
    assert "needs root and systemd" in world.play("postgres/site", variables, check=True).failure(HERE)


# ------------------------------------------------------------------ removal
def test_i_removal_leaves_nothing(world: World, port: int, door: int) -> None:
    assert world.twice("service/remove", service(port), HERE)["tasks"]
    assert not (world.project / "root/opt/api").exists()
    assert get(door, "/healthz") == "ok\n", "the gateway is another unit"
    process = supervisord(world)
    world.twice("gateway/remove", gateway(door, port), HERE)
    assert not (world.project / "root").exists()
    assert not runs(process)
    for playbook, variables in (("service/remove", service(port)), ("gateway/remove", gateway(door, port))):
        assert world.play(playbook, variables).of(HERE)["tasks"] == []


def test_j_the_secret_was_never_told(world: World) -> None:
    assert CANARY not in world.seen


def test_k_a_lost_record_is_made_again(world: World, port: int) -> None:
    world.play("service/site", service(port)).of(HERE)
    shutil.rmtree(world.project / "root/var/lib/provision/units")
    assert world.play("service/site", service(port)).of(HERE)["tasks"] == [
        f"write {world.project}/root/var/lib/provision/units/shop.api@here.json"]
    record = json.loads((world.project / "root/var/lib/provision/units/shop.api@here.json").read_text())
    assert str(world.project / "root/opt/api") in record["trees"]
    world.play("service/remove", service(port)).of(HERE)
    assert not (world.project / "root").exists()


def test_l_units_of_one_host_at_once(world: World) -> None:
    """Independent units are delivered, and removed, at the same time; what they share is made, and ended, once."""
    ports = [free_port() for _ in range(3)]
    wanted: list[tuple[str, dict[str, object]]] = [("gateway", gateway(ports[2], ports[0]))]
    for name, port in zip(("one", "two"), ports, strict=False):
        wanted.append(("service", {**service(port, service_name=name), "provision_unit": f"{name}@here"}))
    with ThreadPoolExecutor() as pool:
        planned = list(pool.map(lambda item: world.play(f"{item[0]}/site", item[1], check=True).of(HERE)["seal"], wanted))
        for told in pool.map(lambda item: world.play(f"{item[0][0]}/site", item[0][1], seals={HERE: item[1]}), zip(wanted, planned, strict=True)):
            assert told.of(HERE)["health"] == "healthy"
        assert get(ports[2])
        for told in pool.map(lambda item: world.play(f"{item[0]}/site", item[1]), wanted):
            assert told.of(HERE)["tasks"] == []
        for told in pool.map(lambda item: world.play(f"{item[0]}/remove", item[1]), wanted):
            assert told.of(HERE)["tasks"]
    assert not (world.project / "root").exists()
