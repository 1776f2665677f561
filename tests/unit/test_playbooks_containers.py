"""What our modules write for containers, tasks and timers: schedules, limits, mounts, units and quadlets; ids of images in archives."""

import datetime
import hashlib
import io
import json
import re
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tests.unit.playbooks  # noqa: F401  isort: skip
from ansible.module_utils.provision import envfile, mounts, podman, probes, quantities, registry, schedules, unitfiles
from ansible.module_utils.provision.controller import archives, artefacts
from ansible.module_utils.provision.failures import Failed
from ansible.module_utils.provision.managing import Container, Course, Program, Watch
from ansible.module_utils.provision.quantities import Limits
from ansible.module_utils.provision.wanted import Wanted

from provisioner.spec.formats import fault

HEADER = "# header"


# ------------------------------------------------------------------ schedules
@pytest.mark.parametrize(("schedule", "lines"), [
    ("* * * * *", ["*-*-* *:*:00 UTC"]),
    ("*/15 * * * *", ["*-*-* *:00,15,30,45:00 UTC"]),
    ("30 2 * * 1-5", ["Mon,Tue,Wed,Thu,Fri *-*-* 02:30:00 UTC"]),
    ("0 0 1 * *", ["*-*-01 00:00:00 UTC"]),
    ("0 12 13 * 5", ["*-*-13 12:00:00 UTC", "Fri *-*-* 12:00:00 UTC"]),
    ("5,10-12 8-18/5 * jan,JUN sun,7", ["Sun *-01,06-* 08,13,18:05,10,11,12:00 UTC"]),
    ("0 22 * * 5-7", ["Sun,Fri,Sat *-*-* 22:00:00 UTC"]),
    ("50/5 * ? * ?", ["*-*-* *:50,55:00 UTC"]),
    ("@daily", ["*-*-* 00:00:00 UTC"]), ("@Weekly", ["Sun *-*-* 00:00:00 UTC"]), ("@hourly", ["*-*-* *:00:00 UTC"]),
    ("@yearly", ["*-01-01 00:00:00 UTC"]),
])
def test_schedules(schedule: str, lines: list[str]) -> None:
    assert schedules.calendars(schedule) == lines


def test_the_time_zone_of_a_schedule() -> None:
    assert schedules.calendars("0 3 * * *", "Europe/Zurich") == ["*-*-* 03:00:00 Europe/Zurich"]


@pytest.mark.parametrize("schedule", ["", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8", "5-1 * * * *",
                                      "*/0 * * * *", "a * * * *", "@reboot", "*-5 * * * *", "1,,2 * * * *"])
def test_refused_schedules(schedule: str) -> None:
    with pytest.raises(Failed, match="schedule"):
        schedules.calendars(schedule)


WORD = st.from_regex(r"(\*|\?|[0-9]{1,2}|mon|SUN|jan)(-([0-9]{1,2}|fri|dec))?(/[0-9]{1,2})?", fullmatch=True)


@given(st.lists(st.lists(WORD, min_size=1, max_size=2).map(",".join), min_size=4, max_size=6).map(" ".join))
def test_what_is_a_schedule_here_is_one_on_the_host(schedule: str) -> None:
    try:
        schedules.calendars(schedule)
    except Failed:
        assert fault("cron", schedule)
    else:
        # a host would take one whose day never comes, and never run it
        assert fault("cron", schedule).partition(":")[0] in ("", "must name a day that comes")


def _fires(schedule: str, moment: datetime.datetime) -> bool:
    """Cron's own reading, written down another way: each field as a set, either of the two days where both are given."""
    minute, hour, day, month, weekday = schedule.split()
    inside = [_expand(word, low, high) for word, low, high in
              ((minute, 0, 59), (hour, 0, 23), (day, 1, 31), (month, 1, 12), (weekday, 0, 6))]
    days = [moment.day in inside[2], moment.isoweekday() % 7 in inside[4]]
    right_day = any(days) if day != "*" and weekday != "*" else all(days)
    return moment.minute in inside[0] and moment.hour in inside[1] and moment.month in inside[3] and right_day


