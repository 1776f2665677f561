"""What is different in components: overrides of policies and of the environment, carried out. Pure; collects problems.

Properties are merged key by key; anything but a map is replaced as a whole. Traits are merged with the one of their type.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from provisioner.compose.patching import merge
from provisioner.errors import Problem
from provisioner.model import Component, Override, Policy, Trait
from provisioner.suggest import suggestion

PROBES = ("readinessProbe", "livenessProbe", "startupProbe")
TIMES = {"probeTimeout": "timeoutSeconds", "probeInterval": "periodSeconds"}
"""What a health policy says, and what a probe calls it."""


def overridden(component: Component, application: str, overrides: Iterable[Override]) -> Component:
    """The component after all that mean it: overrides in their order, and below what it says itself the defaults, of which the later win."""
    listed = list(overrides)
    for override in [*reversed([one for one in listed if one.below]), *(one for one in listed if not one.below)]:
        if means(override, component, application):
            component = _changed(component, override)
    return component


def means(override: Override, component: Component, application: str) -> bool:
    """True when an override is for this component: by "name", "app/name" or `*`, by type, or for all."""
    if not override.names and not override.types:
        return True
    names = (component.name, f"{application}/{component.name}")
    return component.type in override.types or any(fnmatchcase(name, pattern) for name in names for pattern in override.names)


def of_policies(components: Sequence[Component], application: str, overrides: Sequence[Override], problems: list[Problem]) -> list[Component]:
    """The application's components after its override policies, and those that they add: by a name that no component has, with a type."""
    found = {component.name: component for component in components}
    for override in overrides:
        fitting = [component for component in found.values() if means(override, component, application)]
        for component in fitting:
            found[component.name] = _changed(component, override)
        if not fitting and override.names:
            name = override.names[0]
            if override.new_type and "*" not in name:
                found[name] = _changed(Component(name, override.new_type, where=override.where), override)
            else:
                problems.append(Problem("PRV-1531", f'override: no component "{name}"', override.where,
                                        suggestion(name, found) or "with a type it would be added"))
    return list(found.values())


def _changed(component: Component, override: Override) -> Component:
    if override.new_type and override.new_type != component.type:
        component = replace(component, type=override.new_type, properties={}, traits=())
    first, last = (override.properties, component.properties) if override.below else (component.properties, override.properties)
    return replace(component, properties=merge(first, last), traits=_traits(component, override))


def _traits(component: Component, override: Override) -> tuple[Trait, ...]:
    traits = list(component.traits)
    for patch in override.traits:
        same = next((index for index, trait in enumerate(traits) if trait.type == patch.type), None)
        if patch.disable:
            traits = [trait for trait in traits if trait.type != patch.type]
        elif same is None:
            traits.append(Trait(patch.type, patch.properties, override.where))
        else:
            first, last = (patch.properties, traits[same].properties) if override.below else (traits[same].properties, patch.properties)
            traits[same] = replace(traits[same], properties=merge(first, last))
    return tuple(traits)


def probed(component: Component, policy: Policy) -> Component:
    """The component with the times of a health policy below what its probes say themselves."""
    said = {name: policy.properties[key] for key, name in TIMES.items() if key in policy.properties}
    patterns = policy.properties.get("components") or ["*"]
    if not said or not any(fnmatchcase(component.name, pattern) for pattern in patterns):
        return component
    probes = {name: merge(said, probe) for name in PROBES if isinstance(probe := component.properties.get(name), dict)}
    return replace(component, properties={**component.properties, **probes}) if probes else component
