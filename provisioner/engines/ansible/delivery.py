"""One step on hosts from its start to its StepEnded: wait for SSH, play, outputs. Reports events; raises nothing of its own."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from provisioner import references
from provisioner.engine import Report, Site
from provisioner.engines.ansible import folder as folders
from provisioner.engines.ansible import outcome as outcomes
from provisioner.engines.ansible import sources, stage
from provisioner.engines.ansible.inputs import Variables, variables
from provisioner.engines.ansible.outcome import Outcome, Task
from provisioner.engines.ansible.play import finish
from provisioner.engines.ansible.preview import NEW_HOSTS
from provisioner.engines.ansible.verdict import only_missing, reached_text, reasons, with_code
from provisioner.errors import Exit, ProvisionError
from provisioner.hosts.ssh import Reached
from provisioner.model import Event, Host, Hosts, Json, Step, StepEnded
from provisioner.planner.known import Known

MASKED = "(secret)"
SHOWN = ("ok", "failed", "unreachable")
READY = {"ready": "ready", "login": "ready", "silent": "unreachable", "key": "unreachable"}


@dataclass(frozen=True)
class Delivery:
    """One step, its hosts, and where to tell how it goes."""

    step: Step
    hosts: tuple[Host, ...]
    site: Site
    report: Report
    library: Path
    running: stage.Running
    cancelled: Callable[[], bool]
    first: bool = False
    """True where nothing of it can run yet that others use: all hosts at once."""

    async def run(self) -> None:
        """Carry the step out; exactly one StepEnded is reported."""
        try:
            ended = await (self._remove() if self.step.kind == "remove" else self._deliver())
        except ProvisionError as error:
            ended = StepEnded(self.step.name, "failed", with_code(error.code, error.message, error.hint), missing=error.exit == Exit.MISSING)
        except OSError as error:
            ended = self._failed(with_code("PRV-4211", f"its folder can't be written: {error}"))
        self.report(ended)

    @property
    def folder(self) -> Path:
        return folders.step_folder(self.site.work, self.step.name)

    async def _deliver(self) -> StepEnded:
        unit = self.step.unit
        if not Path(unit.source).is_file():
            return self._failed(with_code("PRV-4202", f"its playbook is gone: {unit.source}"))
        hosts = self._touched()
        sources.keep(unit, self.site.state)
        ended, outcome = await self._play(unit.source, hosts)
        if ended.state != "done":
            return ended
        return self._with_outputs(ended, outcome)

    async def _remove(self) -> StepEnded:
        unit = self.step.unit
        if not unit.remove_source:
            self._say("note", f"{unit.type} has no playbook for removal: what it made stays on its hosts")
            return StepEnded(self.step.name, "done", "forgotten: its type has no playbook for removal")
        playbook = sources.removal(unit, self.site.state)
        if not playbook:
            return self._failed(with_code("PRV-4208", f"the playbook that removes it is gone: {unit.remove_source}"))
        if not self.hosts:
            return StepEnded(self.step.name, "done", "its hosts are gone")
        return (await self._play(playbook, self.hosts))[0]

    def _touched(self) -> tuple[Host, ...]:
        """The hosts to play on: our modules leave alone what the plan left alone; a user's playbook always sees all its hosts."""
        named = {change.address for change in self.step.changes}
        sealed = any(change.seal for change in self.step.changes)
        if not sealed or NEW_HOSTS in named or self.step.unpreviewed:
            return self.hosts
        return tuple(host for host in self.hosts if host.name in named)

    async def _play(self, playbook: str, hosts: tuple[Host, ...]) -> tuple[StepEnded, Outcome]:
        if not hosts:
            return self._failed(with_code("PRV-7204", "it has no hosts"), missing=True), Outcome()
        stage.require_tools(hosts, self.site)
        if self.cancelled():
            return StepEnded(self.step.name, "interrupted", with_code("PRV-4209", "cancelled before it was started")), Outcome()
        # an attempt that died is no longer running, but what it had started may be
        finish(self.folder, folders.runtime(self.folder))
        play = stage.Stage(self.site, self.library, self.folder, playbook, hosts, self._variables(), limits=self._limits(hosts), seals=self._seals())
        remote = [host.name for host in hosts if host.connection == "ssh"]
        if remote:
            self._say("note", f"waiting for SSH of {', '.join(remote[:8])}{', …' if len(remote) > 8 else ''}")
        lost = await stage.knock(play, self.running, self._reached)
        there = tuple(host for host in hosts if host.name not in lost)
        if self.cancelled():
            return StepEnded(self.step.name, "interrupted", with_code("PRV-4209", "cancelled before the playbook was started")), Outcome()
        outcome = Outcome(stats={"failed": {}, "dark": {}, "processed": {}})
        if there:
            folders.note_started(self.folder, [host.name for host in there])
            outcome = await stage.perform(play, there, self.running, self._told, self._written)
            folders.forget_started(self.folder, [host.name for host in there if outcomes.is_stale(outcome.of(host.name))
                                                 or outcomes.is_unreachable(outcome.of(host.name)[:1]) or outcomes.is_untouched(outcome, host.name)])
        failed = {**{name: reached_text(reached) for name, reached in lost.items()}, **reasons(outcome, there)}
        return self._ended(outcome, failed, hosts), outcome

    def _ended(self, outcome: Outcome, failed: dict[str, str], hosts: tuple[Host, ...]) -> StepEnded:
        changed = outcomes.changed(outcome)
        if self.cancelled() and outcome.stats is None:
            return StepEnded(self.step.name, "interrupted", with_code("PRV-4209", "the playbook was ended; tasks that had begun run to their end"),
                             changed=changed)
        for host in hosts:
            self._say("host", failed.get(host.name, ""), host.name, {"state": "failed" if host.name in failed else "done"})
        if not failed:
            return StepEnded(self.step.name, "done", changed=changed)
        if outcome.stats is None and not outcome.tasks and len(set(failed.values())) == 1:
            message = next(iter(failed.values()))
        else:
            message = outcomes.grouped(failed, {host.name: host.address for host in hosts})
        stale = any(outcomes.is_stale(outcome.of(name)) for name in failed)
        return StepEnded(self.step.name, "failed", message, changed=changed, failed_hosts=failed, stale=stale,
                         missing=len(failed) == len(hosts) and only_missing(failed))

    def _with_outputs(self, ended: StepEnded, outcome: Outcome) -> StepEnded:
        unit, raw = self.step.unit, outcomes.outputs(outcome)
        clear = [name for name, template in unit.outputs.items() if any(
            reference.head == "module" and (name in unit.sensitive or MASKED in references.as_text(raw.get(reference.path[0], "")))
            for _, reference in references.find(template))]
        if clear:
            return replace(ended, state="failed", message=with_code(
                "PRV-4206", f"{', '.join(clear)}: a secret came out of the playbook in clear and was not stored"))
        for name, taking in unit.images.items():
            if isinstance(digest := raw.get(taking), str) and digest:
                self._say("artifact", references.as_text(unit.inputs.get(name)), data={"digest": digest})
        known = Known()
        known.hosts[unit.name] = self.hosts
        try:
            published = known.publish(unit, raw)
        except references.Unknown as error:
            return replace(ended, state="failed", message=with_code("PRV-4205", error.message, error.hint))
        missing = [name for name in unit.outputs if name not in published]
        if missing:
            return replace(ended, state="failed", outputs=published, message=with_code(
                "PRV-4205", f"the playbook did not set: {', '.join(missing)}", f"it gave: {', '.join(raw) or 'nothing'}"))
        return replace(ended, outputs=published)

    def _variables(self) -> Variables:
        given = variables(self.step.unit, self.site)
        return replace(given, open={**given.open, "provision_first": True}) if self.first else given

    # ------------------------------------------------------------------ what the plan showed
    def _limits(self, hosts: tuple[Host, ...]) -> dict[str, float]:
        way = self.site.target.hosts or Hosts()
        new = self.step.unit.host_source is not None and any(change.address == NEW_HOSTS for change in self.step.changes)
        return {host.name: float(way.ssh_wait) if new else stage.LISTED_WAIT for host in hosts}

    def _seals(self) -> dict[str, str]:
        """What the plan showed as "before"; where an attempt of this very step has begun, the state is half-way by our own hand."""
        begun = folders.started(self.folder)
        return {change.address: change.seal for change in self.step.changes if change.seal and change.address not in begun}

    # ------------------------------------------------------------------ telling
    def _say(self, kind: str, message: str, host: str = "", data: dict[str, Json] | None = None) -> None:
        self.report(Event(kind, self.step.name, message, host, data or {}))

    def _reached(self, reached: Reached) -> None:
        self._say("host", "" if reached.state == "ready" else reached_text(reached), reached.host, {"state": READY[reached.state]})

    def _written(self, files: folders.Files) -> None:
        self._say("command", files.command.strip().splitlines()[-1], data={"folder": str(files.folder), "cwd": str(self.site.project)})

    def _told(self, task: Task) -> None:
        if task.state not in SHOWN:
            return
        state = "changed" if task.state == "ok" and task.result.get("changed") else task.state
        data: dict[str, Json] = {"state": state, "task": task.task, "ignored": task.ignored}
        said = task.result.get("provision")
        if isinstance(said, dict) and said.get("tasks"):
            data["tasks"] = [str(word) for word in said["tasks"]]
        self._say("task", task.task if state in ("ok", "changed") else outcomes.explain(task), task.host, data)

    def _failed(self, message: str, missing: bool = False) -> StepEnded:
        return StepEnded(self.step.name, "failed", message, missing=missing)
