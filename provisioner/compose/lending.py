"""A component that another application of the store has delivered: looked up there (read-only), or had together (shared-resource). Pure."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from provisioner.compose.handling import handling
from provisioner.compose.placing import Placed, rule_for
from provisioner.errors import Problem
from provisioner.model import Application, Component, Environment, Implementation, Json, Policy, Unit


@dataclass(frozen=True)
class Neighbours:
    """What other applications have in this environment, and what is this one's own."""

    outputs_of: Callable[[Component, bool], Mapping[str, Json] | None]
    """Outputs of a component of its name and type, or None; True: only where it is shared."""
    has: Callable[[str], bool]
    """Whether one of them has components of a name, in which `*` stands for anything."""
    owned: Collection[str] = ()
    """Components that this application has delivered itself."""


Copies = tuple[list[Placed], list[Problem]]


def lent(application: Application, environment: Environment, component: Component, neighbours: Neighbours) -> Copies | None:
    """The copy that another application owns; None where the component is this application's own business."""
    policies: Sequence[Policy] = (*environment.policies, *application.policies)
    rule = rule_for(application, component, environment.place)
    if component.name in neighbours.owned or (rule and rule.existing is not None):
        return None
    said = handling(policies, Unit(component.name, component.name, component.type, "", "existing", added_by=component.added_by))
    if not said.read_only and not said.shared:
        return None
    outputs = neighbours.outputs_of(component, not said.read_only)
    if outputs is not None:
        return [Placed(component, None, Implementation("existing"), outputs)], []
    if not said.read_only:
        return None
    what = f'"{component.name}" is read-only, and no application has delivered a {component.type} of that name in {environment.name}'
    return [], [Problem("PRV-1535", what, component.where,
                        f"place: [{{components: [{component.name}], existing: {{…}}}}] gives the outputs of what others made")]
