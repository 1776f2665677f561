"""Plans one root so that a failing module does not stop the others: who fails is told apart, left out by name, and it is tried again.

Used for the preview and for each batch alike. Changes nothing in the cloud.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from provisioner.engine import Site
from provisioner.engines.terraform import artefacts, command, names, stream
from provisioner.engines.terraform.blame import NEEDS_VALUES, NO_PROVIDER, addressed, fatal, guilty
from provisioner.engines.terraform.checking import check, conflicts
from provisioner.engines.terraform.dependents import Failure, left_out, settle
from provisioner.engines.terraform.hidden import Hidden
from provisioner.engines.terraform.ignoring import Attributes, ignoring
from provisioner.engines.terraform.inputs import Scope
from provisioner.engines.terraform.interface import Interface, of_unit
from provisioner.engines.terraform.providers import settings
from provisioner.engines.terraform.recreating import recreated
from provisioner.engines.terraform.root import Block, Root, brings_its_own, render
from provisioner.engines.terraform.state import State
from provisioner.engines.terraform.stream import Diagnostic
from provisioner.engines.terraform.taints import Taints
from provisioner.engines.terraform.workspace import Workspace, check_backend, initialise, private
from provisioner.errors import ProvisionError
from provisioner.model import Delivered, Json, Unit
from provisioner.references import as_text


@dataclass
class Request:
    """What is to be planned. `only` names the units of this batch; None: all, as a preview."""

    units: tuple[Unit, ...]
    removed: tuple[Unit, ...] = ()
    only: frozenset[str] | None = None
    published: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    delivered: Mapping[str, Delivered] = field(default_factory=dict)
    failures: tuple[str, ...] = ()
    """Units that could not be planned before: left out from the start."""
    targeted: bool = True
    """False: no targets unless somebody fails."""


@dataclass
class Outcome:
    """What Terraform would do. `plan_file` is empty when there is nothing to do."""

    root: Root
    entries: list[dict[str, Any]]
    state: State
    plan_file: str
    failures: dict[str, Failure]
    waiting: dict[str, str]
    """Unit to what it waits for, where it can't be planned before."""
    targeted: bool
    variables: dict[str, str]
    interfaces: dict[str, Interface]
    program: str
    """What planned it: "terraform 1.11.4"; empty where nothing could be planned."""


