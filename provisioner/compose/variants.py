"""The application as each of its deploy steps means it: with the policies that the step names. Pure.

As in KubeVela: with deploy steps each delivers all components under its own policies; without one there is one delivery under all.
"""

from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

from provisioner.compose.overriding import of_policies, probed
from provisioner.compose.replicating import replicated
from provisioner.errors import Problem
from provisioner.model import Application, Policy, WorkflowStep
from provisioner.model.workflow import every
from provisioner.spec.policies import OF_APPLICATIONS, overrides
from provisioner.step_kinds import ALIKE
from provisioner.suggest import suggestion


@dataclass(frozen=True)
class Variant:
    """What one deploy step delivers: the components after its overrides, and the topology policies in `application`."""

    application: Application
    policies: tuple[str, ...] = ()
    """Names of the policies that the step names; all where there is no deploy step."""
    only: frozenset[str] = frozenset()
    """The only components that it delivers; empty: all."""


@dataclass
class Variants:
    all: list[Variant] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def variants(application: Application) -> Variants:
    """All deliveries of an application, in the order of their steps; one at least."""
    found = Variants()
    known = {policy.name: policy for policy in application.policies}
    steps = deployed(application)
    if not steps:
        found.all.append(Variant(_under(application, list(application.policies), found.problems), tuple(known)))
    if steps and (named := _named(application)):
        found.all.append(Variant(_under(application, [], found.problems), (), named))
    for names in steps:
        chosen = [known[name] for name in names if name in known]
        found.problems += [_unknown(application, name, known) for name in names if name not in known]
        found.all.append(Variant(_under(application, chosen, found.problems), names))
    return found


def deployed(application: Application) -> list[tuple[str, ...]]:
    """The policies that each deploy step of the workflow names, also inside of groups; those of one list once."""
    steps = [step for step in every(application.workflow) if ALIKE.get(step.type, step.type) == "deploy"]
    return list(dict.fromkeys(policies_of(step) for step in steps))


def _named(application: Application) -> frozenset[str]:
    """The components that a step of their own delivers on a target that it names."""
    return frozenset(str(step.properties.get("component")) for step in every(application.workflow) if step.type == "apply-component"
                     and (step.properties.get("target") or step.properties.get("cluster")))


def policies_of(step: WorkflowStep) -> tuple[str, ...]:
    """The policies that a deploy step names."""
    listed = step.properties.get("policies")
    return tuple(name for name in listed if isinstance(name, str)) if isinstance(listed, list) else ()


def _under(application: Application, policies: list[Policy], problems: list[Problem]) -> Application:
    """The application under these policies: overrides carried out, topologies kept for whoever places the components."""
    chosen = [policy for policy in policies if policy.type == "override"]
    components = list(application.components)
    if chosen:
        components = of_policies(components, application.name, [one for policy in chosen for one in overrides(policy)], problems)
    selected = [pattern for policy in chosen for pattern in policy.properties.get("selector") or ()]
    if selected:
        components = [component for component in components if any(fnmatchcase(component.name, pattern) for pattern in selected)]
    for policy in (one for one in application.policies if one.type == "health"):
        components = [probed(component, policy) for component in components]
    for policy in (one for one in policies if one.type == "replication"):
        components = replicated(components, policy)
    others = [policy for policy in application.policies if policy.type not in OF_APPLICATIONS]
    # the workflow goes on with those whose steps name targets: without deploy steps that is all, and no variant of a deploy step
    return replace(application, components=tuple(components), workflow=None if policies and deployed(application) else application.workflow,
                   policies=(*others, *(policy for policy in policies if policy.type == "topology")))


def _unknown(application: Application, name: str, known: dict[str, Policy]) -> Problem:
    where = next((component.where for component in application.components), None)
    return Problem("PRV-1532", f'a deploy step names the policy "{name}", which is not there', where, suggestion(name, known))
