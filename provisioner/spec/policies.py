"""The types of policies and the shape of their properties; which are acted on. Serves applications and environments. Mostly data."""

from collections.abc import Iterator
from typing import Any

from provisioner.errors import Problem, Where
from provisioner.model import Override, Policy, TraitPatch
from provisioner.spec import rules
from provisioner.spec.checking import check, name_of
from provisioner.spec.document import Document, Steps
from provisioner.spec.judging import Shape
from provisioner.spec.oam import ANY, FREE, NAME, NAME_SAYS, TEXT, Schema, closed, listed, texts
from provisioner.spec.reading import DOCUMENT, violations
from provisioner.suggest import suggestion

FLAG: Schema = {"type": "boolean"}
NAMES = listed(TEXT)
SELECTOR = closed({
    "componentNames": {**NAMES, "description": "Names of components"},
    "componentTypes": {**NAMES, "description": "Types of components"},
    "oamTypes": listed({"enum": ["COMPONENT", "TRAIT"]}, description="What a component is, or what a trait adds"),
    "traitTypes": {**NAMES, "description": "What traits of these types add"},
    "resourceTypes": {**NAMES, "description": "Types of resources of Terraform; Kubernetes' kinds match nothing"},
    "resourceNames": {**NAMES, "description": "The same as componentNames"},
}, minProperties=1)


def _rules(**strategy: Any) -> Schema:
    return listed(closed({"selector": SELECTOR, **strategy}, ("selector",)), description="The first that fits a component counts")


TRAIT = closed({"type": TEXT, "properties": FREE, "disable": {**FLAG, "description": "Take the trait out"}}, ("type",))
TOPOLOGY = closed({
    "targets": listed(TEXT, description="Names of targets of the environment"),
    "clusters": listed(TEXT, description="The same, as KubeVela calls it"),
    "targetLabelSelector": texts(description="Labels that a target must have"),
    "clusterLabelSelector": texts(description="The same, as KubeVela calls it"),
    "namespace": {"type": "string"},
    "allowEmpty": FLAG,
})
OVERRIDE = closed({
    "components": listed(closed({
        "name": {**TEXT, "description": "A component, or several by *"}, "type": {**TEXT, "description": "All of this type; with name: its type now"},
        "properties": FREE, "traits": listed(TRAIT)})),
    "selector": listed(TEXT, description="Deliver only these components"),
})
GARBAGE_COLLECT = closed({
    "rules": _rules(
        strategy={"enum": ["onAppUpdate", "onAppDelete", "never"],
                  "description": "Remove it when nothing wants it (default), with the application, or never"},
        propagation={"enum": ["orphan", "cascading"], "description": "orphan: forget it, and leave it as it is"}),
    "keepLegacyResource": {**FLAG, "description": "onAppDelete for all that no rule names"},
    "order": {"enum": ["dependency"], "description": "Dependents first: that is always so"},
    "applicationRevisionLimit": {"type": "integer", "minimum": 1, "description": "No effect: all revisions are kept"},
    "continueOnFailure": {**FLAG, "description": "No effect: what left is removed after everything else succeeded"},
})
PROTECT = closed({
    "rules": _rules(),
    "allow": listed(TEXT, description="Users who may destroy it all the same, with --allow-destroy"),
})
RULES = closed({"rules": listed(rules.RULE)}, ("rules",))
APPLY_ONCE = closed({
    "enable": {**FLAG, "description": "Without it the policy does nothing"},
    "rules": _rules(strategy=closed({
        "path": listed(TEXT, description="Attributes of resources (tags.owner), files or tasks on hosts (/etc/app.conf); * is everything"),
        "affect": {"enum": ["always", "onUpdate", "onStateKeep", ""], "description": "When edited, when it drifted, or always (default)"},
    })),
})
HEALTH = closed({
    "probeTimeout": {"type": "integer", "minimum": 1, "description": "Seconds for one answer, of probes that do not say it themselves"},
    "probeInterval": {"type": "integer", "minimum": 1, "description": "Seconds from one try to the next, of probes that do not say it themselves"},
    "components": listed(TEXT, description="Names of components, or several by * (default: all that have probes)"),
})
RESOURCE_UPDATE = closed({"rules": _rules(strategy=closed({
    "op": {"enum": ["patch", "replace"], "description": "Change a resource in place (default), or make it anew"},
    "recreateFields": listed(TEXT, description="Attributes whose change makes it anew"),
}))}, ("rules",))
TAKE_OVER = closed({"rules": _rules(
    ids=texts(description="Address of a resource in the component's module to the identifier by which Terraform imports it"))}, ("rules",))