def _expand(word: str, low: int, high: int) -> set[int]:
    found: set[int] = set()
    for part in word.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-") if span != "*" else (str(low), "", str(high))
        found |= set(range(int(first), int(last or first) + 1, int(step or 1)))
    return found


def _field(low: int, high: int) -> st.SearchStrategy[str]:
    number = st.integers(low, high)
    span = st.tuples(number, number).map(lambda pair: f"{min(pair)}-{max(pair)}")
    step = st.tuples(st.one_of(st.just("*"), span), st.integers(2, 20)).map(lambda pair: f"{pair[0]}/{pair[1]}")
    part = st.one_of(number.map(str), span, step)
    return st.one_of(st.just("*"), st.lists(part, min_size=1, max_size=3).map(",".join))


@settings(max_examples=200, deadline=None)
@given(st.tuples(_field(0, 59), _field(0, 23), _field(1, 31), _field(1, 12), _field(0, 6)),
       st.datetimes(datetime.datetime(2024, 1, 1), datetime.datetime(2031, 12, 31)))
def test_a_timer_fires_when_cron_does(fields: tuple[str, ...], moment: datetime.datetime) -> None:
    schedule = " ".join(fields)
    assert any(_elapses(line, moment) for line in schedules.calendars(schedule)) == _fires(schedule, moment)


def _elapses(line: str, moment: datetime.datetime) -> bool:
    """systemd's reading of the lines that we write."""
    match = re.fullmatch(r"(?:([A-Za-z,]+) )?\*-([*\d,]+)-([*\d,]+) ([*\d,]+):([*\d,]+):00 UTC", line)
    assert match, line
    values = (match[2], moment.month), (match[3], moment.day), (match[4], moment.hour), (match[5], moment.minute)
    right = all(words == "*" or value in map(int, words.split(",")) for words, value in values)
    return right and (not match[1] or moment.strftime("%a") in match[1].split(","))


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
@pytest.mark.parametrize("schedule", ["*/15 * * * *", "30 2 * * 1-5", "0 12 13 * 5", "5,10-12 8-18/5 * jan,JUN sun,7", "@monthly"])
def test_systemd_reads_our_lines(schedule: str) -> None:
    subprocess.run(["systemd-analyze", "calendar", *schedules.calendars(schedule)], check=True, capture_output=True)


# ------------------------------------------------------------------ limits
@pytest.mark.parametrize(("text", "cpus"), [("500m", 0.5), ("2", 2), (0.25, 0.25), ("1.5", 1.5), ("", 0), (None, 0)])
def test_cpus(text: Any, cpus: float) -> None:
    assert quantities.cpus(text) == cpus


@pytest.mark.parametrize(("text", "size"), [("128Mi", 128 * 2**20), ("1G", 10**9), ("1.5Gi", 3 * 2**29), ("1000", 1000), ("", 0)])
def test_memory(text: str, size: int) -> None:
    assert quantities.memory(text) == size


def test_limits() -> None:
    assert Limits.of({"cpu": "1", "memory": "1Gi", "limit": {"cpu": "2"}}) == Limits(2, 2**30)
    for wrong in ({"cpu": "many"}, {"memory": "1 GB"}):
        with pytest.raises(Failed):
            Limits.of(wrong)


# ------------------------------------------------------------------ mounts
def test_both_forms_of_volumes_are_one_list() -> None:
    found = mounts.listed(
        {"pvc": [{"name": "a", "mountPath": "/a/", "claimName": "c"}], "secret": [{"name": "s", "mountPath": "/s", "data": {"x": "1"}}]},
        [{"name": "e", "mountPath": "/e", "type": "emptyDir", "medium": "Memory"},
         {"name": "h", "mountPath": "/h", "type": "hostPath", "path": "/srv"}])
    assert [(path, mount["kind"], mount["path"], mount["source"], mount["read_only"], mount["memory"]) for path, mount in found] == [
        ("mounts.pvc.0.data", "pvc", "/a", "c", False, False), ("mounts.secret.0.data", "secret", "/s", "", True, False),
        ("volumes.0.data", "emptyDir", "/e", "", False, True), ("volumes.1.data", "hostPath", "/h", "/srv", False, False)]


