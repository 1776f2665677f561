"""One open project: application, environment, catalogue, store and engines, wired. It only looks; `Session` carries out."""

import os
import tempfile
import uuid
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from provisioner import health, spec
from provisioner.api import commits, folders, importing, opening, past, promoting, saved
from provisioner.api.around import Around, is_fresh, waiting
from provisioner.api.neighbouring import Neighbourhood
from provisioner.api.rulebook import Rulebook
from provisioner.api.sites import Sites
from provisioner.api.status import recorded, status
from provisioner.api.values import Settings, Status, Tell
from provisioner.catalog import Catalog, library_folder
from provisioner.compose import Composition, compose
from provisioner.engine import Engine, Site
from provisioner.engines.ansible import artefacts
from provisioner.engines.ansible.engine import AnsibleEngine
from provisioner.engines.ansible.registries import Registries
from provisioner.engines.aws.engine import AwsEngine
from provisioner.engines.terraform.engine import TerraformEngine
from provisioner.engines.workflow.engine import WorkflowEngine
from provisioner.errors import Invalid, Problem
from provisioner.model import Acceptance, Application, Delivered, Environment, Json, Origin, Plan, Purpose, Unit
from provisioner.planner import Looked, PlanInputs, freezing, look, roots
from provisioner.planner.directions import kept_forward, refuse_going_back
from provisioner.planner.drift import AsDelivered
from provisioner.planner.protect import protect
from provisioner.references import secret_paths
from provisioner.runner.journal import now
from provisioner.sandbox import simulator
from provisioner.secrets import Secrets
from provisioner.store import Revision, StoreError, holder_here, is_full


