"""Delivers units through Terraform: the engine as the runner and the planner know it. Wires the parts; decides nothing."""

import asyncio
import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from provisioner.engine import BatchRequest, Planned, PlanRequest, Providers, Report, Site
from provisioner.engines.terraform import binary, changes, interface, names, outputs, preview
from provisioner.engines.terraform.adopt import adopt
from provisioner.engines.terraform.batch import Batch
from provisioner.engines.terraform.planning import Outcome, Planning, Request
from provisioner.engines.terraform.workspace import LOCK, Workspace, made_here, open_workspace, sealed_here
from provisioner.errors import ProvisionError
from provisioner.model import Change, Json, Unit, project_path
from provisioner.process.children import Children

BATCHES_AT_ONCE = 32
"""A thread each, which mostly sleeps; the runner's own limit is lower."""


class TerraformEngine:
    """One root for each target (or stack of it), one module block for each unit."""

    name = "terraform"

    def __init__(self, binary: str = "", mirrors: tuple[Path, ...] = ()) -> None:
        """`binary`: a name or path, empty for the first of terraform and tofu; `mirrors`: besides those found."""
        self._binary, self._mirrors = binary, mirrors
        self._children = Children()
        self._threads = ThreadPoolExecutor(BATCHES_AT_ONCE, thread_name_prefix="terraform")
        self._lock = threading.Lock()
        self._batches: set[Batch] = set()
        self._providers: dict[tuple[str, str], Providers] = {}

    def plan(self, request: PlanRequest, site: Site) -> dict[str, Planned]:
        """What would change, for each unit and each removed one. Raises Missing (PRV-7101, PRV-7102), ProvisionError for a backend."""
        workspace = self._open(request.key, site)
        removed = tuple(entry.unit for entry in request.removed)
        published = {name: entry.outputs for name, entry in request.delivered.items()
                     if entry.state == "delivered" and entry.unit.root == request.key}
        planning = Planning(workspace, site, Request(request.units, removed, None, published, request.delivered), preview.PLAN_FILE)
        outcome = planning.run()
        units = {names.module(unit): unit.name for unit in [*removed, *request.units]}
        found = changes.changes(outcome.entries, units)
        _keep_preview(workspace, request, outcome, units, found)
        seals = _seals(workspace, outcome)
        return {unit.name: replace(_planned(unit, request, outcome, found), seals=seals) for unit in [*request.units, *removed]}

    def providers_of(self, unit: Unit, project: Path) -> Providers:
        """What a unit's module asks of providers; nothing where the module is gone or can't be read: planning will say so."""
        key = unit.source, unit.source_digest
        if key not in self._providers:
            self._providers[key] = _providers(unit, project_path(str(project)).absolute() / "sources")
        return self._providers[key]

    def resources_of(self, unit: Unit) -> list[str]:
        """TYPE.NAME of the resources that a unit's module itself declares."""
        return [f"{kind}.{name}" for kind, name in interface.resources(Path(unit.source))]

    def sealed(self, key: str, site: Site) -> dict[str, dict[str, Json]]:
        """The sensitive outputs in the state of a root, in clear: module to output to value. Raises ProvisionError."""
        here = sealed_here(key, site)
        return self._open(key, site).sealed() if here is None else here

    def made(self, unit: Unit, site: Site) -> dict[str, Json]:
        """The outputs of a delivered unit's module that are not sensitive. Raises ProvisionError when its state can't be read."""
        here = made_here(unit.root, site)
        return (self._open(unit.root, site).made() if here is None else here).get(names.module(unit), {})

    async def deliver(self, request: BatchRequest, site: Site, report: Report) -> None:
        """Carry out the steps; exactly one StepEnded for each. Raises nothing for a step's own failure."""
        batch = Batch(self._open(_key(request), site), request, site, report)
        with self._lock:
            self._batches.add(batch)
        try:
            await asyncio.get_running_loop().run_in_executor(self._threads, batch.run)
        finally:
            with self._lock:
                self._batches.discard(batch)

    async def adopt(self, request: BatchRequest, site: Site, report: Report) -> tuple[str, ...]:
        """After a crash: follow the Terraform of this batch to its end, if it still runs; names of the steps that are done."""
        workspace = self._open(_key(request), site)
        return await asyncio.get_running_loop().run_in_executor(self._threads, adopt, workspace, request, site, report)

    async def cancel(self, hard: bool) -> None:
        """Soft: no further plan or apply is started. Hard: SIGINT to each Terraform, and wait until it has saved its state and ended."""
        with self._lock:
            batches = list(self._batches)
        for batch in batches:
            if hard:
                batch.interrupt()
            else:
                batch.stop()
        while hard and self._living(batches):
            await asyncio.sleep(0.1)

    def _living(self, batches: list[Batch]) -> bool:
        with self._lock:
            return any(batch in self._batches for batch in batches)

    def _open(self, key: str, site: Site) -> Workspace:
        return open_workspace(key, site, binary.find(self._binary), self._mirrors, self._children)


