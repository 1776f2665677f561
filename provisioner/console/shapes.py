"""The shapes of `-o json`: results as plain data with `schemaVersion`. Pure. What they hold is fixed in `schemas`."""

from collections.abc import Mapping
from dataclasses import asdict

from provisioner import references
from provisioner.console.commits import commits_json
from provisioner.console.effects import Effect, effects
from provisioner.console.values import sensitive
from provisioner.model import Change, Delivered, Event, Host, Json, Origin, Plan
from provisioner.planner.estimate import Estimate
from provisioner.store import Run, StepRow

VERSION = 1


def head(kind: str) -> dict[str, Json]:
    """How every result begins."""
    return {"schemaVersion": VERSION, "kind": kind}


def plan_json(plan: Plan, origin: Origin, lasts: Estimate | None = None) -> dict[str, Json]:
    """A plan: counts, order, one entry per step with its references and changes; `lasts`: how long it will take, where that is known."""
    found = effects(plan)
    return {
        **head("plan"), "id": plan.id, "application": plan.application, "environment": plan.environment, "version": plan.version,
        "digest": plan.digest, "created": plan.created, "origin": {**asdict(origin), "commits": commits_json(origin.commits)},
        "purpose": plan.purpose.kind, "changes": found.changes,
        "summary": {**found.counts, "hosts": found.hosts},
        "order": [one.step.name for one in found.all],
        "units": [_unit(one) for one in found.all],
        "failures": [{"unit": unit, "message": message} for unit, message in plan.failures],
        "notes": list(plan.notes),
        "estimate": asdict(lasts) if lasts else None,
        "seals": dict(plan.seals),
    }


def _unit(one: Effect) -> dict[str, Json]:
    step, unit = one.step, one.step.unit
    return {
        "step": step.name, "unit": unit.name, "component": unit.component, "type": unit.type, "target": unit.target, "engine": unit.engine,
        "action": one.kind, "dataLoss": one.data_loss, "batch": step.batch, "needs": list(step.needs), "root": unit.root,
        "hosts": [host_json(host) for host in unit.hosts],
        "hostsFrom": unit.host_source.unit if unit.host_source else "",
        "references": [{"path": path, "reference": str(reference)} for path, reference in references.find(unit.inputs)],
        "inputs": unit.inputs, "outputs": sensitive(unit.outputs, unit.sensitive), "sensitive": list(unit.sensitive),
        "changes": [change_json(change) for change in step.changes], "unpreviewed": step.unpreviewed, "failure": one.failure,
        "definition": unit.definition, "after": list(step.after), "if": unit.flow.condition if unit.flow else "",
        "summary": unit.flow.summary if unit.flow else "",
    }


def host_json(host: Host) -> dict[str, Json]:
    """A host without its Ansible variables: those may be large, and may be private."""
    return {"name": host.name, "address": host.address, "target": host.target, "labels": dict(host.labels), "groups": list(host.groups)}


def change_json(change: Change) -> dict[str, Json]:
    """One change of a resource or host."""
    return {
        "address": change.address, "action": change.action, "before": change.before, "after": change.after, "unknown": list(change.unknown),
        "reason": change.reason, "tasks": list(change.tasks), "files": [asdict(diff) for diff in change.files],
    }


def event_json(run: int, number: int, event: Event) -> dict[str, Json]:
    """One event of a run's journal: a line of ndjson."""
    return {
        **head("event"), "run": run, "number": number, "time": event.time, "event": event.kind, "step": event.step, "host": event.host,
        "message": event.message, "data": event.data,
    }


def run_json(run: Run, steps: Mapping[str, StepRow] | None = None) -> dict[str, Json]:
    """A run, with its steps where they were asked for."""
    found: dict[str, Json] = {
        **head("run"), "run": run.number, "plan": run.plan, "application": run.application, "environment": run.environment,
        "version": run.version, "state": run.state, "attempt": run.attempt, "who": run.who, "reason": run.reason,
        "started": run.started, "ended": run.ended, "exit": run.exit_code, "message": run.message, "action": str(run.info.get("action", "")),
        "commit": str(run.info.get("commit", "")), "commits": commits_json(run.commits),
    }
    if steps is not None:
        found["steps"] = [step_json(row) for row in steps.values()]
    return found


def step_json(row: StepRow) -> dict[str, Json]:
    """One step of a run."""
    return {
        "step": row.name, "state": row.state, "attempt": row.attempt, "started": row.started, "ended": row.ended, "changed": row.changed,
        "message": row.message, "failedHosts": dict(row.failed_hosts),
    }


def outputs_json(application: str, environment: str, delivered: Mapping[str, Delivered]) -> dict[str, Json]:
    """Outputs of all delivered units, sensitive ones as "(sensitive)"."""
    found = {name: sensitive(entry.outputs, entry.unit.sensitive) for name, entry in delivered.items()}
    return {**head("outputs"), "application": application, "environment": environment, "outputs": found}
