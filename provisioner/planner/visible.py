"""What rules can see of values that other components give: filled where the plan knows them; what is not known can't be judged. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence

from provisioner import conditions, references
from provisioner.conditions import Names, Use
from provisioner.model import Json, Plan
from provisioner.planner.known import Known
from provisioner.references import KEEP, Reference

HAS = re.compile(r"\bhas\([^()]*\)")
"""Asks whether there is a value, not which."""

class Seen:
    """The outputs that a plan knows."""

    def __init__(self, plan: Plan | None) -> None:
        steps = plan.steps if plan else ()
        self._known = Known()
        self._known.outputs = {step.unit.name: dict(step.outputs) for step in steps if step.kind == "deliver" and step.outputs is not None}

    def inputs(self, value: Json) -> Json:
        """The inputs of a unit with what is known of other units."""
        return self._known.fill(value)

    def properties(self, value: Json) -> Json:
        """The properties of a component with what is known of components that are in one place."""
        return value if references.is_plain(value) else references.substitute(value, self._of_component)

    def _of_component(self, reference: Reference) -> Json:
        copies = [outputs for name, outputs in self._known.outputs.items() if name.partition("@")[0] == reference.head]
        if len(copies) != 1 or not reference.path or reference.path[0] not in copies[0]:
            return KEEP
        return references.dig(copies[0][reference.path[0]], reference.path[1:], reference)


def not_known(condition: str, scope: Mapping[str, Json], components: frozenset[str]) -> str:
    """The name in a condition whose value another component has still to give, with the reference to it; empty where there is none.

    A condition that speaks of references itself means the text.
    """
    if "${" in condition:
        return ""
    uses = conditions.uses(HAS.sub("true", condition))
    # `items.exists(one, one.size > 3)`: what is asked of each item is a name that begins with none of ours
    of_items = [(path[1:], use) for path, use in uses if path[0] not in scope]
    for path, use in uses:
        value = _at(scope, path)
        for text in _asked(value, use, of_items):
            for _, reference in references.find(text):
                if reference.head.partition("@")[0] in components:
                    return f"{'.'.join(path)} {'is' if text is value else 'holds'} {reference}"
    return ""


def _asked(value: Json, use: Use, of_items: Sequence[tuple[Names, Use]]) -> Iterator[str]:
    """The texts in a value that count for what is asked of it. The keys of a map and the length of a list are known."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list) and use == "items":
        for item in value:
            for tail, asked in of_items:
                yield from _asked(_at(item, tail), asked, of_items)
    elif (isinstance(value, list) and use == "in") or use == "value":
        yield from _texts(value)


def _texts(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, dict)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)


def _at(scope: Json, path: tuple[str, ...]) -> Json:
    value: Json = scope
    for part in path:
        if not isinstance(value, Mapping) or part not in value:
            return None
        value = value[part]
    return value
