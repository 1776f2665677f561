"""Two states of an application, or the same one in two environments, compared by path. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from provisioner.model import Component, Json, Unit

ABSENT = "(absent)"
SHORT = 12
"""Digits of a digest that are compared in words."""
View = Mapping[str, Mapping[str, Json]]
"""Subject (a unit or component) to what is said of it, by path."""


@dataclass(frozen=True)
class Difference:
    """One thing that differs. A subject that is only on one side has the path "" and `(absent)` on the other."""

    subject: str
    path: str
    before: Json
    after: Json


def differences(before: View, after: View) -> tuple[Difference, ...]:
    """Everything that differs, by subject in order of name, then by path."""
    found: list[Difference] = []
    for subject in sorted({**before, **after}):
        if subject not in before:
            found.append(Difference(subject, "", ABSENT, after[subject].get("type", "")))
        elif subject not in after:
            found.append(Difference(subject, "", before[subject].get("type", ""), ABSENT))
        else:
            old, new = before[subject], after[subject]
            found += [Difference(subject, path, old.get(path, ABSENT), new.get(path, ABSENT))
                      for path in sorted({**old, **new}) if old.get(path, ABSENT) != new.get(path, ABSENT)]
    return tuple(found)


def as_pulled(units: Iterable[Unit], then: Iterable[Unit]) -> list[Unit]:
    """The units with the digests that their images had then, where they are still called the same: nobody is asked what a name means now."""
    before = {unit.name: unit.inputs for unit in then}
    found = []
    for unit in units:
        old = before.get(unit.name, {})
        same = {taking: old.get(taking, "") for name, taking in unit.images.items() if unit.inputs.get(name) == old.get(name)}
        found.append(replace(unit, inputs={**unit.inputs, **{key: value for key, value in same.items() if not unit.inputs.get(key)}}))
    return found


def of_units(units: Iterable[Unit]) -> dict[str, dict[str, Json]]:
    """What each unit is delivered with. Inputs are templates: a secret is a reference in them."""
    return {unit.name: _unit(unit) for unit in units}


def _unit(unit: Unit) -> dict[str, Json]:
    found: dict[str, Json] = {"type": unit.type, "definition": unit.definition, "hosts": ", ".join(host.name for host in unit.hosts)}
    if unit.source_digest:
        found["module" if unit.engine == "terraform" else "playbook"] = unit.source_digest[:SHORT]
    pins = {name: taking for name, taking in unit.pins.items() if unit.inputs.get(name)}
    for name, taking in pins.items():
        found[f"artifact {unit.inputs[name]}"] = str(unit.inputs.get(taking) or "").removeprefix("sha256:")[:SHORT]
    if unit.flow:
        after, holds = (", ".join(names) for names in (unit.flow.after, unit.flow.members))
        found |= {"if": unit.flow.condition, "after": after, "timeout": unit.flow.timeout or "", "holds": holds}
    taken = set(pins.values())
    found |= dict(flat({name: value for name, value in unit.inputs.items() if name not in taken}))
    return {path: value for path, value in found.items() if value not in ("", None)}


def of_components(components: Iterable[Component], units: Iterable[Unit], version: str) -> dict[str, dict[str, Json]]:
    """What is asked of each component in an environment, where it is, and with which artefact: no name that an environment gives."""
    on: dict[str, list[Unit]] = {}
    for unit in units:
        on.setdefault(unit.component, []).append(unit)
    found: dict[str, dict[str, Json]] = {"": {"version": version} if version else {}}
    for component in components:
        view: dict[str, Json] = {"type": component.type, **dict(flat(component.properties))}
        for trait in component.traits:
            view |= {f"trait {trait.type}": True, **{f"trait {trait.type}.{path}": value for path, value in flat(trait.properties)}}
        copies = on.get(component.name, [])
        view["on"] = ", ".join(sorted(copy.target for copy in copies))
        view["hosts"] = sum(len(copy.hosts) for copy in copies)
        digests = {str(copy.inputs[taking]).removeprefix("sha256:")[:SHORT]
                   for copy in copies for taking in copy.pins.values() if copy.inputs.get(taking)}
        found[component.name] = {**view, **({"artifact sha256": ", ".join(sorted(digests))} if digests else {})}
    return found


def flat(value: Json, path: str = "") -> Iterator[tuple[str, Json]]:
    """Each plain value with its dotted path; an empty map or list is one too, unless it is all there is."""
    if isinstance(value, dict) and (value or not path):
        for name, inner in value.items():
            yield from flat(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list) and value and any(isinstance(item, (dict, list)) for item in value):
        for index, inner in enumerate(value):
            yield from flat(inner, f"{path}[{index}]")
    else:
        yield path, value
