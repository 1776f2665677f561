"""Writes what happens in a run into the store, in order, and keeps what later steps must know. Called from any thread."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from provisioner.errors import ProvisionError
from provisioner.model import Delivered, Event, Plan, Step, StepEnded, Unit
from provisioner.planner.known import Known
from provisioner.runner.requests import removed_unit, stored_unit
from provisioner.store import Lock, Run, Store

Listen = Callable[[Event], None]
"""Told of every event after it was written; called from worker threads, must be quick."""


class Journal:
    """The journal of one run; the only one who writes it."""

    def __init__(self, store: Store, lock: Lock, plan: Plan, run: Run, listen: Listen) -> None:
        self._store, self._fence, self._plan, self._run, self._listen = store, lock.fence, plan, run, listen
        self._lock = threading.RLock()
        self._steps = {step.name: step for step in plan.steps}
        rows = store.runs.steps(run.number)
        self._leaving = {step.name: step.unit for step in plan.steps
                         if step.kind == "remove" and removed_unit(step)[1] and rows[step.name].state != "done"}
        """Units on hosts that they leave in this plan, as long as they are there: by step."""
        self.broken: ProvisionError | None = None
        """The store refused to be written: nothing new may be started."""
        self.begun = False
        """Something that is to be changed was begun, or an earlier attempt changed something."""
        self.known = Known()
        self._delivered = store.delivered.all(plan.application, plan.environment)
        """As in the store, which nobody else writes while this run holds the lock."""
        for entry in self._delivered.values():
            if entry.state == "delivered":
                self._learn(entry.unit.name, entry)
        for name, row in rows.items():
            self.begun = self.begun or row.changed
            if row.state == "done" and self._steps[name].kind in ("deliver", "workflow"):
                self.known.outputs[self._steps[name].unit.name] = dict(row.outputs)
                if row.hosts:
                    self.known.made[self._steps[name].unit.name] = row.hosts
        for step in plan.steps:
            if step.kind == "deliver" and step.unit.host_source is None and step.unit.hosts:
                self.known.hosts[step.unit.name] = step.unit.hosts

    def _learn(self, name: str, entry: Delivered) -> None:
        if name not in self._steps or not self._steps[name].changes:
            self.known.outputs[name] = dict(entry.outputs)
            self.known.made[name] = entry.hosts
        if name in self._steps and self._steps[name].outputs is not None:
            self.known.outputs[name] = dict(self._steps[name].outputs or {})

    @property
    def delivered(self) -> Mapping[str, Delivered]:
        """What the store knows to be out there now; a copy, since the run goes on."""
        with self._lock:
            return dict(self._delivered)

    def _reread(self, unit: str) -> None:
        """Take over what the store has of a unit by now."""
        entry = self._store.delivered.get(self._plan.application, self._plan.environment, unit)
        if entry is None:
            self._delivered.pop(unit, None)
        else:
            self._delivered[unit] = entry

    def note(self, event: Event) -> None:
        """Append one event; a store that refuses is remembered in `broken` and does not stop the engine."""
        stamped = event if event.time else Event(event.kind, event.step, event.message, event.host, event.data, now())
        with self._lock:
            try:
                self._store.events.append(self._run.number, stamped)
            except ProvisionError as error:
                self.broken = self.broken or error
        self._listen(stamped)

    def started(self, step: Step) -> None:
        """The step begins: it is intended from now on, so that what fails half-way is known."""
        with self._lock:
            self._store.runs.move_step(self._run.number, step.name, "running", fence=self._fence)
            self.begun = self.begun or (step.kind != "workflow" and bool(step.changes or step.unpreviewed))
            if step.kind == "deliver":
                self._store.delivered.intend(self._plan.application, self._plan.environment, self._stored(step), self._run.number,
                                            fence=self._fence)
                self._reread(step.unit.name)
        self.note(Event("step-started", step.name, data={"kind": step.kind, "unit": step.unit.name, "hosts": len(step.unit.hosts)}))

    def skipped(self, name: str, why: str) -> None:
        """The step is not started; `why` in words."""
        with self._lock:
            self._store.runs.move_step(self._run.number, name, "skipped", why, fence=self._fence)
        self.note(Event("step-ended", name, why, data={"state": "skipped", "need": why.removeprefix("waits for ")}))

    def ended(self, ended: StepEnded) -> None:
        """The step is over: what was delivered or removed first, then the journal row, so that a crash in between repeats it."""
        step = self._steps[ended.step]
        with self._lock:
            try:
                if ended.state == "done":
                    self._keep(step, ended)
                elif ended.hosts:
                    self.known.made[step.unit.name] = ended.hosts
                row = self._store.runs.finish_step(self._run.number, ended, fence=self._fence)
            except ProvisionError as error:
                self.broken = self.broken or error
                row = None
        self.note(Event("step-ended", ended.step, ended.message, data={
            "state": ended.state, "changed": ended.changed, "attempt": row.attempt if row else 0, "failed_hosts": dict(ended.failed_hosts)}))

    def _keep(self, step: Step, ended: StepEnded) -> None:
        application, environment, run = self._plan.application, self._plan.environment, self._run.number
        if step.kind == "remove":
            unit, host = removed_unit(step)
            if host:
                self._leaving.pop(step.name, None)
                self._store.delivered.forget_host(application, environment, f"{step.unit.target}/{host}", unit, fence=self._fence)
            else:
                self._store.delivered.forget(application, environment, unit, fence=self._fence)
            self._reread(unit)
            return
        if step.kind == "action":
            # it worked on what is delivered, and delivered nothing itself
            return
        unit_name = step.unit.name
        self.known.outputs[unit_name] = dict(ended.outputs)
        if step.kind == "workflow":
            return
        if ended.hosts:
            self.known.made[unit_name] = ended.hosts
        made = self.known.made.get(unit_name, ())
        self._store.delivered.deliver(application, environment, self._stored(step), ended.outputs, made, run, fence=self._fence)
        self._reread(unit_name)

    def _stored(self, step: Step) -> Unit:
        """The unit as the store keeps it. Hosts that it leaves belong to it until they are cleaned, or a run that fails before would forget them."""
        unit = stored_unit(step.unit, self.known)
        return replace(unit, hosts=unit.hosts + tuple(host for left in self._leaving.values() if left.name == unit.name for host in left.hosts))


def now() -> str:
    """UTC, ISO 8601 with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
