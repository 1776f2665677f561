"""Verbs on a folder of their own: what they print, and what they leave. No tool is started; runs are written into a real store."""

import json
import os
import pty
import select
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from provisioner.api import saved
from provisioner.cli import main
from provisioner.cli.asking import Asker
from provisioner.cli.door import Door
from provisioner.cli.templates import TEMPLATES
from provisioner.cli.watch import Watch
from provisioner.cli.work.history import around, fits
from provisioner.cli.work.plan import next_command
from provisioner.cli.work.start import name_of
from provisioner.errors import Exit
from provisioner.model import Event, Purpose, StepEnded, project_path
from provisioner.store import Store
from tests.unit.console_shop import DELIVERED, EVENTS, PLAN, QUIET

Captured = pytest.CaptureFixture[str]
pytestmark = pytest.mark.usefixtures("elsewhere")


@pytest.fixture
def past(tmp_path: Path) -> int:
    """A store with one run of the shop that failed half-way; the run's number."""
    place = project_path(str(tmp_path))
    place.mkdir()
    with Store.of_project(place) as store:
        store.plans.save(PLAN)
        run = store.runs.begin(PLAN, "maya", "CHG0041873")
        store.events.append_all(run.number, EVENTS)
        store.runs.move_step(run.number, "bucket@aws", "running")
        store.runs.finish_step(run.number, StepEnded("bucket@aws", "done", changed=True))
        store.runs.move_step(run.number, "bad@aws", "failed", "Invalid value")
        store.runs.move(run.number, "failed", 9)
        store.delivered.deliver("shop", "prod", DELIVERED["db@aws"].unit, DELIVERED["db@aws"].outputs, (), run.number)
    return run.number


# ------------------------------------------------------------------ saved plans
def test_a_plan_is_never_written_over_another_file(capsys: Captured) -> None:
    main(["init", "--name", "shop"])
    text = Path("app.yaml").read_text()
    assert main(["plan", "--out", "app.yaml"]) == Exit.USAGE
    assert "PRV-6430" in capsys.readouterr().err and Path("app.yaml").read_text() == text


@pytest.mark.parametrize(("given", "named"), [
    (("-e", "staging"), "--environment"), (("--on", "root@192.0.2.1"), "--on"), (("--allow-destroy", "db"), "--allow-destroy"),
    (("-e", "prod", "--keep", "cache"), "--keep")])
def test_a_saved_plan_is_not_carried_out_in_another_way_than_it_was_planned(given: tuple[str, ...], named: str, capsys: Captured) -> None:
    """Whatever its file is called."""
    Path("release.yaml").write_text(saved.to_text(replace(PLAN, purpose=Purpose(keep=("bucket",)))))
    assert main(["apply", "release.yaml", *given]) == Exit.USAGE
    told = capsys.readouterr().err
    assert "PRV-6429" in told and f"{named} says something else than plan {PLAN.id}" in told


def test_a_saved_plan_is_carried_out_in_its_project(capsys: Captured) -> None:
    Path("release.plan").write_text(saved.to_text(replace(PLAN, purpose=Purpose(file="app.yaml"))))
    assert main(["apply", "release.plan"]) == Exit.INVALID
    told = capsys.readouterr().err
    assert f"plan {PLAN.id} is of app.yaml, which is not here" in told and "provision init" not in told


