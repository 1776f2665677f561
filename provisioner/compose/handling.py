"""How a unit is handled: the rules of policies that mean it, as one value. Pure.

Policies of the environment come before those of the application, so no application can take back what they say.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from provisioner.model import Handling, Json, Once, Policy, Recreate, Unit

ORDER = ("onAppUpdate", "onAppDelete", "never")
"""From the least careful to the most."""
PLAIN = Handling()
"""Of units that no policy means."""


def handling(policies: Sequence[Policy], unit: Unit) -> Handling:
    """What these policies say of a unit."""
    found = PLAIN
    for read in (_collected, _protected, _once, _recreated, _read_only) if policies else ():
        found = read(found, policies, unit)
    return found


def careful(first: Handling, second: Handling) -> Handling:
    """What is the more careful of two: of what was recorded at delivery and what the documents say now."""
    if first == second:
        return second
    return replace(
        second, collect=max(first.collect, second.collect, key=ORDER.index), orphan=first.orphan or second.orphan,
        read_only=first.read_only or second.read_only, shared=first.shared or second.shared, protected=second.protected or first.protected,
        destroyers=second.destroyers if second.protected else first.destroyers)


def taken_over(policies: Sequence[Policy], unit: Unit) -> dict[str, str]:
    """Address of a resource to the identifier of what it takes over, as take-over policies say."""
    return {address: identifier for policy in _of_type(policies, "take-over") for rule in policy.properties.get("rules") or ()
            if meant(rule["selector"], unit) for address, identifier in (rule.get("ids") or {}).items()}


def meant(selector: Mapping[str, Json], unit: Unit) -> bool:
    """KubeVela's selector: every key that is given must fit."""
    said: dict[str, tuple[str, ...]] = {
        "componentNames": (unit.component,), "componentTypes": (unit.type,), "resourceNames": (unit.component,),
        "oamTypes": ("TRAIT" if unit.added_by else "COMPONENT",), "traitTypes": (unit.added_by,) if unit.added_by else (), "resourceTypes": ()}
    return bool(selector) and all(set(said[key]) & set(values) for key, values in selector.items())


def rule_for(policy: Policy, unit: Unit) -> dict[str, Any] | None:
    """The first rule of a policy that means the unit."""
    return next((rule for rule in policy.properties.get("rules") or () if meant(rule["selector"], unit)), None)


def _of_type(policies: Iterable[Policy], kind: str) -> list[Policy]:
    return [policy for policy in policies if policy.type == kind]


def _collected(found: Handling, policies: Sequence[Policy], unit: Unit) -> Handling:
    """The first rule that fits, of the first policy that has one; keepLegacyResource where there is none."""
    chosen = _of_type(policies, "garbage-collect")
    rule = next((rule for policy in chosen if (rule := rule_for(policy, unit))), None)
    if rule is None:
        return replace(found, collect="onAppDelete") if any(policy.properties.get("keepLegacyResource") for policy in chosen) else found
    return replace(found, collect=rule.get("strategy", "onAppUpdate"), orphan=rule.get("propagation") == "orphan")


def _once(found: Handling, policies: Sequence[Policy], unit: Unit) -> Handling:
    """Without rules everything is left alone when it drifts; a rule's types of resources say which of the unit's resources it means."""
    for policy in _of_type(policies, "apply-once"):
        if not policy.properties.get("enable"):
            continue
        if "rules" not in policy.properties:
            return replace(found, once=(Once(affect="onStateKeep"),))
        rules = [rule for rule in policy.properties["rules"] if _resources_of(rule["selector"], unit)]
        if rules:
            return replace(found, once=tuple(_once_of(rule) for rule in rules))
    return found


def _resources_of(selector: Mapping[str, Json], unit: Unit) -> bool:
    """Types of resources of Terraform are lower case: rules that name kinds of Kubernetes only mean nothing."""
    kinds = selector.get("resourceTypes") or ()
    others = {key: value for key, value in selector.items() if key != "resourceTypes"}
    return (not kinds or any(kind.islower() for kind in kinds)) and (not others or meant(others, unit))


def _once_of(rule: Mapping[str, Any]) -> Once:
    strategy = rule.get("strategy") or {}
    paths = tuple(path for path in strategy.get("path") or () if path != "*")
    everything = len(paths) < len(strategy.get("path") or ())
    return Once(() if everything else paths, tuple(rule["selector"].get("resourceTypes") or ()), strategy.get("affect") or "always")


def _recreated(found: Handling, policies: Sequence[Policy], unit: Unit) -> Handling:
    """op `replace` makes a resource anew at any change, `recreateFields` at a change of one of them."""
    rules = [rule for policy in _of_type(policies, "resource-update") for rule in policy.properties.get("rules") or ()
             if _resources_of(rule["selector"], unit)]
    recreate = []
    for rule in rules:
        strategy = rule.get("strategy") or {}
        anew, fields = strategy.get("op") == "replace", tuple(strategy.get("recreateFields") or ())
        if anew or fields:
            recreate.append(Recreate(() if anew else fields, tuple(rule["selector"].get("resourceTypes") or ())))
    return replace(found, recreate=tuple(recreate))


def _read_only(found: Handling, policies: Sequence[Policy], unit: Unit) -> Handling:
    def said(kind: str) -> bool:
        return any(rule_for(policy, unit) for policy in _of_type(policies, kind))

    return replace(found, read_only=said("read-only"), shared=said("shared-resource"))


def _protected(found: Handling, policies: Sequence[Policy], unit: Unit) -> Handling:
    """Any policy protects; who may destroy all the same is said by the first."""
    for policy in _of_type(policies, "protect"):
        if "rules" not in policy.properties or rule_for(policy, unit):
            return replace(found, protected=policy.name, destroyers=tuple(policy.properties.get("allow") or ()))
    return found
