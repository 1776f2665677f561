"""Steps that deliver: they open what is below them, and the units' own engines carry it out."""

from collections.abc import Mapping

from provisioner.model import Json
from provisioner.step_kinds import StepKind

TEXT = {"type": "string", "minLength": 1}


def _deploy(properties: Mapping[str, Json]) -> str:
    policies = properties.get("policies") or []
    what = f"components under {', '.join(map(str, policies))}" if policies else "all components"
    return f"deliver {what}" + (", after a yes" if properties.get("auto") is False else "")


def _component(properties: Mapping[str, Json]) -> str:
    target = properties.get("target") or properties.get("cluster")
    return f"deliver {properties.get('component')}" + (f" on {target}" if target else "")


DEPLOY = StepKind(
    "deploy", "Delivers components: those on the targets of its topology policies, or all that no earlier step delivers.",
    {"properties": {
        "policies": {"type": "array", "items": TEXT, "description": "Names of policies: topologies say which targets"},
        "auto": {"type": "boolean", "default": True, "description": "false waits for `provision resume` before"},
        "parallelism": {"type": "integer", "minimum": 1, "description": "How many of its components on hosts are delivered at one time; those of one "
                        "Terraform root are one (default: as --parallel says)"},
        "ignoreTerraformComponent": {"type": "boolean", "description": "Accepted, without effect: Terraform components are delivered"},
    }}, summary=_deploy, delivers="policies",
    example="{name: prod, type: deploy, properties: {policies: [prod-targets], auto: false}}")
APPLY_COMPONENT = StepKind(
    "apply-component", "Delivers one component, with what its traits add.",
    {"required": ["component"], "properties": {
        "component": {**TEXT, "description": "Name of the component"},
        "target": {**TEXT, "description": "Only its copy on this target"},
        "cluster": {**TEXT, "description": "The same, as KubeVela calls it"},
        "namespace": {"type": "string", "description": "Accepted, without effect"},
    }}, summary=_component, delivers="component", example="{name: database, type: apply-component, properties: {component: ledger}}")
STEP_GROUP = StepKind(
    "step-group", "Holds steps that are carried out at one time, or one after the other with mode StepByStep.", {"properties": {}},
    summary=lambda properties: "", delivers="steps", example="{name: both, type: step-group, subSteps: [{name: a, type: deploy}]}")
