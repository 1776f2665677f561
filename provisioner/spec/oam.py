"""The shape of an Application as JSON Schema: OAM's fields and no others. Data only."""

from typing import Any

API = "core.oam.dev/v1beta1"
OLD_API = "core.oam.dev/v1alpha2"
"""Read as today's, with a warning: the Application is the same."""
LONGEST = 63
"""Characters of a name."""
NAME = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
NAME_SAYS = "must be lower-case letters, digits and dashes, beginning and ending with a letter or digit"

Schema = dict[str, Any]


def closed(properties: Schema, required: tuple[str, ...] = (), **more: Any) -> Schema:
    """A map with these keys and no others."""
    return {"type": "object", "additionalProperties": False, "properties": properties, "required": list(required), **more}


def listed(items: Schema, **more: Any) -> Schema:
    """A list of such items."""
    return {"type": "array", "items": items, **more}


def texts(**more: Any) -> Schema:
    """A map from names to texts, such as labels."""
    return {"type": "object", "additionalProperties": {"type": "string"}, **more}


def name(description: str) -> Schema:
    """A name that is a DNS label."""
    return {"type": "string", "minLength": 1, "maxLength": LONGEST, "pattern": NAME, "x-says": NAME_SAYS, "description": description}


TEXT: Schema = {"type": "string", "minLength": 1}
ANY: Schema = {}
FREE: Schema = {"type": "object", "description": "What the type takes: provision types TYPE"}

DEAD_METADATA = ("creationTimestamp", "finalizers", "generateName", "generation", "managedFields", "ownerReferences",
                 "resourceVersion", "selfLink", "uid")
DEAD_COMPONENT = ("externalRevision", "replicaKey", "scopes")
"""Fields that OAM documents may carry and that mean nothing here: accepted with a warning."""

METADATA = closed(
    {
        "name": name("Name of the application"),
        "namespace": {"type": "string", "description": "Accepted for KubeVela's documents; environments take its place"},
        "labels": texts(description="Labels, seen as ${app.labels.NAME}"),
        "annotations": texts(description="app.oam.dev/publishVersion is the version, seen as ${app.version}"),
        **{field: ANY for field in DEAD_METADATA},
    },
    ("name",),
)
TRAIT = closed({"type": {**TEXT, "description": "A trait type: provision types"}, "properties": FREE}, ("type",))
COMPONENT = closed(
    {
        "name": name("Name of the component, unique in the application"),
        "type": {**TEXT, "description": "A component type: provision types"},
        "properties": FREE,
        "traits": listed(TRAIT),
        "dependsOn": listed(TEXT, description="Components that must be delivered before"),
        "inputs": listed(closed({"from": TEXT, "parameterKey": TEXT}, ("from", "parameterKey"))),
        "outputs": listed(closed({"name": TEXT, "valueFrom": TEXT}, ("name", "valueFrom"))),
        "stack": name("Terraform root of its own, for a smaller blast radius"),
        **{field: ANY for field in DEAD_COMPONENT},
    },
    ("name", "type"),
)
POLICY = closed({"name": TEXT, "type": TEXT, "properties": {"type": "object"}}, ("type",))
MODE: Schema = {"enum": ["StepByStep", "DAG"]}


def _step(**more: Any) -> Schema:
    """A step of a workflow; sub-steps have none of their own."""
    return closed({
        "name": name("Name of the step, unique in the workflow"),
        "type": {**TEXT, "description": "What it does: deploy, suspend, notification, webhook …"},
        "properties": FREE,
        "if": {"type": ["string", "boolean"], "description": 'A CEL expression such as status["test"].succeeded, or "always"'},
        "timeout": {**TEXT, "description": "Its limit: 30s, 5m, 1h30m"},
        "dependsOn": listed(TEXT, description="Steps that must have succeeded before"),
        "inputs": listed(closed({"from": TEXT, "parameterKey": TEXT}, ("from",))),
        "outputs": listed(closed({"name": TEXT, "valueFrom": TEXT}, ("name", "valueFrom"))),
        "meta": closed({"alias": {"type": "string"}}),
        **more,
    }, ("name", "type"))


WORKFLOW = closed({
    "ref": name("In place of steps: name of a Workflow document, in the same file or in workflows/NAME.yaml"),
    "mode": closed({"steps": MODE, "subSteps": MODE}),
    "steps": listed(_step(mode=MODE, subSteps=listed(_step()))),
}, description="Order of delivery, and what happens between: approvals, messages, checks")
WORKFLOW_DOCUMENT = closed({
    "apiVersion": {"enum": ["core.oam.dev/v1alpha1", "core.oam.dev/v1beta1"]},
    "kind": {"const": "Workflow"},
    "metadata": {"type": "object", "required": ["name"], "properties": {"name": name("Name of the workflow, for `ref`")}},
    **{field: shape for field, shape in WORKFLOW["properties"].items() if field != "ref"},
    "status": ANY,
}, ("apiVersion", "kind", "metadata", "steps"))
APPLICATION = closed(
    {
        "apiVersion": {"enum": [API, OLD_API]},
        "kind": {"const": "Application"},
        "metadata": METADATA,
        "spec": closed(
            {"components": listed(COMPONENT), "policies": listed(POLICY),
             "workflow": WORKFLOW},
            ("components",)),
        "status": ANY,
    },
    ("apiVersion", "kind", "metadata", "spec"),
)
