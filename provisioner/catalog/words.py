"""Types of policies and of workflow steps, which no file defines, as definitions: for lists, help and pages."""

from provisioner import durations, step_kinds
from provisioner.model import Definition, OutputSpec
from provisioner.spec.policies import OF_APPLICATIONS, SCHEMAS
from provisioner.spec.policy_types import ABOUT
from provisioner.step_kinds import StepKind

BUILT_IN = "provisioner."


def policy(name: str) -> Definition | None:
    """The type of policy, or None."""
    if name not in SCHEMAS:
        return None
    description, example = ABOUT[name]
    where = ("application",) if name in OF_APPLICATIONS else ("application", "environment")
    return Definition(name, "policy", description=description, parameters=SCHEMAS[name], applies_to=where, example=f"{example}\n")


def policy_names() -> list[str]:
    """All types of policies, sorted."""
    return sorted(SCHEMAS)


def step(name: str) -> Definition | None:
    """The type of workflow step, or None."""
    kind = step_kinds.find(name) if name in step_kinds.names() else None
    if kind is None:
        return None
    origin = "built-in" if step_kinds.module_of(name).startswith(BUILT_IN) else step_kinds.module_of(name)
    return Definition(name, "step", description=_described(kind), parameters=dict(kind.parameters), applies_to=("workflow",), origin=origin,
                      outputs={given: OutputSpec("any") for given in kind.gives}, example=f"- {kind.example}\n" if kind.example else "")


def step_names() -> list[str]:
    """All types of workflow steps, sorted."""
    return step_kinds.names()


def _described(kind: StepKind) -> str:
    limit = "" if kind.delivers else f" Its limit is {durations.words(kind.limit)}, unless its `timeout` says another."
    return kind.description + limit
