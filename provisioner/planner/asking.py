"""What the engines say of every unit: each Terraform root and each unit on hosts is asked once. The planner's only contact with them."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from provisioner import graph
from provisioner.engine import Engine, Planned, PlanRequest, Site
from provisioner.model import Delivered, Unit
from provisioner.planner.known import Known
from provisioner.planner.steps import ranks

HOSTS_AT_ONCE = 4
"""Units on hosts that are checked at one time: each costs about one core of this machine while it runs."""


@dataclass
class Asking:
    """The questions of one plan, and the answers so far by step name without "deliver"."""

    engines: Mapping[str, Engine]
    site: Callable[[str], Site]
    progress: Callable[[str], None]
    wanted: Mapping[str, Unit]
    removed: Mapping[str, Delivered]
    delivered: Mapping[str, Delivered]
    known: Known
    answers: dict[str, Planned] = field(default_factory=dict)

    def all(self) -> dict[str, Planned]:
        """Ask Terraform, then the hosts, which may need what Terraform knows. Raises what an engine raises."""
        self._terraform()
        self._learn_hosts()
        self._hosts()
        return self.answers

    def _terraform(self) -> None:
        """Each root once; roots that need others' outputs after those."""
        rank = ranks(self.wanted)
        for root, (units, leave) in self._roots().items():
            target = (units[0] if units else leave[0].unit).target
            removing = f", {len(leave)} to remove" if leave else ""
            self.progress(f"asking Terraform about {target}: {len(units)} components{removing}")
            filled = tuple(self.known.filled(unit) for unit in units)
            request = PlanRequest(root, filled, tuple(leave), self.delivered, {}, {unit.name: rank[unit.name] for unit in units})
            planned = self.engines["terraform"].plan(request, self.site(target))
            for entry in leave:
                self.answers[f"remove {entry.unit.name}"] = planned.get(entry.unit.name, Planned())
            for unit in units:
                self._answer(unit, planned.get(unit.name, Planned()))

    def _roots(self) -> dict[str, tuple[list[Unit], list[Delivered]]]:
        found: dict[str, tuple[list[Unit], list[Delivered]]] = {}
        for name in graph.order({name: unit.needs for name, unit in self.wanted.items()}):
            unit = self.wanted[name]
            if unit.root:
                found.setdefault(unit.root, ([], []))[0].append(unit)
        for entry in self.removed.values():
            if entry.unit.root:
                found.setdefault(entry.unit.root, ([], []))[1].append(entry)
        return found

    def _answer(self, unit: Unit, answer: Planned) -> None:
        self.answers[unit.name] = answer
        self.known.publish(unit, dict(answer.outputs))
        before = self.delivered.get(unit.name)
        if unit.hosts_output and before and not answer.changes:
            self.known.made[unit.name] = before.hosts

    def _learn_hosts(self) -> None:
        """Hosts that Terraform has made before, and the outputs that follow from them."""
        for name, unit in self.wanted.items():
            if unit.host_source is not None and (hosts := self.known.hosts_of(unit)) is not None:
                self.known.hosts[name] = hosts
        for name in graph.order({name: unit.needs for name, unit in self.wanted.items()}):
            if self.wanted[name].engine != "terraform":
                before = self.known.outputs.get(name, {})
                self.known.outputs[name] = {**before, **self.known.publish(self.wanted[name], {})}

    def _hosts(self) -> None:
        """Units on hosts, several at a time."""
        requests = self._host_requests()
        if not requests:
            return
        self.progress(f"checking {len(requests)} components on hosts")
        engine = self.engines["ansible"]
        with ThreadPoolExecutor(HOSTS_AT_ONCE) as pool:
            futures = {name: (request.key, pool.submit(engine.plan, request, self.site(target))) for name, request, target in requests}
            for name, (key, future) in futures.items():
                self.answers[name] = future.result().get(key, Planned())

    def _host_requests(self) -> list[tuple[str, PlanRequest, str]]:
        found: list[tuple[str, PlanRequest, str]] = []
        for name, unit in self.wanted.items():
            if unit.engine == "ansible":
                hosts = {name: self.known.hosts[name]} if name in self.known.hosts else {}
                found.append((name, PlanRequest(name, (self.known.filled(unit),), (), self.delivered, hosts), unit.target))
        for key, entry in self.removed.items():
            if entry.unit.engine == "ansible":
                found.append((f"remove {key}", PlanRequest(entry.unit.name, (), (entry,), self.delivered), entry.unit.target))
        return found
