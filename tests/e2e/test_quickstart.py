"""examples/quickstart on the sandbox: what `make demo` shows, and what a user does next. Budget: 3 minutes."""

import json
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import boto3  # type: ignore[import-untyped]
import pytest

from provisioner.sandbox import simulator
from tests import clients
from tests.e2e.conftest import Project, effects
from tests.e2e.crashing import until
from tests.ports import free_port


@pytest.fixture(scope="module")
def delivered(example: Callable[..., Project]) -> Iterator[Project]:
    """The example, delivered once, in a folder with an awkward name; everything is taken away at the end."""
    project = example("quickstart", within="my äpps: 100% new, [v2]")
    for port in ("8700", "8701"):
        project.edit(port, str(free_port()))
    try:
        project.provision("apply", "--yes")
        yield project
    finally:
        project.provision("destroy", "--yes", "--allow-destroy", "visits", "--allow-destroy", "notes", exit=None)
        project.end()


def visit(project: Project) -> dict[str, object]:
    with urllib.request.urlopen(project.outputs("web-gateway")["url"], timeout=120) as answer:
        content: dict[str, object] = json.loads(answer.read())
    return content


def test_the_service_uses_what_terraform_made(delivered: Project) -> None:
    for component in ("web", "web-gateway"):
        clients.http(delivered.outputs(component))
    first, second = visit(delivered), visit(delivered)
    assert int(str(second["visits"])) == int(str(first["visits"])) + 1
    assert second["note"] == f"visit number {second['visits']}"
    assert second["table"] == delivered.outputs("visits")["name"]
    assert second["bucket"] == delivered.outputs("notes")["name"]
    assert second["queue"] == delivered.outputs("jobs")["url"]


def test_every_step_run_again_by_hand_changes_nothing(delivered: Project) -> None:
    (terraform,) = delivered.commands("terraform")
    said = delivered.by_hand(terraform, "plan", "-detailed-exitcode", "-no-color")
    assert "No changes" in said
    plays = delivered.commands("ansible")
    assert [path.parent.name for path in plays] == ["web-gateway@local", "web@local"]
    for path in plays:
        assert "changed=0" in delivered.by_hand(path)
    delivered.provision("plan", "--detailed-exitcode")


def files(project: Project, *without: str) -> dict[Path, int]:
    """What lies on the host, logs aside, with the time of its last change."""
    return {path: path.stat().st_mtime_ns for path in (project.folder / ".provision" / "host").rglob("*")
            if path.is_file() and path.suffix not in (".log", ".pyc") and not any(word in str(path) for word in without)}


def cloud(project: Project, service: str) -> Any:
    """A client of the simulated cloud."""
    running = simulator.find(project.folder)
    assert running is not None
    return boto3.client(service, endpoint_url=running.endpoint, region_name=simulator.REGION, aws_access_key_id="test",
                        aws_secret_access_key="test")


def resources(project: Project) -> dict[str, list[str]]:
    """What is in the simulated cloud, with what tells a thing from another one of the same name."""
    tables, queues = cloud(project, "dynamodb"), cloud(project, "sqs")
    queue_urls = queues.list_queues().get("QueueUrls", [])
    return {
        "tables": [str(tables.describe_table(TableName=name)["Table"]["CreationDateTime"]) for name in tables.list_tables()["TableNames"]],
        "buckets": [f"{bucket['Name']} {bucket['CreationDate']}" for bucket in cloud(project, "s3").list_buckets()["Buckets"]],
        "queues": [f"{url} {queues.get_queue_attributes(QueueUrl=url, AttributeNames=['All'])['Attributes']['CreatedTimestamp']}"
                   for url in queue_urls],
    }


def test_a_second_apply_has_nothing_to_do(delivered: Project) -> None:
    before = files(delivered), resources(delivered)
    done = delivered.provision("apply", "--yes")
    assert "nothing to do" in (done.stdout + done.stderr).lower()
    assert (files(delivered), resources(delivered)) == before
    delivered.provision("plan", "--detailed-exitcode")


