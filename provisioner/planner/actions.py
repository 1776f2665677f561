"""A plan of one action of a definition (backup, restore …) on what is delivered: the same steps, engines and digest as a delivery."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from provisioner import references
from provisioner.engine import Engine, Planned, PlanRequest, Site
from provisioner.errors import ProvisionError
from provisioner.model import ActionSpec, Change, EngineName, Json, Plan, Step, Unit
from provisioner.planner.fingerprint import digest
from provisioner.references import Reference

RESTART = "provision_restart"
"""A component's own playbook starts anew what runs where this variable is true."""
MORE = "provision_more"
"""Further hosts come after this one: what has to settle before them is waited for."""
PREFIX = "action_"
"""An action's own parameters are variables of its playbook by this prefix."""


@dataclass(frozen=True)
class Asked:
    """One action, with the values of its parameters."""

    verb: str
    spec: ActionSpec
    given: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True)
class ActionInputs:
    """Everything that the plan of an action is made of; `units` are those of `unit_for`."""

    id: str
    application: str
    environment: str
    version: str
    folder: str
    created: str
    verb: str
    units: tuple[Unit, ...]
    engines: Mapping[str, Engine]
    site: Callable[[str], Site]


def unit_for(delivered: Unit, asked: Asked, digest_of: Callable[[str], str]) -> Unit:
    """The delivered unit as the action's playbook sees it: its hosts and variables as they were delivered, and the action's own ones.

    It makes nothing that would have to be removed, and no password; its outputs are what the playbook tells.
    """
    given = {PREFIX + name: references.escape(value) for name, value in asked.given.items()}
    if asked.spec.restart:
        given[RESTART] = True
    return replace(
        delivered, source=asked.spec.playbook, source_digest=digest_of(asked.spec.playbook), remove_source="", inputs={**delivered.inputs, **given},
        outputs={name: "${module.%s}" % name for name in asked.spec.outputs}, sensitive=(), secrets=(), health={}, needs=(), explicit_needs=(),
        host_source=None, hosts_output="", check="partial")


def unit_of_call(delivered: Unit, asked: Asked, made: Mapping[str, Json], engine: EngineName) -> Unit:
    """The same for an action that is a call of a cloud's API, by the engine for it; `made`: outputs of the delivered module.

    Raises ProvisionError for a missing one.
    """
    call = references.substitute(asked.spec.call, lambda reference: _made(reference, made, delivered))
    return Unit(delivered.name, delivered.component, delivered.type, delivered.target, engine, inputs={"call": call})


def _made(reference: Reference, made: Mapping[str, Json], unit: Unit) -> Json:
    name = reference.path[0] if reference.path else ""
    if reference.head != "module" or name not in made:
        raise ProvisionError(f"{reference}: the module of {unit.name} gives no such output", code="PRV-4302", next=f"provision types {unit.type}")
    return references.escape(references.dig(made[name], reference.path[1:], reference))


def make_action(inputs: ActionInputs) -> Plan:
    """The plan: one step for each unit, none of which waits for another. Asks the engines in check mode; changes nothing."""
    answers = {unit.name: _ask(inputs, unit) for unit in inputs.units}
    steps = tuple(step for unit in inputs.units for step in _steps(inputs.verb, unit, answers[unit.name]))
    failures = tuple((name, answer.failure) for name, answer in answers.items() if answer.failure)
    missing = tuple(name for name, answer in answers.items() if answer.failure and answer.missing)
    plan = Plan(inputs.id, inputs.application, inputs.environment, inputs.version, steps, folder=inputs.folder, created=inputs.created,
                failures=failures, missing=missing)
    return replace(plan, digest=digest(plan))


def _ask(inputs: ActionInputs, unit: Unit) -> Planned:
    request = PlanRequest(unit.name, (unit,), hosts={unit.name: unit.hosts})
    return inputs.engines[unit.engine].plan(request, inputs.site(unit.target)).get(unit.name, Planned())


def _steps(verb: str, unit: Unit, answer: Planned) -> Iterator[Step]:
    """One step; of a restart one for each host, one after the other: the service goes on being served by the others."""
    name, changes = f"{verb} {unit.name}", tuple(_changes(answer.changes))
    if not unit.inputs.get(RESTART) or len(unit.hosts) < 2:
        yield Step(name, "action", unit, batch=name, changes=changes, unpreviewed=answer.unpreviewed)
        return
    before: tuple[str, ...] = ()
    for host in unit.hosts:
        own = f"{name} on {host.name}"
        alone = replace(unit, hosts=(host,), inputs={**unit.inputs, MORE: host is not unit.hosts[-1]})
        yield Step(own, "action", alone, before, own, tuple(change for change in changes if change.address == host.name),
                   unpreviewed=answer.unpreviewed)
        before = (own,)


def _changes(changes: Iterable[Change]) -> Iterable[Change]:
    return (replace(change, action="run", reason="" if change.reason in ("drift", "new host") else change.reason) for change in changes)
