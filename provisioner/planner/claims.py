"""What a new unit takes over from a leaving one: that removal has to go first, and the time between is a gap. Pure.

A definition says by `claims` what can be held once: a port of a host, a name in a cloud.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from provisioner import graph
from provisioner.model import Delivered, Host, Unit


@dataclass(frozen=True)
class Taken:
    """One thing that goes from the removal `key` to the unit `taker`."""

    key: str
    what: str
    """"port 8080 on web-01", "bucket shop-files"."""
    taker: str

    def note(self, component: str) -> str:
        """The gap in words; `component` is what leaves."""
        return f"gap: {component} is stopped first, its {self.what} goes to {self.taker}"


def taken(removed: Mapping[str, Delivered], wanted: Mapping[str, Unit], delivered: Mapping[str, Delivered],
          hosts: Mapping[str, tuple[Host, ...]]) -> list[Taken]:
    """What wanted units claim that they do not hold yet, and a leaving one does. `removed` is keyed by step name without "remove "."""
    there: dict[tuple[str, str], tuple[str, str]] = {}
    for key, entry in removed.items():
        there |= {place: (key, what) for place, what in _held(entry.unit, entry.unit.hosts).items()}
    found = []
    for name, unit in wanted.items() if there else ():
        before = delivered.get(name)
        already = _held(before.unit, before.unit.hosts) if before else {}
        for place, what in _held(unit, hosts.get(name, unit.hosts)).items():
            if place in there and place not in already and removed[there[place][0]].unit.name != name:
                found.append(Taken(there[place][0], what, name))
    return found


def first(keys: Iterable[str], backward: Mapping[str, Iterable[str]]) -> set[str]:
    """The removals that go first: these, and all that have to go before them (`backward`: removal to those that it waits for)."""
    keys = set(keys)
    return keys | graph.dependents(graph.reverse(backward), keys)


def _held(unit: Unit, hosts: Iterable[Host]) -> dict[tuple[str, str], str]:
    """(where, claim) to words: on each host, or in the target."""
    if unit.engine != "ansible":
        return {(unit.target, claim): claim for claim in unit.claims}
    return {(host.address, claim): f"{claim} on {host.name}" for host in hosts for claim in unit.claims}
