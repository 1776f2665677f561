"""What an open project may do: one method for each verb that changes something."""

import os
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import cache
from pathlib import Path

from provisioner.api import acting, drifting, ejecting, folders, saved
from provisioner.api.project import Project
from provisioner.api.running import Runner
from provisioner.api.values import Confirm, Drift, Outcome
from provisioner.catalog import digest_source, library_folder
from provisioner.engines.ansible.sealing import seals as beside_playbooks
from provisioner.errors import Exit, ProvisionError
from provisioner.model import Acceptance, ActionSpec, Delivered, Plan, Purpose, Unit
from provisioner.planner import ActionInputs, kept, make_action, spec_digest
from provisioner.planner.drift import AsDelivered, Difference, Findings, healing
from provisioner.planner.workflow import is_work
from provisioner.runner.execution import Means
from provisioner.runner.journal import Listen, now
from provisioner.store import Lock, Run, holder_here


class Session(Project):
    """A project that can be delivered, gone on with, acted on and stopped."""

    def apply(self, purpose: Purpose | None = None, *, confirm: Confirm, listen: Listen) -> Outcome:
        """Plan, ask, deliver; or go on with a run of the same spec that did not end. Raises LockHeld, Invalid, Refused, Missing."""
        begun = time.monotonic()
        purpose = purpose or self.purpose()
        with self._locked() as lock:
            runner = self._runner(lock, listen)
            old, resumed = self._go_on(runner, purpose)
            if resumed is not None and resumed.exit != Exit.OK:
                return replace(resumed, seconds=time.monotonic() - begun)
            # also after a run that was gone on with: an artefact, or the world, may have changed since its plan was made
            plan = self.plan(purpose)
            if not _has_work(plan, self.delivered):
                self.discard(plan)
                runner.supersede(old)
                if noted := runner.note_handling(plan):
                    self.tell(f"recorded what policies say now of {noted} component{'s' * (noted != 1)}")
                return replace(resumed or Outcome(plan, Exit.OK, message="nothing to do"), seconds=time.monotonic() - begun)
            self._tell_of(old)
            if not confirm(plan):
                self.discard(plan)
                after = f" after run {resumed.run.number}, which has ended" if resumed and resumed.run else ""
                return Outcome(plan, Exit.FAILED, seconds=time.monotonic() - begun, message=f"not confirmed: nothing was changed{after}")
            saved.refuse_edited_meanwhile(plan, self._by_now())
            runner.supersede(old)
            return replace(runner.begin(plan, self._doing(purpose)), seconds=time.monotonic() - begun)

    def apply_saved(self, plan: Plan, *, confirm: Confirm, listen: Listen) -> Outcome:
        """Do exactly what a saved plan shows, or refuse with what changed since. Raises Stale, LockHeld, Invalid, Refused, Missing."""
        begun = time.monotonic()
        with self._locked() as lock:
            runner = self._runner(lock, listen)
            saved.refuse_other(plan, self.application, self.environment)
            saved.refuse_used(self.store, plan)
            old = self.store.runs.unfinished(self.application.name, self.environment.name)
            if old is not None and old.plan == plan.id and old.state == "waiting":
                return replace(runner.waiting(old), seconds=time.monotonic() - begun)
            if old is not None and old.plan == plan.id:
                return replace(self._resume(runner, old.number), seconds=time.monotonic() - begun)
            if old is not None:
                runner.settle(old, "")
            saved.refuse_edited(plan, self._seals(plan.purpose, self.units(plan.purpose, plan)))
            looked = self._look(plan.purpose, plan)
            try:
                saved.refuse_stale(plan, saved.sealed(looked, {}))
                self._judged(plan)
                self._tell_of(old)
                agreed = confirm(plan)
            except BaseException:
                self.discard(looked.plan)
                raise
            if not agreed:
                self.discard(looked.plan)
                return Outcome(plan, Exit.FAILED, seconds=time.monotonic() - begun, message="not confirmed: nothing was changed")
            saved.refuse_edited_meanwhile(plan, self._by_now())
            runner.supersede(old)
            return replace(runner.begin(replace(plan, folder=looked.plan.folder), self._doing(plan.purpose)), seconds=time.monotonic() - begun)

    def _doing(self, purpose: Purpose) -> str:
        """What a run does, where it is not plain delivery."""
        promoted = f"promote {self.settings.promote_from}@{self.promoted.number}" if self.promoted else ""
        return {"rollback": f"rollback to {purpose.revision}", "destroy": "destroy"}.get(purpose.kind, promoted)

    def _tell_of(self, old: Run | None) -> None:
        """Before somebody says yes: a run that waits for another yes is closed by this one."""
        if old is not None and old.state == "waiting":
            self.tell(f"run {old.number} of {old.who} waits for a yes: it is closed when this plan is carried out")

    def _go_on(self, runner: Runner, purpose: Purpose) -> tuple[Run | None, Outcome | None]:
        """The run that did not end and that another plan takes the place of; or how it ended now, where it wanted the same."""
        old = self.store.runs.unfinished(self.application.name, self.environment.name)
        if old is None:
            return None, None
        units = self.units(purpose)
        stays = kept([unit.name for unit in units], self.delivered, purpose.keep, self._rulebook.handling,
                     destroy=purpose.kind == "destroy", users=self.neighbourhood.users_of, undelivered=self.undelivered(purpose))
        wanted = spec_digest(self.application.name, self.environment.name, {*purpose.keep, *stays}, units)
        again = runner.settle(old, wanted)
        plan = self.store.plans.get(old.plan)
        if again is None or (plan is not None and saved.moved(plan, self._ended(again), self._by_now())):
            return old, None
        if again.state == "waiting":
            return None, runner.waiting(again)
        self.tell(f"going on with run {again.number}, which did not end")
        return None, runner.resume(again)

    def resume(self, number: int | None, *, now: bool = False, listen: Listen) -> Outcome:
        """Go on with a run that failed, was stopped, waits or died; `now`: also before the time that it waits for.

        Raises LockHeld, ProvisionError when there is none, or when its plan does not fit any more.
        """
        begun = time.monotonic()
        with self._locked() as lock:
            if self.environment.sandbox:
                self._simulate(self._units_of_newest())
            runner = self._runner(lock, listen)
            return replace(self._resume(runner, number, now=now), seconds=time.monotonic() - begun)

    def _resume(self, runner: Runner, number: int | None, *, now: bool = False) -> Outcome:
        run = runner.resumable(number)
        if (plan := self.store.plans.get(run.plan)) is not None:
            saved.refuse_moved(run, plan, self._ended(run), self._by_now())
        return runner.resume(run, now=now)

    def _ended(self, run: Run) -> list[str]:
        return [name for name, row in self.store.runs.steps(run.number).items() if row.state == "done"]

    def _by_now(self) -> saved.Now:
        """Files as they are now, read anew."""
        def seals_of(target: str) -> Mapping[str, str]:
            site = self.site(target, self._sites.state, 0)
            return beside_playbooks(site, {**os.environ, **site.environ})

        return saved.Now(cache(lambda source: digest_source(source, library_folder(), self.folder)), seals_of)

    # -------------------------------------------------------------- what the world changed
    def drift(self) -> Drift:
        """What is not as it was delivered, whatever app.yaml says now; takes no lock. Raises ProvisionError, Missing."""
        plan, spec, found = self._drifted()
        self.discard(plan)
        return drifting.report(self.store, plan, spec, found, self.catalog)

    def accept(self, patterns: Sequence[str], why: str) -> tuple[Difference, ...]:
        """Record that the differences with these paths are fine; which ones. Raises ProvisionError when there are none."""
        return drifting.accept(self.store, self.drift(), patterns, why)

    def heal(self, *, confirm: Confirm, listen: Listen) -> Outcome:
        """Put back what has drifted and was neither ignored nor accepted, as a run. Raises LockHeld, Refused, ProvisionError, Missing."""
        begun = time.monotonic()
        with self._locked() as lock:
            runner = self._runner(lock, listen)
            runner.close_dead()
            plan, _, found = self._drifted()
            if found.accepted:
                self.discard(plan)
                plan, _, found = self._drifted({one.path: given for one, given in found.accepted})
            plan = healing(plan, found)
            try:
                plan = self._judged(plan)
                work = _has_work(plan, self.delivered)
                agreed = work and confirm(plan)
            except BaseException:
                self.discard(plan)
                raise
            if not agreed:
                self.discard(plan)
                said = ("not confirmed: nothing was changed", Exit.FAILED) if work else ("nothing has drifted", Exit.OK)
                return Outcome(plan, said[1], seconds=time.monotonic() - begun, message=said[0])
            return replace(runner.begin(plan, "heal drift"), seconds=time.monotonic() - begun)

    def eject(self, path: Path, *, with_secrets: bool) -> ejecting.Folder:
        """What is delivered as a folder of plain Terraform and Ansible; nothing is changed. Raises ProvisionError, Missing."""
        ejecting.empty(path)
        plan, _, _ = self._drifted(self.store.drift.accepted(self.application.name, self.environment.name))
        try:
            if plan.failures:
                name, why = plan.failures[0]
                raise ProvisionError(f"{name} could not be looked at: {why}", code="PRV-6422", next="provision drift")
            return ejecting.write(plan, self.delivered, lambda target: self.site(target, Path(plan.folder), 0), library_folder(), path,
                                  with_secrets=with_secrets)
        finally:
            self.discard(plan)

    def _drifted(self, leaving: Mapping[str, Acceptance] | None = None) -> tuple[Plan, AsDelivered, Findings]:
        """A plan of what is delivered, and what it says; accepted differences are in it but for those in `leaving`."""
        spec = drifting.spec_of(self.store, self.application.name, self.environment.name)
        if self.environment.sandbox:
            self._simulate(spec.units)
        plan = self._look(self.purpose("heal"), given=spec, accepted=leaving or {}).plan
        revision = self.store.revisions.latest(self.application.name, self.environment.name)
        if revision is not None:
            plan = replace(plan, version=revision.version, text=revision.spec)
        return plan, spec, drifting.found_in(self.store, plan, self.environment)

    def actions(self, name: str) -> dict[str, ActionSpec]:
        """What can be done with a delivered component. Raises ProvisionError when it is not delivered, or has no actions."""
        return acting.actions_of(acting.delivered_units(self.delivered, name), self._world())

    def _world(self) -> acting.World:
        """What actions have to ask of others."""
        return acting.World(self.catalog.component, self.catalog.digest_of, self._made, library_folder() / "playbooks")

    def act(self, name: str, wish: acting.Wish, *, confirm: Confirm, listen: Listen) -> Outcome:
        """Run an action (backup, restore …) of a delivered component: planned, asked, walked and journalled as a delivery is.

        Raises LockHeld, Missing, ProvisionError.
        """
        begun = time.monotonic()
        with self._locked() as lock:
            there = acting.delivered_units(self.delivered, name)
            units = acting.action_units(there, wish, self._world())
            self._check_secrets(units)
            runner = self._runner(lock, listen)
            runner.close_dead()
            plan = self._action_plan(wish.verb, tuple(units))
            if idle := acting.idle(plan, wish.verb):
                self.discard(plan)
                raise idle
            if not confirm(plan):
                self.discard(plan)
                return Outcome(plan, Exit.FAILED, seconds=time.monotonic() - begun, message="not confirmed: nothing was done")
            return replace(runner.begin(plan, f"{wish.verb} {name}"), seconds=time.monotonic() - begun)

    def _action_plan(self, verb: str, units: tuple[Unit, ...]) -> Plan:
        plan = uuid.uuid4().hex[:12]
        work = folders.make(self._sites.state, plan)
        try:
            made = make_action(ActionInputs(
                plan, self.application.name, self.environment.name, self.application.version, str(work), now(), verb, units, self._engines,
                lambda target: self.site(target, work, 0)))
            return replace(made, purpose=self.purpose())
        except BaseException:
            folders.discard(work)
            raise

    def cancel(self, number: int | None) -> str:
        """Stop a run: ask its process to, or close it when that is dead. A sentence about what was done."""
        holder = self.store.lock.holder(self.application.name, self.environment.name)
        if holder is not None and (number is None or holder.run == number):
            return Runner.interrupt(holder)
        with self._locked() as lock:
            return self._runner(lock, lambda event: None).close(number)

    def _locked(self) -> AbstractContextManager[Lock]:
        holder = holder_here(reason=self.settings.reason)
        return self.store.lock.held(self.application.name, self.environment.name, holder, self.settings.lock_wait,
                                    lambda other: self.tell(f"waiting for {other}"))

    def _runner(self, lock: Lock, listen: Listen) -> Runner:
        if lock.took_over is not None:
            self.tell(f"took over the lock of {lock.took_over}: that process is gone")
        return Runner(self.store, lock, self._means, listen, state=self._sites.state, reason=self.settings.reason,
                      origin_of=self.origin)

    def _means(self, run: Run, plan: Plan) -> Means:
        work = Path(plan.folder)
        return Means(self._engines, lambda target: self.site(target, work, run.number), self.secrets.ensure, self.secrets.forget,
                     self.settings.parallel, self.settings.timeout)


def _has_work(plan: Plan, delivered: Mapping[str, Delivered]) -> bool:
    """False when everything wanted is out there as wanted, and nothing else is."""
    if plan.failures:
        return True
    return any(is_work(step, delivered) for step in plan.steps)
