"""From the options of a verb to an open session or store, and which application a verb that only looks is about."""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from provisioner.api import STDIN, Session, Settings, open_session, open_store, saved
from provisioner.cli.door import Door
from provisioner.cli.options import SUFFIXES, application_of
from provisioner.console.errors import problems_text
from provisioner.errors import Exit, Invalid, ProvisionError
from provisioner.model import Plan, project_path
from provisioner.spec import LARGEST as LARGEST_DOCUMENT
from provisioner.spec import find_environments, names_in, read_text
from provisioner.store import Run, Store
from provisioner.suggest import suggestion

Chosen = Mapping[str, Any]
"""The options of a verb by their Python names."""
PLAIN = ("environment", "promote_from", "store", "terraform", "parallel", "lock_wait", "timeout", "reason", "accept_host_keys", "ignore_unsupported",
         "looking", "given")
"""Options that a session takes as they are."""


def settings_of(chosen: Chosen) -> Settings:
    """The settings that the options mean."""
    given = {name: chosen[name] for name in PLAIN if name in chosen}
    given |= {name: frozenset(chosen[name]) for name in ("allow_destroy", "keep") if name in chosen}
    file, application = application_of(chosen.get("file"))
    return Settings(
        file, application or chosen.get("application", ""), on=tuple(chosen.get("on", ())), mirrors=tuple(chosen.get("mirror", ())), **given)


def open_project(door: Door, chosen: Chosen) -> Session:
    """The session, its warnings told. Raises Invalid, Missing, ProvisionError."""
    settings = settings_of(chosen)
    if settings.file == STDIN and settings.given is None:
        settings = replace(settings, given=door.hear(LARGEST_DOCUMENT))
    session = open_session(settings, door.tell)
    if session.warnings and not door.json:
        door.warned = tuple(session.warnings)
        door.show(problems_text(session.warnings, door.aside))
    return session


def look_at(door: Door, chosen: Chosen) -> Session:
    """The session for a verb that only reads documents and store: it leaves no folder. Raises Invalid, Missing, ProvisionError."""
    return open_project(door, {**chosen, "looking": True})


def open_memory(chosen: Chosen) -> Store | None:
    """The store for a verb that only looks; None where nothing was ever delivered: looking makes no folder."""
    settings = settings_of(chosen)
    folder = project_path(str(project_of(settings)))
    return open_store(settings) if settings.store or (folder / "store.db").exists() else None


PLAN_ID = re.compile(r"[0-9a-f]{12}\Z")
UNFINISHED = ("running", "failed", "interrupted", "waiting")
LARGEST = 64 * 1024 * 1024
"""Bytes of a file that may be a saved plan."""


def saved_plan(chosen: Chosen) -> Plan | None:
    """The saved plan that FILE names, by its file or its id; None when it is an application's file. Raises Stale, ProvisionError."""
    named = str(chosen.get("file") or "")
    path = Path(named)
    if path.is_file() and path.stat().st_size <= LARGEST and saved.is_saved(path):
        return saved.from_text(path.read_text(errors="replace"))
    if not PLAN_ID.match(named) or path.exists():
        return None
    store = open_memory({**chosen, "file": None})
    plan = None
    if store is not None:
        with store:
            plan = store.plans.get(named)
    if plan is None:
        raise ProvisionError(f"there is no plan {named} in the store", code="PRV-6405", hint="give the plan's file, or make one",
                             next="provision plan --out FILE")
    return plan


def as_planned(chosen: Chosen, plan: Plan) -> dict[str, Any]:
    """The options of a verb for carrying out this plan, as it was planned. Raises ProvisionError (PRV-6429) where others were given."""
    purpose = plan.purpose
    environment = "" if purpose.on else plan.environment
    planned = {"environment": environment, "on": purpose.on, "keep": purpose.keep, "allow_destroy": purpose.allow_destroy}
    others = [f"--{name.replace('_', '-')}" for name, value in planned.items() if chosen.get(name) and _means(chosen[name]) != _means(value)]
    if others:
        raise ProvisionError(f"{', '.join(others)} says something else than plan {plan.id}, which is carried out as it was planned", code="PRV-6429",
                             exit=Exit.USAGE, hint="leave it out, or make a plan with it")
    if (name := application_of(purpose.file)[0]) != STDIN and not Path(name).exists():
        raise ProvisionError(f"plan {plan.id} is of {name}, which is not here", code="PRV-1001", exit=Exit.INVALID,
                             hint="carry it out in the folder where it was made, or in a clone of its project")
    return {**chosen, **_document_of(plan), **planned}