def test_items_choose_and_rename_files() -> None:
    item = {"name": "c", "mountPath": "/c", "data": {"k1": "1", "k2": "2"}, "items": [{"key": "k2", "path": "./sub/two"}]}
    assert mounts.listed({"configMap": [item]}, [])[0][1]["files"] == {"sub/two": "2"}


@pytest.mark.parametrize("volumes", [
    [{"name": "a", "mountPath": "/a"}, {"name": "a", "mountPath": "/b"}], [{"name": "a", "mountPath": "/a"}, {"name": "b", "mountPath": "/a/"}],
    [{"name": "a", "mountPath": "/a", "type": "pvc"}], [{"name": "a", "mountPath": "/a", "type": "hostPath"}],
    [{"name": "../a", "mountPath": "/a"}], [{"name": "a", "mountPath": "/a", "type": "configMap", "data": {"../x": "1"}}],
])
def test_refused_mounts(volumes: list[dict[str, Any]]) -> None:
    with pytest.raises(Failed):
        mounts.listed({}, volumes)


# ------------------------------------------------------------------ units
def program(**values: Any) -> Program:
    given_ = {"name": "api", "command": (), "folder": "/", "description": "api of shop", "header": HEADER, "env_file": "/etc/api/env"}
    return Program(**{**given_, **values})


def contained(**values: Any) -> Container:
    return Container(**{"image": "registry.example.com/api:1", **values})


def test_a_quadlet() -> None:
    text = unitfiles.quadlet_text(program(
        command=("--say", "a b 50% $HOME"), limits=Limits(0.5, 512 * 2**20), before_stop=("/drain", "now"),
        container=contained(entry=("/bin/api", 'x"y'), user="app", publish=("8080:80/tcp",), volumes=("shop-data:/data", "/srv/a b:/c:ro"),
                            labels=("team=the shop's",), names=("db:192.0.2.1",))))
    assert text.startswith(f"{HEADER}\n[Unit]\n") and "[Install]\nWantedBy=multi-user.target" in text
    assert "\nImage=registry.example.com/api:1\n" in text and "\nPublishPort=8080:80/tcp\n" in text and "\nVolume=shop-data:/data\n" in text
    assert '\nPodmanArgs="--volume=/srv/a b:/c:ro"\n' in text and '\nPodmanArgs="--label=team=the shop\'s"\n' in text
    assert '\nExec=--say "a b 50%% $$HOME"\n' in text and "\nPodmanArgs=--cpus=0.5\n" in text and "\nPodmanArgs=--memory=536870912b\n" in text
    assert r'PodmanArgs="--entrypoint=[\"/bin/api\", \"x\\\"y\"]"' in text
    assert "\nExecStop=-/usr/bin/podman exec api /drain now\n" in text and "\nRestart=always\n" in text


def test_a_unit_for_podman() -> None:
    text = unitfiles.podman_unit_text(program(container=contained(publish=("80:80/udp",)), command=("a b",), before_stop=("/drain",)))
    start = next(line for line in text.splitlines() if line.startswith("ExecStart="))
    assert start.endswith('--name=api --env-file /etc/api/env --pull never --publish 80:80/udp registry.example.com/api:1 "a b"')
    stops = [line for line in text.splitlines() if line.startswith("ExecStop")]
    assert [line.split()[1] for line in stops] == ["exec", "stop", "rm"], "the hook comes first"
    assert "Type=notify" in text and "StartLimitIntervalSec=0" in text.partition("[Service]")[0]


@pytest.mark.parametrize("container", [None, contained(), contained(quadlet=True)])
def test_what_runs_to_its_end(container: Container | None) -> None:
    write = unitfiles.unit_text if container is None else unitfiles.quadlet_text if container.quadlet else unitfiles.podman_unit_text
    text = write(program(command=("a",), container=container, course=Course("task", True, 3, 60)))
    assert "Type=oneshot" in text and "TimeoutStartSec=60" in text
    assert "Restart=" not in text and "[Install]" not in text, "neither a failure nor the boot starts it again"