def test_what_is_ejected_runs_without_provision_and_changes_nothing(delivered: Project, tmp_path: Path) -> None:
    before = files(delivered), resources(delivered)
    delivered.provision("eject", str(tmp_path / "there"))
    plain = (tmp_path / "there").rename(tmp_path / "plain")
    delivered.without_provision(plain / "terraform/aws/tf", "init", "-no-color")
    assert "No changes" in delivered.without_provision(plain / "terraform/aws/tf", "plan", "-detailed-exitcode", "-no-color")
    assert delivered.without_provision(plain / "ansible/play").count("changed=0") == 2
    assert (files(delivered), resources(delivered)) == before
    assert "PRV-6403" in delivered.provision("eject", str(plain), exit=64).stderr


def test_a_change_of_one_property_touches_that_component_only(delivered: Project) -> None:
    delivered.edit("Hello from provision", "Good morning")
    plan = delivered.provision("plan", "--detailed-exitcode", exit=2)
    assert '- GREETING="Hello from provision"' in plan.stdout and '+ GREETING="Good morning"' in plan.stdout
    assert delivered.planned() == {"web@local": "update"}
    gateway = delivered.folder / ".provision/host/var/lib/provision/nginx/nginx.pid"
    own = ("/etc/web/", "/opt/web/", "quickstart.web@", "/web.conf", "/start/web", "/cache/")
    before = files(delivered, *own), resources(delivered), gateway.read_text()
    delivered.provision("apply", "--yes")
    assert (files(delivered, *own), resources(delivered), gateway.read_text()) == before
    assert visit(delivered)["message"] == "Good morning"


def test_a_file_edited_by_hand_is_shown_and_put_right(delivered: Project) -> None:
    path = delivered.folder / ".provision/host/etc/web/env"
    right = path.read_text()
    path.write_text(right.replace("Good morning", "Who was that?"))
    plan = delivered.provision("plan", "--detailed-exitcode", exit=2)
    assert '- GREETING="Who was that?"' in plan.stdout and '+ GREETING="Good morning"' in plan.stdout
    delivered.provision("apply", "--yes")
    assert path.read_text() == right


def test_drift_is_told_by_path_accepted_or_healed_whatever_app_yaml_says_now(delivered: Project) -> None:
    assert delivered.json("drift")["differences"] == []
    delivered.edit("Good morning", "Good evening")
    table, bucket = delivered.outputs("visits")["arn"], delivered.outputs("notes")["name"]
    cloud(delivered, "dynamodb").tag_resource(ResourceArn=table, Tags=[{"Key": "Owner", "Value": "eve"}])
    cloud(delivered, "s3").put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    path = delivered.folder / ".provision/host/etc/web/env"
    right = path.read_text()
    path.write_text(right.replace("Good morning", "Who was that?"))
    owner = "visits@aws/aws_dynamodb_table.this/tags.Owner"
    found = {one["path"]: (one["found"], one["declared"]) for one in delivered.json("drift", exit=2)["differences"]}
    assert found == {owner: ("eve", None), "notes@aws/aws_s3_bucket_versioning.this/versioning_configuration.0.status": ("Suspended", "Enabled"),
                     f"web@local/local{path}": (path.read_text(), right)}
    # the same against the file: what apply would write, beside what is asked for in another way
    told = delivered.json("diff", "--live", "--detailed-exitcode", exit=2)
    assert [(one["subject"], one["after"]) for one in told["differences"]] == [("web@local", "Good evening")]
    assert told["live"]["unseen"] == [] and {one["path"]: (one["found"], one["declared"]) for one in told["live"]["differences"]} == {
        **found, f"web@local/local{path}": (path.read_text(), right.replace("Good morning", "Good evening"))}
    delivered.provision("drift", "--accept", "visits@aws/*.Owner", "--reason", "cost centre")
    delivered.provision("drift", "--fix", "--yes")
    assert path.read_text() == right
    after = delivered.json("drift")
    assert (after["differences"], [one["path"] for one in after["accepted"]]) == ([], [owner])
    tags = cloud(delivered, "dynamodb").list_tags_of_resource(ResourceArn=table)["Tags"]
    assert {"Key": "Owner", "Value": "eve"} in tags
    # what was accepted stays, also when something else is delivered, until that is taken back
    delivered.edit("Good evening", "Good morning")
    delivered.edit("{name: visits, type: table}", "{name: visits, type: table, properties: {deletionProtection: true}}")
    (delivered.folder / ".provision/host/etc/web/env").write_text(right.replace("Good morning", "Mine"))
    delivered.provision("drift", "--accept", "web@local", "--reason", "trial")
    plan = delivered.provision("plan").stdout
    assert f"{owner} stays as it is: accepted by" in plan and "Owner" not in plan.replace(owner, "")
    assert delivered.planned() == {"visits@aws": "update"}
    delivered.provision("apply", "--yes")
    assert "Mine" in path.read_text()
    assert {"Key": "Owner", "Value": "eve"} in cloud(delivered, "dynamodb").list_tags_of_resource(ResourceArn=table)["Tags"]
    delivered.provision("drift", "--unaccept", "*")
    delivered.edit(", properties: {deletionProtection: true}}", "}")
    assert delivered.planned() == {"visits@aws": "update", "web@local": "update"}
    delivered.provision("apply", "--yes")
    assert path.read_text() == right
    assert cloud(delivered, "dynamodb").list_tags_of_resource(ResourceArn=table)["Tags"] == [
        tag for tag in tags if tag["Key"] != "Owner"]