# ------------------------------------------------------------------ init, validate, types, schema, graph
@pytest.mark.parametrize("template", TEMPLATES)
def test_each_template_is_a_valid_project(template: str, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    assert main(["init", "My Shop", "--template", template]) == Exit.OK
    assert "Next: cd 'My Shop' && provision " in capsys.readouterr().out
    monkeypatch.chdir(tmp_path / "My Shop")
    assert main(["validate"]) == Exit.OK
    assert capsys.readouterr().out.startswith("Valid: my-shop · ")
    assert "$schema=app.schema.json" in Path("app.yaml").read_text() and json.loads(Path("app.schema.json").read_text())["$schema"]
    assert Path("app.yaml").stat().st_mode & 0o777 == 0o644
    assert main(["graph"]) == Exit.OK
    assert "web@" in capsys.readouterr().out
    assert main(["graph", "-o", "mermaid"]) == Exit.OK
    assert capsys.readouterr().out.startswith("flowchart LR\n")
    assert main(["init", "."]) == Exit.FAILED
    told = capsys.readouterr().err
    assert "PRV-6403" in told and "app.yaml is there already" in told


def test_init_keeps_an_ignore_file(tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / ".gitignore").write_text("mine\n")
    assert main(["init", "--name", "shop", "-o", "json"]) == Exit.OK
    assert ".gitignore" not in json.loads(capsys.readouterr().out)["files"]
    assert (tmp_path / ".gitignore").read_text() == "mine\n" and "name: shop" in (tmp_path / "app.yaml").read_text()


@pytest.mark.parametrize(("folder", "name"), [("My Shop", "my-shop"), ("__", "app"), ("123", "app"), ("a" * 80, "a" * 40), ("shop.v2", "shop-v2")])
def test_a_folders_name(folder: str, name: str) -> None:
    assert name_of(Path(folder)) == name


def test_without_a_document(capsys: Captured) -> None:
    assert main(["validate"]) == Exit.INVALID
    assert "error PRV-1001" in (told := capsys.readouterr().err) and "Next: provision init" in told
    assert main(["doctor"]) == Exit.MISSING
    assert "PRV-1001" in capsys.readouterr().out
    assert main(["plan", "-o", "json"]) == Exit.INVALID
    assert json.loads(capsys.readouterr().out)["kind"] == "error"


def test_an_invalid_document_shows_place_and_caret(tmp_path: Path, capsys: Captured) -> None:
    main(["init", "--name", "shop"])
    text = (tmp_path / "app.yaml").read_text()
    (tmp_path / "app.yaml").write_text(text.replace("type: webservice", "typ: webservice"))
    capsys.readouterr()
    assert main(["validate"]) == Exit.INVALID
    told = capsys.readouterr().err
    assert "app.yaml:" in told and "^^^" in told and "More: provision explain PRV-" in told
    assert main(["validate", "-o", "json"]) == Exit.INVALID
    found = json.loads(capsys.readouterr().out)["problems"]
    assert found and all(problem["line"] > 0 for problem in found)


def test_warnings_are_told_once_and_the_error_is_what_is_explained(tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "app.yaml").write_text("apiVersion: core.oam.dev/v1beta1\nkind: Application\nmetadata: {name: shop}\n"
                                       "spec: {components: [{name: db, type: postgress}]}\nstatus: {x: 1}\n")
    assert main(["validate"]) == 3
    told = capsys.readouterr().err
    assert told.count('"status" has no effect here') == 1 and told.count("unknown type") == 1
    assert told.rstrip().endswith("More: provision explain PRV-1401")
    path = tmp_path / "app.yaml"
    path.write_text(path.read_text().replace("{name: shop}", "{name: shop, creationTimestamp: null}"))
    assert main(["validate", "-o", "json"]) == 3
    found = json.loads(capsys.readouterr().out)
    assert (found["problems"][0]["severity"], found["error"]["code"]) == ("warning", "PRV-1401")


def test_types_and_schema(capsys: Captured) -> None:
    assert main(["types"]) == Exit.OK
    assert {"postgres", "webservice", "gateway"} <= {line.split()[0] for line in capsys.readouterr().out.splitlines() if line}
    assert main(["types", "postgres"]) == Exit.OK
    assert "storageGB" in capsys.readouterr().out
    assert main(["types", "postgers"]) == Exit.FAILED
    assert 'did you mean "postgres"?' in capsys.readouterr().err
    assert main(["types", "-o", "json"]) == Exit.OK
    assert len(json.loads(capsys.readouterr().out)["types"]) > 8
    for of in ("application", "environment", "plan", "event"):
        assert main(["schema", "--of", of]) == Exit.OK
        assert "properties" in json.loads(capsys.readouterr().out)


# ------------------------------------------------------------------ looking at what was
def test_nothing_was_ever_delivered(tmp_path: Path, capsys: Captured) -> None:
    assert main(["runs"]) == Exit.OK
    assert "No runs yet" in capsys.readouterr().out
    for verb in ("show", "logs", "events", "outputs"):
        assert main([verb]) == Exit.FAILED
        assert "PRV-6405" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_runs_and_show(past: int, capsys: Captured) -> None:
    assert main(["runs"]) == Exit.OK
    assert "maya (CHG0041873)" in capsys.readouterr().out
    assert main(["runs", "-e", "other", "-o", "json"]) == Exit.OK
    assert json.loads(capsys.readouterr().out)["runs"] == []
    assert main(["show"]) == Exit.OK
    told = capsys.readouterr().out
    assert "Invalid value" in told and "provision apply" in told
    assert main(["show", str(past), "-o", "json"]) == Exit.OK
    assert len(json.loads(capsys.readouterr().out)["steps"]) == len(PLAN.steps)
    assert main(["show", "99"]) == Exit.FAILED
    assert "PRV-6005" in capsys.readouterr().err
    assert main(["show", f"{PLAN.application}@9"]) == Exit.USAGE
    assert "PRV-6201" in capsys.readouterr().err
    assert main(["show", "web"]) == Exit.USAGE


def test_a_run_whose_process_is_gone_is_called_so(past: int, tmp_path: Path, capsys: Captured) -> None:
    with Store.of_project(project_path(str(tmp_path))) as store:
        store.runs.reopen(past)
    assert main(["show"]) == Exit.OK
    assert f"its process is gone; provision resume {past}" in capsys.readouterr().out
    assert main(["show", "-o", "json", "--file", "app.yaml"]) == Exit.OK
    assert f"its process is gone; provision resume {past}" in json.loads(capsys.readouterr().out)["message"]


def test_events_and_logs(past: int, capsys: Captured) -> None:
    assert main(["events"]) == Exit.OK
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["number"] for line in lines] == list(range(1, len(EVENTS) + 1))
    assert main(["events", "-o", "text", "--step", "web@dc1", "-f"]) == Exit.OK
    assert all("step=web@dc1" in line for line in capsys.readouterr().out.splitlines())
    assert main(["logs", "--around", "fail", "--host", "web-07"]) == Exit.OK
    assert "bind() failed" in capsys.readouterr().out
    assert main(["logs", "--grep", "CREATED"]) == Exit.OK
    assert len(capsys.readouterr().out.splitlines()) == 1
    assert main(["logs", "--grep", "("]) == Exit.USAGE
    assert main(["logs"]) == Exit.OK
    assert "terraform apply" not in capsys.readouterr().err
    assert main(["logs", "--show-commands"]) == Exit.OK
    assert "terraform apply" in capsys.readouterr().out


