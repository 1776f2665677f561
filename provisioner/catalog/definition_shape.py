"""The shape of ComponentDefinition and TraitDefinition as JSON Schema. Data only."""

from provisioner.catalog.calls import CALL
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
FILES = {"type": "object", "additionalProperties": {"enum": ["zip", "folder", "files"]},
         "description": "Variables that are paths beside app.yaml: the module gets the path of a kept copy, packed (zip) or not (folder; an archive "
                        "is unpacked), or a map of each file's name to the path of its own copy (files)"}
IMAGES = texts(description="Variables that name an image of a registry to the variable that takes its digest: a playbook tells it under that name, "
                           "a module is given what the registry says when it is planned")
ARTIFACTS = texts(description="Variables that name an artefact (a path beside app.yaml, URL, s3://…) to the variable that takes its sha256")
HOLDS = listed(TEXT, description="Types of its resources that hold data: losing one needs --allow-destroy, replacing another does not")
CHECK = {"enum": ["exact", "partial"]}
ABOUT = {"description": TEXT, "parameters": PARAMETERS, "outputs": listed(TEXT)}
ACTION = {
    "anyOf": [TEXT, closed({"playbook": TEXT, **ABOUT}, ("playbook",)), closed({"call": CALL, **ABOUT}, ("call",))],
    "x-says": "must be a playbook, or a map with playbook (or call), description, parameters and outputs",
}
LIMIT = {"type": "object", "required": ["reason"], "properties": {"reason": TEXT}}
IMPLEMENTATION = closed(
    {
        "needs": {**TEXT, "description": "What the target must offer: hosts, the name of a cloud …, or existing"},
        "when": {"type": "string", "pattern": r"^\$\{parameters\.[\w.-]+\}\s*(==|!=)\s*\S.*$",
                 "x-says": "must be ${parameters.NAME} == VALUE, or with !=; several are joined by and"},
        "terraform": closed({"module": TEXT, "files": FILES, "images": IMAGES, "holds": HOLDS}, ("module",)),
        "ansible": closed({"playbook": TEXT, "remove": TEXT, "check": CHECK, "artifacts": ARTIFACTS, "images": IMAGES}, ("playbook",)),
        "hosts": closed({"count": {"type": "integer", "minimum": 1}, "os": listed(TEXT)}),
        "check": CHECK,
        "variables": TEMPLATES,
        "outputs": TEMPLATES,
        "claims": {**TEMPLATES, "description": "What only one can hold on a host, or in a target (port, bucket …), to its values: where a new "
                                               "component takes it over from a leaving one, that one is removed first"},
        "hostsOutput": {**TEXT, "description": "The module's output that lists hosts: [{name, address}]"},
        "attach": closed({
            "variable": {**TEXT, "description": "The variable by which it takes its places at load balancers, which are then made before it"},
            "targets": {**TEXT, "description": "What it announces there, in the load balancer's own word: ip, instance"}}, ("variable", "targets")),
        "attaches": closed({"parameter": TEXT, "key": TEXT}, ("parameter", "key")),
        "secrets": texts(description="Variable (a map, or a list of {name, value}) to the one that gets those of its entries that hold a secret"),
        "refused": texts(description="Parameter (a path below it: env.valueFrom; one beside or without another: config with image) to the "
                                     "reason why it can't be had here"),
        "rootless": texts(description="Parameter, named in the same ways, or * for all of it, to the reason why it can't be had on a host that is "
                                      "used without root and systemd (its variable provision_root)"),
        "limits": {"type": "object", "additionalProperties": {"anyOf": [LIMIT, {"type": "array", "minItems": 1, "items": LIMIT}]},
                   "description": "Parameter (a path below it, or * for all of them together) to what it may be here, as a JSON Schema narrower than "
                                  "its own, with the `reason`; or several of these"},
        "others": {"type": "object", "additionalProperties": {"anyOf": [LIMIT, {"type": "array", "minItems": 1, "items": LIMIT}]},
                   "description": "Parameter to what the components that it refers to have to be here: a JSON Schema of their parameters, with those "
                                  "of the component itself as `self`, what stands beside the reference as `reference` (its `output` "
                                  "too), and the `reason`"},
        "open": texts(description="Parameter that others can read where it is delivered (a label), to that reason: it holds no secret"),
        "ignored": texts(description="Parameter, named in the same ways, to the reason why it makes no difference here: a warning"),
        "replaces": listed(TEXT, description="Parameters whose change makes it anew here; x-change: replace at a parameter says that of every one"),
        "actions": {
            "type": "object", "propertyNames": {"pattern": "^[a-z][a-z0-9-]*$"}, "additionalProperties": ACTION,
            "description": "Verb of `provision action` to its playbook, or in a cloud to the call of its API",
        },
    },
    ("needs",),
)
SAME = {**TEXT, "description": "The type that this is another name of; then there is nothing else but a description"}
COMPONENT = closed(
    {
        "apiVersion": {"const": API}, "kind": {"const": KINDS["component"]}, "metadata": METADATA,
        "spec": closed({
            "description": TEXT, "sameAs": SAME,
            "provides": {**TEXT, "description": "What the outputs speak: postgresql, http, s3 …"},
            "data": {"type": "boolean", "description": "Bears data: destroy and replace need --allow-destroy"},
            "parameters": PARAMETERS,
            "outputs": {"type": "object", "additionalProperties": OUTPUT},
            "health": {"type": "object"},
            "elsewhere": {**TEXT, "description": "Why it can't be had on a target without an implementation, and what to use there"},
            "implementations": listed(IMPLEMENTATION, minItems=1),
            "example": TEXT,
        }, anyOf=[{"required": ["implementations"]}, {"required": ["sameAs"], "maxProperties": 2}]),
    },
    ("apiVersion", "kind", "metadata", "spec"),
)
BY_PATH = {"type": "object", "minProperties": 1, "description": "Path of a property (env, volumeMounts.pvc) to items"}
OPERATION = closed({
    "merge": {"type": "object", "description": "Laid on the properties, key by key; what has no value is left alone"},
    "add": BY_PATH, "remove": BY_PATH, "clear": listed(TEXT, minItems=1),
    "by": {**TEXT, "description": "The key of the items, such as name: an item with the same one is changed, not added"},
    "when": ANY,
}, minProperties=1)
ADDITION = closed({
    "name": TEXT, "type": TEXT, "properties": TEMPLATES, "when": ANY,
    "beside": {"type": "boolean", "description": "On the same hosts (the default), or where the environment places it"},
    "before": {"type": "boolean", "description": "Delivered before the component, not after it"},
    "shares": {**ANY, "description": "Volumes that both have: [{name, path, ownerPath}]"},
}, ("name", "type"))
TRAIT = closed(
    {
        "apiVersion": {"const": API}, "kind": {"const": KINDS["trait"]}, "metadata": METADATA,
        "spec": closed({
            "description": TEXT, "sameAs": SAME, "appliesTo": listed(TEXT), "parameters": PARAMETERS,
            "patch": listed(OPERATION, minItems=1, description="What changes in the component's properties, one after the other"),
            "adds": listed(ADDITION, minItems=1, description="Components that it adds"),
            "variables": {"type": "object", "additionalProperties": TEMPLATES,
                          "description": "By what an implementation of the component needs: further variables of its module or playbook"},
            "implementations": listed(IMPLEMENTATION, minItems=1, description="What it delivers itself, beside the component"),
            "refused": {**TEXT, "description": "Why it has no meaning here"},
            "ignored": texts(description="Parameter (or a path below it) to the reason why it makes no difference here: a warning"),
            "elsewhere": {**TEXT, "description": "Why it makes no difference on a target without an implementation; else that is an error"},
            "later": {**TEXT, "description": "What of it is accepted and not acted on yet"},
            "example": TEXT,
        }),
    },
    ("apiVersion", "kind", "metadata", "spec"),
)
SHAPES = {"component": COMPONENT, "trait": TRAIT}