@pytest.mark.parametrize("damaged", ["notes", "web"])
def test_damage_is_shown_and_healed(delivered: Project, damaged: str) -> None:
    delivered.provision("sandbox", "break", damaged)
    plan = delivered.provision("plan", "--detailed-exitcode", exit=2)
    assert damaged in plan.stdout
    delivered.provision("apply", "--yes")
    delivered.provision("plan", "--detailed-exitcode")
    assert visit(delivered)["bucket"] == delivered.outputs("notes")["name"]


def test_what_left_the_spec_goes_last(delivered: Project) -> None:
    """The queue goes, the service that no longer uses it is changed before."""
    delivered.edit("    - {name: jobs, type: queue}\n", "")
    delivered.edit('          QUEUE_URL: "${jobs.url}"\n', "          QUEUE_URL: none\n")
    plan = delivered.json("plan")
    assert effects(plan) == {"web@local": "update", "jobs@aws": "destroy"}
    assert plan["order"][-1] == "remove jobs@aws"
    delivered.provision("apply", "--yes")
    ended = [event["step"] for line in delivered.provision("events").stdout.splitlines()
             if (event := json.loads(line))["event"] == "step-ended"]
    assert ended[-1] == "remove jobs@aws" and "web@local" in ended
    assert resources(delivered)["queues"] == []


def test_a_renamed_service_takes_over_its_port(delivered: Project) -> None:
    """What holds the ports is removed first, and the plan says which gaps that makes; a name that the cloud gives is none."""
    delivered.edit("    - name: web\n", "    - name: site\n")
    plan = delivered.json("plan")
    service, door = (delivered.outputs(name)["port"] for name in ("web", "web-gateway"))
    assert sorted(plan["notes"]) == [f"gap: web is stopped first, its port {service} on local goes to site@local",
                                     f"gap: web-gateway is stopped first, its address :{door} on local goes to site-gateway@local"]
    delivered.provision("apply", "--yes")
    order = [step["step"] for step in sorted(delivered.json("show")["steps"], key=lambda step: step["started"] or "") if "local" in step["step"]]
    assert order == ["remove web-gateway@local", "remove web@local", "site@local", "site-gateway@local"]
    # its queue is gone by now, so a visit would not end well: the process answers through the new gateway
    with urllib.request.urlopen(delivered.outputs("site-gateway")["url"] + "/healthz", timeout=120) as answer:
        assert answer.status == 200
    delivered.provision("plan", "--detailed-exitcode")


def test_data_does_not_go_unasked(delivered: Project) -> None:
    done = delivered.provision("destroy", "--yes", exit=5)
    assert "--allow-destroy" in done.stderr and "--keep" in done.stderr


def test_destroy_leaves_what_is_to_be_kept_then_nothing(delivered: Project) -> None:
    before = resources(delivered)
    delivered.provision("destroy", "--yes", "--keep", "notes", "--allow-destroy", "visits")
    assert resources(delivered) == {"tables": [], "buckets": before["buckets"], "queues": []}
    assert not (delivered.folder / ".provision" / "host").exists()
    delivered.provision("destroy", "--yes", "--allow-destroy", "notes")
    assert resources(delivered) == {"tables": [], "buckets": [], "queues": []}
    until(lambda: left(delivered) == [])


def left(project: Project) -> list[str]:
    """Processes that name the folder of the host on this machine."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            found.append(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    return [line for line in found if str(project.folder / ".provision" / "host") in line]