REPLICATION = closed({
    "keys": listed({"type": "string", "pattern": NAME, "x-says": NAME_SAYS}, minItems=1,
                   description="A copy NAME-KEY of each component for each"),
    "selector": listed(TEXT, description="Names of the components to copy, or several by * (default: all)"),
}, ("keys",))
READ_ONLY = closed({"rules": _rules()}, ("rules",))
SHARED_RESOURCE = READ_ONLY
SCHEMAS: dict[str, Schema] = {
    "topology": TOPOLOGY, "override": OVERRIDE, "replication": REPLICATION, "garbage-collect": GARBAGE_COLLECT, "apply-once": APPLY_ONCE,
    "read-only": READ_ONLY, "resource-update": RESOURCE_UPDATE,
    "shared-resource": SHARED_RESOURCE, "take-over": TAKE_OVER, "health": HEALTH, "protect": PROTECT, "rules": RULES}
"""What is acted on."""
SHAPES = {name: Shape(schema) for name, schema in SCHEMAS.items()}
DOCUMENT_SHAPE = Shape(closed({
    "apiVersion": {"enum": ["core.oam.dev/v1alpha1", "core.oam.dev/v1beta1", "provision/v1"]}, "kind": {"const": "Policy"},
    "metadata": {"type": "object", "required": ["name"], "properties": {"name": TEXT}}, "type": TEXT, "properties": {"type": "object"}, "status": ANY,
}, ("apiVersion", "kind", "metadata", "type")))
LATER = ("env-binding",)
"""KubeVela's policies that are not acted on yet."""
OF_APPLICATIONS = ("topology", "override", "replication", "health", "rules")
"""An environment says these in words of its own (place, override, rules)."""
NO_EFFECT = {"continueOnFailure": "what left is removed after everything else succeeded", "applicationRevisionLimit": "all revisions are kept"}


def read(document: Document, place: Steps, name: str = "") -> tuple[Policy | None, list[Problem]]:
    """The policy at a place, without properties where they are wrong; and its problems: what of it is not acted on, too."""
    value = document.find(place).value
    kind = value.get("type") if isinstance(value, dict) else None
    if not isinstance(kind, str):
        return None, []
    properties = value.get("properties") if isinstance(value.get("properties"), dict) else {}
    problems = list(_problems(document, place, kind, properties))
    wrong = any(problem.severity == "error" for problem in problems)
    found = rules.read(document, (*place, "properties", "rules"), problems) if kind == "rules" and not wrong and properties else ()
    return Policy(str(name or value.get("name") or kind), kind, {} if wrong else properties, document.value_at(place), tuple(found)), problems


def of_kind_policy(document: Document) -> tuple[Policy | None, list[Problem]]:
    """The policy of a document `kind: Policy` (KubeVela keeps type and properties at its top level), and its problems."""
    problems = violations(document, DOCUMENT_SHAPE)
    if any(problem.severity == "error" for problem in problems):
        return None, problems
    policy, more = read(document, (), document.value["metadata"]["name"])
    return policy, [*problems, *more]


def _problems(document: Document, place: Steps, kind: str, properties: dict[str, Any]) -> Iterator[Problem]:
    label = f"{name_of(place)}: " if place else ""
    where = document.value_at((*place, "type"))
    if kind in LATER:
        yield Problem("PRV-1212", f'{label}policy "{kind}" is not acted on yet', where, "everything is delivered without it", "warning")
    elif kind not in SHAPES:
        yield Problem("PRV-1209", f'{label}unknown policy "{kind}"', where, suggestion(kind, [*SCHEMAS, *LATER]))
    else:
        yield from _wrong(document, (*place, "properties"), kind, properties)
        for index, rule in enumerate(properties.get("rules") or () if kind != "rules" else ()):
            selector = rule.get("selector") if isinstance(rule, dict) else None
            kinds = selector.get("resourceTypes") if isinstance(selector, dict) else None
            if isinstance(kinds, list) and not any(isinstance(one, str) and one.islower() for one in kinds):
                yield Problem("PRV-1210", f"resourceTypes: {', '.join(map(str, kinds))} are no resources of Terraform: the rule means nothing here",
                              document.key_at((*place, "properties", "rules", index, "selector", "resourceTypes")), "", "warning")
        for key in sorted(NO_EFFECT.keys() & properties.keys()):
            yield Problem("PRV-1210", f'"{key}" has no effect here', document.key_at((*place, "properties", key)), NO_EFFECT[key], "warning")


def _wrong(document: Document, path: Steps, kind: str, properties: dict[str, Any]) -> list[Problem]:
    """What does not fit the shape of this type of policy."""
    def locate(below: Steps, key: bool) -> Where:
        return document.key_at((*path, *below)) if key and below else document.value_at((*path, *below))

    return check(SHAPES[kind], properties, DOCUMENT, locate, label=name_of(path))


def overrides(policy: Policy) -> list[Override]:
    """What an override policy says, in its order."""
    found = []
    for entry in policy.properties.get("components") or ():
        name, kind = entry.get("name", ""), entry.get("type", "")
        traits = tuple(TraitPatch(trait["type"], trait.get("properties") or {}, bool(trait.get("disable"))) for trait in entry.get("traits") or ())
        found.append(Override((name,) if name else (), (kind,) if kind and not name else (), entry.get("properties") or {}, traits,
                              new_type=kind if name else "", where=policy.where))
    return found
