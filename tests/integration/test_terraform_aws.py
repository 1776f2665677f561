"""The Terraform engine with the real AWS provider and the simulated AWS. Budget: 60 s."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from provisioner.model import Delivered, Target
from provisioner.sandbox import simulator
from tests.integration.terraform_world import World, change, unit

MODULES = Path(__file__).parents[2] / "modules" / "aws"
TARGET = Target("t", terraform={"provider": "hashicorp/aws", "version": "~> 5.0", "config": simulator.provider_config()}, simulated=True)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[simulator.Simulator]:
    folder = tmp_path_factory.mktemp("simulator")
    yield simulator.start(folder)
    simulator.stop(folder)


@pytest.fixture
def world(tmp_path: Path, running: simulator.Simulator) -> World:
    return World(tmp_path, target=TARGET, environ=simulator.environ(running))


def client(running: simulator.Simulator, service: str) -> Any:
    return boto3.client(service, endpoint_url=running.endpoint, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")


def test_a_bucket_and_a_table_from_nothing_to_nothing(world: World, running: simulator.Simulator) -> None:
    bucket = unit("files", str(MODULES / "bucket"), name="shop-files", force_destroy=True, outputs={"name": "${module.name}", "arn": "${module.arn}"})
    table = unit("carts", str(MODULES / "table"), "files", name="shop-carts", tags={"bucket": "${files@t.name}"})
    ended = world.apply(bucket, table)
    name = ended["files@t"].outputs["name"]
    assert name.startswith("shop-files-") and ended["carts@t"].outputs == {"name": "shop-carts"}
    assert [found["Name"] for found in client(running, "s3").list_buckets()["Buckets"]] == [name]
    assert world.by_hand("plan", "-detailed-exitcode").returncode == 0
    world.plan(bucket, table)
    assert all(not answer.changes for answer in world.planned.values())

    # behind our back: shown, and healed
    client(running, "dynamodb").delete_table(TableName="shop-carts")
    world.plan(bucket, table)
    assert world.planned["carts@t"].health[""] == "aws_dynamodb_table.this is gone" and world.planned["files@t"].changes == ()
    changed = change(table, tags={"bucket": "${files@t.name}"})
    ended = world.deliver(world.request(changed, root=(bucket, changed)))
    assert ended["carts@t"].state == "done" and client(running, "dynamodb").list_tables()["TableNames"] == ["shop-carts"]

    # the API refuses: its words, and how to take over what is there already
    world.plan(bucket, table, other := unit("other", str(MODULES / "table"), name="shop-carts"))
    ended = world.deliver(world.request(other, root=(bucket, table, other)))
    assert ended["other@t"].state == "failed" and "ResourceInUseException" in ended["other@t"].message
    assert "terraform import module.other.aws_dynamodb_table.this shop-carts" in ended["other@t"].message

    # what was begun is known, as the runner knows it, and goes with the rest
    world.delivered["other@t"] = Delivered(other, "intended")
    world.plan(removed=("files@t", "carts@t", "other@t"))
    ended = world.deliver(world.request(other, table, bucket, root=(), kind="remove", rank="remove:0"))
    assert {one.state for one in ended.values()} == {"done"} and world.state() == {}
    assert client(running, "s3").list_buckets()["Buckets"] == [] and client(running, "dynamodb").list_tables()["TableNames"] == []


def test_a_cloud_that_does_not_answer_is_the_failure_of_all(world: World) -> None:
    world.environ = {**world.environ, "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    world.plan(unit("carts", str(MODULES / "table"), name="shop-carts"))
    assert "connection refused" in world.planned["carts@t"].failure
