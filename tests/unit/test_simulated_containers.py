"""What podman is asked for, and what of a task definition is read: values."""

import os
import struct
from ipaddress import IPv4Address
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from provisioner.sandbox.containers import resolver, wanted, words
from provisioner.sandbox.containers.words import Container, Machine

MACHINE = Machine("podman", root=False, crun=True, hybrid=True, init=True, limits={"nofile": 1024})


@pytest.mark.parametrize(("image", "full", "registry"), [
    ("nginx:1", "docker.io/library/nginx:1", ("docker.io", 443)),
    ("shop/web", "docker.io/shop/web", ("docker.io", 443)),
    ("127.0.0.1:5000/shop/web@sha256:00", "127.0.0.1:5000/shop/web@sha256:00", ("127.0.0.1", 5000)),
    ("localhost/web", "localhost/web", ("localhost", 443)),
    ("123456789012.dkr.ecr.us-east-1.amazonaws.com/web:1", "123456789012.dkr.ecr.us-east-1.amazonaws.com/web:1", None),
])
def test_an_image_has_a_registry(image: str, full: str, registry: tuple[str, int] | None) -> None:
    assert (words.full_name(image), words.registry(image)) == (full, registry)


def test_a_container_is_one_command(tmp_path: Path) -> None:
    container = Container("main", "example.org/web:1", entry_point=("/bin/sh", "-c"), command=("echo 'a \"b\"'",), environment={"A": "1=2"},
                          mounts=(("data", "/data", False), ("trust", "/ca", True)), user="1000", init=True, read_only=True, folder="/srv")
    asked = MACHINE.run(container, "t-main", "here", "/proc/1/fd/3", {"data": tmp_path, "trust": tmp_path / "ca"})
    text = " ".join(asked)
    assert asked[0] == "podman" and asked[-2:] == ("example.org/web:1", "echo 'a \"b\"'")
    for option in ("--env A=1=2", f"--volume {tmp_path}:/data", f"--volume {tmp_path}/ca:/ca:ro", '--entrypoint ["/bin/sh", "-c"]', "--init",
                   "--network ns:/proc/1/fd/3", "--ulimit nofile=1024:1024", "--user 1000", "--workdir /srv", "--read-only", "--cgroups disabled"):
        assert option in text
    assert MACHINE.inside("rm", "x") == ("podman", "unshare", "rm", "x")


def test_root_hides_control_groups_of_two_versions_from_crun() -> None:
    root = Machine("podman", root=True, crun=True, hybrid=True, init=False, limits={})
    assert root.call("ps")[:2] == ("unshare", "--mount") and root.inside("rm", "x") == ("rm", "x")
    assert Machine("podman", root=True, crun=False, hybrid=True, init=False, limits={}).call("ps")[0] == "podman"


def read(*given: dict[str, Any], **overrides: Any) -> tuple[Container, ...]:
    definition = SimpleNamespace(container_definitions=[{"name": "main", "image": "web", **one} for one in given])
    secrets = {"arn": "s", "l": '{"username": "u", "password": "p:q"}'}
    return wanted.containers(definition, overrides, task="7", around={"AWS_REGION": "r", "A": "around"}, secrets=secrets)


