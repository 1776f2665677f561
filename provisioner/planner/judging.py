"""Rules in CEL, judged: over the composed application and, where there is one, its plan. Pure.

A rule that can't be judged denies: what it guards against can't be ruled out.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from provisioner import conditions, references
from provisioner.errors import Denied, Problem, Where
from provisioner.model import NOWHERE, Application, Change, Component, Environment, Json, Plan, PolicyRule, Unit
from provisioner.planner.visible import Seen, not_known
from provisioner.references import Reference


@dataclass(frozen=True)
class Subject:
    """One thing that rules are judged for: what a condition can see of it, its name, and where it stands."""

    scope: Mapping[str, Json]
    name: str
    where: Where = NOWHERE
    waits: frozenset[str] = frozenset()
    """Components whose outputs may be missing in it; empty where nothing is planned yet."""


@dataclass(frozen=True)
class Facts:
    """Everything that rules may ask about."""

    subjects: Mapping[str, tuple[Subject, ...]] = field(default_factory=dict)
    """By what a rule is judged for: component, unit, change, plan."""


def judge(rules: Iterable[PolicyRule], facts: Facts) -> list[Problem]:
    """What the rules say: errors of severity "error" deny, the others warn."""
    listed = list(rules)
    return [problem for each, subjects in facts.subjects.items() if (meant := [rule for rule in listed if rule.each == each])
            for subject in subjects for problem in _said_of(meant, subject)]


def _said_of(rules: Iterable[PolicyRule], subject: Subject) -> Iterator[Problem]:
    seen = conditions.ready(subject.scope)
    return (problem for rule in rules if (problem := _judged(rule, subject, seen)))


def deny(rules: Iterable[PolicyRule], known: Facts) -> list[Problem]:
    """The warnings of the rules. Raises Denied with all that any of them denies."""
    found = judge(rules, known)
    if denied := [problem for problem in found if problem.severity == "error"]:
        raise Denied(denied)
    return found


def _judged(rule: PolicyRule, subject: Subject, seen: dict[str, Any]) -> Problem | None:
    severity, code, broken = ("error" if rule.denies else "warning"), "PRV-5011", ""
    try:
        if not conditions.holds_of(rule.condition, seen):
            missing = not_known(rule.condition, subject.scope, subject.waits) if subject.waits else ""
            if not missing:
                return None
            code, broken = "PRV-5012", f"{missing}, which is not known before that is delivered"
    except conditions.Wrong as error:
        code, broken = "PRV-5012", f"{error}; has(…) asks whether there is a value"
    said = f"can't be judged: {broken}" if broken else _filled(rule.message, subject.scope)
    return Problem(code, f"{subject.name}: {said}", subject.where if subject.where.file else None, f'rule "{rule.name}" ({rule.where})', severity)


def _filled(message: str, scope: Mapping[str, Json]) -> str:
    def lookup(reference: Reference) -> Json:
        try:
            return references.as_text(references.dig(dict(scope), (reference.head, *reference.path), reference))
        except references.Unknown:
            return f"({reference.head}.{'.'.join(reference.path)}: no value)"
    return references.as_text(references.render(message, lookup))


# ------------------------------------------------------------------ what rules can see
def facts(application: Application, environment: Environment, user: str, components: Iterable[Component], plan: Plan | None,
          units: Iterable[Unit] = ()) -> Facts:
    """What is known: of a plan, or without one of the composed units."""
    labels = {target.name: target.labels for target in environment.targets}
    about: dict[str, Json] = {
        "app": {"name": application.name, "version": application.version, "labels": application.labels, "annotations": application.annotations},
        "environment": {"name": environment.name, "vars": environment.vars, "sandbox": environment.sandbox}, "user": user}
    outputs = Seen(plan)
    parts = {component.name: _component(component, outputs) for component in components}
    waits = frozenset(parts) if plan else frozenset()
    places = {component.name: component.where for component in components}
    steps = [(step.unit, step.kind, step.changes) for step in plan.steps] if plan else [(unit, "deliver", ()) for unit in units]
    wanted, changed = [], []
    for unit, kind, changes in steps:
        found = {**_unit(unit, labels.get(unit.target, {}), outputs), "step": kind, "actions": sorted({change.action for change in changes})}
        part = parts.get(unit.component) or {"name": unit.component, "type": unit.type, "properties": {}, "traits": []}
        scope = {**about, "unit": found, "component": part}
        wanted.append(Subject(scope, unit.name, unit.where, waits))
        changed += [Subject({**scope, "change": seen}, f"{unit.name}: {seen['address']}", unit.where, waits) for seen in map(_change, changes)]
    alone = tuple(Subject({**about, "component": part}, name, places[name], waits) for name, part in parts.items())
    subjects = {"component": alone, "unit": tuple(wanted), "change": tuple(changed)}
    if plan:
        subjects["plan"] = (Subject({**about, "plan": _plan(wanted, changed)}, plan.application, waits=waits),)
    return Facts(subjects)


def given(scope: Mapping[str, Json]) -> Facts:
    """What a test gives: one subject for each of the four that it names, or that can be judged with what it names."""
    whole = {"app": {}, "environment": {}, "user": "", **scope}
    return Facts({each: (Subject(whole, "given"),) for each in ("component", "unit", "change", "plan") if each in scope})


def _component(component: Component, outputs: Seen) -> dict[str, Json]:
    return {"name": component.name, "type": component.type, "properties": outputs.properties(component.properties), "stack": component.stack,
            "traits": [{"type": trait.type, "properties": trait.properties} for trait in component.traits]}


def _unit(unit: Unit, labels: Mapping[str, str], outputs: Seen) -> dict[str, Json]:
    return {"name": unit.name, "component": unit.component, "type": unit.type, "target": unit.target, "labels": dict(labels), "engine": unit.engine,
            "data": unit.data, "hosts": [host.name for host in unit.hosts], "inputs": outputs.inputs(unit.inputs), "trait": unit.added_by}


def _change(change: Change) -> dict[str, Json]:
    found = {name: getattr(change, name) for name in ("address", "action", "before", "after", "reason")}
    kind = next((part for part in reversed(found["address"].split(".")[:-1]) if part not in ("module", "data")), "host")
    return {**found, "resource": kind, "unknown": list(change.unknown), "tasks": list(change.tasks), "files": [diff.path for diff in change.files]}


def _plan(units: Iterable[Subject], changes: Iterable[Subject]) -> dict[str, Json]:
    """All units and changes, and how many changes there are of each action."""
    seen = [{**subject.scope["change"], "unit": subject.scope["unit"]["name"]} for subject in changes]
    actions = ("create", "update", "replace", "delete", "configure", "remove", "forget")
    counts = {action: sum(change["action"] == action for change in seen) for action in actions}
    return {"units": [subject.scope["unit"] for subject in units], "changes": seen, "counts": counts}


def said(problems: Iterable[Problem]) -> Iterator[str]:
    """Warnings as sentences of a plan."""
    return (f"{problem.message} ({problem.hint})" for problem in problems)