def test_limits_and_mounts_without_a_container() -> None:
    text = unitfiles.unit_text(program(command=("/bin/api",), limits=Limits(1.5, 1000), binds=("BindPaths=/srv:/data",)))
    assert "\nCPUQuota=150%\nMemoryMax=1000\n" in text and "\nBindPaths=/srv:/data\n" in text


@pytest.mark.parametrize(("overlap", "unit", "command"), [
    ("Forbid", "api.service", ""), ("Replace", "api.start.service", "restart api.service"), ("Allow", "api.start.service", "start api@"),
])
def test_timers(overlap: Any, unit: str, command: str) -> None:
    times = ("*-*-* 00:00:00 UTC", "Fri *-*-* 12:00:00 UTC")
    given_ = program(command=("a",), course=Course("timer", calendars=times, overlap=overlap, catch_up=False))
    text = unitfiles.timer_text(given_)
    assert f"\nUnit={unit}\n" in text and text.count("OnCalendar=") == 2 and "Persistent=false" in text
    assert (given_.template == "@") == (overlap == "Allow")
    if command:
        assert command in unitfiles.starter_text(given_)


def test_the_companion_stops_with_its_program() -> None:
    watched = program(container=contained(), watch=Watch('{"probe": {}}', "/etc/api/liveness.py"))
    assert "Wants=api.liveness.service" in unitfiles.podman_unit_text(watched)
    text = unitfiles.companion_text(watched)
    assert "BindsTo=api.service" in text and r'ExecStart=/usr/bin/python3 -I /etc/api/liveness.py "{\"probe\": {}}" api.service' in text