def _providers(unit: Unit, kept: Path) -> Providers:
    try:
        found = interface.of_unit(unit, kept)[1]
    except ProvisionError:
        return Providers()
    configured = {source.partition(" ")[0] for source in found.own_providers}
    return Providers(tuple(entry for entry in found.required if entry[0] not in configured), bool(configured))


def _key(request: BatchRequest) -> str:
    return request.steps[0].unit.root


def _keep_preview(workspace: Workspace, request: PlanRequest, outcome: Outcome, units: dict[str, str], found: list[Change]) -> None:
    """Note what the plan file does; it can be applied as it is only when it holds nothing unknown, and nothing that is not shown."""
    known = set(units.values())
    whole = not (outcome.failures or outcome.waiting or outcome.root.waits or request.removed or outcome.targeted) and all(
        change.unit in known for change in found)
    operations: dict[str, list[tuple[str, str]]] = {}
    for entry in outcome.entries:
        if entry["change"]["actions"] != ["no-op"]:
            operations.setdefault(units.get(names.module_of(entry["address"]), ""), []).extend(changes.operations(entry))
    preview.write(workspace.folder, preview.Preview(outcome.root.digest, whole, operations))
    if not whole and outcome.plan_file:
        (workspace.folder / outcome.plan_file).unlink(missing_ok=True)


def _seals(workspace: Workspace, outcome: Outcome) -> dict[str, str]:
    """What a saved plan of this root is tied to beside what was asked: its state, the providers that it was locked to, and what planned it."""
    lock = workspace.folder / LOCK
    locked = hashlib.sha256(lock.read_bytes()).hexdigest() if lock.is_file() else ""
    state = f"{outcome.state.lineage} {outcome.state.serial}" if outcome.state.addresses else ""
    return {f"state of {workspace.key}": state, f"provider lock of {workspace.key}": locked, f"program of {workspace.key}": outcome.program}


def _planned(unit: Unit, request: PlanRequest, outcome: Outcome, found: list[Change]) -> Planned:
    if (failure := outcome.failures.get(unit.name)) is not None:
        return Planned(failure=failure.message, missing=failure.missing, health={"": failure.message} if unit.name in request.delivered else {})
    if (cause := outcome.waiting.get(unit.name)) is not None:
        return Planned(unpreviewed=f"waits for {cause}")
    own = tuple(change for change in found if change.unit == unit.name)
    known = outputs.expected(outcome.entries, outcome.state, names.module(unit), unit.target, request.key)
    before = request.delivered.get(unit.name)
    health = {}
    if before is not None and before.state == "delivered":
        gone = [names.short(change.address) for change in own if change.action == "create"]
        health[""] = f"{', '.join(gone)} is gone" if gone else "healthy"
    return Planned(own, known, health=health)
