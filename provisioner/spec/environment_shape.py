"""The shape of an Environment as JSON Schema. Data only."""

from provisioner.spec import rules
from provisioner.spec.clouds import BACKEND, CLOUDS, MAP, VERSION
from provisioner.spec.oam import ANY, POLICY, TEXT, closed, listed, name, texts

API = "provision/v1"

PORT = {"type": "integer", "minimum": 1, "maximum": 65535}
FLAG = {"type": "boolean"}

USER = {"type": "string", "pattern": r"^[A-Za-z0-9_][A-Za-z0-9_.@\\-]*\$?$", "x-says": "must be a user's name"}
ADDRESS = {"type": "string", "pattern": r"^[A-Za-z0-9_:][A-Za-z0-9_.:%-]*$", "x-says": "must be an address or DNS name"}
"""What becomes an argument of ssh must not begin with a dash."""

REACH = {
    "user": {**USER, "description": "User to log in as"},
    "become": {**FLAG, "description": "Become root by sudo"},
    "privateKey": {**TEXT, "description": "Path of the private key"},
    "jump": {"type": "string", "pattern": "^[^-].*$", "x-says": "must be USER@HOST:PORT", "description": "Host to go through, USER@HOST:PORT"},
    "sshArgs": {**TEXT, "description": "Further arguments of ssh"},
    "knownHosts": {**TEXT, "description": "File that pins host keys by host name"},
    "hostKeys": {"enum": ["strict", "accept-new"], "description": "What to do with a host key that is not known"},
    "sshWait": {"type": "integer", "minimum": 1, "maximum": 3600, "description": "Seconds to wait for SSH of a new host"},
}
HOST = closed(
    {
        "name": {**ADDRESS, "description": "Its identity: it stays when the address changes"},
        "address": {**ADDRESS, "description": "Address or DNS name; default: the name"},
        "user": USER, "port": PORT, "become": FLAG, "labels": texts(), "groups": listed(TEXT), "vars": MAP,
    },
    ("name",),
)
HOSTS = {"anyOf": [
    listed(HOST),
    closed({
        **REACH,
        "list": listed(HOST, description="The hosts"),
        "inventory": {**TEXT, "description": "Ansible inventory file, relative to this file's project"},
        "local": {**FLAG, "description": "This machine"},
    }),
]}
TERRAFORM = closed(
    {
        "offers": {"anyOf": [TEXT, listed(TEXT, minItems=1)], "description": "What `needs` of an implementation is matched with"},
        "provider": {"type": "string", "pattern": "^([a-z0-9.-]+(:[0-9]+)?/)?[a-z0-9-]+/[a-z0-9-]+$", "x-says": "must be NAMESPACE/NAME"},
        "version": VERSION, "config": MAP, "env": texts(), "backend": BACKEND,
    },
    ("offers", "provider"),
)
TARGET = closed(
    {
        "name": name("Name of the target, unique in the environment"),
        "labels": texts(description="What place rules select by; `site` decides which copy a reference means"),
        "vars": {**MAP, "description": "Values for modules, seen as ${target.vars.NAME} in definitions"},
        "simulated": {**FLAG, "description": "A simulator: nothing there answers to health checks"},
        **{name: cloud.shape for name, cloud in CLOUDS.items()}, "terraform": TERRAFORM, "hosts": HOSTS,
    },
    ("name",),
)
SELECTOR = texts(description="Labels that a target must have; `target` stands for its name; {} fits every target")
NAMES = listed(TEXT, minItems=1)
PLACE = closed({
    "components": {**NAMES, "description": "NAME or APPLICATION/NAME"}, "types": NAMES,
    "one": SELECTOR, "each": SELECTOR, "existing": {**MAP, "description": "Outputs of a component that others have made"},
})
OVERRIDE = closed({
    "components": NAMES, "types": NAMES, "properties": MAP,
    "traits": listed(closed({"type": TEXT, "properties": MAP, "disable": {**FLAG, "description": "Take the trait out"}}, ("type",))),
})
DRIFT = closed({
    "ignore": listed(TEXT, description="Paths that are not reported, as `provision drift` shows them; * stands for anything"),
    "schedule": {**TEXT, "description": "When `provision drift --all --scheduled` looks: a cron line of five fields, in UTC"},
})
RULE = {"if": {"required": ["file"]}, "then": closed({"file": {**TEXT, "description": "A file `kind: Rules`, beside app.yaml"}}), "else": rules.RULE}
LATER = ("approvals", "freeze", "rollout", "windows")
"""Keys that belong to an Environment and are not carried out yet."""

ENVIRONMENT = closed(
    {
        "apiVersion": {"const": API},
        "kind": {"const": "Environment"},
        "metadata": closed({"name": name("Name of the environment"), "labels": texts(), "annotations": texts()}, ("name",)),
        "spec": closed({
            "extends": {**TEXT, "description": "Name of the environment that says what this one does not: environments/NAME.yaml"},
            "targets": listed(TARGET, description="Places: cloud accounts and groups of hosts"),
            "place": listed(PLACE, description="First match by component or type: `one` target, or a copy on `each` that matches"),
            "defaults": listed(OVERRIDE, description="What holds here where a component says nothing itself; later ones win"),
            "override": listed(OVERRIDE, description="What is different here; later ones win"),
            "policies": listed(POLICY, description="How things are handled here, whatever an application says: garbage-collect, protect …"),
            "rules": listed(RULE, description="What no application may do here: conditions in CEL"),
            "vars": {**MAP, "description": "Seen as ${var.NAME}"},
            "secrets": {**MAP, "description": "Where secrets are kept: {backend: file|env|aws, prefix, target}"},
            "aliases": texts(description="Other names of targets"),
            "stacks": texts(description="Component or type to the name of a Terraform root of its own"),
            "workflow": closed({"yesWithin": {"type": ["string", "number"], "description": "How long a step waits for a yes where it has no "
                                              "`timeout` of its own: 48h, 30d"}}, description="How workflows are carried out here"),
            "drift": {**DRIFT, "description": "What is said of changes that were made behind our back"},
            **{key: ANY for key in LATER},
        }),
    },
    ("apiVersion", "kind", "metadata", "spec"),
)
