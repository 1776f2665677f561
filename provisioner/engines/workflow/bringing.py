"""Steps that bring a component of their own: apply-terraform-config a module that is delivered, run-playbook a playbook that is played each time."""

from collections.abc import Mapping

from provisioner import references
from provisioner.model import Json
from provisioner.step_kinds import Brought, StepKind

TEXT = {"type": "string", "minLength": 1}
TEXTS = {"type": "array", "items": TEXT}
VARIABLES = {"type": "object", "description": "Its variables"}
NO_PROVIDER = "the target of the environment has provider, credentials and region"


# ------------------------------------------------------------------ apply-terraform-config
def _config(given: Mapping[str, Json]) -> Brought:
    """The text of `hcl` is HCL, where `${…}` is Terraform's own."""
    source = given["source"]
    if "hcl" in source:
        what, names = {"configuration": references.escape(source["hcl"])}, {"configuration": "source.hcl"}
    else:
        address, path = str(source["remote"]), str(source.get("path") or "").strip("/")
        separator = "//" if "://" in address or address.startswith("git@") else "/"
        base, _, query = address.partition("?")
        what = {"module": f"{base}{separator}{path}{'?' if query else ''}{query}" if path else address}
        names = {"module": "source.remote"}
    return Brought("terraform-module", {**what, "variables": given.get("variable") or {}}, {**names, "variables": "variable"},
                   target=str(given.get("target") or ""), inputs="variable")


def _config_summary(given: Mapping[str, Json]) -> str:
    source = given.get("source")
    what = source if isinstance(source, Mapping) else {}
    return f"Terraform module {what['remote']}" if "remote" in what else "Terraform configuration of the step"


APPLY_TERRAFORM_CONFIG = StepKind(
    "apply-terraform-config", "Delivers a Terraform module that only the workflow names: planned, kept and removed as a component of its name.",
    {"required": ["source"], "properties": {
        "source": {"type": "object", "additionalProperties": False, "properties": {
            "hcl": {**TEXT, "description": "The configuration itself"},
            "remote": {**TEXT, "description": "A folder beside app.yaml, or https://HOST/REPOSITORY.git?ref=TAG"},
            "path": {"type": "string", "description": "With remote: the folder in it"},
        }, "oneOf": [{"required": ["hcl"]}, {"required": ["remote"]}], "x-says": "needs either `hcl` or `remote`", "description": "The module"},
        "variable": VARIABLES,
        "target": {**TEXT, "description": "The target of the environment, where several fit"},
        "deleteResource": {"type": "boolean", "description": "Accepted for KubeVela's documents"},
        "providerRef": {"type": "object", "description": "Accepted for KubeVela's documents"},
        "region": {"type": "string", "description": "Accepted for KubeVela's documents"},
        "jobEnv": {"type": "object", "description": "Accepted for KubeVela's documents"},
        "forceDelete": {"type": "boolean", "description": "Accepted for KubeVela's documents"},
        "writeConnectionSecretToRef": {"type": "object", "description": "Accepted for KubeVela's documents"},
    }}, summary=_config_summary, delivers="component", brings=_config, ignored={
        "providerRef": NO_PROVIDER, "region": NO_PROVIDER, "jobEnv": NO_PROVIDER,
        "deleteResource": "a garbage-collect policy says what stays",
        "forceDelete": "what can't be destroyed is said, and tried again",
        "writeConnectionSecretToRef": "steps and components refer to its outputs: ${STEP.OUTPUT}"},
    example="{name: zone, type: apply-terraform-config, properties: {source: {remote: modules/zone}, variable: {name: shop.example}}, "
            "outputs: [{name: zoneId, valueFrom: outputs.id}]}")


# ------------------------------------------------------------------ run-playbook
PLACEMENT = ("hosts", "groups", "labels", "component", "count")


def _play(given: Mapping[str, Json]) -> Brought:
    named = {name: given[name] for name in ("playbook", "role", "variables", "tags", "skipTags") if name in given}
    return Brought("ansible-playbook", named, {}, target=str(given.get("target") or ""), inputs="variables",
                   placement={name: given[name] for name in PLACEMENT if name in given})


def _play_summary(given: Mapping[str, Json]) -> str:
    where = given.get("hosts") or given.get("groups") or [given[name] for name in ("component", "target") if name in given][:1]
    return f"{given.get('playbook') or given.get('role') or ''}" + (f" on {', '.join(map(str, where))}" if where else "")


RUN_PLAYBOOK = StepKind(
    "run-playbook", "Plays a playbook or role on hosts, each time that the workflow runs; the plan shows what check mode says of it.",
    {"properties": {
        "playbook": {**TEXT, "description": "A path beside app.yaml, or git::https://HOST/REPOSITORY.git//FOLDER/PLAYBOOK.yml?ref=TAG"},
        "role": {**TEXT, "description": "Or the folder of a role, which is applied to all hosts"},
        "variables": VARIABLES,
        "target": {**TEXT, "description": "The target of the environment, where several have hosts"},
        "hosts": {**TEXTS, "description": "Only these hosts, by name"},
        "groups": {**TEXTS, "description": "Only hosts of these inventory groups"},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}, "description": "Only hosts with these labels"},
        "component": {**TEXT, "description": "The hosts that this vm component makes"},
        "count": {"type": "integer", "minimum": 1, "description": "How many of them"},
        "tags": {**TEXTS, "description": "Only tasks with one of these tags"},
        "skipTags": {**TEXTS, "description": "Only tasks without any of these tags"},
    }, "oneOf": [{"required": ["playbook"]}, {"required": ["role"]}], "x-says": "needs either a `playbook` or a `role`"},
    summary=_play_summary, limit=1800, brings=_play, plays=True,
    example="{name: migrate, type: run-playbook, properties: {playbook: playbooks/migrate.yml, groups: [db], variables: {to: 42}}, "
            "outputs: [{name: rows, valueFrom: migrated_rows}]}")
