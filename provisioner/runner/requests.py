"""What an engine is asked to do for the steps of one batch, with everything filled that is known by now. Pure."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from provisioner import references
from provisioner.engine import BatchRequest
from provisioner.errors import StepFailed
from provisioner.model import Delivered, Plan, Step, Unit
from provisioner.planner.known import Known
from provisioner.planner.steps import FIRST


def batch_request(
    plan: Plan, batch: str, names: Iterable[str], known: Known, delivered: Mapping[str, Delivered], *, attempt: int,
) -> BatchRequest:
    """The request for these steps of a batch. Raises StepFailed when a host unit's input has no value yet."""
    chosen = set(names)
    by_name = {step.name: step for step in plan.steps}
    root = next(step.unit.root for step in plan.steps if step.name in chosen)
    # between units of one Terraform root references stay: Terraform follows them itself
    native = frozenset(step.unit.name for step in plan.steps if root and step.kind == "deliver" and step.unit.root == root)
    steps = tuple(filled_step(by_name[step.name], known, native) for step in plan.steps if step.name in chosen)
    root_units = tuple(known.filled(by_name[name].unit, native) for name in by_name if name in native)
    hosts = {step.unit.name: step.unit.hosts for step in steps if step.unit.hosts}
    # all changes of the root: a re-plan of one batch must not be taken for more than the plan showed of the others
    allowed = tuple(change for step in plan.steps if (root and step.unit.root == root) or step.name in chosen for change in step.changes)
    return BatchRequest(
        batch, steps, root_units, delivered, hosts, allowed,
        as_planned=attempt == 1 and not plan.partial and _is_whole_root(plan, root, chosen)
        and not any(name in dict(plan.failures) for name in _units(plan, root)),
        last_in_root=_is_last(plan, root, batch, delivered), failures=tuple(name for name, _ in plan.failures), attempt=attempt)


def filled_step(step: Step, known: Known, native: Collection[str] = ()) -> Step:
    """The step with its unit's inputs and hosts as known now. Raises StepFailed (PRV-4003) for a host unit that lacks one."""
    if step.kind == "remove":
        return step
    unit = known.filled(step.unit, native)
    if unit.host_source is not None and step.unit.name not in known.hosts:
        hosts = known.hosts_of(unit)
        if not hosts:
            raise StepFailed(f"{unit.host_source.unit} made no host for {unit.name}", code="PRV-4003",
                             hint="look at its outputs: the list of hosts may be empty, or shorter than this component needs")
        known.hosts[unit.name] = hosts
        unit = known.filled(step.unit)
    if unit.engine in ("ansible", "workflow"):
        missing = [str(reference) for _, reference in references.find(unit.inputs) if reference.head != "secret"]
        if missing:
            raise StepFailed(f"{unit.name}: {', '.join(dict.fromkeys(missing))} has no value", code="PRV-4003",
                             hint="the component that it refers to did not give this output")
    return replace(step, unit=unit)


def is_quiet(step: Step) -> bool:
    """True for a step that no engine has to carry out: nothing to change and all outputs known."""
    if step.unit.engine == "existing":
        return True
    if step.kind == "workflow":
        return not step.changes
    return step.kind == "deliver" and not step.changes and step.outputs is not None and not step.unpreviewed


def surprise(step: Step, steps: Mapping[str, Step], known: Known) -> str:
    """Why a step would do something else than was shown: a value that it is given was known when the plan was made, and is another one now.

    Inside a Terraform root that is Terraform's own matter: each batch is planned again, and must be contained in what was shown.
    """
    for path, reference in references.find(step.unit.inputs) if step.kind == "deliver" else ():
        need = steps.get(reference.head)
        if need is None or need.kind != "deliver" or not need.outputs or (step.unit.root and need.unit.root == step.unit.root):
            continue
        name = reference.path[0]
        shown, now = need.outputs.get(name), known.outputs.get(reference.head, {}).get(name)
        if name in need.outputs and now is not None and known.fill(shown) != known.fill(now):
            return (f"{path}: {reference.head} gave another {name} than the plan expected, and what follows from it was not shown; "
                    f"nothing was done to {step.unit.name}. Plan again")
    return ""


def _is_whole_root(plan: Plan, root: str, chosen: set[str]) -> bool:
    """True when these steps are all that changes in the root, at rank 0, and nothing is removed: the preview's plan file then is exact."""
    here = [step for step in plan.steps if root and step.unit.root == root]
    return bool(here) and all(step.kind == "deliver" and step.batch.endswith(":0") for step in here) and all(
        step.name in chosen or is_quiet(step) for step in here)


def _is_last(plan: Plan, root: str, batch: str, delivered: Mapping[str, Delivered]) -> bool:
    """True for the removal after which nothing is left in the root: it may take everything, also what no step names."""
    if not root:
        return True
    planned = set(_units(plan, root))
    if any(entry.unit.root == root and name not in planned for name, entry in delivered.items()):
        # something is kept (--keep): without targets it would go too
        return False
    if f":{FIRST}:" in batch:
        # what is wanted is not delivered yet: without targets it would be, too
        return False
    batches = [step.batch for step in plan.steps if step.unit.root == root and step.kind == "remove" and f":{FIRST}:" not in step.batch]
    return batch not in batches or max(batches, key=_rank) == batch


def _rank(batch: str) -> int:
    return int(batch.rpartition(":")[2])


def turns(plan: Plan) -> dict[str, tuple[str, ...]]:
    """Step to those of the batch before its own in the same Terraform root: removals that go first, deliveries by rank, then the other removals.

    All batches of a root share its folder and its state, so they take turns, also where no step of one needs a step of the other.
    """
    roots: dict[str, dict[str, list[str]]] = {}
    kinds: dict[str, str] = {}
    for step in plan.steps:
        if step.unit.root:
            roots.setdefault(step.unit.root, {}).setdefault(step.batch, []).append(step.name)
            kinds[step.batch] = step.kind
    found: dict[str, tuple[str, ...]] = {}
    for batches in roots.values():
        before: tuple[str, ...] = ()
        for batch in sorted(batches, key=lambda key: (f":{FIRST}:" not in key, kinds[key] == "remove", _rank(key))):
            found |= dict.fromkeys(batches[batch], before)
            before = tuple(batches[batch])
    return found


def pools(plan: Plan) -> tuple[dict[str, str], dict[str, int]]:
    """Step to the step of the workflow that delivers it with a limit of its own, and that step to its limit."""
    limited = [step for step in plan.steps if step.unit.flow and step.unit.flow.parallel]
    members = {member: step.name for step in limited for member in (step.unit.flow.members if step.unit.flow else ())}
    return members, {step.name: step.unit.flow.parallel for step in limited if step.unit.flow}


def _units(plan: Plan, root: str) -> list[str]:
    return [step.unit.name for step in plan.steps if step.unit.root == root]


def removed_unit(step: Step) -> tuple[str, str]:
    """Unit and host of a removal: the host is empty when the whole unit goes ("remove UNIT", "remove UNIT on HOST")."""
    unit, _, host = step.name.removeprefix("remove ").partition(" on ")
    return unit, host


def stored_unit(unit: Unit, known: Known) -> Unit:
    """The unit as the store keeps it: filled, with the hosts that it is on."""
    filled = known.filled(unit)
    # a step for which no engine is asked has looked up no hosts
    return replace(filled, hosts=known.hosts.get(unit.name) or known.hosts_of(unit) or filled.hosts)
