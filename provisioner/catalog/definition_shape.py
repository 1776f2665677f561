"""The shape of ComponentDefinition and TraitDefinition as JSON Schema. Data only."""

from provisioner.spec.oam import ANY, TEXT, closed, listed, name, texts

API = "provision/v1"
KINDS = {"component": "ComponentDefinition", "trait": "TraitDefinition"}

TEMPLATES = {"type": "object", "description": "Templates over ${parameters.…}, ${outputs.…}, ${target.…}, ${component.…}, ${app.…}, ${hosts.…}"}
PARAMETERS = {"type": "object", "properties": {"properties": {"type": "object"}, "type": {"const": "object"}}, "description": "A JSON Schema"}
METADATA = closed({"name": name("Name of the type; the file has the same"), "version": TEXT, "labels": texts(), "annotations": texts()}, ("name",))
OUTPUT = closed({
    "type": {"enum": ["string", "integer", "number", "boolean", "array", "object"]},
    "sensitive": {"type": "boolean"}, "value": ANY, "description": TEXT,
})
FILES = {"type": "object", "additionalProperties": {"enum": ["zip", "folder"]},
         "description": "Variables that are paths beside app.yaml: the module gets a kept copy, packed (zip) or not (folder; an archive is unpacked)"}
CHECK = {"enum": ["exact", "partial"]}
ACTION = {
    "anyOf": [TEXT, closed({"playbook": TEXT, "description": TEXT, "parameters": PARAMETERS, "outputs": listed(TEXT)}, ("playbook",))],
    "x-says": "must be a playbook, or a map with playbook, description, parameters and outputs",
}
IMPLEMENTATION = closed(
    {
        "needs": {**TEXT, "description": "What the target must offer: aws, hosts, …, or existing"},
        "when": {"type": "string", "pattern": r"^\$\{parameters\.[\w.-]+\}\s*(==|!=)\s*\S.*$",
                 "x-says": "must be ${parameters.NAME} == VALUE, or with !="},
        "terraform": closed({"module": TEXT, "files": FILES}, ("module",)),
        "ansible": closed({"playbook": TEXT, "remove": TEXT, "check": CHECK}, ("playbook",)),
        "hosts": closed({"count": {"type": "integer", "minimum": 1}, "os": listed(TEXT)}),
        "check": CHECK,
        "variables": TEMPLATES,
        "outputs": TEMPLATES,
        "hostsOutput": {**TEXT, "description": "The module's output that lists hosts: [{name, address}]"},
        "refused": texts(description="Parameter (or a path below it: env.valueFrom) to the reason why it can't be had here"),
        "ignored": texts(description="Parameter, or a path below it, to the reason why it makes no difference here: a warning"),
        "actions": {
            "type": "object", "propertyNames": {"pattern": "^[a-z][a-z0-9-]*$"}, "additionalProperties": ACTION,
            "description": "Verb of `provision action` to its playbook",
        },
    },
    ("needs",),
)
COMPONENT = closed(
    {
        "apiVersion": {"const": API}, "kind": {"const": KINDS["component"]}, "metadata": METADATA,
        "spec": closed({
            "description": TEXT,
            "provides": {**TEXT, "description": "What the outputs speak: postgresql, http, s3 …"},
            "data": {"type": "boolean", "description": "Bears data: destroy and replace need --allow-destroy"},
            "parameters": PARAMETERS,
            "outputs": {"type": "object", "additionalProperties": OUTPUT},
            "health": {"type": "object"},
            "implementations": listed(IMPLEMENTATION, minItems=1),
            "example": TEXT,
        }, ("implementations",)),
    },
    ("apiVersion", "kind", "metadata", "spec"),
)
TRAIT = closed(
    {
        "apiVersion": {"const": API}, "kind": {"const": KINDS["trait"]}, "metadata": METADATA,
        "spec": closed({
            "description": TEXT, "appliesTo": listed(TEXT), "parameters": PARAMETERS,
            "adds": {"enum": ["gateway"]}, "patch": {"type": "object"}, "example": TEXT,
        }),
    },
    ("apiVersion", "kind", "metadata", "spec"),
)
SHAPES = {"component": COMPONENT, "trait": TRAIT}
