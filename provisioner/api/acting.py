"""Which action of which delivered components is meant, and with which values: from words on the command line to units. Opens nothing."""

from collections.abc import Callable, Iterable, Mapping

from provisioner.catalog.properties import values_of_texts
from provisioner.errors import Exit, ProvisionError
from provisioner.model import ActionSpec, Definition, Delivered, Implementation, Json, Unit
from provisioner.planner.actions import Asked, unit_for
from provisioner.suggest import suggestion

DefinitionOf = Callable[[str], Definition | None]


def delivered_units(delivered: Mapping[str, Delivered], name: str) -> list[Unit]:
    """The delivered copies of a component, or the one that is named in full (db@dc1). Raises ProvisionError when there is none."""
    there = [entry.unit for entry in delivered.values() if entry.state == "delivered"]
    found = [unit for unit in there if name in (unit.component, unit.name)]
    if not found:
        names = sorted({unit.component for unit in there})
        raise ProvisionError(f'nothing that is called "{name}" is delivered', code="PRV-6407", hint=suggestion(name, names),
                             next="provision apply" if not names else "provision status")
    return found


def actions_of(units: Iterable[Unit], definition_of: DefinitionOf) -> dict[str, ActionSpec]:
    """Verb to action, for all copies of a component. Raises ProvisionError when one of them has none."""
    found: dict[str, ActionSpec] = {}
    for unit in units:
        actions = _made_by(unit, definition_of).actions
        if not actions:
            raise ProvisionError(f"{unit.name} ({unit.type}, by {unit.engine}) has no actions", code="PRV-6413", exit=Exit.USAGE,
                                 hint=_elsewhere(unit, definition_of), next=f"provision types {unit.type}")
        found |= actions
    return found


def action_units(units: Iterable[Unit], asked: tuple[str, Mapping[str, str]], definition_of: DefinitionOf,
                 digest_of: Callable[[str], str]) -> list[Unit]:
    """The units of an action's plan; `asked` is its verb and its parameters as text.

    Raises ProvisionError for an unknown verb, and for values that do not fit (all of them at once).
    """
    verb, given = asked
    found = []
    for unit in units:
        actions = actions_of([unit], definition_of)
        if verb not in actions:
            raise ProvisionError(f'{unit.name} ({unit.type}) has no action "{verb}"', code="PRV-6413", exit=Exit.USAGE,
                                 hint=suggestion(verb, actions), next=f"provision types {unit.type}")
        found.append(unit_for(unit, Asked(verb, actions[verb], _values(verb, actions[verb], given)), digest_of))
    return found


def _values(verb: str, action: ActionSpec, given: Mapping[str, str]) -> dict[str, Json]:
    values, problems = values_of_texts(action.parameters, given)
    if problems:
        words = "; ".join(f"{problem.where.file} {problem.message}" if problem.where else problem.message for problem in problems)
        known = ", ".join(action.parameters.get("properties", {})) or "none"
        raise ProvisionError(f"{verb}: {words}", code="PRV-6414", exit=Exit.USAGE, hint=f"parameters of {verb}: {known}")
    return values


def _made_by(unit: Unit, definition_of: DefinitionOf) -> Implementation:
    """The implementation that delivered a unit: by its playbook, or by the tool where the library lies elsewhere now."""
    definition = definition_of(unit.type)
    if definition is None:
        raise ProvisionError(f'there is no type "{unit.type}" any more, by which {unit.name} was delivered', code="PRV-6404", next="provision types")
    same = [one for one in definition.implementations if unit.source in (one.playbook, one.module) and unit.source]
    tool = [one for one in definition.implementations if bool(one.playbook) == (unit.engine == "ansible") and one.needs != "existing"]
    return next(iter([*same, *tool]), Implementation("existing"))


def _elsewhere(unit: Unit, definition_of: DefinitionOf) -> str:
    definition = definition_of(unit.type)
    having = [one.needs for one in definition.implementations if one.actions] if definition else []
    return f"{unit.type} has actions on {', '.join(having)}" if having else f"no implementation of {unit.type} has any"
