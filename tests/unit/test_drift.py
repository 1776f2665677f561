"""Drift: differences by path, what is ignored and accepted, what healing leaves alone, when a schedule is due. No tool is started."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from provisioner.api import Drift
from provisioner.cli import main
from provisioner.console.drift import drift_json, drift_markdown, drift_text
from provisioner.console.look import Look
from provisioner.errors import Exit
from provisioner.model import Acceptance, Change, Delivered, FileDiff, Plan, Step, project_path
from provisioner.planner.drift import AsDelivered, as_delivered, differences, findings, healing, matching
from provisioner.planner.known import Known
from provisioner.runner.requests import batch_request
from provisioner.spec.schedule import is_due, wrong
from provisioner.store import Store
from tests.unit.planning import on, unit

BUCKET, TABLE, WEB = unit("files@aws"), unit("visits@aws", "files@aws"), unit("web@dc", "files@aws")
TAGS = Change("files@aws", "module.files.aws_s3_bucket.this", "update", {"tags.Owner": "eve", "tags.Team": "a", "tags_all.Owner": "eve"},
              {"tags.Team": "b"})
GONE = Change("visits@aws", "module.visits.aws_dynamodb_table.this[0]", "create", after={"name": "visits"})
ENV = FileDiff("/etc/web/env", "A=2\n", "A=1\n")
FILES = Change("web@dc", "h1", "configure", files=(ENV,), tasks=("write /etc/web/env", "restart web.service", "add user web"))


def plan(*changes: Change, **more: object) -> Plan:
    steps = tuple(Step(one.name, "deliver", one, one.needs, f"terraform:{one.root}:0" if one.root else one.name,
                       tuple(change for change in changes if change.unit == one.name), {}) for one in (BUCKET, TABLE, WEB))
    return Plan("p1", "shop", "prod", "1", steps, **more)  # type: ignore[arg-type]


def paths(*changes: Change) -> list[str]:
    return [one.path for one in differences(plan(*changes).steps)]


def accepted(found: Plan, *chosen: str) -> dict[str, Acceptance]:
    return {one.path: Acceptance(one.path, one.digest, "maya", "fine") for one in differences(found.steps) if one.path in chosen}


def test_every_difference_has_a_path_of_its_own() -> None:
    assert paths(TAGS, GONE, FILES) == [
        "files@aws/aws_s3_bucket.this/tags.Owner", "files@aws/aws_s3_bucket.this/tags.Team", "visits@aws/aws_dynamodb_table.this[0]",
        "web@dc/h1/etc/web/env", "web@dc/h1/add user web"]
    owner, team, gone, env, user = differences(plan(TAGS, GONE, FILES).steps)
    assert (owner.found, owner.declared, team.found, team.declared) == ("eve", None, "a", "b")
    assert (gone.found, env.found, env.declared, env.follows) == (None, "A=2\n", "A=1\n", ("restart web.service",))
    assert user.what == "add user web"


def test_what_a_provider_tells_twice_is_told_once() -> None:
    labels = Change("files@aws", "module.files.google_storage_bucket.this", "update",
                    {"labels.a": "1", "effective_labels.a": "1", "terraform_labels.a": "1", "effective_labels.b": "2"}, {"labels.a": "0",
                     "effective_labels.a": "0", "terraform_labels.a": "0"})
    maps = Change("files@aws", "module.files.x.y", "update", {"tags": {"a": 1}, "tags_all": {"a": 1}}, {"tags": {"a": 2}, "tags_all": {"a": 2}})
    apart = Change("files@aws", "module.files.x.z", "update", {"id": "1", "vpc_id": "1", "tags.a": 1, "tags_all.a": 1},
                   {"tags.a": 2, "tags_all.a": 3})
    assert [path.rpartition("/")[2] for path in paths(labels, maps, apart)] == [
        "labels.a", "effective_labels.b", "tags.a", "id", "vpc_id", "tags.a", "tags_all.a"]


def test_a_service_that_was_stopped_is_a_difference_though_no_file_differs() -> None:
    assert paths(Change("web@dc", "h1", "configure", tasks=("restart web.service",))) == ["web@dc/h1/restart web.service"]


def test_maps_are_compared_key_by_key_and_what_is_not_known_is_told() -> None:
    change = Change("files@aws", "module.files.x.y", "update", {"tags": {"a": 1, "b": 1}}, {"tags": {"a": 1, "b": 2}}, ("etag",))
    assert [(one.path, one.found, one.declared) for one in differences(plan(change).steps)] == [
        ("files@aws/x.y/tags.b", 1, 2), ("files@aws/x.y/etag", None, "(known after apply)")]


@pytest.mark.parametrize(("pattern", "fits"), [
    ("files@aws", 2), ("files@aws/", 2), ("files@aws/aws_s3_bucket.this/tags", 2), ("files@aws/*/tags.Owner", 1), ("*", 5), ("*.Owner", 1),
    ("files@aws/aws_s3_bucket.this/tag", 0), ("visits@aws/aws_dynamodb_table.this[0]", 1), ("web@dc/*/etc/web/env", 1), ("file", 0)])
def test_a_pattern_fits_a_path_and_what_is_below_it(pattern: str, fits: int) -> None:
    assert len(matching(list(differences(plan(TAGS, GONE, FILES).steps)), [pattern])) == fits
    assert len(findings(plan(TAGS, GONE, FILES), [pattern], {}).ignored) == fits


def test_what_was_accepted_is_told_again_when_it_looks_otherwise() -> None:
    before = plan(TAGS)
    owner = "files@aws/aws_s3_bucket.this/tags.Owner"
    found = findings(before, (), accepted(before, owner))
    assert ([one.path for one in found.open], [one.path for one, _ in found.accepted]) == ([owner.replace("Owner", "Team")], [owner])
    later = findings(plan(replace(TAGS, before={"tags.Owner": "mallory"}, after={})), (), accepted(before, owner))
    assert ([one.path for one in later.open], list(later.changed)) == ([owner], [owner])


def test_what_could_not_be_looked_at_is_no_drift() -> None:
    dark = Change("web@dc", "h1", "configure", reason="could not be looked at: no route to host")
    found = findings(plan(dark, failures=(("files@aws", "AccessDenied"),)), (), {})
    assert (found.open, found.unseen) == ((), (("files@aws", "AccessDenied"), ("web@dc/h1", "no route to host")))


def test_healing_leaves_units_alone_in_which_all_is_accepted() -> None:
    whole = plan(TAGS, FILES)
    found = findings(whole, ["web@dc/h1/add user web"], accepted(whole, "web@dc/h1/etc/web/env"))
    healed = healing(whole, found)
    assert ([bool(step.changes) for step in healed.steps], healed.partial) == ([True, False, False], True)
    assert healed.digest != whole.digest
    everything = findings(whole, (), {})
    assert healing(whole, everything) is whole


def test_what_a_healed_unit_needs_in_its_root_is_planned_with_it() -> None:
    """Terraform's targets take what they need along: it has to be in what was shown."""
    whole = plan(TAGS, GONE)
    healed = healing(whole, findings(whole, (), accepted(whole, *paths(TAGS))))
    assert [step.name for step in healed.steps if step.changes] == ["files@aws", "visits@aws"]


