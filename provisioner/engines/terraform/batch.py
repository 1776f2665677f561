"""One batch: plan, compare with what was shown, apply exactly that plan file, follow it. Again for units that waited for others of it."""

import hashlib
import json
import threading
from collections.abc import Mapping

from provisioner.codec import to_json
from provisioner.engine import BatchRequest, Report, Site
from provisioner.engines.terraform import changes, command, contract, journal, names, preview
from provisioner.engines.terraform.dependents import Failure
from provisioner.engines.terraform.follow import Follower
from provisioner.engines.terraform.journal import Entry
from provisioner.engines.terraform.planning import Outcome, Planning, Request
from provisioner.engines.terraform.steps import Steps
from provisioner.engines.terraform.workspace import Workspace
from provisioner.errors import Exit, ProvisionError
from provisioner.model import Unit
from provisioner.process import identity
from provisioner.process.children import send, start

INTERRUPTED = "Terraform was interrupted; its state is saved"


class Batch:
    """One batch of one root, carried out in one thread. `stop` and `interrupt` may be called from another."""

    def __init__(self, workspace: Workspace, request: BatchRequest, site: Site, report: Report) -> None:
        self._workspace, self._request, self._site = workspace, request, site
        self._steps = Steps(request, site, workspace, report)
        self._lock = threading.Lock()
        self._stopped = self._hard = False
        self._pid = 0
        self._follower: Follower | None = None

    # ------------------------------------------------------------------ stopping
    def stop(self) -> None:
        """Start nothing new."""
        self._stopped = True

    def interrupt(self) -> None:
        """SIGINT to Terraform alone; it saves its state and ends."""
        with self._lock:
            self._stopped = self._hard = True
            if self._follower is not None:
                self._follower.interrupted()
            if self._pid:
                send(self._pid, 2)
        self._workspace.children.interrupt()

    # ------------------------------------------------------------------ carrying out
    def run(self) -> None:
        """Carry out all steps; each ends exactly once, whatever happens."""
        try:
            self._rounds()
        except ProvisionError as error:
            if self._stopped:
                self._steps.rest(INTERRUPTED if self._hard else "stopped before it began", "interrupted")
            failure = Failure(error.message + (f"; {error.hint}" if error.hint else ""), error.exit == Exit.MISSING)
            for unit in list(self._steps.open):
                self._steps.failed(unit, failure)
        except OSError as error:
            self._steps.rest(f"{error.strerror}: {error.filename}" if error.filename else str(error), "failed")
        finally:
            self._steps.rest("Terraform's engine broke off", "failed")

    def _rounds(self) -> None:
        number = 0
        while self._steps.open:
            number += 1
            if self._stopped:
                return self._steps.rest(INTERRUPTED if self._hard else "stopped before it began", "interrupted")
            before = len(self._steps.open)
            self._round(number)
            if len(self._steps.open) == before:
                return self._steps.rest("waits for what is not known", "failed")
        return None

    def _round(self, number: int) -> None:
        planning = Planning(self._workspace, self._site, self._wanted(), f"batch-{number}.tfplan")
        if number == 1 and self._request.as_planned and self._apply_preview(planning):
            return
        outcome = planning.run()
        if self._hard:
            return self._steps.rest(INTERRUPTED, "interrupted")
        for unit, failure in outcome.failures.items():
            if unit in self._steps.open:
                self._steps.failed(unit, failure)
        units = self._modules()
        excess = contract.excess(changes.changes(outcome.entries, units), self._request.allowed, self._workspace.interrupted())
        excess = {unit: found for unit, found in excess.items() if not (step := self._steps.open.get(unit)) or not step.unpreviewed}
        if excess:
            (self._workspace.folder / planning.plan_file).unlink(missing_ok=True)
            return self._steps.stale(excess)
        chosen = [unit for unit in self._steps.open if unit not in outcome.waiting]
        self._apply(outcome, planning, chosen)
        return None

    def _wanted(self) -> Request:
        request = self._request
        open_units = [step.unit for step in self._steps.open.values()]
        wanted = {unit.name: unit for unit in request.root_units}
        if not self._steps.removing:
            wanted |= {unit.name: unit for unit in open_units}
        others = self._others(wanted)
        return Request(
            tuple(wanted.values()), tuple(open_units) if self._steps.removing else (),
            frozenset() if self._steps.removing else frozenset(self._steps.open), self._steps.published, request.delivered,
            tuple(name for name in request.failures if name not in self._steps.open),
            targeted=not request.last_in_root if self._steps.removing else others)

    def _others(self, wanted: Mapping[str, Unit]) -> bool:
        """True when the root's state may hold something that is not wanted: then targets are named."""
        if set(wanted) != set(self._steps.open) or self._workspace.state_file is None:
            return True
        return not self._workspace.read_state().modules <= {names.module(unit) for unit in wanted.values()}

    def _modules(self) -> dict[str, str]:
        """Module name to unit, for all that this root may hold."""
        known = {names.module(entry.unit): name for name, entry in self._request.delivered.items() if entry.unit.root == self._workspace.key}
        return known | {names.module(unit): unit.name for unit in [*self._request.root_units, *(step.unit for step in self._request.steps)]}

    # ------------------------------------------------------------------ applying
    def _apply_preview(self, planning: Planning) -> bool:
        """Apply the preview's plan file, when it still is this batch exactly."""
        root = planning.prepare()
        shown = preview.read(self._workspace.folder)
        if shown is None or not shown.whole or shown.root != root.digest or planning.failures or planning.waiting or root.waits:
            return False
        operations = {unit: shown.operations.get(unit, []) for unit in self._steps.open}
        changed = tuple(step.unit.name for step in self._request.steps if step.changes)
        follower = self._carry_out(preview.PLAN_FILE, root.digest, operations, changed, planning, ephemeral(planning.variables(root)))
        if any(error.summary == "Saved plan is stale" or "Can't change variable" in error.summary for error in follower.progress.errors):
            return False
        self._finish(follower)
        return True

    def _apply(self, outcome: Outcome, planning: Planning, chosen: list[str]) -> None:
        operations: dict[str, list[tuple[str, str]]] = {unit: [] for unit in chosen}
        units = self._modules()
        changed = set()
        for entry in outcome.entries:
            unit = units.get(names.module_of(entry["address"]), "")
            if unit in operations and entry["change"]["actions"] != ["no-op"]:
                operations[unit] += changes.operations(entry)
                if changes.action_of(entry) and not names.is_ours(entry["address"]):
                    changed.add(unit)
        for unit in [unit for unit in chosen if not operations[unit]]:
            if not self._steps.done(unit, outcome.state, changed=False) and not outcome.plan_file:
                self._steps.failed(unit, Failure("Terraform has nothing to do for it, and its state does not hold it"))
        if outcome.plan_file:
            self._finish(self._carry_out(outcome.plan_file, outcome.root.digest, operations, tuple(sorted(changed)), planning,
                                         ephemeral(outcome.variables)))

    def _carry_out(self, plan_file: str, root: str, operations: dict[str, list[tuple[str, str]]], changed: tuple[str, ...],
                   planning: Planning, variables: Mapping[str, str]) -> Follower:
        """Start the apply in a session of its own and follow it to its end."""
        folder = self._workspace.folder
        line = command.apply(self._workspace.binary, folder, plan_file, parallel=self._workspace.parallel)
        stream = plan_file.replace(".tfplan", ".jsonl")
        entry = Entry(self._request.batch, digest(self._request), root, plan_file, stream, operations, changed)
        (folder / journal.PID_FILE).unlink(missing_ok=True)
        journal.write(folder, entry)
        self._steps.ran(line)
        self._workspace.note(line)
        with self._lock:
            if self._stopped:
                raise ProvisionError("stopped before it began", code="PRV-4106")
            process = start(line, folder, {**self._workspace.environ, **variables}, folder / stream, folder / journal.PID_FILE)
            follower = Follower(self._workspace, self._steps, journal.with_process(entry, identity.of(process.pid)), planning.plain)
            journal.write(folder, follower.entry)
            self._follower, self._pid = follower, process.pid
        try:
            follower.follow(lambda: process.poll() is None)
        finally:
            # whatever breaks off here, Terraform is not left to work unwatched while somebody else begins
            process.wait()
            with self._lock:
                self._follower, self._pid = None, 0
        return follower

    def _finish(self, follower: Follower) -> None:
        follower.end(INTERRUPTED if self._hard else "", self._modules())


def ephemeral(variables: Mapping[str, str]) -> dict[str, str]:
    """The variables that a plan file does not hold and apply must be given again."""
    return {name: value for name, value in variables.items() if name.endswith("_ephemeral")}


def digest(request: BatchRequest) -> str:
    """What tells this batch's steps from others of the same name."""
    steps = {step.name: [to_json(step.unit.inputs), step.unit.source_digest] for step in request.steps}
    sealed = json.dumps([request.batch, steps], sort_keys=True)
    return hashlib.sha256(sealed.encode()).hexdigest()
