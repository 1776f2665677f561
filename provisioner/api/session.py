"""One open project: application, environment, catalogue, store and engines, wired. One method for each verb."""

import os
import tempfile
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from provisioner import health, spec
from provisioner.api import acting, drifting, folders, opening
from provisioner.api.rulebook import Rulebook
from provisioner.api.running import Runner
from provisioner.api.sites import Sites
from provisioner.api.status import status
from provisioner.api.values import Confirm, Drift, Outcome, Settings, Status, Tell
from provisioner.catalog import Catalog, library_folder
from provisioner.compose import Composition, compose
from provisioner.engine import Engine, Site
from provisioner.engines.ansible.engine import AnsibleEngine
from provisioner.engines.terraform.engine import TerraformEngine
from provisioner.errors import Exit, Invalid, Problem
from provisioner.model import ActionSpec, Application, Delivered, Environment, Json, Plan, Unit
from provisioner.planner import ActionInputs, Looked, PlanInputs, kept, look, make_action, roots, spec_digest
from provisioner.planner.directions import refuse_going_back
from provisioner.planner.drift import AsDelivered, Difference, Findings, healing
from provisioner.planner.protect import protect
from provisioner.references import secret_paths
from provisioner.runner.execution import Means
from provisioner.runner.journal import Listen, now
from provisioner.sandbox import simulator
from provisioner.secrets import Secrets
from provisioner.store import Lock, Run, holder_here