def test_terraforms_own_preview_is_not_applied_when_it_holds_more_than_is_shown() -> None:
    whole = plan(GONE)
    names = ["files@aws", "visits@aws"]
    assert batch_request(whole, "terraform:aws:0", names, Known(), {}, attempt=1).as_planned
    assert not batch_request(replace(whole, partial=True), "terraform:aws:0", names, Known(), {}, attempt=1).as_planned


def test_units_are_taken_as_the_plan_of_their_run_had_them() -> None:
    stored = replace(TABLE, inputs={"of": ["id-files"]})
    delivered = {"files@aws": Delivered(BUCKET, "delivered", run=1), "visits@aws": Delivered(stored, "delivered", run=2),
                 "web@dc": Delivered(WEB, "intended", run=3)}
    spec = as_delivered(delivered, {2: plan()})
    assert spec.units == (BUCKET, TABLE) and spec.kept == {"web@dc": "run 3 left it half-way"}


def test_a_unit_whose_hosts_are_not_there_yet_is_not_looked_at() -> None:
    fleet, app = unit("fleet@aws"), unit("app@aws-hosts", engine="ansible", host_source=on("fleet@aws"))
    spec = as_delivered({"fleet@aws": Delivered(fleet, "intended", run=1), app.name: Delivered(app, "delivered", run=1)}, {})
    assert spec == AsDelivered((), {"fleet@aws": "run 1 left it half-way", app.name: "its hosts are made by fleet@aws, which is not delivered"})


def test_the_report_names_paths_and_both_sides() -> None:
    whole = plan(TAGS, GONE, FILES)
    answer = Drift("shop", "prod", 3, "1", "2026-11-24T10:15:00.000Z", 3, findings(whole, ["*Team"], {}), ("a note",), Exit.CHANGES)
    text = drift_text(answer, Look())
    assert 'files@aws/aws_s3_bucket.this/tags.Owner\n      found eve, declared none' in text
    assert "      - A=2\n      + A=1\n      healing it: restart web.service" in text
    assert "is not there" in text and "Drift: 4 differences in 3 components · 1 ignored" in text
    assert "| `visits@aws/aws_dynamodb_table.this[0]` | none | there |" in drift_markdown(answer, Look())
    assert [one["path"] for one in drift_json(answer)["ignored"]] == ["files@aws/aws_s3_bucket.this/tags.Team"]


