"""How the steps of a batch end, told to the runner: done with outputs and hosts, failed with the API's words, skipped by name."""

import re
import shlex
from collections.abc import Iterable, Mapping

from provisioner.engine import BatchRequest, Report, Site
from provisioner.engines.terraform import command, names, outputs
from provisioner.engines.terraform.dependents import Failure
from provisioner.engines.terraform.state import State
from provisioner.engines.terraform.stream import Diagnostic, Hook
from provisioner.engines.terraform.workspace import Workspace
from provisioner.model import Change, Event, Json, Step, StepEnded

EXISTS = re.compile(r"already\s?exists|AlreadyOwnedByYou|ResourceInUseException|EntityAlreadyExists|Duplicate", re.IGNORECASE)
IDENTIFIERS = ("bucket", "identifier", "cluster_identifier", "name", "id")
"""Attributes that most resources are imported by, in this order."""


class Steps:
    """The open steps of one batch. Each ends exactly once."""

    def __init__(self, request: BatchRequest, site: Site, workspace: Workspace, report: Report) -> None:
        self.request, self._site, self._workspace, self._report = request, site, workspace, report
        self.open: dict[str, Step] = {step.unit.name: step for step in request.steps}
        self.published: dict[str, Mapping[str, Json]] = {
            name: entry.outputs for name, entry in request.delivered.items() if entry.state == "delivered"}
        self._by_module = {names.module(step.unit): step for step in request.steps}
        self.ended: list[str] = []
        self.well: set[str] = set()

    @property
    def removing(self) -> bool:
        return any(step.kind == "remove" for step in self.request.steps)

    def needs(self, unit: str) -> tuple[str, ...]:
        """The units that must be through before this one is: a removal waits for what needed it."""
        if self.open[unit].kind == "deliver":
            return self.open[unit].unit.needs
        return tuple(name.removeprefix("remove ") for name in self.open[unit].needs)

    def _end(self, unit: str, ended: StepEnded) -> None:
        del self.open[unit]
        self.ended.append(unit)
        if ended.state == "done":
            self.well.add(unit)
        self._report(ended)

    def done(self, unit: str, state: State, *, changed: bool) -> bool:
        """End a step whose work is done; False when the state does not show it yet."""
        step = self.open[unit]
        module = names.module(step.unit)
        if step.kind == "remove":
            if module in state.modules:
                return False
            self._end(unit, StepEnded(step.name, "done", "removed", changed=changed))
            return True
        raw = outputs.handed_off(state, module, step.unit.target, self._workspace.key)
        if raw is None:
            return False
        found = outputs.finish(step.unit, raw, self.published)
        for name in step.unit.outputs.keys() - found.keys():
            self._report(Event("diagnostic", step.name, f'output "{name}" has no value to hand on: its module gives none, or an ephemeral one',
                               data={"severity": "warning"}))
        self.published[unit] = found
        self._end(unit, StepEnded(step.name, "done", "", found, changed, outputs.hosts(step.unit, raw, self._site.target)))
        return True

    def failed(self, unit: str, failure: Failure) -> None:
        """End a step that can't be done, or that waits for one that can't."""
        step = self.open[unit]
        self._end(unit, StepEnded(step.name, "skipped" if failure.waits_for else "failed", failure.message, missing=failure.missing))

    def stale(self, excess: Mapping[str, list[str]]) -> None:
        """End all: more is planned than was shown. Nothing has been done."""
        every = "; ".join(problem for problems in excess.values() for problem in problems[:3])
        for unit, step in list(self.open.items()):
            own = "; ".join(excess.get(unit, []))
            message = f"more than the plan showed: {own}" if own else f"not begun, since more than the plan showed would happen: {every}"
            self._end(unit, StepEnded(step.name, "failed", message, stale=True))

    def rest(self, message: str, state: str) -> None:
        """End all that are open in one way: "failed" or "interrupted"."""
        for unit, step in list(self.open.items()):
            self._end(unit, StepEnded(step.name, "failed" if state == "failed" else "interrupted", message))

    def after(self, errors: Iterable[Diagnostic], unit_at: Mapping[str, str], *, well: bool, cut: str) -> None:
        """End what an apply left open. `unit_at` maps modules to units; `cut`: why Terraform ended early, if it did."""
        found = self._by_unit(list(errors), unit_at)
        general = found.pop("", [])
        for unit, messages in found.items():
            if unit in self.open:
                self.failed(unit, Failure("\n".join(dict.fromkeys(messages))))
        self._skip_dependents()
        if cut:
            self.rest(cut, "interrupted")
        elif general:
            self.rest("\n".join(dict.fromkeys(general)), "failed")
        elif not well and not found:
            self.rest("Terraform ended without saying how", "failed")

    def _by_unit(self, errors: list[Diagnostic], unit_at: Mapping[str, str]) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for error in errors:
            unit = unit_at.get(names.module_of(error.address), "")
            found.setdefault(unit, []).append(f"{names.short(error.address)}: {error}{self._import_hint(error)}" if error.address else str(error))
        return found

    def _skip_dependents(self) -> None:
        gone = {name for name in self.ended if name not in self.well}
        moved = True
        while moved:
            moved = False
            for unit in list(self.open):
                cause = next((need for need in self.needs(unit) if need in gone), None)
                if cause is not None:
                    self.failed(unit, Failure(f"waits for {cause}", waits_for=cause))
                    gone.add(unit)
                    moved = True

    def _import_hint(self, error: Diagnostic) -> str:
        if not EXISTS.search(str(error)):
            return ""
        change = next((change for change in self.request.allowed if change.address == error.address), None)
        line = command.import_line(self._workspace.binary, error.address, _identifier(change))
        return f"; if it is this application's own (a run broke off after making it): cd {shlex.quote(str(self._workspace.folder))} && {line}"

    def event(self, hook: Hook) -> None:
        """Tell what happens to a resource; our own additions are not spoken of."""
        step = self._by_module.get(names.module_of(hook.address))
        if step is None or names.is_ours(hook.address):
            return
        self._report(Event("resource", step.name, str(hook), data={
            "address": hook.address, "action": hook.action, "phase": hook.phase, "seconds": hook.seconds,
            **({"id": hook.identifier} if hook.identifier else {})}))

    def said(self, address: str, text: str) -> None:
        """Tell what a program says that a resource runs; Terraform's own line, which names the command, is left out."""
        step = self._by_module.get(names.module_of(address))
        if step is not None and text and not text.startswith("Executing: ["):
            self._report(Event("task", step.name, text, data={"address": address}))

    def diagnostic(self, found: Diagnostic, text: str) -> None:
        """Tell what Terraform says."""
        step = self._by_module.get(names.module_of(found.address))
        self._report(Event("diagnostic", step.name if step else "", text, data={"severity": found.severity, "address": found.address}))

    def ran(self, line: list[str]) -> None:
        """Tell which command is run."""
        self._report(Event("command", "", command.text(line), data={"folder": str(self._workspace.folder), "batch": self.request.batch}))


def _identifier(change: Change | None) -> str:
    after = change.after if change else {}
    return next((str(after[name]) for name in IDENTIFIERS if isinstance(after.get(name), str | int)), "ID")
