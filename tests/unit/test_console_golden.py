"""The texts of the console as whole pages: each page of tests/cases/console is compared as it stands.

To accept new texts: REWRITE_CASES=1 pytest tests/unit/test_console_golden.py, then read the difference.
"""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from provisioner.api.comparing import Compared, Live
from provisioner.codec import to_json
from provisioner.console.catalogue import type_text, types_text
from provisioner.console.differences import differences_text
from provisioner.console.drawing import graph_mermaid, graph_text
from provisioner.console.errors import error_text
from provisioner.console.events import event_line, logged
from provisioner.console.findings import findings_text
from provisioner.console.history import run_text, runs_text
from provisioner.console.look import Look
from provisioner.console.plan import PlanView, plan_text
from provisioner.console.plan_pages import plan_html, plan_markdown
from provisioner.console.progress import Progress
from provisioner.console.result import Ending, result_text
from provisioner.console.revisions import revision_text, revisions_text
from provisioner.console.tree import tree_lines
from provisioner.doctor import Finding
from provisioner.errors import Exit, Invalid, Missing, Problem, ProvisionError, Where
from provisioner.model import Commit, Commits, Definition, Implementation, OutputSpec
from provisioner.planner.differing import ABSENT, Difference
from provisioner.planner.drift import findings
from provisioner.store import Revision
from tests.unit.console_shop import END, EVENTS, PLAN, QUIET, ROWS, RUN, STEPS