def test_the_same_on_many_hosts_is_told_once() -> None:
    changes = [replace(FILES, address=f"web-{number}", tasks=()) for number in range(1, 13)]
    answer = Drift("shop", "prod", 3, "1", "", 3, findings(plan(*changes), (), {}), (), Exit.CHANGES)
    assert drift_text(answer, Look()).count("A=2") == 1
    assert "the same on web-1 … web-12" in drift_text(answer, Look())


# ------------------------------------------------------------------ store, schedule, command line
def test_acceptances_and_checks_are_kept_by_application_and_environment(tmp_path: Path) -> None:
    with Store(tmp_path / "store.db") as store:
        store.drift.accept("shop", "prod", [Acceptance("a", "1", "maya", "why"), Acceptance("b", "2", "maya", "why")])
        store.drift.accept("shop", "prod", [Acceptance("a", "3", "noor", "later")])
        store.drift.accept("shop", "dev", [Acceptance("c", "4", "maya", "why")])
        store.drift.unaccept("shop", "prod", ["b"])
        (only,) = store.drift.accepted("shop", "prod").values()
        assert (only.path, only.digest, only.who, only.why, bool(only.time)) == ("a", "3", "noor", "later", True)
        assert store.drift.last_check("shop", "prod") == ""
        store.drift.checked("shop", "prod", 2, 2)
        store.drift.checked("shop", "prod", 0, 0)
        assert store.drift.last_check("shop", "prod").endswith("Z")


@pytest.mark.parametrize(("last", "due"), [
    ("", True), ("2026-11-23T06:00:00.000Z", True), ("2026-11-24T05:59:59.000Z", True), ("2026-11-24T06:00:00.000Z", False),
    ("2026-11-24T06:10:00.000Z", False)])
def test_a_schedule_is_due_once_after_each_time_that_it_names(last: str, due: bool) -> None:
    assert is_due("0 6 * * *", last, datetime(2026, 11, 24, 9, 0, tzinfo=UTC)) is due


@pytest.mark.parametrize(("line", "good"), [
    ("0 6 * * *", True), ("*/10 * * * 1-5", True), ("hourly", False), ("61 * * * *", False), ("0 0 6 * * *", False)])
def test_a_schedule_that_can_not_be_read_is_told(line: str, good: bool) -> None:
    assert (wrong(line) == "") is good


ENVIRONMENT = """\
apiVersion: provision/v1
kind: Environment
metadata: {name: dev}
spec:
  targets: [{name: here, hosts: {local: true}}]
  drift: {ignore: ["web@here/*"], schedule: "SCHEDULE"}
"""
APPLICATION = "apiVersion: core.oam.dev/v1beta1\nkind: Application\nmetadata: {name: shop}\nspec: {components: [{name: web, type: worker}]}\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "environments").mkdir()
    (tmp_path / "app.yaml").write_text(APPLICATION)
    (tmp_path / "environments/dev.yaml").write_text(ENVIRONMENT.replace("SCHEDULE", "0 6 * * *"))
    return tmp_path


def test_a_wrong_schedule_is_an_error_at_its_place(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "environments/dev.yaml").write_text(ENVIRONMENT.replace("SCHEDULE", "at dawn"))
    assert main(["drift"]) == Exit.INVALID
    said = capsys.readouterr().err
    assert "PRV-1227" in said and "dev.yaml:6:" in said


@pytest.mark.parametrize(("arguments", "code", "says"), [
    ([], Exit.FAILED, "nothing of shop is delivered in dev"),
    (["--all"], Exit.OK, ""),
    (["--fix", "--accept", "x"], Exit.USAGE, "can't be given together"),
    (["--all", "--fix"], Exit.USAGE, "--all only looks"),
    (["--scheduled"], Exit.USAGE, "--scheduled goes with --all"),
    (["--accept", "x"], Exit.USAGE, "needs a --reason"),
    (["--unaccept", "x"], Exit.USAGE, "nothing was accepted"),
])
def test_options_that_make_no_sense_are_refused(
        project: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: Exit, says: str) -> None:
    Store.of_project(_made(project_path(str(project)))).close()
    assert main(["drift", *arguments]) == code
    assert says in capsys.readouterr().err


def _made(folder: Path) -> Path:
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def test_one_that_can_not_be_looked_at_does_not_hide_the_others(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Store.of_project(_made(project_path(str(project)))) as store:
        for environment in ("dev", "gone"):
            store.delivered.intend("shop", environment, unit("web@here"), 1)
    assert main(["drift", "--all"]) == Exit.INVALID
    streams = capsys.readouterr()
    assert "shop · gone: there is no environment" in streams.err
    assert "web@here   not looked at: run 1 left it half-way" in streams.out and "No drift seen: 0 components looked at" in streams.out
    assert main(["drift", "--all", "--scheduled", "-e", "dev"]) == Exit.OK
    assert "Nothing is due." in capsys.readouterr().out
