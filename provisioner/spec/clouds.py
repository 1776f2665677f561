"""Short forms of a target for one cloud: `aws: {region: …}` in place of `terraform: {provider: …}`. Nothing else of `spec` names one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from provisioner.model import Json
from provisioner.spec.oam import TEXT, Schema, closed, listed, texts

MAP: Schema = {"type": "object"}
VERSION = {**TEXT, "description": "Version constraint of the provider"}
BACKEND = {"type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": MAP,
           "description": "Terraform backend, {s3: {bucket: …}}; default: a local file"}
ROLE = {"anyOf": [TEXT, closed({"roleArn": TEXT, "sessionName": TEXT, "externalId": TEXT, "policyArns": listed(TEXT)}, ("roleArn",))]}
AWS = closed({
    "region": TEXT,
    "assumeRole": {**ROLE, "description": "Role to deliver as: ARN, or {roleArn, sessionName, externalId}"},
    "profile": {**TEXT, "description": "Profile of the AWS configuration"},
    "accounts": listed({"type": "string", "pattern": "^[0-9]{12}$", "x-says": "must be an account id of 12 digits in quotes"},
                       description="Accounts that may be touched, and no others"),
    "tags": texts(description="Tags of every resource"),
    "endpoint": {**TEXT, "description": "URL of a simulator or a compatible cloud"},
    "version": VERSION,
    "config": {**MAP, "description": "Further arguments of the provider block"},
    "env": texts(description="Environment of Terraform on this target"),
    "backend": BACKEND,
})
AWS_PROVIDER = "hashicorp/aws"
AWS_VERSION = "~> 5.100"
SIMULATED = {"s3_use_path_style": True, "skip_metadata_api_check": "true"}
"""What the AWS provider needs with an endpoint of its own. Never an `endpoints` block: the variable does the same, faster."""


def aws(value: Mapping[str, Any]) -> dict[str, Json]:
    """The Terraform side of an AWS target."""
    config: dict[str, Json] = {key: value[key] for key in ("region", "profile") if key in value}
    env: dict[str, Json] = {}
    if "assumeRole" in value:
        role = value["assumeRole"] if isinstance(value["assumeRole"], dict) else {"roleArn": value["assumeRole"]}
        names = {"roleArn": "role_arn", "sessionName": "session_name", "externalId": "external_id", "policyArns": "policy_arns"}
        config["assume_role"] = [{names[key]: item for key, item in role.items()}]
    if "accounts" in value:
        config["allowed_account_ids"] = value["accounts"]
    if "tags" in value:
        config["default_tags"] = [{"tags": value["tags"]}]
    if "endpoint" in value:
        config |= SIMULATED
        env |= {"AWS_ENDPOINT_URL": value["endpoint"]}
    return {"provider": AWS_PROVIDER, "version": value.get("version", AWS_VERSION), "config": {**config, **value.get("config", {})},
            "env": {**env, **value.get("env", {})}, "backend": value.get("backend", {})}


@dataclass(frozen=True)
class Cloud:
    """A short form: its shape, and what it means for Terraform. A target of it offers its name."""

    shape: Schema
    terraform: Callable[[Mapping[str, Any]], dict[str, Json]]


CLOUDS: Mapping[str, Cloud] = {"aws": Cloud(AWS, aws)}
