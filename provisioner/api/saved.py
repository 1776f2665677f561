"""Saved plans: sealed with all that they were made from, and refused with the reason when any of it has changed. Reads definitions only."""

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from provisioner import __version__
from provisioner.codec import from_json, to_json
from provisioner.engines.ansible.sealing import INVENTORY, ROLES, SETTINGS
from provisioner.engines.ansible.sources import is_kept
from provisioner.errors import Exit, ProvisionError
from provisioner.model import Application, Environment, Json, Plan, Unit
from provisioner.planner import Looked, sealing
from provisioner.planner.fingerprint import digest
from provisioner.runner.requests import is_quiet
from provisioner.store import Run, Store

PROGRAM = "program that plans"
READ_BY_ENGINES = ("state of ", "provider lock of ", "program of ", INVENTORY, SETTINGS, ROLES)


Definitions = Callable[[Iterable[str]], dict[str, str]]
"""Types in use to the files of their definitions and of the traits that were read."""


@dataclass(frozen=True)
class Now:
    """How files are by now: the digest of a playbook, and the seals of what Ansible reads for a target."""

    digest_of: Callable[[str], str]
    seals_of: Callable[[str], Mapping[str, str]]


class Stale(ProvisionError):
    """A saved plan no longer fits; nothing was begun."""

    code = "PRV-6105"
    exit = Exit.STALE


def seals(application: Application, environment: Environment, units: Iterable[Unit], definitions_of: Definitions) -> dict[str, str]:
    """Everything that was read before an engine was asked, in words, to its digest."""
    units = tuple(units)
    files = definitions_of(unit.type for unit in units)
    definitions = {name: hashlib.sha256(Path(file).read_bytes()).hexdigest() for name, file in sorted(files.items()) if Path(file).is_file()}
    return {PROGRAM: f"provision {__version__}", **sealing.document_seals(application, environment, units, definitions)}


def sealed(looked: Looked, read: Mapping[str, str]) -> Plan:
    """The plan with its seals; its digest is over them, too."""
    plan = replace(looked.plan, seals={**read, **sealing.engine_seals(looked.answers)})
    return replace(plan, digest=digest(plan))


def refuse_other(plan: Plan, application: Application, environment: Environment) -> None:
    """Raise Stale when the plan is of another application or environment than this one."""
    found = [f"the plan is of {what} {planned}, and this is {here}" for what, planned, here in (
        ("application", plan.application, application.name), ("environment", plan.environment, environment.name)) if planned != here]
    _refuse(plan, found)


def refuse_used(store: Store, plan: Plan) -> None:
    """Raise Stale when the plan was carried out already."""
    for run in store.runs.list(plan.application, plan.environment):
        if run.plan == plan.id and run.state in ("succeeded", "superseded"):
            raise Stale(f"plan {plan.id} was carried out already: run {run.number} {run.state}", next="provision plan")


def refuse_edited(plan: Plan, now: Mapping[str, str]) -> None:
    """Raise Stale when a document, definition, module, playbook or artefact is not what the plan was made from."""
    before = {words: seal for words, seal in plan.seals.items() if not words.startswith(READ_BY_ENGINES)}
    _refuse(plan, sealing.reasons(before, now))


def moved(plan: Plan, ended: Collection[str], now: Now) -> list[str]:
    """What has changed since the plan was made of what Ansible has yet to play, a sentence for each.

    Modules are kept by digest when they are planned. Healing plays what is there, which drift says.
    """
    if plan.purpose.kind == "heal":
        return []
    over = {*ended, *dict(plan.failures)}
    mine = [step.unit for step in plan.steps if step.kind != "remove" and step.unit.engine == "ansible" and not is_quiet(step)
            and over.isdisjoint((step.name, step.unit.name))]
    edited = [unit.name for unit in mine if unit.source_digest and Path(unit.source).is_file()
              and not is_kept(unit.source) and now.digest_of(unit.source) != unit.source_digest]
    found = [f"the playbook of {', '.join(edited)} was changed"] if edited else []
    beside = {words: seal for target in sorted({unit.target for unit in mine}) for words, seal in now.seals_of(target).items()} if plan.seals else {}
    return found + sealing.reasons({words: plan.seals[words] for words in beside if words in plan.seals}, beside)


def refuse_moved(run: Run, plan: Plan, ended: Collection[str], now: Now) -> None:
    """Raise ProvisionError (PRV-6102) where a playbook that `run` has yet to play, or what Ansible reads beside it, was edited since its plan."""
    if found := moved(plan, ended, now):
        raise ProvisionError(f"{'; '.join(found)} since run {run.number} was planned: going on would do what nobody was shown",
                             code="PRV-6102", exit=Exit.STALE, hint="take the edit back, or make a new plan", next="provision apply")


def refuse_edited_meanwhile(plan: Plan, now: Now) -> None:
    """Raise Stale when what Ansible plays was edited while somebody looked at the plan."""
    _refuse(plan, moved(plan, (), now))


def refuse_stale(plan: Plan, fresh: Plan) -> None:
    """Raise Stale when the same documents would do something else now, or a state was written since."""
    def read(seals: Mapping[str, str]) -> dict[str, str]:
        return {words: seal for words, seal in seals.items() if words.startswith(READ_BY_ENGINES)}

    _refuse(plan, [*sealing.reasons(read(plan.seals), read(fresh.seals)), *sealing.world_reasons(plan, fresh)])


def _refuse(plan: Plan, reasons: list[str]) -> None:
    if reasons:
        listed = "".join(f"\n  {reason}" for reason in reasons)
        raise Stale(f"plan {plan.id} no longer fits; nothing was changed:{listed}", hint="make a new plan and look at it",
                    next="provision plan --out FILE")


# ------------------------------------------------------------------ as a file
KIND = "saved-plan"


def to_text(plan: Plan) -> str:
    """A saved plan as a file holds it. No secret is in it: values that must not be shown are references, or words in parentheses."""
    body = to_json(plan)
    return json.dumps({"schemaVersion": 1, "kind": KIND, "id": plan.id, "digest": plan.digest, "sha256": _sum(body), "plan": body}, indent=1) + "\n"


def _sum(body: Json) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def is_saved(path: Path) -> bool:
    """True for the file of a saved plan, whole or not."""
    with path.open("rb") as file:
        return f'"{KIND}"'.encode() in file.read(200)


def from_text(text: str) -> Plan:
    """The plan that a file holds. Raises Stale (PRV-6106) when it was edited, damaged, or made by another version."""
    try:
        content = json.loads(text)
        whole = content["sha256"] == _sum(content["plan"])
    except (ValueError, KeyError, TypeError):
        whole = False
    if not whole:
        raise Stale("the file of the plan is damaged, or was edited: its content does not fit its sha256", code="PRV-6106",
                    next="provision plan --out FILE")
    try:
        return from_json(Plan, content["plan"])
    except ProvisionError as error:
        raise Stale("the plan was made by another version of provision, and this one can't read it", code="PRV-6106",
                    hint="use that version, or make a new plan", next="provision plan --out FILE") from error
