"""Actions of cloud services against the real simulator: what is called, what is refused before. 10 s."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from provisioner.engine import BatchRequest, PlanRequest, Site
from provisioner.engines.aws.engine import AwsEngine
from provisioner.model import Event, Step, StepEnded, Target, Unit
from provisioner.sandbox import simulator
from provisioner.sandbox.damage import client_of

MACHINE: dict[str, Any] = {"service": "rds", "operation": "reboot_db_instance", "arguments": {"DBInstanceIdentifier": "ledger"},
                           "wait": {"for": "db_instance_available", "arguments": {"DBInstanceIdentifier": "ledger"}}}


@pytest.fixture(scope="module")
def site(running: simulator.Simulator, tmp_path_factory: pytest.TempPathFactory) -> Site:
    folder = tmp_path_factory.mktemp("site")
    target = Target("aws", offers=("aws",), terraform={"provider": "hashicorp/aws", "config": {"region": simulator.REGION}}, simulated=True)
    return Site("shop", "prod", target, folder, folder, folder, lambda value: value, simulator.environ(running))


def unit(call: dict[str, Any]) -> Unit:
    return Unit("db@aws", "db", "postgres", "aws", "aws", inputs={"call": call})


def ended(site: Site, call: dict[str, Any]) -> StepEnded:
    told: list[Event | StepEnded] = []
    step = Step("restart db@aws", "action", unit(call), batch="restart db@aws")
    asyncio.run(AwsEngine().deliver(BatchRequest(step.batch, (step,)), site, told.append))
    (end,) = [one for one in told if isinstance(one, StepEnded)]
    return end


def test_a_database_is_rebooted_and_waited_for(running: simulator.Simulator, site: Site) -> None:
    client_of(running)("rds").create_db_instance(DBInstanceIdentifier="ledger", Engine="postgres", DBInstanceClass="db.t3.micro",
                                                 AllocatedStorage=5, MasterUsername="app", MasterUserPassword="not-a-secret")
    planned = AwsEngine().plan(PlanRequest("db@aws", (unit(MACHINE),)), site)["db@aws"]
    assert [(change.address, change.action, change.after) for change in planned.changes] == [
        ("rds reboot_db_instance", "run", {"DBInstanceIdentifier": "ledger"})]
    assert ended(site, MACHINE) == StepEnded("restart db@aws", "done", changed=True)


def test_a_refusal_of_the_cloud_is_told_in_its_words(site: Site) -> None:
    gone = ended(site, {**MACHINE, "arguments": {"DBInstanceIdentifier": "nobody"}})
    assert (gone.state, gone.changed) == ("failed", False) and "nobody not found" in gone.message


@pytest.mark.parametrize(("wrong", "says"), [
    ({"operation": "reboot"}, "rds has no operation reboot"), ({"arguments": {"Name": "x"}}, "DBInstanceIdentifier"),
    ({"wait": {"for": "calm"}}, "rds has no waiter calm")])
def test_a_wrong_call_is_refused_before_anything_is_called(site: Site, wrong: dict[str, Any], says: str) -> None:
    planned = AwsEngine().plan(PlanRequest("db@aws", (unit({**MACHINE, **wrong}),)), site)["db@aws"]
    assert says in planned.failure


def test_what_our_definitions_call_is_known_to_aws(site: Site) -> None:
    import yaml

    for path in sorted((Path(__file__).parents[2] / "components").glob("*.yaml")):
        for one in yaml.safe_load(path.read_text())["spec"].get("implementations", ()):
            for action in one.get("actions", {}).values():
                if isinstance(action, dict) and "call" in action:
                    call = action["call"]
                    arguments = {name: [value] if name == "InstanceIds" else value for name, value in call["arguments"].items()}
                    planned = AwsEngine().plan(PlanRequest("db@aws", (unit({**call, "arguments": arguments}),)), site)["db@aws"]
                    assert planned.failure == "", path.name