class Planning:
    """One attempt to plan one root."""

    def __init__(self, workspace: Workspace, site: Site, request: Request, plan_file: str) -> None:
        self.workspace, self.site, self.request, self.plan_file = workspace, site, request, plan_file
        self.units = {unit.name: unit for unit in request.units}
        self.removed = {unit.name: unit for unit in request.removed}
        self.failures: dict[str, Failure] = {}
        self.waiting: dict[str, str] = {}
        self._blocks: dict[str, Block | None] = {}
        """None: its block is left out."""
        self._destroys = False
        """Everything in this root goes, by the blocks that are in it."""
        self._revealed: dict[str, str] = {}
        self._hidden: dict[str, str] = {}
        self._before: State | None = None
        self._replace: list[str] = []
        """Addresses of resources that a policy makes anew."""
        self._program = ""

    # ------------------------------------------------------------------ the root
    def prepare(self) -> Root:
        """Check each module alone, reveal secrets, and write the root. Needs no Terraform."""
        for unit in self.request.units:
            self._prepare(unit)
        if not self.units:
            self._prepare_removal()
        blocks = {name: block for name, block in self._blocks.items() if block}
        target = ("", "") if brings_its_own(blocks.values(), self._provider()[0]) else self._provider()
        for name, problem in conflicts(target, {name: block.interface for name, block in blocks.items()}).items():
            self._fail(name, problem, keep=False)
        for name in self.request.failures:
            if name in self.units and name not in self.failures:
                self._fail(name, "could not be planned", keep=False)
        return self._write()

    def _prepare_removal(self) -> None:
        """What a module made with providers of its own can only be destroyed while its block is there; it has a root of its own."""
        for name, unit in self.removed.items():
            try:
                block = self._block(unit)
            except ProvisionError:
                continue  # without its source it is taken for one that uses the root's providers
            if block.interface.own_providers and unit.handling.orphan:
                self._fail(name, "its module configures a provider of its own, so it can't be forgotten without being destroyed: keep it "
                                 "(--keep), or take its garbage-collect policy out and apply that first")
            elif block.interface.own_providers:
                self._blocks[name] = block
                self._destroys = True

    def _prepare(self, unit: Unit) -> None:
        try:
            block = self._block(unit)
            problem = check(block.unit, block.interface)
            self._blocks[unit.name] = block
        except ProvisionError as error:
            problem = error.message
            self._blocks[unit.name] = None
        if problem:
            self._fail(unit.name, problem, keep=False)

    def _block(self, unit: Unit) -> Block:
        kept, interface = of_unit(unit, self.workspace.sources)
        if unit.ignore:
            kept = ignoring(kept, self.workspace.sources, unit.ignore, self._attributes())
        if unit.name not in self.removed:
            unit = artefacts.given(unit, self.site.project, self.workspace.folder)
        return Block(unit, os.path.relpath(kept, self.workspace.folder), interface)

    def _attributes(self) -> Attributes:
        """What is known of types of resources from the state, read once."""
        if self._before is None:
            self._before = self._state()
        return self._before.attributes

    def _provider(self) -> tuple[str, str]:
        target = self.site.target.terraform or {}
        return str(target.get("provider", "")), str(target.get("version", ""))

    def _write(self) -> Root:
        """Render until every secret that it needs is at hand or known to be missing, then write the file when it is new."""
        while True:
            blocks = [block for block in self._blocks.values() if block]
            scope = Scope({block.unit.name: block.unit for block in blocks}, self.request.published, frozenset(self._hidden))
            orphans = [names.module(unit) for unit in self.removed.values() if unit.handling.orphan]
            root = render(blocks, settings(self.workspace, self.site), scope, orphans)
            for name, problem in root.problems.items():
                self._fail(name, problem, keep=False)
            if not root.problems and not self._reveal(root):
                break
        self._judge_waits(root)
        if not self.workspace.root_file.is_file() or self.workspace.root_file.read_text() != root.text:
            private(self.workspace.root_file, root.text)
        return root

    def _reveal(self, root: Root) -> bool:
        """True when a secret could not be had, so that the root must be written without it."""
        missing = False
        for reference in root.secrets.values():
            if reference not in self._revealed:
                try:
                    self._revealed[reference] = as_text(self.site.reveal(reference))
                except ProvisionError as error:
                    self._hidden[reference] = error.message
                    missing = True
        return missing

    def _judge_waits(self, root: Root) -> None:
        """In a batch a unit may wait for another one of it, for nothing else."""
        if self.request.only is None:
            return
        for name in self.request.only & root.waits.keys():
            for what in root.waits[name]:
                if what in self.request.only:
                    self.waiting.setdefault(name, what)
                elif name not in self.failures:
                    reason = next((text for reference, text in self._hidden.items() if what.removeprefix("secret ") in reference), "is not known")
                    self._fail(name, f"needs {what}: {reason}")

    # ------------------------------------------------------------------ failures
    def _fail(self, name: str, message: str, *, keep: bool = True, missing: bool = False) -> None:
        """Leave a unit out of the targets; `keep`: its block is all right as it is. Otherwise the last good one takes its place."""
        first = name not in self.failures
        if first:
            self.failures[name] = Failure(message, missing)
        if keep or name not in self.units:
            return
        before = self.request.delivered.get(name)
        self._blocks[name] = None
        if first and before is not None and before.unit.root == self.workspace.key:
            try:
                block = self._block(replace(before.unit, source="" if before.unit.source_digest else before.unit.source))
                self._blocks[name] = None if check(before.unit, block.interface) else block
            except ProvisionError:
                return

    def healthy(self) -> list[str]:
        """The units to plan now."""
        out = left_out(self.units, self.failures, self.waiting, self.request.only)
        return [name for name in self.units if name not in out and (self.request.only is None or name in self.request.only)]

    # ------------------------------------------------------------------ the plan
    def run(self) -> Outcome:
        """Plan, leaving out who fails. Raises Missing when the target's own provider is missing."""
        check_backend(self.workspace)
        root = self.prepare()
        taints = Taints(self.workspace)
        for _ in range(2 * len(self.units) + 3):
            if not self.healthy() and not self.removed.keys() - self.failures.keys() and (self.units or self.removed):
                return self._outcome(root, [], "")
            problems = initialise(self.workspace)
            if not problems:
                taints.lift()
                problems, changed = self._plan(root)
                if not problems:
                    entries = self._show() if changed else []
                    if taints.put_back(entries) or self._recreates(entries):
                        continue
                    return self._outcome(root, entries, self.plan_file if changed else "")
            if not self._blame(problems, root):
                self._blame_all(problems)
            root = self._write()
        return self._outcome(root, [], "")

    def _recreates(self, entries: list[dict[str, Any]]) -> bool:
        """True when a policy wants resources made anew that would change in place: they are planned again so."""
        more = [address for address in recreated(entries, {names.module(unit): unit for unit in self.units.values()}) if address not in self._replace]
        self._replace += more
        return bool(more)

    def _targets(self) -> list[str]:
        """What to name: nothing when all of the root is meant."""
        chosen = [self.units[name] for name in self.healthy()] + [unit for name, unit in self.removed.items() if name not in self.failures]
        if (self.request.only is None or not self.request.targeted) and len(chosen) == len(self.units) + len(self.removed):
            return []
        return [target for unit in chosen for target in names.targets(names.module(unit))]

    def _plan(self, root: Root) -> tuple[list[Diagnostic], bool]:
        preview = self.request.only is None
        (self.workspace.folder / self.plan_file).unlink(missing_ok=True)
        line = command.plan(self.workspace.binary, self.workspace.folder, self.plan_file, self._targets(), replace=self._replace,
                            lock=not preview, destroy=self._destroys, parallel=self.workspace.parallel)
        done = self.workspace.run(line, self.variables(root))
        self._program = stream.program(done.stdout)
        if done.returncode in (0, 2):
            if done.returncode == 0:
                (self.workspace.folder / self.plan_file).unlink(missing_ok=True)
            return [], done.returncode == 2
        found = self._addressed(stream.errors(done.stdout))
        return found or [Diagnostic("error", "terraform plan failed", (done.stderr or done.stdout).strip()[-2000:])], False

    def _addressed(self, problems: list[Diagnostic]) -> list[Diagnostic]:
        """The problems, with addresses where the plan that could not be finished has them."""
        plan = self.workspace.folder / self.plan_file
        done = None
        if plan.is_file() and not all(problem.address for problem in problems):
            done = self.workspace.run(command.show(self.workspace.binary, self.workspace.folder, self.plan_file))
        plan.unlink(missing_ok=True)
        return addressed(problems, json.loads(done.stdout).get("checks") or ()) if done and not done.returncode else problems

    def variables(self, root: Root) -> dict[str, str]:
        """The secrets of a root, for the environment of a child."""
        return {f"TF_VAR_{name}": self._revealed[reference] for name, reference in root.secrets.items() if reference in self._revealed}

    def _show(self) -> list[dict[str, Any]]:
        done = self.workspace.run(command.show(self.workspace.binary, self.workspace.folder, self.plan_file))
        if done.returncode:
            raise ProvisionError(f"the plan can't be read: {done.stderr.strip() or done.stdout.strip()}", code="PRV-4101")
        found: list[dict[str, Any]] = json.loads(done.stdout).get("resource_changes") or []
        return found

    def _outcome(self, root: Root, entries: list[dict[str, Any]], plan_file: str) -> Outcome:
        settle(self.units, self.failures, self.waiting, self.request.only)
        interfaces = {name: block.interface for name, block in self._blocks.items() if block}
        return Outcome(root, entries, self._state(), plan_file, self.failures, self.waiting, bool(self._targets()), self.variables(root), interfaces,
                       self._program)

    def _state(self) -> State:
        known = self.workspace.state_file is not None or (self.workspace.folder / ".terraform").exists()
        return self.workspace.read_state() if known else State()

    # ------------------------------------------------------------------ whose error is it?
    def _blame(self, problems: list[Diagnostic], root: Root) -> bool:
        """Give errors to the units that they are of; False when that leads nowhere."""
        moved = False
        owners = {names.module(unit): name for name, unit in {**self.removed, **self.units}.items()}
        blocks = {name: block for name, block in self._blocks.items() if block}
        for problem in problems:
            missing = problem.summary in NO_PROVIDER
            for name, keep in guilty(problem, root, blocks, owners, self._provider()[0]).items():
                if problem.summary in NEEDS_VALUES and (cause := self._unknown_of(name, root)):
                    moved = moved or name not in self.waiting
                    self.waiting.setdefault(name, cause)
                    continue
                moved = moved or name not in self.failures or (not keep and self._blocks.get(name) is not None)
                if name in self.failures and not keep and self._blocks.get(name) is not None:
                    self._blocks[name] = None
                self._fail(name, self.plain(str(problem)), keep=keep, missing=missing)
        return moved

    def _unknown_of(self, name: str, root: Root) -> str:
        """What a unit waits for, when its inputs are not all known."""
        if waits := root.waits.get(name):
            return waits[0]
        return next((need for need in self.units[name].needs if need in self.units), "") if name in self.units else ""

    def _blame_all(self, problems: list[Diagnostic]) -> None:
        missing = any(problem.summary in NO_PROVIDER for problem in problems)
        message = "\n".join(dict.fromkeys(self.plain(str(problem)) for problem in problems))
        for name in [*self.units, *self.removed]:
            if name not in self.failures:
                self._fail(name, message, missing=missing)
        if missing:
            raise fatal(message, missing)

    def plain(self, text: str) -> str:
        """A text of Terraform without the secrets that we gave it."""
        return Hidden(self._revealed.values()).plain(text)