class Session:
    """A context manager; `notes` are sentences to say once."""

    def __init__(self, settings: Settings, tell: Tell) -> None:
        """Read the documents and open the store. Raises Invalid, Missing, ProvisionError, StoreError."""
        self.settings, self.tell = settings, tell
        self.folder = opening.project_folder(settings)
        self.notes: list[str] = []
        application, problems = spec.examine_application(opening.document(settings), settings.application)
        self._problems = tuple(problems)
        """Errors are raised together with those that composing finds."""
        self.warnings = [problem for problem in problems if problem.severity == "warning"]
        self.environment: Environment = opening.open_environment(settings, self.folder, opening.known_endpoint(self.folder))
        self.application: Application = opening.fit(application, self.environment)
        self.catalog = Catalog(self.folder, beside=spec.definitions_beside(opening.document(settings)))
        self.store = opening.open_store(settings)
        self._terraform = TerraformEngine(settings.terraform, tuple(Path(mirror) for mirror in settings.mirrors))
        self._engines: dict[str, Engine] = {"terraform": self._terraform, "ansible": AnsibleEngine(library_folder())}
        self._composition: Composition | None = None
        self._wire()

    def _wire(self) -> None:
        """Targets as they are now, and what depends on them."""
        environment = self.environment
        if self.settings.accept_host_keys:
            targets = tuple(replace(target, hosts=replace(target.hosts, host_keys="accept-new")) if target.hosts else target
                            for target in environment.targets)
            environment = replace(environment, targets=targets)
        self._sites = Sites(self.application.name, environment, self.folder, self.settings.parallel)
        self.secrets = Secrets(self._sites.state.parent.parent, environment, self.application.name, self._sites.aws_client, self._sealed)

    def _sealed(self, target: str, root: str) -> Mapping[str, Mapping[str, Json]]:
        """The sensitive outputs in the state of one of our roots, for whoever needs one now."""
        with tempfile.TemporaryDirectory(prefix="provision-state-") as work:
            return self._terraform.sealed(root, self.site(target, Path(work), 0))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.store.close()

    # -------------------------------------------------------------- deciding
    @property
    def delivered(self) -> dict[str, Delivered]:
        """What is, or may be, out there."""
        return self.store.delivered.all(self.application.name, self.environment.name)

    def compose(self) -> Composition:
        """The units of the application in this environment. Raises Invalid."""
        assigned = {name: tuple(host.name for host in entry.unit.hosts) for name, entry in self.delivered.items()}
        composition = compose(self.catalog.context_for(self.application, self.environment, assigned, self._problems,
                                                       ignore_unsupported=self.settings.ignore_unsupported))
        self._composition = composition
        new = [warning for warning in composition.warnings if warning not in self.warnings]
        self.warnings += new
        for warning in new:
            self.tell(f"warning: {warning}")
        return composition

    def plan(self, *, destroy: bool = False) -> Plan:
        """What apply (or destroy) would do; takes no lock. Raises Invalid, Refused, Missing."""
        plan = self._look(destroy).plan
        try:
            protect(plan, self.delivered, self.settings.allow_destroy, holder_here().who)
            plan = self._rulebook.judged(plan, self._composition)
            refuse_going_back(plan, self.store.delivered.settled(self.application.name, self.environment.name))
        except BaseException:
            self.discard(plan)
            raise
        return plan

    def validate(self) -> Composition:
        """The units, judged by the rules that need no plan. Raises Invalid, Denied."""
        composition = self.compose()
        self.warnings += self._rulebook.validated(composition)
        return composition

    @property
    def _rulebook(self) -> Rulebook:
        return Rulebook(self.application, self.environment)

    def discard(self, plan: Plan) -> None:
        """Remove the work folder of a plan that will not be applied."""
        folders.discard(Path(plan.folder))

    def status(self) -> Status:
        """Health and sync of everything; asks the engines and changes nothing."""
        looked = self._look(False)
        self.discard(looked.plan)
        revision = self.store.revisions.latest(self.application.name, self.environment.name)
        running = self.store.lock.holder(self.application.name, self.environment.name) is not None
        return status(looked, self.delivered, self.environment, revision, health.ask, running=running)

    def units(self, destroy: bool) -> tuple[Unit, ...]:
        """The wanted units, with the simulator running where one of them needs it."""
        units = () if destroy else self.compose().units
        if self.environment.sandbox and self._simulate(units):
            units = () if destroy else self.compose().units
        targets = {target.name: target for target in self.environment.targets}
        return roots.settle(units, self.delivered, targets, lambda unit: self._terraform.providers_of(unit, self.folder))

    def _simulate(self, units: tuple[Unit, ...]) -> bool:
        """Start the simulator when something is or will be there; True when its address was not known before."""
        simulated = {target.name for target in self.environment.targets if target.simulated}
        if not any(unit.target in simulated for unit in [*units, *(entry.unit for entry in self.delivered.values())]):
            return False
        ignored = simulator.ignored_credentials(os.environ)
        if ignored:
            self._note(f"[sandbox] {', '.join(ignored)} ignored: the sandbox never reaches a real account")
        running = simulator.start(self.folder)
        if running.fresh:
            self._note("[sandbox] the simulator had ended and was started again: the simulated cloud is empty")
        before = {target.vars.get("endpoint") for target in self.environment.targets}
        self.environment = opening.open_environment(self.settings, self.folder, running.endpoint)
        self._wire()
        self._sites.simulate(running)
        return before != {running.endpoint}

    def _units_of_newest(self) -> tuple[Unit, ...]:
        """The units of the plan that a resume would go on with."""
        old = self.store.runs.unfinished(self.application.name, self.environment.name)
        plan = self.store.plans.get(old.plan) if old else None
        return tuple(step.unit for step in plan.steps) if plan else ()

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)
            self.tell(text)

    def _look(self, destroy: bool, given: AsDelivered | None = None) -> Looked:
        """`given`: what is planned in place of what app.yaml says."""
        units = given.units if given else self.units(destroy)
        keep = self.settings.keep | set(given.kept if given else ())
        self._check_secrets(units)
        plan = uuid.uuid4().hex[:12]
        work = folders.make(self._sites.state, plan)
        inputs = PlanInputs(
            plan, self.application.name, self.environment.name, self.application.version, self.application.text, str(work), now(), units,
            self.delivered, self._engines, lambda target: self.site(target, work, 0), self.settings.allow_destroy, keep,
            self._rulebook.handling, destroy, progress=self.tell)
        try:
            return look(inputs)
        except BaseException:
            folders.discard(work)
            raise

    def site(self, target: str, work: Path, run: int) -> Site:
        """Where an engine works on a target."""
        return self._sites.site(target, work, run, self.secrets.reveal)

    def _check_secrets(self, units: Sequence[Unit]) -> None:
        """Every secret that is needed resolves; passwords of ours exist, so that a check on hosts can compare with them."""
        for unit in units:
            for secret in unit.secrets:
                self.secrets.ensure(secret)
        problems: list[Problem] = []
        for unit in units:
            problems += [replace(problem, where=unit.where) for problem in self.secrets.check(secret_paths([unit.inputs, unit.outputs]))]
        if problems:
            raise Invalid(dict.fromkeys(problems))

    # -------------------------------------------------------------- doing
    def apply(self, *, destroy: bool = False, confirm: Confirm, listen: Listen) -> Outcome:
        """Plan, ask, deliver; or go on with a run of the same spec that did not end. Raises LockHeld, Invalid, Refused, Missing."""
        begun = time.monotonic()
        with self._locked() as lock:
            runner = self._runner(lock, listen)
            old, resumed = self._go_on(runner, destroy)
            if resumed is not None and resumed.exit != Exit.OK:
                return replace(resumed, seconds=time.monotonic() - begun)
            # also after a run that was gone on with: an artefact, or the world, may have changed since its plan was made
            plan = self.plan(destroy=destroy)
            if not _has_work(plan, self.delivered):
                self.discard(plan)
                runner.supersede(old)
                if noted := runner.note_handling(plan):
                    self.tell(f"recorded what policies say now of {noted} component{'s' * (noted != 1)}")
                return replace(resumed or Outcome(plan, Exit.OK, message="nothing to do"), seconds=time.monotonic() - begun)
            if not confirm(plan):
                self.discard(plan)
                after = f" after run {resumed.run.number}, which has ended" if resumed and resumed.run else ""
                return Outcome(plan, Exit.FAILED, seconds=time.monotonic() - begun, message=f"not confirmed: nothing was changed{after}")
            runner.supersede(old)
            return replace(runner.begin(plan), seconds=time.monotonic() - begun)

    def _go_on(self, runner: Runner, destroy: bool) -> tuple[Run | None, Outcome | None]:
        """The run that did not end and that another plan takes the place of; or how it ended now, where it wanted the same."""
        old = self.store.runs.unfinished(self.application.name, self.environment.name)
        if old is None:
            return None, None
        units = self.units(destroy)
        stays = kept([unit.name for unit in units], self.delivered, self.settings.keep, self._rulebook.handling, destroy=destroy)
        wanted = spec_digest(self.application.name, self.environment.name, {*self.settings.keep, *stays}, units)
        again = runner.settle(old, wanted)
        if again is None:
            return old, None
        self.tell(f"going on with run {again.number}, which did not end")
        return None, runner.resume(again)

    def resume(self, number: int | None, *, listen: Listen) -> Outcome:
        """Go on with a run that failed, was stopped, or died. Raises LockHeld, ProvisionError when there is none."""
        begun = time.monotonic()
        with self._locked() as lock:
            if self.environment.sandbox:
                self._simulate(self._units_of_newest())
            runner = self._runner(lock, listen)
            return replace(runner.resume(runner.resumable(number)), seconds=time.monotonic() - begun)

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
            plan = healing(plan, found)
            try:
                protect(plan, self.delivered, self.settings.allow_destroy)
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

    def _drifted(self) -> tuple[Plan, AsDelivered, Findings]:
        spec = drifting.spec_of(self.store, self.application.name, self.environment.name)
        if self.environment.sandbox:
            self._simulate(spec.units)
        plan = self._look(False, spec).plan
        revision = self.store.revisions.latest(self.application.name, self.environment.name)
        if revision is not None:
            plan = replace(plan, version=revision.version, text=revision.spec)
        return plan, spec, drifting.found_in(self.store, plan, self.environment)

    def actions(self, name: str) -> dict[str, ActionSpec]:
        """What can be done with a delivered component. Raises ProvisionError when it is not delivered, or has no actions."""
        return acting.actions_of(acting.delivered_units(self.delivered, name), self.catalog.component)

    def act(self, name: str, verb: str, given: Mapping[str, str], *, confirm: Confirm, listen: Listen) -> Outcome:
        """Run an action (backup, restore …) of a delivered component: planned, asked, walked and journalled as a delivery is.

        `given` are its parameters as text. Raises LockHeld, Missing, ProvisionError.
        """
        begun = time.monotonic()
        with self._locked() as lock:
            there = acting.delivered_units(self.delivered, name)
            units = acting.action_units(there, (verb, given), self.catalog.component, self.catalog.digest_of)
            self._check_secrets(units)
            runner = self._runner(lock, listen)
            runner.close_dead()
            plan = self._action_plan(verb, tuple(units))
            if not confirm(plan):
                self.discard(plan)
                return Outcome(plan, Exit.FAILED, seconds=time.monotonic() - begun, message="not confirmed: nothing was done")
            return replace(runner.begin(plan, f"{verb} {name}"), seconds=time.monotonic() - begun)

    def _action_plan(self, verb: str, units: tuple[Unit, ...]) -> Plan:
        plan = uuid.uuid4().hex[:12]
        work = folders.make(self._sites.state, plan)
        try:
            return make_action(ActionInputs(
                plan, self.application.name, self.environment.name, self.application.version, str(work), now(), verb, units, self._engines,
                lambda target: self.site(target, work, 0)))
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
        return Runner(self.store, lock, self._means, listen, state=self._sites.state, reason=self.settings.reason)

    def _means(self, run: Run, plan: Plan) -> Means:
        work = Path(plan.folder)
        return Means(self._engines, lambda target: self.site(target, work, run.number), self.secrets.ensure, self.secrets.forget,
                     self.settings.parallel)


def _has_work(plan: Plan, delivered: Mapping[str, Delivered]) -> bool:
    """False when everything wanted is out there as wanted, and nothing else is."""
    if plan.failures:
        return True
    for step in plan.steps:
        if step.kind == "remove" or step.changes or step.unpreviewed:
            return True
        entry = delivered.get(step.unit.name)
        if entry is None or entry.state != "delivered":
            return True
    return False