def test_around_keeps_what_is_near() -> None:
    events = [Event("task", "s", str(index), "h", {"state": "failed" if index == 5 else "ok"}) for index in range(12)]
    events.insert(5, Event("task", "s", "elsewhere", "other"))
    assert [event.message for event in around(iter(events), "fail", near=3)] == ["2", "3", "4", "5", "6", "7", "8"]
    assert fits(Event("diagnostic", message="x"), "fail") and not fits(Event("diagnostic", data={"severity": "warning"}), "fail")
    assert fits(Event("task", message="Restart nginx"), "nginx")


def test_outputs(past: int, capsys: Captured) -> None:
    assert main(["outputs"]) == Exit.OK
    told = capsys.readouterr().out
    assert "db.host     = db.example" in told and "db.password = (sensitive)" in told and "secret." not in told
    assert main(["outputs", "db.host"]) == Exit.OK
    assert capsys.readouterr().out == "db.example\n"
    assert main(["outputs", "db.port", "-o", "json"]) == Exit.OK
    assert capsys.readouterr().out == "5432\n"
    assert main(["outputs", "db.port", "--app", PLAN.application, "-e", PLAN.environment]) == Exit.OK
    assert capsys.readouterr().out == "5432\n"
    assert main(["outputs", "--app", "sohp"]) == Exit.FAILED
    assert "PRV-6405" in capsys.readouterr().err
    for wrong, hint in (("bd", '"db"'), ("db.hots", '"host"')):
        assert main(["outputs", wrong]) == Exit.FAILED
        assert hint in capsys.readouterr().err
    assert main(["outputs", "-e", "prdo"]) == Exit.FAILED
    assert 'did you mean "prod"?' in capsys.readouterr().err


