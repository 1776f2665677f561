"""What is there already and becomes a component's: which one is meant, and what of it. Pure."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from provisioner.engines.terraform import states
from provisioner.errors import Exit, ProvisionError, Refused
from provisioner.model import Plan, Unit
from provisioner.suggest import suggestion

Taken = tuple[tuple[str, str, str], ...]
"""(unit, address inside its module, id); address and id are empty on hosts."""


def chosen(units: Sequence[Unit], name: str) -> Unit:
    """The unit that is meant by a component's name, or by its own. Raises ProvisionError (PRV-6423) when it can't take anything over."""
    found = [unit for unit in units if name in (unit.component, unit.name)]
    if not found:
        raise ProvisionError(f'app.yaml has no component "{name}"', code="PRV-6423", exit=Exit.USAGE,
                             hint=suggestion(name, {unit.component for unit in units}))
    if len(found) > 1:
        raise ProvisionError(f"{name} has several copies: {', '.join(unit.name for unit in found)}", code="PRV-6423", exit=Exit.USAGE,
                             hint="name one of them")
    if found[0].engine not in ("terraform", "ansible"):
        raise ProvisionError(f"{name} is made by others: there is nothing to take over", code="PRV-6423", exit=Exit.USAGE)
    return found[0]


def wanted(unit: Unit, pairs: Sequence[tuple[str, str]], state: Path | None, declared: Callable[[Unit], Sequence[str]]) -> Taken:
    """What a unit takes over, as a purpose says it. `pairs`: addresses with ids, or with addresses in the state.

    `declared` gives TYPE.NAME of the resources of its module.
    Raises ProvisionError: PRV-6423 when what is given does not fit, PRV-6425 when the state does not.
    """
    if unit.engine == "ansible":
        if pairs or state:
            raise ProvisionError(f"{unit.name} is on hosts: what it takes over is found there", code="PRV-6423", exit=Exit.USAGE,
                                 next=f"provision import {unit.component}")
        return ((unit.name, "", ""),)
    if state is not None:
        pairs = states.pairs(states.read(state), declared(unit), pairs)
    if not pairs:
        raise ProvisionError(f"{unit.name} is made by Terraform: say what it takes over", code="PRV-6423", exit=Exit.USAGE,
                             hint="write ADDRESS ID, as often as needed, or --state FILE")
    return tuple((unit.name, *pair) for pair in pairs)


def judge(plan: Plan) -> None:
    """Raise Refused (PRV-6424) when what is taken over could not be planned, is managed already, or would be replaced or destroyed by it."""
    if not plan.purpose.imports:
        return
    taken = {(unit, address) for unit, address, _ in plan.purpose.imports}
    failures = [f"{name}: {why}" for name, why in plan.failures if name in {unit for unit, _ in taken}]
    lost = [f"{change.unit}: {change.place} would be {'replaced' if change.action == 'replace' else 'destroyed'} ({change.reason})"
            for step in plan.steps for change in step.changes if (change.unit, change.place) in taken and change.action in ("replace", "delete")]
    shown = {(change.unit, change.place) for step in plan.steps for change in step.changes}
    unknown = {*dict(plan.failures), *(step.unit.name for step in plan.steps if step.unpreviewed)}
    there = [f"{unit}: {address} is managed already, so {identifier} was not taken over" for unit, address, identifier in plan.purpose.imports
             if address and (unit, address) not in shown and unit not in unknown]
    if failures or lost or there:
        hint = "set the properties that differ to what is there" if lost else "leave it out, or import it as another component" if there else ""
        raise Refused("nothing was taken over: " + "; ".join([*failures, *lost, *there]), code="PRV-6424", exit=Exit.DENIED, hint=hint)


def with_imports(units: tuple[Unit, ...], imports: Iterable[tuple[str, str, str]]) -> tuple[Unit, ...]:
    """The units, each with what it takes over."""
    wanted: dict[str, dict[str, str]] = {}
    for name, address, identifier in imports:
        wanted.setdefault(name, {})[address] = identifier
    return tuple(replace(unit, imports={**unit.imports, **wanted[unit.name]}) if unit.name in wanted else unit for unit in units) if wanted else units
