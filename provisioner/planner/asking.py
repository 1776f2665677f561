"""What the engines say of every unit: each Terraform root and each unit on hosts is asked once. The planner's only contact with them."""

from collections.abc import Callable, Mapping, Sequence, Sized
from dataclasses import dataclass, field

from provisioner import graph, references
from provisioner.engine import Engine, Planned, PlanRequest, Site
from provisioner.model import Delivered, Json, Unit, predecessors
from provisioner.model.copying import copied
from provisioner.planner.checking import Checks, Question, is_expected
from provisioner.planner.known import Known

ROUNDS = 3
"""How often a root is asked at most: once, and again where it was told something that another answer proved wrong."""


@dataclass
class Asking:
    """The questions of one plan, and the answers so far by step name without "deliver"."""

    engines: Mapping[str, Engine]
    site: Callable[[str], Site]
    progress: Callable[[str], None]
    wanted: Mapping[str, Unit]
    removed: Mapping[str, Delivered]
    delivered: Mapping[str, Delivered]
    rank: Mapping[str, int]
    """Rank of each wanted unit; each comes after what it needs."""
    known: Known
    answers: dict[str, Planned] = field(default_factory=dict)

    def all(self) -> dict[str, Planned]:
        """Ask Terraform, then the hosts, which may need what Terraform knows. Raises what an engine raises."""
        checks = Checks(self.engines["ansible"], self.site, self.delivered)
        try:
            roots = self._roots()
            if roots:
                self._tell_checks(checks.ask(self._expected()))
            self._all_roots(roots)
            self._drop_doomed()
            self._tell_checks(checks.ask(self._questions()))
            self._removals()
            found = checks.answers()
            self.answers |= {name: found[name] for name in self.wanted if name in found}
        finally:
            checks.close()
        return self.answers

    def _all_roots(self, roots: Mapping[str, tuple[list[Unit], list[Delivered]]]) -> None:
        """Ask about each root, and again where it was told what another answer proved wrong."""
        asked: dict[str, tuple[Unit, ...]] = {}
        for number in range(ROUNDS):
            before = dict(asked)
            for root, (units, leave) in roots.items():
                if root in asked and not any(self._is_told(unit) for unit in units):
                    continue
                filled = tuple(self._filled(unit) for unit in units)
                if asked.get(root) != filled:
                    asked[root] = filled
                    rank = {unit.name: self.rank[unit.name] for unit in units}
                    self._ask_terraform(PlanRequest(root, filled, tuple(leave), self.delivered, {}, rank))
            if number and asked == before:
                break
            self._learn_hosts()

    def _is_told(self, unit: Unit) -> bool:
        """True when a unit's question depends on answers of others than its own root."""
        return any(need in self.wanted and self.wanted[need].root != unit.root for need in unit.needs)

    def _filled(self, unit: Unit) -> Unit:
        """The unit as Terraform is asked about it: references inside its root stay."""
        if not unit.needs:
            return unit  # it refers to nothing else
        inside = [need for need in unit.needs if need in self.wanted and self.wanted[need].root == unit.root]
        return copied(unit, inputs=self.known.fill(unit.inputs, inside), outputs=self.known.fill(unit.outputs, inside))

    def _ask_terraform(self, request: PlanRequest) -> None:
        target = (request.units[0] if request.units else request.removed[0].unit).target
        removing = f", {len(request.removed)} to remove" if request.removed else ""
        self.progress(f"asking Terraform about {target}: {_components(request.units)}{removing}")
        planned = self.engines["terraform"].plan(request, self.site(target))
        for entry in request.removed:
            self.answers[f"remove {entry.unit.name}"] = planned.get(entry.unit.name, Planned())
        for unit in request.units:
            self._answer(self.wanted[unit.name], planned.get(unit.name, Planned()))

    def _roots(self) -> dict[str, tuple[list[Unit], list[Delivered]]]:
        found: dict[str, tuple[list[Unit], list[Delivered]]] = {root: ([], []) for root in self._order_of_roots()}
        for name in self.rank:
            unit = self.wanted[name]
            if unit.root:
                found[unit.root][0].append(unit)
        for entry in self.removed.values():
            if entry.unit.root:
                found.setdefault(entry.unit.root, ([], []))[1].append(entry)
        return found

    def _order_of_roots(self) -> list[str]:
        """Roots that others' units need, directly or through units on hosts, come before those; as far as there is such an order."""
        groups = {name: f"root {unit.root}" if unit.root else name for name, unit in self.wanted.items()}
        needs: dict[str, list[str]] = {group: [] for group in groups.values()}
        for name, unit in self.wanted.items():
            needs[groups[name]] += [groups[need] for need in predecessors(unit) if need in groups and groups[need] != groups[name]]
        return [group.removeprefix("root ") for group in graph.order(graph.acyclic(needs)) if group.startswith("root ")]

    def _drop_doomed(self) -> None:
        """Nothing is cleaned on a host whose fleet may take it away: removals come last, it would be gone by then."""
        def doomed(entry: Delivered) -> bool:
            source = entry.unit.host_source
            answer = self.answers.get(source.unit) if source else None
            return answer is not None and any(change.action in ("delete", "replace") for change in answer.changes)

        self.removed = {key: entry for key, entry in self.removed.items() if entry.unit.name not in self.wanted or not doomed(entry)}

    def _answer(self, unit: Unit, answer: Planned) -> None:
        self.answers[unit.name] = answer
        self.known.publish(unit, dict(answer.outputs))
        before = self.delivered.get(unit.name)
        self.known.made.pop(unit.name, None)
        if unit.hosts_output and before and not answer.changes and not answer.unpreviewed:
            self.known.made[unit.name] = before.hosts

    def _learn_hosts(self) -> None:
        """Hosts that Terraform has made before, and the outputs that follow from them."""
        for name, unit in self.wanted.items():
            if unit.host_source is not None:
                self.known.hosts.pop(name, None)
                if (hosts := self.known.hosts_of(unit)) is not None:
                    self.known.hosts[name] = hosts
        for name in self.rank:
            unit = self.wanted[name]
            if unit.engine != "terraform":
                before = self.known.outputs.get(name, {})
                published = self.known.publish(unit, {})
                published |= {key: before[key] for key in before.keys() - published.keys() if self._is_the_playbooks(unit.outputs[key])}

    def _is_the_playbooks(self, output: Json) -> bool:
        """True when nothing is missing in an output but what the playbook itself gives: that is expected to be as it was."""
        return all(reference.head in ("module", "self", "secret") for _, reference in references.find(self.known.fill(output)))

    def played(self, units: Sequence[Unit]) -> Mapping[str, Planned]:
        """What check mode says of the playbooks of these steps of the workflow; among the answers from then on."""
        if units:
            self.progress(f"checking {len(units)} playbook{'s' * (len(units) != 1)} of the workflow")
            checks = Checks(self.engines["ansible"], self.site, self.delivered)
            try:
                checks.ask([(self.known.filled(unit), self.known.hosts.get(unit.name)) for unit in units])
                self.answers |= checks.answers()
            finally:
                checks.close()
        return self.answers

    def _questions(self, among: Callable[[Unit], bool] = lambda unit: True) -> list[Question]:
        """All units on hosts, as they are asked about now; steps of the workflow are none: whether they run depends on the others."""
        return [(self.known.filled(unit), self.known.hosts.get(name)) for name, unit in self.wanted.items()
                if unit.engine == "ansible" and unit.flow is None and among(unit)]

    def _expected(self) -> list[Question]:
        """Those that need not wait for Terraform's answer: what they use of it is expected to be what it was."""
        new = {name for name, unit in self.wanted.items() if unit.engine == "terraform" and not self.known.outputs.get(name)}
        return [(unit, hosts) for unit, hosts in self._questions(lambda unit: new.isdisjoint(unit.needs)) if is_expected(unit)]

    def _tell_checks(self, number: int) -> None:
        if number:
            self.progress(f"checking {number} component{'' if number == 1 else 's'} on hosts")

    def _removals(self) -> None:
        """What leaves its hosts: nothing is asked of those."""
        for key, entry in self.removed.items():
            if entry.unit.engine == "ansible":
                request = PlanRequest(entry.unit.name, (), (entry,), self.delivered)
                answer = self.engines["ansible"].plan(request, self.site(entry.unit.target))
                self.answers[f"remove {key}"] = answer.get(entry.unit.name, Planned())


def _components(units: Sized) -> str:
    return f"{len(units)} component{'' if len(units) == 1 else 's'}"