def test_several_environments_are_not_guessed(past: int, tmp_path: Path, capsys: Captured) -> None:
    with Store.of_project(project_path(str(tmp_path))) as store:
        store.delivered.deliver("shop", "stage", DELIVERED["db@aws"].unit, {}, (), past)
    assert main(["outputs"]) == Exit.USAGE
    assert "shop in prod, shop in stage" in capsys.readouterr().err
    assert main(["outputs", "-e", "stage"]) == Exit.OK


def test_an_option_as_a_variable(past: int, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    monkeypatch.setenv("PROVISION_LIMIT", "0")
    assert main(["runs"]) == Exit.USAGE
    monkeypatch.setenv("PROVISION_LIMIT", "1")
    monkeypatch.setenv("PROVISION_OUTPUT", "json")
    capsys.readouterr()
    assert main(["runs"]) == Exit.OK
    assert json.loads(capsys.readouterr().out)["kind"] == "runs"


# ------------------------------------------------------------------ secrets
def test_secrets_are_set_listed_and_checked(tmp_path: Path, capsys: Captured) -> None:
    main(["init", "--name", "shop"])
    app = tmp_path / "app.yaml"
    app.write_text(app.read_text().replace("GREETING: Hello from shop", 'GREETING: "${secret.shop/word}"'))
    capsys.readouterr()
    assert main(["secrets", "check"]) == Exit.FAILED
    assert "shop/word" in capsys.readouterr().err
    for value, code in (("", 64), ("canary-93215\n", 0)):
        done = subprocess.run([sys.executable, "-m", "provisioner", "secrets", "set", "shop/word"], input=value, capture_output=True, text=True,
                              timeout=600, check=False)
        assert done.returncode == code and "canary" not in done.stdout + done.stderr
    assert main(["secrets", "check"]) == Exit.OK
    assert main(["secrets", "list"]) == Exit.OK
    told = capsys.readouterr()
    assert "shop/word" in told.out and "canary" not in told.out + told.err
    assert not any(b"canary-93215" in file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())


# ------------------------------------------------------------------ asking and watching
ASK = """
import sys
from provisioner.cli.asking import Asker
from provisioner.cli.door import Door
from tests.unit.console_shop import PLAN, QUIET
asker = Asker(Door(), yes=False, destroy={destroy})
print("CONFIRMED" if asker.confirm({plan}) else "NO")
"""


def on_terminal(code: str, answer: str) -> str:
    """What a program prints on a terminal where a person answers its question."""
    root = Path(__file__).parent.parent.parent
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(root)
        os.execv(sys.executable, [sys.executable, "-c", code])
    text, answered, end = "", False, time.monotonic() + 600
    while time.monotonic() < end:
        if not select.select([terminal], [], [], 1)[0]:
            continue
        try:
            text += os.read(terminal, 4096).decode()
        except OSError:
            break
        if not answered and text.rstrip("\x1b[0m").endswith((": ", "[y/N] ")):
            os.write(terminal, answer.encode())
            answered = True
    os.close(terminal)
    os.waitpid(pid, 0)
    return text


@pytest.mark.parametrize(("plan", "destroy", "answer", "expected", "question"), [
    ("QUIET", False, "y\n", "CONFIRMED", "Apply? [y/N]"), ("QUIET", False, "\n", "NO", "Apply? [y/N]"),
    ("QUIET", False, "\x04", "NO", "Apply? [y/N]"),
    ("QUIET", True, "shop\n", "CONFIRMED", "Type shop to go on"), ("QUIET", True, "y\n", "NO", "Type shop to go on"),
    ("PLAN", False, "y\n", "NO", "Data is lost: cache@aws. Type shop"), ("PLAN", False, "shop\n", "CONFIRMED", "Data is lost: cache@aws. Type shop"),
])
def test_questions_on_a_terminal(plan: str, destroy: bool, answer: str, expected: str, question: str) -> None:
    text = on_terminal(ASK.format(plan=plan, destroy=destroy), answer)
    assert question in text and text.split()[-1] == expected


def test_without_a_terminal_nothing_is_asked(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    with open(os.devnull) as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        asker = Asker(Door(), yes=False)
        assert not asker.confirm(QUIET) and asker.refused is not None and asker.refused.exit == Exit.USAGE
        assert Asker(Door(output="json"), yes=True).confirm(QUIET)
    told = capsys.readouterr()
    assert told.out.count("Nothing to do") == 1 and told.err.count("Nothing to do") == 1


def test_elsewhere_a_run_is_watched_in_plain_lines(capsys: Captured) -> None:
    with Watch(Door(), lambda plan: PLAN, show_commands=True) as watch:
        for event in EVENTS:
            watch.listen(event)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == len(EVENTS) and "$ terraform apply plan" in lines and "\x1b" not in "".join(lines)


LIVE = """
import time
from provisioner.cli.door import Door
from provisioner.cli.watch import Watch
from tests.unit.console_shop import EVENTS, PLAN
with Watch(Door(environ=dict(TERM="xterm")), lambda plan: PLAN) as watch:
    for event in EVENTS:
        watch.listen(event)
        time.sleep(0.05)
    end = 1 / {divisor}
"""


@pytest.mark.parametrize("divisor", [1, 0])
def test_on_a_terminal_a_tree_is_drawn_and_the_cursor_comes_back(divisor: int) -> None:
    text = on_terminal(LIVE.format(divisor=divisor), "")
    assert "Ctrl-C stops after running steps" in text and "web@dc1" in text and 'stopping: "running" steps end' in text
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")
    assert ("ZeroDivisionError" in text) == (divisor == 0)


def test_the_next_command_carries_the_plan_out() -> None:
    assert next_command(PLAN, {}) == "provision apply"
    assert next_command(PLAN, {"out": "my plan"}) == "provision apply 'my plan'"
    assert next_command(replace(PLAN, purpose=Purpose("destroy")), {}) == "provision destroy"
    assert next_command(QUIET, {}) == "provision status"


def test_revisions_of_two_applications_are_not_compared(capsys: Captured) -> None:
    assert main(["diff", "shop@1", "bank@2"]) == Exit.USAGE
    assert "PRV-6409 bank and shop are two applications" in capsys.readouterr().err


def test_the_file_says_which_of_the_delivered_applications(past: int, capsys: Captured) -> None:
    with Store.of_project(project_path(".")) as store:
        store.delivered.deliver("mail", "prod", DELIVERED["db@aws"].unit, DELIVERED["db@aws"].outputs, (), past)
    assert main(["outputs"]) == Exit.USAGE
    assert "which one? There is mail in prod, shop in prod" in capsys.readouterr().err
    Path("mail.yaml").write_text("apiVersion: core.oam.dev/v1beta1\nkind: Application\nmetadata: {name: mail}\nspec: {components: []}\n")
    assert main(["outputs", "--file", "mail.yaml", "-o", "json"]) == Exit.OK
    assert json.loads(capsys.readouterr().out)["application"] == "mail"
    with Store.of_project(project_path(".")) as store:
        plan = replace(PLAN, id="gone", application="notes")
        store.plans.save(plan)
        store.runs.move(store.runs.begin(plan, "me", "").number, "succeeded", 0)
        store.delivered.forget("mail", "prod", "db@aws")
    assert main(["outputs", "-o", "json"]) == Exit.OK
    assert json.loads(capsys.readouterr().out)["application"] == "shop", "nothing is left of the others"
    assert main(["outputs", "--app", "notes", "-o", "json"]) == Exit.OK
