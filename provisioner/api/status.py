"""From a look at the engines to the status of every unit: health and sync are two words. Pure but for asking `existing` services."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from provisioner.api.values import Status, StatusRow
from provisioner.engine import Planned
from provisioner.errors import Exit
from provisioner.model import Delivered, Environment, Json, Plan, Step, Unit
from provisioner.planner import Looked
from provisioner.planner.holding import edited
from provisioner.store import Revision

SIMULATED = "not checked (simulated)"
Ask = Callable[[Mapping[str, Json]], str]
"""A unit's health check, made from here: "healthy", or why not; empty when there is nothing to ask."""


def status(looked: Looked, delivered: Mapping[str, Delivered], environment: Environment, revision: Revision | None, ask: Ask, *,
           running: bool = False, waiting: int = 0) -> Status:
    """The status of everything that is wanted or out there. `running`: a run is at work, so what it began has not failed.

    `waiting`: the number of the run that waits for a yes.
    """
    simulated = {target.name for target in environment.targets if target.simulated}
    rows = tuple(_row(step, looked, delivered, simulated, ask) for step in looked.plan.steps if step.kind != "workflow")
    if running:
        rows = tuple(replace(row, sync="under way") if row.sync == "failed" else row for row in rows)
    health, sync = _worst_health(rows), _sync(rows)
    return Status(looked.plan.application, looked.plan.environment, health, sync, revision.number if revision else 0,
                  revision.version if revision else "", revision.time if revision else "", rows, outputs(delivered),
                  Exit.FAILED if health in ("unhealthy", "degraded") or any(row.sync == "failed" for row in rows) else Exit.OK, waiting)


def recorded(scope: tuple[str, str], delivered: Mapping[str, Delivered], revision: Revision | None, why: str, ask: Ask, *,
             waiting: int = 0) -> Status:
    """What is known of an (application, environment) where no engine can be asked, and `why` that is."""
    rows = tuple(StatusRow(name, entry.unit.component, entry.unit.type, entry.unit.target,
                           _word(ask(entry.unit.health)) if entry.unit.engine == "existing" else "unknown",
                           "unknown" if entry.state == "delivered" else "failed", f"not asked: {why}") for name, entry in delivered.items())
    return Status(*scope, _worst_health(rows), _sync(rows), revision.number if revision else 0, revision.version if revision else "",
                  revision.time if revision else "", rows, outputs(delivered), Exit.FAILED, waiting)


def outputs(delivered: Mapping[str, Delivered]) -> dict[str, dict[str, Json]]:
    """Outputs by unit; sensitive ones, and those that hold a secret, as "(sensitive)"."""
    return {name: {key: "(sensitive)" if key in entry.unit.sensitive or "${secret." in str(value) else value for key, value in entry.outputs.items()}
            for name, entry in delivered.items()}


def _row(step: Step, looked: Looked, delivered: Mapping[str, Delivered], simulated: set[str], ask: Ask) -> StatusRow:
    unit = step.unit
    answer = looked.answers.get(step.name if step.kind == "remove" else unit.name, Planned())
    entry = delivered.get(unit.name)
    health = _health(step, answer, unit.target in simulated, entry, ask)
    hosts = {name: text for name, text in answer.health.items() if name} | dict(answer.failed_hosts)
    sync = _unit_sync(step, looked.plan, entry)
    return StatusRow(unit.name, unit.component, unit.type, unit.target, health, sync, _detail(step, answer, hosts), hosts)


def _unit_sync(step: Step, plan: Plan, entry: Delivered | None) -> str:
    if step.kind == "remove":
        return "leaving"
    if step.unit.engine == "existing":
        return "in sync"
    if entry is None:
        return "not delivered"
    if entry.state == "intended":
        return "failed"
    if step.unit.name in dict(plan.failures) or step.unpreviewed:
        return "unknown"
    if not step.changes:
        return "in sync"
    if all(change.reason.startswith("could not be looked at") for change in step.changes):
        return "unknown"
    same = (entry.unit.inputs, entry.unit.source_digest) == (step.unit.inputs, step.unit.source_digest)
    return "drifted" if same or not edited(step.unit, entry) else "changed"


def _health(step: Step, answer: Planned, simulated: bool, entry: Delivered | None, ask: Ask) -> str:
    if step.unit.engine == "existing":
        return _word(ask(step.unit.health))
    if entry is None and step.kind == "deliver":
        return "unknown"
    if step.unit.engine == "terraform":
        if simulated:
            return _word(ask({"tcp": there})) if entry and (there := _server(step.unit, entry)) else SIMULATED
        return "unhealthy" if answer.failure or any(change.action == "create" for change in answer.changes) else "healthy"
    return _hosts_health(answer)


def _server(unit: Unit, entry: Delivered) -> str:
    """Where a server of the sandbox itself is behind what is simulated, which can be asked as any; empty where there is none."""
    address = str(unit.health.get("tcp", ""))
    for name, template in unit.outputs.items():
        if isinstance(template, str) and "${" in template and name in entry.outputs:
            address = address.replace(template, str(entry.outputs[name]))
    return address if address.startswith("127.") and "${" not in address else ""


def _word(text: str) -> str:
    return "unknown" if not text else "healthy" if text == "healthy" else "unhealthy"


def _hosts_health(answer: Planned) -> str:
    words = [*answer.health.values(), *answer.failed_hosts.values()]
    if answer.failure:
        return "unhealthy"
    if not words:
        return "unknown"
    good = sum(word == "healthy" for word in words)
    return "healthy" if good == len(words) else "degraded" if good else "unhealthy"


def _detail(step: Step, answer: Planned, hosts: Mapping[str, str]) -> str:
    if answer.failure:
        return _first_line(answer.failure)
    bad = {name: text for name, text in hosts.items() if text != "healthy"}
    if bad:
        first = next(iter(bad))
        return f"{first}: {_first_line(bad[first])}" + (f" (and {len(bad) - 1} more)" if len(bad) > 1 else "")
    if step.changes and step.kind == "deliver":
        return f"{len(step.changes)} {'change' if len(step.changes) == 1 else 'changes'}"
    return f"{len(hosts)} {'host' if len(hosts) == 1 else 'hosts'}" if hosts else ""


def _first_line(text: str) -> str:
    return next(iter(text.strip().splitlines()), "it did not say why")


def _worst_health(rows: Iterable[StatusRow]) -> str:
    words = {row.health for row in rows}
    if words == {SIMULATED}:
        return SIMULATED
    return next((word for word in ("unhealthy", "degraded", "unknown") if word in words), "healthy")


def _sync(rows: Iterable[StatusRow]) -> str:
    words = {row.sync for row in rows}
    return next((word for word in ("under way", "failed", "drifted", "changed", "leaving", "not delivered", "unknown") if word in words), "in sync")
