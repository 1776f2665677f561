"""The Ansible engine: plans units by check mode, delivers and removes them, one play for each unit on its hosts.

Opens no app.yaml and writes no journal: it reports. Decides from events, never from Ansible's exit codes.
"""

import asyncio
import itertools
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from provisioner.compose.selection import from_source
from provisioner.engine import BatchRequest, Planned, PlanRequest, Report, Site
from provisioner.engines.ansible import folder as folders
from provisioner.engines.ansible import preview, sealing, stage, together
from provisioner.engines.ansible.delivery import Delivery
from provisioner.engines.ansible.inputs import variables
from provisioner.engines.ansible.outcome import Outcome
from provisioner.engines.ansible.play import finish
from provisioner.engines.ansible.together import Asked
from provisioner.engines.ansible.verdict import not_played, reached_text, with_code
from provisioner.errors import ProvisionError
from provisioner.model import Delivered, Host, Unit

CHECK = ("--check", "--diff")
CHECKS_AT_ONCE = 4
"""Check runs at one time: each costs about one core of this machine while it runs."""


class AnsibleEngine:
    """Delivers units on hosts with Ansible."""

    name = "ansible"

    def __init__(self, library: Path) -> None:
        """`library`: the folder in which `playbooks/library`, `playbooks/module_utils` and `playbooks/action_plugins` lie."""
        self._library = library / "playbooks"
        self._running = stage.Running()
        self._cancelled = False
        self._pool = ThreadPoolExecutor(CHECKS_AT_ONCE, thread_name_prefix="check")
        self._numbers = itertools.count(1)

    # ------------------------------------------------------------------ plan
    def plan(self, request: PlanRequest, site: Site) -> dict[str, Planned]:
        """What would change on each host, by check mode; changes nothing. Raises Missing without ansible or ssh."""
        answers = {entry.unit.name: preview.removal(entry, hosts_of(entry.unit, {}, request.delivered)) for entry in request.removed}
        asked = [Asked(unit, hosts_of(unit, request.hosts, {}), request.delivered.get(unit.name)) for unit in request.units]
        for found in self._pool.map(lambda group: self._group(group, site), together.groups(asked, self._library)):
            answers |= found
        seals = sealing.seals(site, {**os.environ, **site.environ}) if asked else {}
        return {name: replace(answer, seals=seals) if seals else answer for name, answer in answers.items()}

    def _group(self, group: Sequence[Asked], site: Site) -> dict[str, Planned]:
        """Units of the same hosts: together, and alone who did not come through."""
        found: dict[str, Planned] = {}
        if len(group) > 1:
            stage.require_tools(group[0].hosts, site)
            try:
                found = asyncio.run(self._together(group, site))
            except ProvisionError:
                found = {}  # whose fault it is will be seen when each is checked alone
        return found | {one.unit.name: self._unit(one, site) for one in group if one.unit.name not in found}

    def _unit(self, one: Asked, site: Site) -> Planned:
        if not one.hosts:
            return preview.new_hosts(one.unit) if one.unit.host_source else Planned(failure=with_code("PRV-7204", "it has no hosts"), missing=True)
        if not Path(one.unit.source).is_file():
            return Planned(failure=with_code("PRV-4202", f"its playbook is gone: {one.unit.source}"))
        stage.require_tools(one.hosts, site)
        try:
            return asyncio.run(self._check(one, site))
        except ProvisionError as error:
            return Planned(failure=with_code(error.code, error.message, error.hint))

    async def _check(self, one: Asked, site: Site) -> Planned:
        given = variables(one.unit, site)
        folder = folders.step_folder(site.work, one.unit.name) / "check"
        play = stage.Stage(site, self._library, folder, one.unit.source, one.hosts, given, CHECK, {host.name: 0.0 for host in one.hosts})
        there, silent, outcome = await self._play(play)
        if there and outcome.stats is None and not outcome.tasks:
            return Planned(failure=with_code(not_played(outcome), outcome.said or "the playbook could not be checked"))
        return preview.planned(preview.Seen(one.unit, one.hosts, outcome, silent, given.unknown, one.before))

    async def _together(self, group: Sequence[Asked], site: Site) -> dict[str, Planned]:
        """The answers for those that came through. Raises ProvisionError where a secret of one of them has no value."""
        units = [(one.unit, variables(one.unit, site)) for one in group]
        hosts = group[0].hosts
        folder = folders.step_folder(site.work, f"checks {next(self._numbers)}")
        file = folders.put(folder / "site.yml", together.playbook(units, whole=False))
        play = stage.Stage(site, self._library, folder, str(file), hosts, together.merged(units), CHECK, {host.name: 0.0 for host in hosts})
        if any(given.hidden for _, given in units):
            play = replace(play, inline=together.playbook(units, whole=True))
        there, silent, outcome = await self._play(play)
        through = together.come_through(outcome, [unit.name for unit, _ in units], there) if there else {one.unit.name: outcome for one in group}
        given = {unit.name: variables for unit, variables in units}
        return {name: preview.planned(preview.Seen(one.unit, hosts, through[name], silent, given[name].unknown, one.before))
                for one in group if (name := one.unit.name) in through}

    async def _play(self, play: stage.Stage) -> tuple[tuple[Host, ...], dict[str, str], Outcome]:
        """Play on the hosts that can be reached: which those are, why the others can't be, and what came of it."""
        lost = await stage.knock(play, self._running, lambda reached: None)
        there = tuple(host for host in play.hosts if host.name not in lost)
        outcome = await stage.perform(play, there, self._running, lambda task: None, lambda files: None) if there else Outcome()
        return there, {name: reached_text(reached) for name, reached in lost.items()}, outcome

    # ------------------------------------------------------------------ deliver
    async def deliver(self, request: BatchRequest, site: Site, report: Report) -> None:
        """Deliver or remove the units of the batch; one StepEnded for each step."""
        tasks = []
        for step in request.steps:
            hosts = hosts_of(step.unit, request.hosts, request.delivered)
            delivery = Delivery(step, hosts, site, report, self._library, self._running, lambda: self._cancelled,
                                step.unit.name not in request.delivered)
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