class Project:
    """What is wanted, what is delivered, and what would have to be done. A context manager; `notes` are sentences to say once."""

    def __init__(self, settings: Settings, tell: Tell) -> None:
        """Read the documents and open the store. Raises Invalid, Missing, ProvisionError, StoreError."""
        self.settings, self.tell = settings, tell
        self.folder = opening.project_folder(settings)
        self.notes: list[str] = []
        self.promoted: Revision | None = None
        """What is delivered instead of what the file says."""
        self._document = opening.read_document(settings)
        application, problems = self._application()
        self._problems = tuple(problems)
        """Errors are raised together with those that composing finds."""
        self.warnings = [problem for problem in problems if problem.severity == "warning"]
        self.environment: Environment = opening.open_environment(settings, self.folder, opening.known_endpoint(self.folder))
        self.application: Application = opening.fit(application, self.environment)
        self.catalog = Catalog(self.folder, beside=spec.definitions_in(*self._document[:2]))
        self.store = opening.open_store(settings)
        if settings.looking and not settings.store and (hidden := opening.hidden(self.folder)):
            self._note(f"what is delivered is not known: {hidden} can't be read by you")
        self._terraform = TerraformEngine(settings.terraform, tuple(Path(mirror) for mirror in settings.mirrors))
        self._engines: dict[str, Engine] = {"terraform": self._terraform, "ansible": AnsibleEngine(library_folder()), "aws": AwsEngine(),
                                          "workflow": WorkflowEngine(self._around())}
        self._composition: Composition | None = None
        self._wire()

    def _application(self) -> tuple[Application, list[Problem]]:
        """The application that is meant, and its problems. Raises Invalid, Missing, ProvisionError."""
        settings = self.settings
        if not settings.promote_from:
            return spec.of_text(*self._document, settings.application)
        written: list[str] = []
        # what is promoted needs no document that can be read
        with suppress(Invalid):
            written = spec.names_in(*self._document[:2])
        store = opening.open_store(settings)
        try:
            name, self.promoted = promoting.promoted(store, settings.application, settings.promote_from, written)
        finally:
            store.close()
        return spec.of_text(self.promoted.spec, f"revision {self.promoted.number} of {settings.promote_from}", str(self.folder), name)

    def _around(self) -> Around:
        return Around(self.environment.name, self.store, lambda service, target: self._sites.aws_client(service, target),
                      lambda path, value: self.secrets.set(path, value))

    def _wire(self) -> None:
        """Targets as they are now, and what depends on them."""
        environment = self.environment
        if self.settings.accept_host_keys:
            targets = tuple(replace(target, hosts=replace(target.hosts, host_keys="accept-new")) if target.hosts else target
                            for target in environment.targets)
            environment = replace(environment, targets=targets)
        self._sites = Sites(self.application.name, environment, self.folder, self.settings.parallel)
        self._registries = Registries(self._sites.image_digest, library_folder(), {target.name for target in environment.targets if target.simulated})
        self.secrets = Secrets(self._sites.state.parent.parent, environment, self.application.name, self._sites.aws_client, self._sealed)

    def _sealed(self, target: str, root: str) -> Mapping[str, Mapping[str, Json]]:
        """The sensitive outputs in the state of one of our roots, for whoever needs one now."""
        with tempfile.TemporaryDirectory(prefix="provision-state-") as work:
            return self._terraform.sealed(root, self.site(target, Path(work), 0))

    def _made(self, unit: Unit) -> Mapping[str, Json]:
        """The outputs of a delivered module that are not sensitive."""
        with tempfile.TemporaryDirectory(prefix="provision-state-") as work:
            return self._terraform.made(unit, self.site(unit.target, Path(work), 0))

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
                                                       ignore_unsupported=self.settings.ignore_unsupported,
                                                       neighbours=self.neighbourhood.neighbours()))
        self._composition = composition
        new = [warning for warning in composition.warnings if warning not in self.warnings]
        self.warnings += new
        for warning in new:
            self.tell(f"warning: {warning}")
        return composition

    def purpose(self, kind: Literal["deliver", "destroy", "rollback", "heal"] = "deliver", revision: int = 0) -> Purpose:
        """What is to be planned, with what the settings say about it."""
        settings = self.settings
        named = settings.file if settings.given is None else opening.STDIN
        file = f"{named}#{settings.application}" if settings.application else named
        return Purpose(kind, revision, file, settings.on, tuple(sorted(settings.keep)), tuple(sorted(settings.allow_destroy)))

    def plan(self, purpose: Purpose | None = None, *, save: bool = False) -> Plan:
        """What apply (or destroy …) would do, sealed; takes no lock. `save`: kept in the store. Raises Invalid, Refused, Missing."""
        purpose = purpose or self.purpose()
        frozen = self._frozen() if purpose.kind == "deliver" else None
        looked = self._look(purpose)
        try:
            if frozen is not None:
                freezing.refuse_moved(self.application, looked.plan.units, frozen.artifacts, frozen.sources, frozen.number)
            judged = self._judged(looked.plan)
        except BaseException:
            self.discard(looked.plan)
            raise
        plan = saved.sealed(replace(looked, plan=judged), self._seals(judged.purpose, [step.unit for step in judged.steps if step.kind != "remove"]))
        if save:
            self.store.plans.save(plan)
        return plan

    def origin(self, plan: Plan) -> Origin:
        """Where a plan that is made now comes from: the commits of the spec and of the artefacts, as far as they are told."""
        newest = self.store.revisions.latest(self.application.name, self.environment.name)
        again = self.promoted or (self.revision(plan.purpose.revision)[0] if plan.purpose.kind == "rollback" else
                                  newest if plan.purpose.kind == "heal" else None)
        told, head = self._committed(again) if again else opening.commit(self.settings)
        text = told if again else commits.commits_of(told, plan.units, self.folder)
        before = self._committed(newest)[1] if newest and plan.units else ""
        return Origin(holder_here().who, text, newest.number if newest else 0, head, commits.commits_since(self.folder, before, head))

    def _committed(self, revision: Revision) -> tuple[str, str]:
        """The commits that a revision was delivered from, in words, and that of its document in full."""
        run = self.store.runs.get(revision.run)
        return (str(run.info.get("commit", "")), str(run.info.get("head", ""))) if run else ("", "")

    def _frozen(self) -> Revision | None:
        """The revision that delivered this version already. Raises Refused (PRV-5004) when the document says something else by now."""
        revision = past.of_version(self.store, self.application.name, self.environment.name, self.application.version)
        if revision is not None:
            then = spec.of_text(revision.spec, f"revision {revision.number}", str(self.folder), self.application.name)[0]
            freezing.refuse_edited(self.application, opening.fit(then, self.environment), revision.number)
        return revision

    def _judged(self, plan: Plan) -> Plan:
        """The plan with what rules say of it. Raises Refused, Denied for what may not be done."""
        importing.judge(plan)
        protect(plan, self.delivered, frozenset(plan.purpose.allow_destroy), holder_here().who)
        plan = self._rulebook.judged(plan, self._composition)
        refuse_going_back(plan, self.store.delivered.settled(self.application.name, self.environment.name))
        return plan

    def look(self) -> Plan:
        """The same, whether or not it may be done: for those who only want to know. Raises Invalid, Missing."""
        return self._look(self.purpose()).plan

    def validate(self) -> Composition:
        """The units, judged by the rules that need no plan. Raises Invalid, Denied."""
        composition = self.compose()
        warned = self._rulebook.validated(composition)
        self.warnings += warned
        for warning in warned:
            self.tell(f"warning: {warning}")
        return composition

    @property
    def _rulebook(self) -> Rulebook:
        return Rulebook(self.application, self.environment)

    @property
    def neighbourhood(self) -> Neighbourhood:
        """The other applications of the store, and of the same file."""
        return Neighbourhood(self.store, self.application.name, self.environment.name, self._beside)

    def _beside(self) -> set[str]:
        found: set[str] = set()
        # an application that is wrong is told of when it is delivered
        with suppress(Invalid):
            for name in spec.names_in(*self._document[:2]):
                if name != self.application.name:
                    found |= {component.name for component in spec.of_text(*self._document, name)[0].components}
        return found

    def _seals(self, purpose: Purpose, units: Iterable[Unit]) -> dict[str, str]:
        """What these units were made from. A plan that does not come from app.yaml is not tied to it."""
        application = self.application
        if purpose.kind != "deliver":
            application = replace(application, components=(), policies=(), workflow=None, version="")
        return saved.seals(application, self.environment, units, self.catalog.files_of)

    def discard(self, plan: Plan) -> None:
        """Remove the work folder of a plan that will not be applied."""
        folders.discard(Path(plan.folder))

    def status(self) -> Status:
        """Health and sync of everything; asks the engines and changes nothing."""
        scope = self.application.name, self.environment.name
        revision, waits = self.store.revisions.latest(*scope), waiting(self.store, *scope)
        try:
            looked = self._look(self.purpose())
        except (OSError, StoreError) as error:
            if not is_full(error):
                raise
            self._note("the disk is full: Terraform and the hosts can't be asked, so this is what was recorded")
            return recorded(scope, self.delivered, revision, "the disk is full", health.ask, waiting=waits)
        self.discard(looked.plan)
        running = self.store.lock.holder(*scope) is not None
        return status(looked, self.delivered, self.environment, revision, health.ask, running=running, waiting=waits)

    def units(self, purpose: Purpose, saved: Plan | None = None) -> tuple[Unit, ...]:
        """The wanted units, with the simulator running where one of them needs it, and the digests of their artefacts and images.

        `saved`: a plan that is looked at again; its images are meant, whatever a registry says by now.
        """
        units = self._wanted(purpose)
        if self.environment.sandbox and self._simulate(units):
            units = self._wanted(purpose)
        units = importing.with_imports(units, purpose.imports)
        if purpose.kind == "deliver":
            units = self._with_images(units, saved)
        targets = {target.name: target for target in self.environment.targets}
        return roots.settle(units, self.delivered, targets, lambda unit: self._terraform.providers_of(unit, self.folder))

    def _with_images(self, units: tuple[Unit, ...], saved: Plan | None) -> tuple[Unit, ...]:
        """The units of clouds with the digests of their images: what was delivered under this version, or planned, is what is meant."""
        delivered = promoting.digests_of((entry.unit for entry in self.delivered.values()), {}, {})
        frozen = past.of_version(self.store, self.application.name, self.environment.name, self.application.version)
        meant = {**(frozen.artifacts if frozen else {}), **promoting.digests_of(saved.units if saved else (), {}, {})}
        units, notes = self._registries.pinned(units, meant, delivered)
        for told in notes:
            self._note(told)
        return units

    def _wanted(self, purpose: Purpose) -> tuple[Unit, ...]:
        if purpose.kind == "destroy":
            return ()
        if purpose.kind == "rollback":
            return self._again(purpose.revision).units
        units = self.compose().everything
        if self.promoted is not None:
            units = promoting.pinned(units, self.promoted)
            then = self.store.plans.get(self.promoted.plan)
            for told in [*promoting.by_name_only(units), *promoting.of_other_sources(units, then.units if then else (), self.settings.promote_from)]:
                self._note(told)
        return artefacts.sealed(units, self.folder, library_folder())

    def undelivered(self, purpose: Purpose) -> tuple[str, ...]:
        """Units that no step of the workflow delivers: they stay as they are. After `units`."""
        if purpose.kind == "rollback":
            return self.revision(purpose.revision)[1].purpose.undelivered
        return self._composition.undelivered if self._composition and purpose.kind == "deliver" else ()

    def wanted(self) -> tuple[Unit, ...]:
        """What app.yaml asks for here; starts nothing. Raises Invalid."""
        return self._wanted(self.purpose())

    def importing(self, name: str, pairs: Sequence[tuple[str, str]], state: Path | None = None) -> Purpose:
        """Delivery that takes over what is there already as component `name`: (address inside its module, id), on hosts what runs there.

        `state`: a Terraform state in which the resources are looked up. Raises ProvisionError, Invalid.
        """
        unit = importing.chosen(self.wanted(), name)
        return replace(self.purpose(), imports=importing.wanted(unit, pairs, state, self._terraform.resources_of))

    def rollback(self, number: int = -1) -> Purpose:
        """Back to a revision (-1: the one before the newest); data that it did not have stays. Raises ProvisionError."""
        revision, plan = self.revision(number)
        purpose = self.purpose("rollback", revision.number)
        return replace(purpose, keep=tuple(sorted({*purpose.keep, *past.to_keep(plan, self.delivered)})))

    def revision(self, number: int) -> tuple[Revision, Plan]:
        """A revision and its plan; 0: the newest, negative: so many before it. Raises ProvisionError (PRV-6201)."""
        return past.find(self.store, self.application.name, self.environment.name, number)

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

    def _look(self, purpose: Purpose, saved: Plan | None = None, given: AsDelivered | None = None,
              accepted: Mapping[str, Acceptance] | None = None) -> Looked:
        """Plan; `saved` is a plan that is looked at again, `given` what is planned in place of what the purpose says.

        `accepted`: the drift that is left alone; default: all that people accepted.
        """
        accepted = self.store.drift.accepted(self.application.name, self.environment.name) if accepted is None else accepted
        units = given.units if given else self.units(purpose, saved)
        purpose = replace(purpose, undelivered=self.undelivered(purpose))
        keep = {*purpose.keep, *(given.kept if given else ())}
        self._check_secrets(units)
        plan = saved.id if saved else uuid.uuid4().hex[:12]
        work = folders.make(self._sites.state, plan)
        again = self._again(purpose.revision) if purpose.kind == "rollback" else None
        version = again.revision.version if again else self.application.version
        text = again.revision.spec if again else self.application.text
        inputs = PlanInputs(
            plan, self.application.name, self.environment.name, version, text, str(work), now(), units,
            self.delivered, self._engines, lambda target: self.site(target, work, 0), frozenset(purpose.allow_destroy), frozenset(keep),
            self._rulebook.handling, purpose.kind == "destroy", self.neighbourhood.users_of, progress=self.tell, accepted=accepted,
            undelivered=frozenset(purpose.undelivered),
            fresh=is_fresh(self.store, (self.application.name, self.environment.name), version, units))
        try:
            looked = look(inputs)
            return replace(looked, plan=replace(looked.plan, purpose=purpose, notes=(*looked.plan.notes, *(again.notes if again else ()))))
        except BaseException:
            folders.discard(work)
            raise

    def _again(self, number: int) -> past.Again:
        """A revision as it can be delivered again. Raises ProvisionError."""
        revision, plan = self.revision(number)
        settled = self.store.delivered.settled(self.application.name, self.environment.name)
        then = promoting.pinned(past.units_of(plan, self.environment, self._sites.state, self.catalog.digest_of), revision)
        kept = [kept_forward(unit, settled) for unit in then]
        stays = [f"{name} stays: it bears data, and revision {number} did not have it" for name in past.to_keep(plan, self.delivered)]
        notes = (f"back to revision {number}", *stays, *(told for _, said in kept for told in said))
        return past.Again(revision, tuple(unit for unit, _ in kept), notes)

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
