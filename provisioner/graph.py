"""Order among named things: strings in, strings out. Knows nothing of components, units or steps."""

from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter

Needs = Mapping[str, Iterable[str]]


class Cycle(Exception):
    """The graph has a cycle; `path` begins and ends with the same name, each name needs the next."""

    def __init__(self, path: tuple[str, ...]) -> None:
        super().__init__(" → ".join(path))
        self.path = path


def order(needs: Needs) -> list[str]:
    """Names so that each comes after what it needs; equal ranks in the order of the mapping. Raises Cycle.

    Needs that are not keys of the mapping are ignored: they are outside of what is ordered.
    """
    known = {name: {need: None for need in wanted if need in needs} for name, wanted in needs.items()}
    position = {name: index for index, name in enumerate(known)}
    waiting = {name: len(wanted) for name, wanted in known.items()}
    back = reverse(known)
    found: list[str] = []
    ready = [name for name, count in waiting.items() if not count]
    while ready:
        found += ready
        freed = []
        for name in ready:
            for dependent in back[name]:
                waiting[dependent] -= 1
                if not waiting[dependent]:
                    freed.append(dependent)
        ready = sorted(freed, key=position.__getitem__)
    if len(found) < len(known):
        raise Cycle(_circle(known))
    return found


def _circle(needs: Needs) -> tuple[str, ...]:
    """The way around, for a graph that has a cycle."""
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        return tuple(reversed(error.args[1]))
    return ()


def acyclic(needs: Needs) -> dict[str, list[str]]:
    """The same edges without those that would close a cycle, and without those that lead out of the mapping."""
    found: dict[str, list[str]] = {}
    way: dict[str, list[str]] = {}
    """What is being looked at, and what it needs that was not looked at yet, last first."""
    for first in needs:
        if first in found:
            continue
        found[first], way[first] = [], list(needs[first])[::-1]
        while way:
            name = next(reversed(way))
            if not way[name]:
                del way[name]
                continue
            need = way[name].pop()
            if need in way or need not in needs:
                continue
            found[name].append(need)
            if need not in found:
                found[need], way[need] = [], list(needs[need])[::-1]
    return {name: found[name] for name in needs}


def reverse(needs: Needs) -> dict[str, list[str]]:
    """Who needs me: the same edges the other way round."""
    found: dict[str, list[str]] = {name: [] for name in needs}
    for name, wanted in needs.items():
        for need in wanted:
            if need in found:
                found[need].append(name)
    return found


def dependents(needs: Needs, of: Iterable[str]) -> set[str]:
    """All that needs one of `of`, directly or not; `of` itself is not in it."""
    back, found, queue = reverse(needs), set[str](), list(of)
    while queue:
        for name in back.get(queue.pop(), ()):
            if name not in found:
                found.add(name)
                queue.append(name)
    return found


def phases(needs: Needs, crossing: Mapping[str, str]) -> dict[str, int]:
    """How often the way to a name must leave its group and come back: the earliest round in which it can be done. Names are as in `order`.

    `crossing` gives the group (Terraform root) of the names that are carried out together; names without one cost no
    round of their own. Units of one group and one phase never need, even indirectly, a unit outside of it of the same phase.
    """
    found: dict[str, int] = {}
    for name in order(needs):
        group = crossing.get(name)
        before = [(need, found[need]) for need in needs[name] if need in found]
        found[name] = max(
            (phase + (1 if group is not None and crossing.get(need) != group else 0) for need, phase in before), default=0)
    return found