@pytest.mark.parametrize(("given", "field", "value"), [
    ({"healthCheck": {"command": ["CMD-SHELL", "a b"], "interval": 5}}, "health", (("/bin/sh", "-c", "a b"), 5.0, 5.0, 3, 0.0)),
    ({"healthCheck": {"command": ["CMD", "a"], "startPeriod": 9}}, "health", (("a",), 30.0, 5.0, 3, 9.0)),
    ({"healthCheck": {"command": ["NONE"]}}, "health", None),
    ({"restartPolicy": {"enabled": True, "ignoredExitCodes": [0], "restartAttemptPeriod": 60}}, "restart", (60, frozenset({0}))),
    ({"restartPolicy": {"enabled": False}}, "restart", None),
    ({"essential": False}, "essential", False),
    ({"portMappings": [{"containerPort": 53, "protocol": "udp"}, {"containerPort": 80}]}, "ports", (80,)),
    ({"dependsOn": [{"containerName": "a", "condition": "START"}]}, "after", (("a", "START"),)),
    ({"repositoryCredentials": {"credentialsParameter": "l"}}, "login", "u:p:q"),
    ({"logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "g", "awslogs-stream-prefix": "p"}}}, "log", ("g", "p/main/7")),
    ({"logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "g"}}}, "log", ("g", "7")),
    ({"logConfiguration": {"logDriver": "splunk"}}, "log", None),
])
def test_what_a_definition_says(given: dict[str, Any], field: str, value: object) -> None:
    (container,) = read(given)
    assert getattr(container, field) == value


def test_what_is_said_at_the_start_counts_most() -> None:
    given = {"environment": [{"name": "A", "value": "definition"}, {"name": "B", "value": "b"}], "command": ["x"],
             "secrets": [{"name": "S", "valueFrom": "arn"}], "repositoryCredentials": {"credentialsParameter": "l"}}
    override = {"name": "main", "environment": [{"name": "B", "value": "over"}], "command": ["y", "z"]}
    (container,) = read(given, containerOverrides=[override, {"name": "other", "command": ["q"]}])
    assert container.environment == {"AWS_REGION": "r", "A": "definition", "B": "over", "S": "s"} and container.command == ("y", "z")
    asked = MACHINE.run(container, "n", "l", "/net", {wanted.TRUST: Path("/t"), wanted.NAMES: Path("/n")})
    assert "S" in asked and "S=s" not in asked and "B=over" in asked, "a command line can be seen by others"
    assert wanted.secret_names(SimpleNamespace(container_definitions=[given])) == {"arn", "l"}


def test_a_volume_is_the_tasks_own_or_outlives_it() -> None:
    own, kept = Path("own"), Path("kept")
    efs = {"fileSystemId": "fs-1", "authorizationConfig": {"accessPointId": "fsap-1"}}
    definition = SimpleNamespace(volumes=[{"name": "scratch"}, {"name": "data", "efsVolumeConfiguration": efs},
                                          {"name": "all", "efsVolumeConfiguration": {"fileSystemId": "fs-1"}}])
    assert wanted.volumes(definition, own, kept) == {"scratch": own / "scratch", "data": kept / "fs-1" / "fsap-1", "all": kept / "fs-1" / "root"}


def test_limits_are_those_of_this_process_at_the_most() -> None:
    here = Machine.here("podman")
    assert here.root == (os.geteuid() == 0) and 0 < here.limits["nofile"] <= 65536


def test_dns_answers_for_the_names_that_are_ours() -> None:
    def ask(name: str, kind: int = 1) -> bytes:
        return b"\x00\x07\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" + b"".join(
            bytes([len(word)]) + word.encode() for word in name.split(".")) + b"\x00" + struct.pack("!HH", kind, 1)

    def told(question: bytes) -> tuple[int, int, int, list[str]]:
        answer = resolver.answer(question, lambda name: {"web.internal": ["127.1.2.3", "127.1.2.4"]}.get(name, []))
        number, flags, _, found = struct.unpack_from("!4H", answer)
        assert answer[12:len(question)] == question[12:]
        return number, flags & 0xF, found, [str(IPv4Address(answer[-4 - 16 * at:][:4])) for at in reversed(range(found))]

    assert told(ask("web.internal")) == (7, 0, 2, ["127.1.2.3", "127.1.2.4"])
    assert told(ask("web.internal", kind=28)) == (7, 0, 0, []), "it is there, and has no address of version 6"
    assert told(ask("example.org")) == (7, 3, 0, [])
    assert resolver.answer(b"\x00\x07\x01", lambda name: []) == b""
