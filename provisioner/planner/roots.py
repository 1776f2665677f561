"""Which Terraform root each unit belongs to, settled before anything is planned. Pure.

A root is one target's, or one stack's of it. It is split where a module configures its own providers (such a module can only be removed
while its block is there), and where provider constraints cannot meet. What is delivered stays where it is unless it must move.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from provisioner.engine import Providers
from provisioner.model import Delivered, Target, Unit
from provisioner.planner.constraints import compatible

APART = "--"
"""Between a root and the component that a further root of the same target or stack was first made for."""


def settle(units: Iterable[Unit], delivered: Mapping[str, Delivered], targets: Mapping[str, Target],
           providers_of: Callable[[Unit], Providers]) -> tuple[Unit, ...]:
    """The units with their roots; the order is kept."""
    wanted = tuple(units)
    roots = _Roots(targets, providers_of, Counter(unit.root for unit in wanted), {entry.unit.root for entry in delivered.values()})
    chosen = {unit.name: roots.place(unit, delivered.get(unit.name))
              for unit in sorted(wanted, key=lambda unit: _turn(unit, delivered.get(unit.name))) if unit.root}
    return tuple(replace(unit, root=chosen[unit.name]) if chosen.get(unit.name, unit.root) != unit.root else unit for unit in wanted)


def _turn(unit: Unit, before: Delivered | None) -> int:
    """Who chooses first: what is delivered as it is wanted, then what was changed, then what is new."""
    return 2 if before is None else 1 if before.unit.source_digest != unit.source_digest else 0


class _Roots:
    """The roots so far, with who is in them and what they ask of providers."""

    def __init__(self, targets: Mapping[str, Target], providers_of: Callable[[Unit], Providers], wanted: Counter[str], there: set[str]) -> None:
        self._targets, self._providers_of, self._wanted, self._names = targets, providers_of, wanted, {*wanted, *there}
        self._asked: dict[str, list[tuple[str, str]]] = {}
        self._alone: set[str] = set()

    def place(self, unit: Unit, before: Delivered | None) -> str:
        """The root of one unit, which is put there."""
        providers = self._providers_of(unit)
        there = before.unit.root if before is not None and _is_of(before.unit.root, unit.root) else ""
        if not providers.own and not self._meet(providers.constraints, self._of_target(unit)):
            # no root of this target would do: the engine says so
            return there or unit.root
        root = self._root(unit, providers, there)
        self._names.add(root)
        self._asked.setdefault(root, []).extend(providers.constraints)
        if providers.own:
            self._alone.add(root)
        return root

    def _root(self, unit: Unit, providers: Providers, there: str) -> str:
        if providers.own:
            shared = there in self._asked or (there == unit.root and self._wanted[unit.root] > 1)
            return there if there and not shared else self._fresh(unit)
        further = sorted(root for root in self._asked if root != unit.root and _is_of(root, unit.root))
        candidates = [*([there] if there else []), unit.root, *further]
        return next((root for root in candidates if self._fits(root, providers)), "") or self._fresh(unit)

    def _fits(self, root: str, providers: Providers) -> bool:
        return root not in self._alone and self._meet(providers.constraints, self._asked.get(root, []))

    def _of_target(self, unit: Unit) -> list[tuple[str, str]]:
        target = self._targets[unit.target].terraform if unit.target in self._targets else None
        return [(str(target["provider"]), str(target.get("version") or ""))] if target and target.get("provider") else []

    @staticmethod
    def _meet(asked: Iterable[tuple[str, str]], others: Iterable[tuple[str, str]]) -> bool:
        found: dict[str, list[str]] = {}
        for source, version in others:
            found.setdefault(source, []).append(version)
        return all(source not in found or compatible([version, *found[source]]) for source, version in asked)

    def _fresh(self, unit: Unit) -> str:
        """A name that no root has; the component's own where possible."""
        name = f"{unit.root}{APART}{unit.component}"
        names = [name, *(f"{name}-{number}" for number in range(2, len(self._names) + 3))]
        return next(free for free in names if free not in self._names)


def _is_of(root: str, whole: str) -> bool:
    return root == whole or root.startswith(whole + APART)