def test_a_watch_ends_when_it_fails_too_often(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    called: list[list[str]] = []
    answers = iter(["no", probes.HEALTHY, "no", "no"])
    monkeypatch.setattr(probes, "once", lambda probe, around: next(answers))
    monkeypatch.setattr(probes.time, "sleep", lambda seconds: None)
    monkeypatch.setattr(probes.subprocess, "run", lambda command, check: called.append(command))
    probes.watch(json.dumps({"probe": {"failureThreshold": 2}, "folder": "/", "user": ""}), "api.service")
    assert called == [["systemctl", "--no-block", "restart", "api.service"]]
    assert capsys.readouterr().out.splitlines() == ["1 of 2: no", "1 of 2: no", "2 of 2: no", "api.service is started anew"]


# ------------------------------------------------------------------ images
@pytest.mark.parametrize(("name", "full"), [
    ("nginx", "docker.io/library/nginx"), ("nginx:1.27", "docker.io/library/nginx:1.27"), ("shop/api", "docker.io/shop/api"),
    ("registry.example.com/a", "registry.example.com/a"), ("localhost/a", "localhost/a"), ("host:5000/a", "host:5000/a"),
])
def test_short_names(name: str, full: str) -> None:
    assert podman.short_name(name) == full


def _archive(path: Path, **members: Any) -> artefacts.Artefact:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members.items():
            data = content if isinstance(content, bytes) else json.dumps(content).encode()
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return artefacts.Artefact(path.name, path.name, f"digest-of-{path.name}", 1, lambda: str(path))


def test_the_id_of_an_image_is_that_of_its_configuration(tmp_path: Path) -> None:
    docker = _archive(tmp_path / "d.tar.gz", **{"manifest.json": [{"Config": "blobs/sha256/c"}], "blobs/sha256/c": b'{"os": "linux"}'})
    assert archives.image_of(docker, str(tmp_path)) == hashlib.sha256(b'{"os": "linux"}').hexdigest()
    oci = _archive(tmp_path / "o.tar.gz", **{"index.json": {"manifests": [{"digest": "sha256:m"}]},
                                            "blobs/sha256/m": {"config": {"digest": "sha256:abc"}}})
    assert archives.image_of(oci, str(tmp_path)) == "abc"
    (tmp_path / "o.tar.gz").write_bytes(b"")
    assert archives.image_of(oci, str(tmp_path)) == "abc", "what was found is kept"


@pytest.mark.parametrize(("members", "words"), [
    ({"x": b""}, "no archive of an image"), ({"manifest.json": [{"Config": "a"}, {"Config": "b"}]}, "2 images"),
    ({"manifest.json": b"{"}, "no archive"),
    ({"index.json": {"manifests": []}}, "0 images"),
])
def test_archives_that_hold_no_one_image(tmp_path: Path, members: dict[str, Any], words: str) -> None:
    with pytest.raises(Failed, match=words):
        archives.image_of(_archive(tmp_path / "x.tar.gz", **members), str(tmp_path))


# ------------------------------------------------------------------ what is wanted
def wanted(spec: dict[str, Any], artifact: dict[str, Any] | None = None) -> Wanted:
    return Wanted.of({"name": "api", **spec}, {}, artifact or {}, "")


def test_commands() -> None:
    assert (wanted({"image": "a", "cmd": ["b"], "args": ["c"]}).entry, wanted({"image": "a", "args": ["c"]}).command) == (("b",), ("c",))
    assert wanted({}, {"source": "d/api.jar", "name": "api.jar"}).command == ("java", "-jar", "api.jar")
    assert wanted({"cmd": ["java", "-Xmx64m", "-jar", "api.war"]}, {"source": "api.war", "name": "api.war"}).java is False
    assert wanted({}, {"source": "d/run", "name": "run"}).command == ("./run",)


@pytest.mark.parametrize(("image", "reference"), [
    ("nginx:1.27", "docker.io/library/nginx@sha256:d"), ("reg.example:5000/shop/web", "reg.example:5000/shop/web@sha256:d"),
    ("reg.example:5000/shop/web:1", "reg.example:5000/shop/web@sha256:d"), ("shop/web@sha256:e", "docker.io/shop/web@sha256:e"),
])
def test_a_digest_takes_the_place_of_a_tag(image: str, reference: str) -> None:
    found = wanted({"image": image, "image_digest": "sha256:d"}).image
    assert found is not None and found.reference == reference


@pytest.mark.parametrize(("spec", "artifact"), [
    ({}, {}), ({}, {"source": "a.tar", "name": "a.tar"}), ({"image": "a"}, {"source": "b", "name": "b"}), ({"image": "a", "config": {"x": "y"}}, {}),
])
def test_refused(spec: dict[str, Any], artifact: dict[str, Any]) -> None:
    with pytest.raises(Failed):
        wanted(spec, artifact)


def test_the_environment_of_a_container() -> None:
    assert envfile.plain_text({"A": 'x "$y"', "B": True}, HEADER) == b'# header\nA=x "$y"\nB=true\n'
    with pytest.raises(Failed, match="several lines"):
        envfile.plain_text({"A": "x\ny"}, HEADER)


# ------------------------------------------------------------------ registries
def test_which_registries_are_reached_without_tls() -> None:
    text = '[[registry]]\nlocation = "a:5000"\ninsecure = true\n[[registry]]\nprefix = "b/shop"\n[[registry]]\nlocation = "c/x"\n  insecure=true\n'
    assert registry.insecure(["unqualified-search-registries = []", text]) == {"a:5000", "c"}


def test_the_login_of_a_registry() -> None:
    assert registry.basic_of('{"auths": {"a:5000": {"auth": "eDp5"}}}', "a:5000") == "Basic eDp5"
    several = '{"auths": {"a:5000": {"auth": "one"}, "a:5000/shop": {"auth": "two"}, "https://index.docker.io/v1/": {"auth": "hub"}}}'
    assert [registry.basic_of(several, name) for name in ("a:5000/other/web", "a:5000/shop/web", "a:5000/shops/web", "docker.io/shop/web")] == [
        "Basic one", "Basic two", "Basic one", "Basic hub"], "as podman finds it, and as the module for ECS does"
    assert registry.basic_of('{"auths": {}}', "a:5000") == registry.basic_of("", "a:5000") == ""
    with pytest.raises(Failed, match="auth.json"):
        registry.basic_of("secret", "a:5000")
