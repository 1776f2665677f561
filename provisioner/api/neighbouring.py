"""What other applications of the same store have in an environment: looked up for read-only and shared components."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import chain

from provisioner.compose.lending import Neighbours
from provisioner.model import Component, Json, Unit
from provisioner.store import Store


@dataclass(frozen=True)
class Neighbourhood:
    """One application's view of the others."""

    store: Store
    application: str
    environment: str
    beside: Callable[[], Collection[str]] = tuple
    """Components of the other applications in the same file."""

    def neighbours(self) -> Neighbours:
        """What composing must know of them."""
        owned = {entry.unit.component for entry in self.store.delivered.all(self.application, self.environment).values()
                 if entry.unit.engine != "existing"}
        return Neighbours(self._outputs_of, self._has, owned)

    def _has(self, pattern: str) -> bool:
        others = (row.application for row in self.store.applications() if row.environment == self.environment and row.application != self.application)
        delivered = (entry.unit.component for name in others for entry in self.store.delivered.all(name, self.environment).values())
        return any(fnmatchcase(component, pattern) for component in chain(self.beside(), delivered))

    def _outputs_of(self, component: Component, shared: bool) -> Mapping[str, Json] | None:
        for entries in self.store.delivered.elsewhere(self.environment, self.application, component.name).values():
            for entry in entries:
                unit = entry.unit
                own = entry.state == "delivered" and unit.engine != "existing"
                if own and unit.type == component.type and (unit.handling.shared or not shared):
                    return entry.outputs
        return None

    def users_of(self, unit: Unit) -> str:
        """The other applications that share a unit of this one, or empty."""
        if not unit.handling.shared or unit.engine == "existing":
            return ""
        others = self.store.delivered.elsewhere(self.environment, self.application, unit.component)
        return ", ".join(name for name, entries in others.items() if any(_borrows(entry.unit, unit) for entry in entries))


def _borrows(other: Unit, unit: Unit) -> bool:
    return other.engine == "existing" and other.handling.shared and other.type == unit.type
