"""What an implementation can't do, and what it takes no notice of. Pure.

Both are named by the path of a property: `highAvailability`, `env.valueFrom`, `volumeMounts.secret.secretName`; a list on
the way is gone through. What is not given, or is as its default says, was not asked for. `config with image`, `redirectFrom
without certificate` name a property that is asked for beside, or without, another one. `limits` refuse some of its values.
"""

from collections.abc import Iterator
from functools import cache

from provisioner import references
from provisioner.compose.asked import asked, given
from provisioner.compose.placing import Placed
from provisioner.compose.shape import place_of
from provisioner.errors import Problem
from provisioner.model import Component, Definition, Implementation, Json
from provisioner.spec.judging import Shape, shown

WITH, WITHOUT = " with ", " without "


def refused(copy: Placed, definition: Definition) -> Iterator[Problem]:
    """What was asked for and can't be had."""
    where = copy.target.name if copy.target else "an existing one"
    for name, reason in copy.implementation.refused.items():
        for path in meant(copy.component, definition, name):
            beside = f' {"with" if WITH in name else "without"} "{other[0]}"' if (other := names_in(name)[1:]) else ""
            yield Problem("PRV-1516", f'{copy.component.name}: "{path}"{beside} can\'t be had on {where}: {reason}',
                          place_of(copy.component, f"properties.{path}"))
    for path, value, reason in beyond(copy.component, definition, copy.implementation):
        said = "empty" if value in ([], {}) else shown(value)
        yield Problem("PRV-1516", f'{copy.component.name}: "{path}" can\'t be {said} on {where}: {reason}',
                      place_of(copy.component, f"properties.{path}"))


def beyond(component: Component, definition: Definition, implementation: Implementation) -> Iterator[tuple[str, Json, str]]:
    """What was asked for and is outside of the limits: path, value and reason. What is not known yet is not judged."""
    for name, limit in implementation.limits.items():
        if component.properties.get(_parts(name)[0]) is None:
            continue
        for path, value, _ in given(component.properties, definition.parameters, name):
            if not any(references.find(value)) and not Shape({key: rule for key, rule in limit.items() if key != "reason"}).accepts(value):
                yield ".".join(path), value, str(limit["reason"])


def can(component: Component, definition: Definition, implementation: Implementation) -> bool:
    """Whether an implementation refuses nothing of what is asked for."""
    return (not any(meant(component, definition, name) for name in implementation.refused)
            and not any(beyond(component, definition, implementation)))


def ignored(copy: Placed, definition: Definition) -> Iterator[Problem]:
    """What was asked for and makes no difference, as warnings."""
    where = copy.target.name if copy.target else "an existing one"
    for name, reason in copy.implementation.ignored.items():
        for path in meant(copy.component, definition, name):
            yield Problem("PRV-1517", f'{copy.component.name}: "{path}" makes no difference on {where}: {reason}',
                          place_of(copy.component, f"properties.{path}"), "", "warning")


def meant(component: Component, definition: Definition, name: str) -> list[str]:
    """Paths of the properties that a name of `refused` or `ignored` is about and that were asked for."""
    head, first, *other = _parts(name)
    if component.properties.get(head) is None:
        return []  # nearly all
    if other and bool(asked(component.properties, definition.parameters, other[0])) != (WITH in name):
        return []
    return asked(component.properties, definition.parameters, first)


@cache
def _parts(name: str) -> tuple[str, ...]:
    """The property that a name is in, and the names that it consists of."""
    found = names_in(name)
    return found[0].partition(".")[0], *found


def names_in(name: str) -> tuple[str, ...]:
    """The properties that a name of `refused` or `ignored` consists of: one, or the second beside or without which the first is meant."""
    return tuple(name.split(WITH if WITH in name else WITHOUT))