CASES = Path(__file__).parent.parent / "cases" / "console"
PLAIN, WIDE, COLOR, ASCII = Look(), Look(width=110), Look(color=True, width=110), Look(ascii=True, width=100)
EXCERPT = ((9, "        sizeGb: 20"), (10, "    - name: web"), (11, "      typ: webservice"))
INVALID = Invalid([
    Problem("PRV-1203", 'components[1]: unknown field "typ"', Where("app.yaml", 11, 7, EXCERPT, 3), 'did you mean "type"?'),
    Problem("PRV-1310", '${bd.host}: no component "bd"', Where("app.yaml", 18, 15), 'did you mean "db"?'),
    Problem("PRV-1204", '"status" has no effect', None, severity="warning"),
])
DEFINITION = Definition(
    "postgres", version="1.0.0", description="A database. More about it.", data=True, example="- name: db\n  type: postgres\n",
    parameters={"required": ["size"], "properties": {
        "size": {"enum": ["small", "large"], "description": "Memory"},
        "storageGB": {"type": "integer", "minimum": 5, "maximum": 64, "default": 20, "x-change": "grow-only"},
        "env": {"type": "object", "additionalProperties": {"type": "string"}}, "count": {"type": "integer", "minimum": 1},
        "ports": {"type": "array", "items": {"type": "object", "required": ["port"], "properties": {
            "port": {"type": "integer"}, "tls": {"type": "object", "properties": {
                "key": {"type": "string", "writeOnly": True, "description": "Its key"}, "kind": {"enum": ["", "rsa"], "default": ""}}}}}},
        "allow": {"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "string"}]}}},
    outputs={"host": OutputSpec(description="Address"), "password": OutputSpec(sensitive=True)},
    implementations=(Implementation("aws", module="/lib/modules/aws/postgres"), Implementation("existing"),
                     Implementation("hosts", playbook="/lib/playbooks/postgres/site.yml", refused={"size": "not here"})))
TRAIT = Definition("gateway", "trait", "1.0.0", "A door.", applies_to=("webservice",))
FINDINGS = (Finding("Python 3.11.2", "ok"), Finding("terraform 1.11.4", "ok", "/usr/bin/terraform"), Finding("ssh", "skipped"),
            Finding("provider hashicorp/aws", "problem", "in no mirror", "get it there:\nor name a mirror"),
            Finding("disk", "warning", "91 %", "clean"))


DIFFERENCES = (Difference("", "version", "2.3.0", "2.4.0"), Difference("db@aws", "", ABSENT, "postgres"), Difference("old@dc1", "", "worker", ABSENT),
               Difference("web@dc1", "artifact dist/web.tgz", "1f3a", "9bc2"), Difference("web@dc1", "service_env.GREETING", ABSENT, "good day"))


def ending(code: Exit) -> Ending:
    return Ending(PLAN, RUN, ROWS, code, 422.0, 12 if code == Exit.OK else 0)


def watched(rows: int, look: Look) -> str:
    progress = Progress(PLAN, ["network@aws"])
    for index, event in enumerate(EVENTS):
        progress.take(event, 100.0 + index)
    return "\n".join(tree_lines(progress, look, 140.0, rows))


REVISION = Revision(42, "p1", 483, "2.4.0", "0123456789abcdef", END, "kind: Application\nmetadata: {name: shop}\n",
                    {"bucket": "bucket 1.0.0 (library)"},
                    {"files@aws": {"name": "shop-files", "url": "${web@dc.url}"}, "web@dc": {}}, {"files@aws": "fedcba9876543210"},
                    {"web@dc": {"dist/web.tar.gz": "00112233445566778899"}})

COMMITS = Commits("1a2b3c4d5e6f", (*(Commit(f"abc123{number}", subject, "maya") for number, subject in enumerate(
    ["fees: round <them>", "Merge branch 'x'", "colours \x1b[31m", "first"])),), 3, "without 1 commit that was delivered")
COMMITTED = replace(RUN, info={"commit": "v1.2.0", "commits": to_json(COMMITS)})
LIVE = Live(PLAN, findings(PLAN, ["cache@*"], {}), 6)

PAGES: dict[str, Callable[[], str]] = {
    "plan": lambda: plan_text(PLAN, WIDE, PlanView(next="provision apply", head="against revision 41", commit="v1.2.0", commits=COMMITS)),
    "plan-detail-full": lambda: plan_text(PLAN, PLAIN, PlanView("full", True, True)),
    "plan-none-color": lambda: plan_text(PLAN, COLOR, PlanView("none")),
    "plan-markdown": lambda: plan_markdown(PLAN, PlanView(head="against revision 41", lasts="about 2 min by 3 earlier runs", commits=COMMITS)),
    "plan-html": lambda: plan_html(PLAN, PlanView(head="against revision 41", commits=COMMITS)),
    "differences": lambda: differences_text(Compared(("shop@41", "shop@42"), DIFFERENCES), WIDE),
    "differences-live": lambda: differences_text(Compared(("shop@41", "app.yaml"), DIFFERENCES, LIVE), WIDE),
    "revisions": lambda: revisions_text([replace(REVISION, number=number, run=441 + number) for number in (42, 41)], {483: COMMITTED}, WIDE),
    "revision": lambda: revision_text("shop", "prod", REVISION, COMMITTED, WIDE),
    "plan-ascii": lambda: plan_text(PLAN, ASCII, PlanView()),
    "plan-nothing": lambda: plan_text(QUIET, PLAIN, PlanView(next="provision status")),
    "result-partial": lambda: result_text(ending(Exit.PARTIAL), WIDE),
    "result-done": lambda: result_text(Ending(QUIET, RUN, {"network@aws": ROWS["network@aws"]}, Exit.OK, 0.42, 12), WIDE),
    "result-stale-color": lambda: result_text(ending(Exit.STALE), COLOR),
    "run": lambda: run_text(RUN, PLAN, ROWS, WIDE),
    "runs": lambda: runs_text([RUN, RUN], WIDE),
    "runs-none": lambda: runs_text([], WIDE),
    "events": lambda: "\n".join(event_line(event, 483, PLAIN) for event in EVENTS),
    "logs": lambda: "\n".join(logged(event, PLAIN) for event in EVENTS),
    "tree": lambda: watched(0, WIDE),
    "tree-short-ascii": lambda: watched(5, ASCII),
    "errors": lambda: error_text(INVALID, WIDE),
    "error-next": lambda: error_text(Missing("there is no app.yaml\nsecond line", code="PRV-1001", hint="make one", next="provision init"), WIDE),
    "error-color": lambda: error_text(ProvisionError("no", where=INVALID.problems[0].where, hint="yes"), COLOR),
    "types": lambda: types_text([DEFINITION, TRAIT], WIDE),
    "type": lambda: type_text(DEFINITION, WIDE),
    "graph": lambda: graph_text("shop · prod", [step.unit for step in STEPS], WIDE),
    "graph-mermaid": lambda: graph_mermaid([step.unit for step in STEPS]),
    "doctor": lambda: findings_text(FINDINGS, WIDE),
    "doctor-good": lambda: findings_text(FINDINGS[:2], WIDE),
}


@pytest.mark.parametrize("name", PAGES)
def test_page(name: str) -> None:
    text = PAGES[name]().replace("\x1b", "␛") + "\n"
    file = CASES / f"{name}.txt"
    if os.environ.get("REWRITE_CASES"):
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")


def test_every_page_is_compared() -> None:
    assert {file.stem for file in CASES.glob("*.txt")} == set(PAGES)


@pytest.mark.parametrize("name", PAGES)
def test_no_line_ends_with_a_blank(name: str) -> None:
    assert [line for line in PAGES[name]().splitlines() if line != line.rstrip()] == []
