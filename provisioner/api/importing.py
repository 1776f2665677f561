"""What is there already and becomes a component's: which one is meant, and what of it. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from provisioner.errors import Exit, ProvisionError, Refused
from provisioner.model import Plan, Unit
from provisioner.suggest import suggestion


def chosen(units: Sequence[Unit], name: str) -> Unit:
    """The unit that is meant by a component's name, or by its own. Raises ProvisionError (PRV-6423) when it can't take anything over."""
    found = [unit for unit in units if name in (unit.component, unit.name)]
    if not found:
        raise ProvisionError(f'app.yaml has no component "{name}"', code="PRV-6423", exit=Exit.USAGE,
                             hint=suggestion(name, {unit.component for unit in units}))
    if len(found) > 1:
        raise ProvisionError(f"{name} has several copies: {', '.join(unit.name for unit in found)}", code="PRV-6423", exit=Exit.USAGE,
                             hint="name one of them")
    if found[0].engine == "ansible":
        raise ProvisionError(f"{name} is on hosts, where nothing has to be imported", code="PRV-6423", exit=Exit.USAGE,
                             hint="its plan compares with what is there and shows what differs", next="provision plan")
    if found[0].engine != "terraform":
        raise ProvisionError(f"{name} is made by others: there is nothing to take over", code="PRV-6423", exit=Exit.USAGE)
    return found[0]


def judge(plan: Plan) -> None:
    """Raise Refused (PRV-6424) when what is taken over could not be planned, or would be replaced or destroyed by it."""
    if not plan.purpose.imports:
        return
    taken = {(unit, address) for unit, address, _ in plan.purpose.imports}
    failures = [f"{name}: {why}" for name, why in plan.failures if name in {unit for unit, _ in taken}]
    lost = [f"{change.unit}: {change.place} would be {'replaced' if change.action == 'replace' else 'destroyed'} ({change.reason})"
            for step in plan.steps for change in step.changes if (change.unit, change.place) in taken and change.action in ("replace", "delete")]
    if failures or lost:
        raise Refused("nothing was taken over: " + "; ".join([*failures, *lost]), code="PRV-6424", exit=Exit.DENIED,
                      hint="set the properties that differ to what is there" if lost else "")


def with_imports(units: tuple[Unit, ...], imports: Iterable[tuple[str, str, str]]) -> tuple[Unit, ...]:
    """The units, each with what it takes over."""
    wanted: dict[str, dict[str, str]] = {}
    for name, address, identifier in imports:
        wanted.setdefault(name, {})[address] = identifier
    return tuple(replace(unit, imports={**unit.imports, **wanted[unit.name]}) if unit.name in wanted else unit for unit in units) if wanted else units