def _document_of(plan: Plan) -> dict[str, Any]:
    """Where the document of a plan is, as options: what came by standard input is in the plan."""
    file = plan.purpose.file
    return {"file": STDIN, "given": plan.text.encode()} if application_of(file)[0] == STDIN else {"file": file}


def _means(value: Any) -> Any:
    """An option's value; the order of several does not matter."""
    return value if isinstance(value, str) else frozenset(value)


def as_begun(chosen: Chosen, number: int | None) -> Chosen:
    """The options of a verb for a run, where that run was begun; as they are when they say where, or there is no such run."""
    store = None if chosen.get("environment") or chosen.get("on") else open_memory(chosen)
    if store is None:
        return chosen
    with store:
        runs = store.runs.list() if number is None else filter(None, [store.runs.get(number)])
        run = next((run for run in runs if number or run.state in UNFINISHED), None)
        plan = store.plans.get(run.plan) if run else None
    return {**chosen, **place_of(chosen, plan)} if plan else chosen


def place_of(chosen: Chosen, plan: Plan) -> dict[str, Any]:
    """Application and environment of a plan, as options. Its file is looked for in the project that the options mean."""
    purpose = plan.purpose
    name, application = application_of(purpose.file)
    if name == STDIN:
        return {**_document_of(plan), "file": chosen.get("file") or STDIN, **_scope_of(plan, Path(project_of(settings_of(chosen))))}
    beside = Path(project_of(settings_of(chosen))) / (Path(name).name if name.endswith(SUFFIXES) else "app.yaml")
    file = f"{beside}#{application}" if application else str(beside)
    return {"file": file if beside.exists() else chosen.get("file"), **_scope_of(plan, beside.parent)}


def _scope_of(plan: Plan, folder: Path) -> dict[str, Any]:
    """Environment and protection of a plan, as options."""
    # the sandbox has to be named where there are other environments
    implied = plan.purpose.on or plan.environment == "sandbox" and not find_environments(folder)
    return {"environment": "" if implied else plan.environment, "on": plan.purpose.on, "keep": plan.purpose.keep,
            "allow_destroy": plan.purpose.allow_destroy}


def project_of(settings: Settings) -> str:
    """The folder of app.yaml."""
    if settings.file == STDIN:
        return "."
    head, _, name = settings.file.rpartition("/")
    return settings.file if not name.endswith(SUFFIXES) else head or "."


def nothing_yet() -> ProvisionError:
    """Nothing was delivered from here."""
    return ProvisionError("nothing has been delivered from this folder yet", code="PRV-6405", next="provision apply")


def stored_scope(store: Store, environment: str, application: str = "", file: str = "") -> tuple[str, str]:
    """The application and environment that a verb which only looks is about. Raises ProvisionError when that is not clear.

    Where several applications are delivered and none is named, `file` says which. One of which nothing is left has to be named in full: its
    history can be looked at, and it is in nobody's way.
    """
    known = store.applications()
    if not known:
        raise nothing_yet()
    mine = [row for row in known if application in ("", row.application)]
    if not mine:
        raise ProvisionError(f'nothing of an application "{application}" has been delivered', code="PRV-6405",
                             hint=suggestion(application, {row.application for row in known}))
    fitting = [row for row in mine if environment in ("", row.environment)]
    if not fitting:
        raise ProvisionError(f'nothing has been delivered to an environment "{environment}"', code="PRV-6405",
                             hint=suggestion(environment, {row.environment for row in mine}))
    if len({row.application for row in fitting}) > 1 and file:
        written = _written_in(file)
        fitting = [row for row in fitting if row.application in written] or fitting
    fitting = [row for row in fitting if row.units] or fitting
    if len(fitting) > 1:
        names = ", ".join(f"{row.application} in {row.environment}" for row in fitting)
        raise ProvisionError(f"which one? There is {names}", code="PRV-6406", hint="name the application with --app, the environment with -e",
                             exit=Exit.USAGE)
    return fitting[0].application, fitting[0].environment


def _written_in(file: str) -> list[str]:
    """The applications of a file; none where it can't be read: who only looks at what is delivered needs no document."""
    with suppress(Invalid):
        return names_in(read_text(Path(file)), file)
    return []


def run_of(store: Store, number: int | None) -> Run:
    """The run with this number, or the newest. Raises ProvisionError."""
    run = next(iter(store.runs.list(limit=1)), None) if number is None else store.runs.get(number)
    if run is None:
        raise nothing_yet() if number is None else ProvisionError(f"there is no run {number}", code="PRV-6005", next="provision runs")
    return run
