"""What the policies of an application and of its environment say: of a unit, of what is composed, of a plan. Used by the session only."""

from dataclasses import dataclass, replace

from provisioner import spec
from provisioner.compose import Composition
from provisioner.compose.handling import careful, handling
from provisioner.errors import Problem
from provisioner.model import Application, Component, Environment, Handling, Plan, PolicyRule, Unit
from provisioner.planner.judging import deny, facts, said
from provisioner.store import holder_here


@dataclass(frozen=True)
class Rulebook:
    """Policies and rules; those of the environment come first, so that no application can take one back."""

    application: Application
    environment: Environment

    @property
    def rules(self) -> list[PolicyRule]:
        return [*self.environment.rules, *(rule for policy in self.application.policies for rule in policy.rules)]

    def handling(self, unit: Unit) -> Handling:
        """How a delivered unit is handled: as was recorded, and as the documents say now."""
        return careful(unit.handling, handling((*self.environment.policies, *self.application.policies), unit))

    def validated(self, composition: Composition) -> list[Problem]:
        """What the rules that need no plan warn of. Raises Denied."""
        if not self.rules:
            return []
        return deny(self.rules, facts(self.application, self.environment, holder_here().who, composition.components, None, composition.units))

    def judged(self, plan: Plan, composition: Composition | None) -> Plan:
        """The plan with what the rules warn of; `composition` is None where nothing was composed. Raises Denied, Invalid."""
        if not self.rules:
            return plan
        known = facts(self.application, self.environment, holder_here().who, self._components(plan, composition), plan)
        return replace(plan, notes=(*plan.notes, *said(deny(self.rules, known))))

    def _components(self, plan: Plan, composition: Composition | None) -> tuple[Component, ...]:
        """Those of what is delivered by the plan: going back delivers the components of then, whatever app.yaml says now."""
        if plan.purpose.kind in ("rollback", "heal") and plan.text:
            then, _ = spec.of_text(plan.text, "the revision's app.yaml", self.application.folder, self.application.name)
            return then.components
        return composition.components if composition else self.application.components
