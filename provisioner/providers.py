"""What is peculiar to single Terraform providers, as data: the engine looks it up here and names none of them itself."""

from collections.abc import Mapping

IMPORT_IDS: Mapping[str, str] = {
    "aws_cloudwatch_event_target": "{rule}/{target_id}",
    "aws_ecs_service": "{cluster}/{name}",
    "aws_efs_mount_target": "{id}",
    "aws_iam_role_policy_attachment": "{role}/{policy_arn}",
    "aws_iam_user_policy_attachment": "{user}/{policy_arn}",
    "aws_lambda_permission": "{function_name}/{statement_id}",
    "aws_route": "{route_table_id}_{destination_cidr_block}",
    "aws_route_table_association": "{subnet_id}/{route_table_id}",
    "aws_secretsmanager_secret_version": "{secret_id}|{version_id}",
}
"""Types of resources that are not imported by their attribute `id`, as their provider's documentation says."""
IMPORTED_AFTER: Mapping[str, str] = {"aws_ecs_service": ":cluster/"}
"""Types of which only what follows the last such text counts: the last part of a cluster's ARN is its name."""
NO_SECRETS = ("AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_CONFIG_FILE", "AWS_CA_BUNDLE")
"""Variables of a target that may be written down; others may be credentials."""
FILES = ("AWS_CA_BUNDLE",)
"""Variables that name a file without which a provider refuses to start."""
MARKS = ("tags", "tags_all", "labels")
"""Attributes that are maps of marks that users give; dots belong to their keys."""
