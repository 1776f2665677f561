"""Runs of one application in one environment, under its lock: begin, go on, settle what died, close. Used by the session only."""

import asyncio
import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from provisioner import durations
from provisioner.api import folders
from provisioner.api.promoting import digests_of
from provisioner.api.values import Outcome
from provisioner.codec import to_json
from provisioner.errors import Exit, ProvisionError
from provisioner.model import Event, Json, Origin, Plan, StepEnded
from provisioner.process import identity
from provisioner.runner.adoption import adopt
from provisioner.runner.execution import Execution, Means
from provisioner.runner.journal import Journal, Listen
from provisioner.runner.journal import now as moment
from provisioner.runner.outcome import judge, needs_a_new_plan
from provisioner.store import Holder, Lock, NoSuchRun, Revision, Run, Store, StoreError

RECENT = 5
"""Runs whose plans' folders are kept, beside that of the run that can be gone on with."""
MeansOf = Callable[[Run, Plan], Means]


class Runner:
    """Everything that a holder of the lock may do with runs."""

    def __init__(self, store: Store, lock: Lock, means: MeansOf, listen: Listen, *, state: Path, reason: str,
                 origin_of: Callable[[Plan], Origin]) -> None:
        self._store, self._lock = store, lock
        self._means, self._listen, self._state, self._reason = means, listen, state, reason
        self._origin_of = origin_of

    # -------------------------------------------------------------- starting
    def begin(self, plan: Plan, action: str = "") -> Outcome:
        """A new run of this plan, which is saved first; `action` says in words what an action does ("backup db")."""
        self._store.plans.save(plan)
        origin = self._origin_of(plan)
        acts = bool(plan.steps) and all(step.kind == "action" for step in plan.steps)
        told = (("action", action), ("acts", acts), ("commit", origin.commit), ("head", origin.head),
                ("commits", to_json(origin.commits) if origin.commits.listed or origin.commits.note else None))
        info = {name: value for name, value in told if value}
        run = self._store.runs.begin(plan, self._lock.holder.who, self._reason, fence=self._lock.fence, info=info)
        self._store.lock.renew(self._lock, run.number)
        return self._carry_out(run, plan)

    def resumable(self, number: int | None) -> Run:
        """The run to go on with, settled. Raises NoSuchRun, ProvisionError when it can't be gone on with."""
        newest = self._store.runs.unfinished(self._lock.application, self._lock.environment)
        if newest is None or (number is not None and newest.number != number):
            what = "there is no run that did not end" if number is None else f"run {number} can't be resumed"
            raise NoSuchRun(what, hint="only the newest run can be gone on with, when it failed or was stopped", next="provision apply")
        plan = self._plan_of(newest)
        if newest.state == "running":
            self._adopt(newest, plan)
        rows = self._store.runs.steps(newest.number)
        if any(row.stale for row in rows.values()):
            raise ProvisionError(f"run {newest.number} stopped because the world was not as its plan showed it", code="PRV-6102",
                                 hint="make a new plan", next="provision apply", exit=Exit.STALE)
        if needs_a_new_plan(plan, rows):
            raise ProvisionError(f"what is left of run {newest.number} could not be planned: {plan.failures[0][0]}: {plan.failures[0][1]}",
                                 code="PRV-6104", hint="mend that and make a new plan", next="provision apply")
        return newest

    def resume(self, run: Run, *, now: bool = False) -> Outcome:
        """Go on with a settled run; what ended is not repeated, what waited for a yes has it now. Raises ProvisionError (PRV-6115)."""
        agreed = self._agree(run, now) if run.state == "waiting" else []
        run = self._store.runs.reopen(run.number, fence=self._lock.fence)
        self._store.lock.renew(self._lock, run.number)
        return self._carry_out(run, self._plan_of(run), agreed)

    def waiting(self, run: Run) -> Outcome:
        """How a run that waits looks to somebody who wants the same again."""
        rows = self._store.runs.steps(run.number)
        return Outcome(self._plan_of(run), Exit.WAITING, run, rows, message=f"run {run.number} waits already")

    def _agree(self, run: Run, now: bool) -> list[StepEnded]:
        """Its suspended steps end: this is the yes, or the time is over."""
        waiting = [row for row in self._store.runs.steps(run.number).values() if row.state == "suspended"]
        later = max((str(row.outputs.get("until") or "") for row in waiting), default="")
        if later > moment() and not now:
            raise ProvisionError(f"run {run.number} waits until {later}", code="PRV-6115", exit=Exit.WAITING,
                                 hint="--now goes on before that", next=f"provision resume {run.number} --now")
        if late := self._late(run):
            raise self._expired(run, *late)
        said = f"resumed by {self._lock.holder.who}" + (f": {self._reason}" if self._reason else "")
        agreed = [StepEnded(row.name, "done", said) for row in waiting]
        for ended in agreed:
            self._store.runs.finish_step(run.number, ended, fence=self._lock.fence)
        return agreed

    def _late(self, run: Run) -> tuple[str, float] | None:
        """The suspended step whose time for a yes is over, and that time; None when there is none."""
        rows = self._store.runs.steps(run.number)
        waits = [(step.unit.flow, rows[step.name]) for step in self._plan_of(run).steps
                 if step.unit.flow and rows[step.name].state == "suspended"]
        # one that waits for a time may be gone on with from then
        return next(((row.name, flow.yes_within) for flow, row in waits
                     if _seconds_since(row.started if flow.expires else str(row.outputs.get("until") or row.started)) > flow.yes_within), None)

    def _expired(self, run: Run, name: str, limit: float) -> ProvisionError:
        """Nobody said yes in time: the step and its run have failed."""
        said = f"no yes came within {durations.words(limit)} (PRV-6116)"
        self._store.runs.finish_step(run.number, StepEnded(name, "failed", said), fence=self._lock.fence)
        self._store.runs.move(run.number, "failed", int(Exit.FAILED), f"{name}: {said}", fence=self._lock.fence)
        return ProvisionError(f"{name} of run {run.number} has expired: no yes came within {durations.words(limit)}; the run has failed",
                              code="PRV-6116", hint="a new plan shows what is to be done now", next="provision apply")

    def note_handling(self, plan: Plan) -> int:
        """Record what policies say now of units to which nothing else happens; how many there were."""
        delivered = self._store.delivered.all(plan.application, plan.environment)
        moved = [(entry, unit) for unit in plan.units if (entry := delivered.get(unit.name))
                 and entry.state == "delivered" and entry.unit.handling != unit.handling]
        for entry, unit in moved:
            self._store.delivered.deliver(plan.application, plan.environment, replace(entry.unit, handling=unit.handling), entry.outputs,
                                          entry.hosts, entry.run, fence=self._lock.fence)
        return len(moved)

    def _carry_out(self, run: Run, plan: Plan, agreed: Sequence[StepEnded] = ()) -> Outcome:
        journal = Journal(self._store, self._lock, plan, run, self._listen)
        settled = {name: row.state for name, row in self._store.runs.steps(run.number).items() if row.state == "done"}
        journal.note(Event("run-started", data={"run": run.number, "plan": plan.id, "attempt": run.attempt, "done": sorted(settled)}))
        for ended in agreed:
            journal.note(Event("step-ended", ended.step, ended.message, data={"state": "done", "changed": False}))
        execution = Execution(plan, journal, self._means(run, plan), settled, run.attempt)
        try:
            asyncio.run(execution.run())
            if journal.broken is not None:
                raise journal.broken
            return self._finish(run, plan, execution, journal)
        except StoreError as error:
            # "failed, nothing was changed" would be a lie
            error.exit = Exit.PARTIAL if journal.begun and error.exit == Exit.FAILED else error.exit
            raise

    def _finish(self, run: Run, plan: Plan, execution: Execution, journal: Journal) -> Outcome:
        rows = self._store.runs.steps(run.number)
        state, code = judge(rows.values(), execution.stopped)
        if state == "interrupted":
            ended = self._store.runs.interrupt(run.number, "stopped", int(code), fence=self._lock.fence)
        else:
            ended = self._store.runs.move(run.number, state, int(code), fence=self._lock.fence)
        revision = self._revision(ended, plan) if state == "succeeded" and not run.acts else 0
        journal.note(Event("run-ended", message=state, data={"run": run.number, "exit": int(code), "revision": revision}))
        folders.forget_plan_files(Path(plan.folder))
        folders.sweep(self._state, self._needed())
        if revision:
            folders.sweep_artifacts(self._state.parents[1], self._artifacts())
        return Outcome(plan, code, ended, self._store.runs.steps(run.number), revision=revision)

    def _needed(self) -> set[str]:
        """The plans whose folders are kept: of the newest runs, and of one that waits behind any number of actions."""
        key = self._lock.application, self._lock.environment
        waits = self._store.runs.unfinished(*key)
        return {run.plan for run in [*self._store.runs.list(*key, RECENT), *([waits] if waits else [])]}

    def _artifacts(self) -> set[str]:
        """Digests of the artefacts of all revisions that can be gone back to, of every application that shares this folder."""
        revisions = [one for row in self._store.applications() for one in self._store.revisions.list(row.application, row.environment, folders.KEPT)]
        return {str(digest) for one in revisions for named in one.artifacts.values() if isinstance(named, dict) for digest in named.values()}

    def _revision(self, run: Run, plan: Plan) -> int:
        units = plan.units
        return self._store.revisions.add(plan.application, plan.environment, Revision(
            0, plan.id, run.number, plan.version, plan.digest, "", plan.text, {unit.type: unit.definition for unit in units},
            {unit.name: unit.inputs for unit in units}, {unit.name: unit.source_digest for unit in units if unit.source_digest},
            self._digests(run, plan)))

    def _digests(self, run: Run, plan: Plan) -> dict[str, Json]:
        """Unit to artefact or image to its digest: as planned, as its hosts told in this run, or as before where nothing was done to it."""
        before = self._store.revisions.latest(plan.application, plan.environment)
        told = {(event.step, event.message): event.data["digest"] for _, event in self._store.events.read(run.number, kind="artifact")}
        return digests_of(plan.units, before.artifacts if before else {}, told)

    # -------------------------------------------------------------- what did not end
    def settle(self, run: Run, wanted: str) -> Run | None:
        """End or follow what a dead run left; the run itself when going on with it gives what is wanted now, else None."""
        plan = self._plan_of(run)
        if run.state == "running":
            self._adopt(run, plan)
        rows = self._store.runs.steps(run.number).values()
        same = plan.spec_digest == wanted and not plan.failures and not any(row.stale for row in rows) and not self._late(run)
        return run if same else None

    def close_dead(self) -> None:
        """Before an action: what a run left whose process died is ended or followed; that run is recorded as interrupted."""
        run = self._store.runs.unfinished(self._lock.application, self._lock.environment)
        if run is not None and run.state == "running":
            self._adopt(run, self._plan_of(run))
            self._store.runs.interrupt(run.number, "its process died", fence=self._lock.fence)

    def _adopt(self, run: Run, plan: Plan) -> None:
        journal = Journal(self._store, self._lock, plan, run, self._listen)
        adopt(plan, self._store.runs.steps(run.number), journal, self._means(run, plan))

    def supersede(self, run: Run | None) -> None:
        """Close a run that another plan takes the place of."""
        if run is not None:
            self._store.runs.move(run.number, "superseded", message="another plan took its place", fence=self._lock.fence)

    def close(self, number: int | None) -> str:
        """Close a run whose process is gone, after settling what it left."""
        run = self._store.runs.unfinished(self._lock.application, self._lock.environment)
        if run is None or (number is not None and run.number != number):
            raise NoSuchRun("there is no such run to cancel" if number else "no run is under way", next="provision runs")
        if run.state == "running":
            self._adopt(run, self._plan_of(run))
        self.supersede(run)
        return f"run {run.number} is closed; what it delivered stays: the next apply plans from there"

    def _plan_of(self, run: Run) -> Plan:
        plan = self._store.plans.get(run.plan)
        if plan is None:
            raise NoSuchRun(f"the plan of run {run.number} is not in the store", next="provision apply")
        return plan

    @staticmethod
    def interrupt(holder: Holder) -> str:
        """Ask the process that holds the lock to stop, as Ctrl-C does."""
        if holder.boot != identity.boot():
            raise ProvisionError(f"the run is carried out elsewhere: {holder}", code="PRV-6103", hint=f"cancel it there: on {holder.host}")
        os.kill(holder.pid, signal.SIGINT)
        return f"asked process {holder.pid} to stop: running steps end, nothing new starts; once more interrupts them"


def _seconds_since(time: str) -> float:
    return (datetime.now(UTC) - datetime.fromisoformat(time)).total_seconds()
