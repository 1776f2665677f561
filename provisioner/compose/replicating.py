"""Copies of components, one for each key of a replication policy: NAME-KEY. Pure.

Copies of one key belong together: a reference from one of them to another replicated component means the one of its own key.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from provisioner.model import Component, Input, Json, Policy, Trait
from provisioner.references import KEEP, Reference, substitute


def replicated(components: Sequence[Component], policy: Policy) -> list[Component]:
    """The components, those that the policy selects (all without `selector`) once for each of its keys."""
    keys = list(dict.fromkeys(policy.properties.get("keys") or ()))
    selector = policy.properties.get("selector") or ["*"]
    chosen = {component.name: component for component in components if any(fnmatchcase(component.name, pattern) for pattern in selector)}
    outputs = {output.name for component in chosen.values() for output in component.outputs}
    found: list[Component] = []
    for component in components:
        if component.name in chosen and keys:
            found += [_copy(component, key, chosen.keys(), outputs) for key in keys]
        else:
            found.append(replace(component, depends_on=_all(component.depends_on, chosen, keys)))
    return found


def _all(names: Sequence[str], chosen: Collection[str], keys: Sequence[str]) -> tuple[str, ...]:
    """Who depends on a replicated component depends on all its copies."""
    return tuple(one for name in names for one in ([f"{name}-{key}" for key in keys] if name in chosen and keys else [name]))


def _copy(component: Component, key: str, chosen: Collection[str], outputs: Collection[str]) -> Component:
    def own(reference: Reference) -> Json:
        if reference.head == "replica" and reference.path == ("key",):
            return key
        return "${%s}" % ".".join((f"{reference.head}-{key}", *reference.path)) if reference.head in chosen else KEEP

    def suffixed(name: str, known: Collection[str]) -> str:
        return f"{name}-{key}" if name in known else name

    return replace(
        component, name=f"{component.name}-{key}", properties=substitute(component.properties, own),
        traits=tuple(Trait(trait.type, substitute(trait.properties, own), trait.where, trait.places) for trait in component.traits),
        depends_on=tuple(suffixed(name, chosen) for name in component.depends_on),
        inputs=tuple(Input(suffixed(given.source, outputs), given.parameter_key, given.where) for given in component.inputs),
        outputs=tuple(replace(output, name=f"{output.name}-{key}") for output in component.outputs), replica_key=key)
