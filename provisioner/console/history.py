"""Runs that were: the list, and one run with its steps. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from provisioner.console.commits import commits_section
from provisioner.console.look import Cell, Look, Row, seconds_text, table
from provisioner.console.result import Ending, failures, next_lines
from provisioner.errors import Exit
from provisioner.model import Plan
from provisioner.store import Run, StepRow

STYLES = {"succeeded": "green", "failed": "red", "interrupted": "yellow", "running": "cyan", "superseded": "dim",
          "done": "green", "skipped": "yellow", "waiting": "dim", "suspended": "yellow"}


LONGEST = 80
"""Characters of a message in the table."""


def runs_text(runs: Iterable[Run], look: Look) -> str:
    """The table of runs, newest first."""
    rows: list[Row] = [["RUN", "APPLICATION", "ENVIRONMENT", "VERSION", "WHAT", "STATE", "STARTED", "TOOK", "BY"]]
    rows += [[str(run.number), run.application, run.environment, run.version, what(run), Cell(run.state, STYLES.get(run.state, "")),
              moment(run.started), took(run), _by(run)] for run in runs]
    return "\n".join(table(rows, look, indent="", header=True)) if len(rows) > 1 else "No runs yet.   Next: " + look.command("provision apply")


def what(run: Run) -> str:
    """`delivery`, or the action that it ran: `backup db`."""
    return str(run.info.get("action") or "delivery")


def run_text(run: Run, plan: Plan | None, steps: Mapping[str, StepRow], look: Look) -> str:
    """One run: what it was, each step, what failed, what to do now."""
    head = " · ".join(filter(None, [f"Run {run.number}", str(run.info.get("action", "")), run.application, run.environment, run.version, _by(run)]))
    state = look.line(run.state, STYLES.get(run.state, ""))
    again = f" · attempt {run.attempt}" if run.attempt > 1 else ""
    times = f"{again} · started {moment(run.started)}" + (f" · took {took(run)}" if run.ended else "")
    lines = [look.line(head, "title"), state + look.words(times)]
    if commit := run.info.get("commit"):
        lines.append("  " + look.words(f"from commit {commit}"))
    lines += commits_section(run.commits, look)
    if run.message:
        lines.append("  " + look.words(run.message))
    kinds = {step.name: step.unit.type for step in plan.steps} if plan else {}
    flows = {step.name for step in plan.steps if step.kind == "workflow"} if plan else set()
    rows: list[Row] = [[Cell(row.name, "bold"), kinds.get(row.name, ""), Cell(row.state if row.name in flows else _state(row),
                        STYLES.get(row.state, "")), step_took(row), _told(row, row.name in flows)] for row in steps.values()]
    lines += table(rows, look)
    if told := failures(steps, look):
        lines += ["", *told]
    if plan is not None and run.state in ("failed", "interrupted", "waiting"):
        lines += next_lines(Ending(plan, run, steps, Exit(run.exit_code or 1)), look)
    return "\n".join(lines)


def _told(row: StepRow, flow: bool) -> str:
    """What a step of the workflow said, and how often it was tried."""
    again = f"attempt {row.attempt}" if row.attempt > 1 else ""
    said = row.message.partition("\n")[0] if flow and row.state == "done" else ""
    return " · ".join(filter(None, [said if len(said) <= LONGEST else said[:LONGEST - 1] + "…", again]))


def _state(row: StepRow) -> str:
    return ("changed" if row.changed else "unchanged") if row.state == "done" else row.state


def _by(run: Run) -> str:
    return run.who + (f" ({run.reason})" if run.reason else "")


def took(run: Run) -> str:
    """How long it took, empty while it runs."""
    return between(run.started, run.ended)


def step_took(row: StepRow) -> str:
    """How long a step took, empty while it runs."""
    return between(row.started, row.ended)


def between(start: str, end: str) -> str:
    """The time between two ISO times, or nothing."""
    try:
        return seconds_text((datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds())
    except ValueError:
        return ""


def moment(time: str) -> str:
    """`2026-10-01 20:04:11Z`."""
    return f"{time[:10]} {time[11:19]}Z" if len(time) >= 19 else time
