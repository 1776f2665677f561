"""The Ansible engine: plans units by check mode, delivers and removes them, one play for each unit on its hosts.

Opens no app.yaml and writes no journal: it reports. Decides from events, never from Ansible's exit codes.
"""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from provisioner.compose.selection import from_source
from provisioner.engine import BatchRequest, Planned, PlanRequest, Report, Site
from provisioner.engines.ansible import folder as folders
from provisioner.engines.ansible import preview, stage
from provisioner.engines.ansible.delivery import Delivery
from provisioner.engines.ansible.inputs import variables
from provisioner.engines.ansible.outcome import Outcome
from provisioner.engines.ansible.play import finish
from provisioner.engines.ansible.verdict import not_played, reached_text, with_code
from provisioner.errors import ProvisionError
from provisioner.model import Delivered, Host, Unit

CHECK = ("--check", "--diff")


class AnsibleEngine:
    """Delivers units on hosts with Ansible."""

    name = "ansible"

    def __init__(self, library: Path) -> None:
        """`library`: the folder in which `playbooks/library`, `playbooks/module_utils` and `playbooks/action_plugins` lie."""
        self._library = library / "playbooks"
        self._running = stage.Running()
        self._cancelled = False

    # ------------------------------------------------------------------ plan
    def plan(self, request: PlanRequest, site: Site) -> dict[str, Planned]:
        """What would change on each host, by check mode; changes nothing. Raises Missing without ansible or ssh."""
        answers = {entry.unit.name: preview.removal(entry, hosts_of(entry.unit, {}, request.delivered)) for entry in request.removed}
        for unit in request.units:
            hosts = hosts_of(unit, request.hosts, {})
            answers[unit.name] = self._unit(unit, hosts, request.delivered.get(unit.name), site)
        return answers

    def _unit(self, unit: Unit, hosts: tuple[Host, ...], before: Delivered | None, site: Site) -> Planned:
        if not hosts:
            return preview.new_hosts(unit) if unit.host_source else Planned(failure=with_code("PRV-7204", "it has no hosts"), missing=True)
        if not Path(unit.source).is_file():
            return Planned(failure=with_code("PRV-4202", f"its playbook is gone: {unit.source}"))
        stage.require_tools(hosts, site)
        try:
            return asyncio.run(self._check(unit, hosts, before, site))
        except ProvisionError as error:
            return Planned(failure=with_code(error.code, error.message, error.hint))

    async def _check(self, unit: Unit, hosts: tuple[Host, ...], before: Delivered | None, site: Site) -> Planned:
        given = variables(unit, site)
        folder = folders.step_folder(site.work, unit.name) / "check"
        once = {host.name: 0.0 for host in hosts}
        play = stage.Stage(site, self._library, folder, unit.source, hosts, given, CHECK, once)
        lost = await stage.knock(play, self._running, lambda reached: None)
        silent = {name: reached_text(reached) for name, reached in lost.items()}
        there = tuple(host for host in hosts if host.name not in lost)
        if not there:
            seen = preview.Seen(unit, hosts, Outcome(), silent, given.unknown, before)
        else:
            outcome = await stage.perform(play, there, self._running, lambda task: None, lambda files: None)
            if outcome.stats is None and not outcome.tasks:
                return Planned(failure=with_code(not_played(outcome), outcome.said or "the playbook could not be checked"))
            seen = preview.Seen(unit, hosts, outcome, silent, given.unknown, before)
        return preview.planned(seen)

    # ------------------------------------------------------------------ deliver
    async def deliver(self, request: BatchRequest, site: Site, report: Report) -> None:
        """Deliver or remove the units of the batch; one StepEnded for each step."""
        tasks = []
        for step in request.steps:
            hosts = hosts_of(step.unit, request.hosts, request.delivered)
            delivery = Delivery(step, hosts, site, report, self._library, self._running, lambda: self._cancelled)
            tasks.append(asyncio.create_task(delivery.run()))
        try:
            await asyncio.gather(*tasks)
        except BaseException:
            # the report refused (the run's lock is lost), or we are cancelled: end what runs
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            raise

    async def adopt(self, request: BatchRequest, site: Site, report: Report) -> tuple[str, ...]:
        """End every process that a dead run left for these steps; nothing of Ansible's can be adopted."""
        for step in request.steps:
            folder = folders.step_folder(site.work, step.name)
            finish(folder, folders.runtime(folder))
        return ()

    async def cancel(self, hard: bool) -> None:
        """Soft: no further play is started. Hard: end those that are running, with all their processes."""
        self._cancelled = True
        self._running.stop.set()
        if hard:
            await asyncio.gather(*(play.end() for play in list(self._running.plays)))


def hosts_of(unit: Unit, hosts: Mapping[str, tuple[Host, ...]], delivered: Mapping[str, Delivered]) -> tuple[Host, ...]:
    """The hosts of a unit as they are known; empty when they are not made yet."""
    if unit.name in hosts:
        return hosts[unit.name]
    if unit.hosts or unit.host_source is None or unit.host_source.unit not in delivered:
        return unit.hosts
    return from_source(delivered[unit.host_source.unit].hosts, unit.host_source)

