"""What a saved plan was made from, and why it can't be carried out any more when that has changed. Pure."""

from collections.abc import Iterable, Mapping

from provisioner.engine import Planned
from provisioner.model import Application, Change, Environment, Json, Plan, Unit
from provisioner.planner.fingerprint import fingerprint

SHORT = 8
"""Digits of a digest that are shown."""
NAMED = 3
"""Files or attributes of one host or resource that are named."""


def document_seals(application: Application, environment: Environment, units: Iterable[Unit], definitions: Mapping[str, str]) -> dict[str, str]:
    """What was read, in words, to its digest; `definitions` are those of the types in use. An empty sandbox has no file to seal."""
    found = {**application_seals(application), "version": application.version}
    if not environment.sandbox:
        found[f"environment {environment.name}"] = fingerprint({name: value for name, value in vars(environment).items() if name != "folder"})
    found |= {f"definition of {name}": digest for name, digest in definitions.items()}
    for unit in units:
        if unit.source_digest:
            found[f"{'module' if unit.engine == 'terraform' else 'playbook'} of {unit.name}"] = unit.source_digest
        for name, taking in unit.pins.items():
            if unit.inputs.get(name) and unit.inputs.get(taking):
                found[f"artifact of {unit.name} ({unit.inputs.get(name)})"] = str(unit.inputs[taking])
    return found


def application_seals(application: Application) -> dict[str, str]:
    """What the application's document says, without its version."""
    found = {f"component {one.name}": fingerprint(one) for one in application.components}
    found |= {f"policy {one.name}": fingerprint(one) for one in application.policies}
    return {**found, "workflow": fingerprint(application.workflow)}


def engine_seals(answers: Mapping[str, Planned]) -> dict[str, str]:
    """What the engines read."""
    return {words: seal for answer in answers.values() for words, seal in answer.seals.items()}


def reasons(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Why a plan that was made from `before` is stale, a sentence for each thing; `now` holds at least what can be compared."""
    found = []
    for words in {**before, **now}:
        old, new = before.get(words), now.get(words)
        if old == new:
            continue
        if words.startswith("program "):
            found.append(f"the {words} is {new or 'none'}, and was {old or 'none'}")
        elif old is None or new is None:
            found.append(f"{words} was {'added' if old is None else 'taken out'}")
        elif words.startswith("state of "):
            found.append(f"the {words} was written since: serial {_serial(old)} then, {_serial(new)} now")
        elif words == "version":
            found.append(f"the version is {new or 'none'}, and was {old or 'none'}")
        else:
            found.append(f"the {words} was changed ({old[:SHORT]} → {new[:SHORT]})")
    return found


def _serial(seal: str) -> str:
    return seal.rpartition(" ")[2] or "none"


def world_reasons(before: Plan, now: Plan) -> list[str]:
    """Why the same documents would do something else now: each resource and host whose change is not what the plan showed."""
    found = []
    old, new = _changes(before), _changes(now)
    for step, address in {**old, **new}:
        then, today = old.get((step, address)), new.get((step, address))
        if then == today:
            continue
        if then is None or today is None:
            said = f"would {today.action} now, and the plan did not show it" if today else "needs nothing any more"
        elif then.action != today.action:
            said = f"would {today.action} now, and the plan showed {then.action}"
        else:
            said = "is not as the plan saw it"
        what = _differing(then, today)
        # a step of the workflow has no address
        found.append(" ".join(filter(None, [f"{step}:", address, said])) + (f": {_named(what)}" if what else ""))
    failures = dict(before.failures)
    return [*found, *(f"{name}: {message}" for name, message in now.failures if name not in failures)]


def _differing(then: Change | None, today: Change | None) -> list[str]:
    """The files, or the attributes, that are to be changed in another way."""
    old, new = ({} if one is None else _sides(one) for one in (then, today))
    return sorted(name for name in {**old, **new} if old.get(name) != new.get(name))


def _sides(change: Change) -> dict[str, Json]:
    files: dict[str, Json] = {diff.path: [diff.before, diff.after] for diff in change.files}
    names = dict.fromkeys([*change.before, *change.after, *change.unknown])
    return files | {name: [change.before.get(name), change.after.get(name), name in change.unknown] for name in names}


def _named(names: list[str]) -> str:
    """The first few of them."""
    rest = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {rest} more" if rest > 0 else "")


def _changes(plan: Plan) -> dict[tuple[str, str], Change]:
    return {(step.name, change.address): change for step in plan.steps for change in step.changes}
