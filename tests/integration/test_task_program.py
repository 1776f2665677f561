"""modules/aws/task/run.py, the program that runs an ECS task to its end, against moto in this process, where a test says how containers end."""

import importlib.util
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3  # type: ignore[import-untyped]
import pytest
from moto import mock_aws
from moto.ecs.models import EC2ContainerServiceBackend, Task, ecs_backends

PROGRAM = Path(__file__).parents[2] / "modules" / "aws" / "task" / "run.py"
KEYS = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "eu-central-1"}


class World:
    """A cluster with one task definition; `codes` are the exit codes of the tasks in the order in which they are started."""

    def __init__(self, program: Any) -> None:
        self.program, self.codes = program, list[int | None]()
        self.ecs, self.logs = boto3.client("ecs", **KEYS), boto3.client("logs", **KEYS)
        self.ecs.create_cluster(clusterName="shop")
        made = self.ecs.register_task_definition(
            family="migrate", networkMode="awsvpc", requiresCompatibilities=["FARGATE"], cpu="256", memory="512",
            containerDefinitions=[{"name": "main", "image": "migrate:1", "memory": 512}])
        ec2 = boto3.client("ec2", **KEYS)
        self.asked = {
            "cluster": "shop", "definition": made["taskDefinition"]["taskDefinitionArn"], "copies": 1, "retries": 0, "seconds": 6000, "public": False,
            "subnets": [ec2.describe_subnets()["Subnets"][0]["SubnetId"]], "log_group": "/ecs/migrate",
            "security_groups": [ec2.describe_security_groups()["SecurityGroups"][0]["GroupId"]]}

    @property
    def started(self) -> int:
        return len(self.backend.tasks.get("shop", {}))

    @property
    def backend(self) -> EC2ContainerServiceBackend:
        found: EC2ContainerServiceBackend = ecs_backends["123456789012"]["eu-central-1"]
        return found

    def run(self, **asked: object) -> None:
        self.program.Run({**self.asked, **asked}, self.ecs, self.logs).to_the_end()


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    spec = importlib.util.spec_from_file_location("task_program", PROGRAM)
    assert spec and spec.loader
    program = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(program)
    monkeypatch.setattr(program, "POLLS", (0,))
    monkeypatch.setattr(program, "BACKOFF", (0,))
    with mock_aws():
        made = World(program)
        stock = EC2ContainerServiceBackend.run_task

        def run_task(backend: EC2ContainerServiceBackend, *given: Any, **named: Any) -> list[Task]:
            tasks = stock(backend, *given, **named)
            for task in tasks:
                code = made.codes.pop(0) if made.codes else 0
                task.containers[0].exitCode = code  # type: ignore[assignment]
            return tasks

        monkeypatch.setattr(EC2ContainerServiceBackend, "run_task", run_task)
        yield made


def test_it_waits_for_the_end(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.run(copies=12)
    assert world.started == 12 and "12 of 12 ended well" in capsys.readouterr().out


def test_what_has_ended_well_is_not_run_again_for_the_same_definition(world: World) -> None:
    world.run()
    world.run()
    assert world.started == 1
    world.run(copies=2)
    assert world.started == 3, "another number of copies is another run"


def test_what_still_runs_is_waited_for(world: World) -> None:
    run = world.program.Run(world.asked, world.ecs, world.logs)
    run.start(1)
    run.to_the_end()
    assert world.started == 1


def test_its_exit_code_decides_and_its_last_words_are_told(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.codes = [0, 3]
    world.logs.create_log_group(logGroupName="/ecs/migrate")
    stock = world.program.Run.wait

    def wait(run: Any, arns: list[str]) -> Any:
        for arn in arns:
            stream = f"main/main/{arn.rpartition('/')[2]}"
            world.logs.create_log_stream(logGroupName="/ecs/migrate", logStreamName=stream)
            world.logs.put_log_events(logGroupName="/ecs/migrate", logStreamName=stream, logEvents=[
                    {"timestamp": int(time.time() * 1000), "message": "no such table"}])
        return stock(run, arns)

    world.program.Run.wait = wait
    with pytest.raises(world.program.Failed, match="1 of 2 did not end well"):
        world.run(copies=2)
    told = capsys.readouterr().out
    assert "ended with exit code 3" in told and told.count("no such table") == 1
    world.run(copies=2)
    assert world.started == 3, "only the one that failed is run again"


def test_it_is_tried_again_as_often_as_asked(world: World) -> None:
    world.codes = [1, 1, 0]
    world.run(retries=2)
    assert world.started == 3
    world.codes = [1, 1]
    with pytest.raises(world.program.Failed):
        world.run(copies=1, retries=1, definition=another(world))
    assert world.started == 5


def another(world: World) -> str:
    """A further revision of the task definition."""
    made = world.ecs.register_task_definition(family="migrate", networkMode="awsvpc", containerDefinitions=[
        {"name": "main", "image": "migrate:2", "memory": 512}])
    arn: str = made["taskDefinition"]["taskDefinitionArn"]
    return arn


def test_a_program_that_could_not_be_started_is_no_success(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.codes = [None]
    with pytest.raises(world.program.Failed):
        world.run()
    assert "did not start" in capsys.readouterr().out


def test_what_does_not_end_in_time_is_stopped(world: World) -> None:
    with pytest.raises(world.program.Failed, match="did not end within 0 s"):
        world.run(seconds=0)
    assert {task.last_status for task in world.backend.tasks["shop"].values()} == {"STOPPED"}


def test_aws_is_reached_as_terraform_reaches_it(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TF_VAR_secret_1", 'k"ey')
    block = {"region": "eu-west-1", "access_key": "me", "secret_key": "${var.secret_1}",
             "assume_role": [{"role_arn": "arn:aws:iam::123456789012:role/deploy"}]}
    (tmp_path / "main.tf.json").write_text(json.dumps({"provider": {"aws": block}}))
    assert world.program.provider(tmp_path)["secret_key"] == 'k"ey'
    found = world.program.session(tmp_path)
    assert found.region_name == "eu-west-1" and found.get_credentials().access_key.startswith("ASIA")
    assert world.program.provider(tmp_path / "nowhere") == {}
