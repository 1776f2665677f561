"""Which action of which delivered components is meant, and with which values: from words on the command line to units. Opens nothing."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from provisioner.catalog.properties import values_of_texts
from provisioner.errors import Exit, ProvisionError
from provisioner.model import ActionSpec, Definition, Delivered, EngineName, Implementation, Json, Plan, Unit
from provisioner.planner.actions import Asked, unit_for, unit_of_call
from provisioner.suggest import suggestion

DefinitionOf = Callable[[str], Definition | None]
CALLING: EngineName = "aws"
"""The engine that carries out calls of a cloud's API: there is one so far."""
RESTART = "restart"
STARTS_ANEW = "Start what runs anew, one host after the other; a gateway is reloaded"


@dataclass(frozen=True)
class World:
    """What has to be asked of others."""

    definition_of: DefinitionOf
    digest_of: Callable[[str], str]
    made: Callable[[Unit], Mapping[str, Json]]
    """The outputs of a delivered unit's module."""
    playbooks: Path
    """Our own ones: they know how to restart."""


@dataclass(frozen=True)
class Wish:
    """What was typed: a verb, its parameters as text, and the only hosts that are meant (none: all)."""

    verb: str
    given: Mapping[str, str]
    hosts: tuple[str, ...] = ()


def delivered_units(delivered: Mapping[str, Delivered], name: str) -> list[Unit]:
    """The delivered copies of a component, or the one that is named in full (db@dc1). Raises ProvisionError when there is none."""
    there = [entry.unit for entry in delivered.values() if entry.state == "delivered"]
    found = [unit for unit in there if name in (unit.component, unit.name)]
    if not found:
        names = sorted({unit.component for unit in there})
        raise ProvisionError(f'nothing that is called "{name}" is delivered', code="PRV-6407", hint=suggestion(name, names),
                             next="provision apply" if not names else "provision status")
    return found


def actions_of(units: Iterable[Unit], world: World) -> dict[str, ActionSpec]:
    """Verb to action, for all copies of a component. Raises ProvisionError when one of them has none."""
    found: dict[str, ActionSpec] = {}
    for unit in units:
        actions = _actions(unit, world)
        if not actions:
            raise ProvisionError(f"{unit.name} ({unit.type}, by {unit.engine}) has no actions", code="PRV-6413", exit=Exit.USAGE,
                                 hint=_elsewhere(unit, world), next=f"provision types {unit.type}")
        found |= actions
    return found


def _actions(unit: Unit, world: World) -> dict[str, ActionSpec]:
    """Those of its definition, and `restart` where its playbook is one of ours."""
    ours = unit.engine == "ansible" and Path(unit.source).is_relative_to(world.playbooks)
    built_in = {RESTART: ActionSpec(unit.source, STARTS_ANEW, restart=True)} if ours else {}
    return {**built_in, **_made_by(unit, world).actions}


def action_units(units: Iterable[Unit], wish: Wish, world: World) -> list[Unit]:
    """The units of an action's plan. Raises ProvisionError for an unknown verb or host, and for values that do not fit (all of them at once)."""
    verb = wish.verb
    found = []
    for unit in _on(list(units), wish.hosts):
        actions = actions_of([unit], world)
        if verb not in actions:
            raise ProvisionError(f'{unit.name} ({unit.type}) has no action "{verb}"', code="PRV-6413", exit=Exit.USAGE,
                                 hint=_instead(verb) or suggestion(verb, actions), next=f"provision types {unit.type}")
        asked = Asked(verb, actions[verb], _values(verb, actions[verb], wish.given))
        found.append(unit_of_call(unit, asked, world.made(unit), CALLING) if asked.spec.call else unit_for(unit, asked, world.digest_of))
    return found


def idle(plan: Plan, verb: str) -> ProvisionError | None:
    """The error for a restart of what does not run, such as a certificate or a record."""
    if verb != RESTART or plan.failures or any(step.changes or step.unpreviewed for step in plan.steps):
        return None
    names = ", ".join(dict.fromkeys(step.unit.name for step in plan.steps))
    return ProvisionError(f"nothing runs of {names} that could be restarted", code="PRV-6413", exit=Exit.USAGE, next="provision status")


def _on(units: list[Unit], names: tuple[str, ...]) -> list[Unit]:
    """The units with no other hosts than the named ones; those that are on none of them are left out."""
    if not names:
        return units
    known = {host.name for unit in units for host in unit.hosts}
    wrong = next((name for name in names if name not in known), "")
    if wrong:
        raise ProvisionError(f"{units[0].component} is not on a host {wrong}", code="PRV-6415", exit=Exit.USAGE,
                             hint=suggestion(wrong, known) or "a service of a cloud has no hosts", next="provision status")
    chosen = [replace(unit, hosts=tuple(host for host in unit.hosts if host.name in names)) for unit in units]
    return [unit for unit in chosen if unit.hosts]


def _instead(verb: str) -> str:
    """What is no action because it would be undone by the next apply."""
    return "how many there are is declared: set `replicas` (or `count`) in app.yaml and apply" if verb == "scale" else ""


def _values(verb: str, action: ActionSpec, given: Mapping[str, str]) -> dict[str, Json]:
    values, problems = values_of_texts(action.parameters, given)
    if problems:
        words = "; ".join(f"{problem.where.file} {problem.message}" if problem.where else problem.message for problem in problems)
        known = ", ".join(action.parameters.get("properties", {})) or "none"
        raise ProvisionError(f"{verb}: {words}", code="PRV-6414", exit=Exit.USAGE, hint=f"parameters of {verb}: {known}")
    return values


def _made_by(unit: Unit, world: World) -> Implementation:
    """The implementation that delivered a unit: by its playbook, or by the tool where the library lies elsewhere now."""
    definition = world.definition_of(unit.type)
    if definition is None:
        raise ProvisionError(f'there is no type "{unit.type}" any more, by which {unit.name} was delivered', code="PRV-6404", next="provision types")
    same = [one for one in definition.implementations if unit.source in (one.playbook, one.module) and unit.source]
    tool = [one for one in definition.implementations if bool(one.playbook) == (unit.engine == "ansible") and one.needs != "existing"]
    return next(iter([*same, *tool]), Implementation("existing"))


def _elsewhere(unit: Unit, world: World) -> str:
    definition = world.definition_of(unit.type)
    having = [one.needs for one in definition.implementations if one.actions] if definition else []
    return f"{unit.type} has actions on {', '.join(having)}" if having else f"no implementation of {unit.type} has any"
