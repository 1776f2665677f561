"""validate and plan."""

import os
import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from provisioner.api import Session, saved
from provisioner.cli.door import Door
from provisioner.cli.pasting import PLACE
from provisioner.cli.project import Chosen, look_at, open_project
from provisioner.console.effects import all_missing, has_changes
from provisioner.console.errors import problem_json
from provisioner.console.look import count, seconds_text
from provisioner.console.plan import PlanView, plan_text
from provisioner.console.plan_pages import plan_html, plan_markdown
from provisioner.console.result import asking_again
from provisioner.console.shapes import head, plan_json
from provisioner.errors import Exit, ProvisionError
from provisioner.model import Origin, Plan, Purpose
from provisioner.planner.estimate import Estimate, estimate


def validate(door: Door, /, **chosen: Any) -> int:
    """Check the documents; asks no tool."""
    with look_at(door, chosen) as session:
        units = session.validate().units
        warnings = [problem_json(problem) for problem in session.warnings]
        targets = sorted({unit.target for unit in units if unit.target})
        if door.json:
            door.say_json({**head("validate"), "valid": True, "application": session.application.name, "environment": session.environment.name,
                           "units": [unit.name for unit in units], "problems": warnings})
        else:
            look = door.look
            where = f" on {', '.join(targets)}" if targets else ""
            door.say(look.paint("Valid: ", "good") + look.words(
                f"{session.application.name} · {session.environment.name} · {count(len(units), 'component')}{where}"))
            door.say(look.paint("Next: ", "bold") + look.command("provision plan"))
    return Exit.OK


def plan(door: Door, /, **chosen: Any) -> int:
    """Show what apply would do; changes nothing."""
    return preview(door, chosen, lambda session: session.purpose("destroy" if chosen["destroy"] else "deliver"))


def preview(door: Door, chosen: Chosen, asked: Callable[[Session], Purpose]) -> int:
    """Plan what is asked for, keep it where a file is named, print it, and change nothing; the exit code."""
    refuse_to_overwrite(str(chosen.get("out") or ""))
    with open_project(door, chosen) as session:
        plan = session.plan(asked(session), save=bool(chosen.get("out")))
        try:
            if chosen.get("out"):
                keep_plan(chosen["out"], plan)
                door.pasting = door.pasting.about(NOWHERE)
            show_plan(door, session, plan, chosen)
        finally:
            session.discard(plan)
    if plan.failures and not has_changes(plan):
        return Exit.MISSING if all_missing(plan) else Exit.FAILED
    return Exit.CHANGES if chosen.get("detailed_exitcode") and has_changes(plan) else Exit.OK


def refuse_to_overwrite(path: str) -> None:
    """Raise ProvisionError (PRV-6430) where a file lies that is no saved plan: it may be app.yaml."""
    there = Path(path)
    if path and there.is_file() and there.stat().st_size and not saved.is_saved(there):
        raise ProvisionError(f"{path} is there already and holds something else than a plan: it was not written over", code="PRV-6430",
                             exit=Exit.USAGE, hint="name another file")


def keep_plan(path: str, plan: Plan) -> None:
    """Write a saved plan to its file, readable by its owner only. Raises ProvisionError (PRV-6408)."""
    try:
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(number, "w") as file:
            file.write(saved.to_text(plan))
    except OSError as error:
        raise ProvisionError(f"the plan can't be written to {path}: {error.strerror}", code="PRV-6408") from None


def show_plan(door: Door, session: Session, plan: Plan, chosen: Chosen) -> None:
    """Print a plan as it was asked for."""
    if door.json:
        door.say_json(plan_json(plan, session.origin(plan), estimated(session, plan)))
    else:
        view = replace(view_of(session, chosen, next_command(plan, chosen)), saved=str(chosen.get("out") or ""))
        view = known_of(session, plan, view)
        door.say(PAGES[door.output](plan, view) if door.output in PAGES else plan_text(plan, door.look, view))
    if chosen.get("show_commands"):
        for path in sorted(Path(plan.folder).rglob("command")):
            door.show(door.aside.line(path.read_text(errors="replace").rstrip(), "cyan"))


NOWHERE: dict[str, Any] = dict.fromkeys(PLACE)
"""A saved plan knows its place."""
def made_text(plan: Plan, origin: Origin) -> str:
    """Who made a plan, when and from what."""
    return " · ".join(filter(None, [f"{plan.created[:16].replace('T', ' ')} by {origin.who}", f"from {origin.commit}" if origin.commit else ""]))


PAGES = {"markdown": plan_markdown, "html": plan_html}


def estimated(session: Session, plan: Plan) -> Estimate | None:
    """How long the plan will take by earlier runs."""
    return estimate(plan, *session.store.runs.took(plan.application, plan.environment))


def known_of(session: Session, plan: Plan, view: PlanView) -> PlanView:
    """The view with what is known of this plan: how long it will take, who made it, from which commits."""
    origin = session.origin(plan)
    return replace(view, lasts=lasts(session, plan), made=made_text(plan, origin), commit=origin.commit, commits=origin.commits)


def lasts(session: Session, plan: Plan) -> str:
    """How long the plan will take by earlier runs, in words; empty where none did anything like it."""
    found = estimated(session, plan)
    if found is None:
        return ""
    more = f", {count(found.unknown, 'step')} for the first time" if found.unknown else ""
    return f"about {seconds_text(found.seconds)} by {count(found.runs, 'earlier run')}{more}"


def view_of(session: Session, chosen: Chosen, then: str = "") -> PlanView:
    """How the plan is shown."""
    revision = session.store.revisions.latest(session.application.name, session.environment.name)
    against = f"against revision {revision.number}" if revision else "nothing delivered yet"
    if session.promoted:
        against = f"from {chosen['promote_from']}, revision {session.promoted.number} · {against}"
    return PlanView(chosen.get("diff", "summary"), bool(chosen.get("show_unchanged")), bool(chosen.get("detail")), then, against)


def next_command(plan: Plan, chosen: Chosen) -> str:
    """The command that carries this plan out, or that finds what is missing."""
    if not has_changes(plan) and all_missing(plan):
        return "provision doctor"
    if not has_changes(plan):
        return "provision plan" if plan.failures else "provision status"
    if chosen.get("out"):
        return shlex.join(["provision", "apply", str(chosen["out"])])
    return asking_again(plan)
