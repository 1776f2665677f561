"""boto3 clients that reach a target as Terraform reaches it: region, keys, role and endpoint of the environment."""

import os
import re
from collections.abc import Callable, Mapping
from typing import Any

from provisioner.errors import Missing, ProvisionError
from provisioner.model import Target

ENDPOINT_TIMEOUT = 10
"""Seconds to connect; AWS answers in much less."""
ECR = re.compile(r"\A(?P<account>\d+)\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/(?P<path>[^:@]+)(?::(?P<tag>[^@]+))?\Z")


def client(service: str, target: Target, environ: Mapping[str, str], region: str = "") -> Any:
    """A boto3 client for one service of a target; `environ` is laid over by the target's site, `region` another one than its own.

    Raises Missing for a target without AWS.
    """
    # boto3 takes half a second to import, and only targets with AWS need it
    import boto3  # type: ignore[import-untyped]
    from botocore.config import Config  # type: ignore[import-untyped]

    if target.terraform is None or "aws" not in target.offers:
        raise Missing(f"target {target.name} is no AWS account", code="PRV-7610", hint="name an AWS target of this environment")
    config = target.terraform.get("config") or {}
    keys = {
        "aws_access_key_id": environ.get("AWS_ACCESS_KEY_ID") or config.get("access_key"),
        "aws_secret_access_key": environ.get("AWS_SECRET_ACCESS_KEY") or config.get("secret_key"),
        "aws_session_token": environ.get("AWS_SESSION_TOKEN") or config.get("token"),
        "region_name": config.get("region") or environ.get("AWS_REGION"),
        "profile_name": config.get("profile"),
    }
    given = {name: value for name, value in keys.items() if value}
    session = _isolated(given) if target.simulated else boto3.Session(**given)
    if role := _role(config):
        session = _assumed(session, role, keys["region_name"])
    simulated: dict[str, Any] = {"s3": {"addressing_style": "path"}, "proxies": {}} if target.simulated else {}
    options = Config(connect_timeout=ENDPOINT_TIMEOUT, retries={"max_attempts": 3}, **simulated)
    return session.client(service, region_name=region or None, endpoint_url=environ.get("AWS_ENDPOINT_URL") or None, config=options)


def image_digest(image: str, clients: Callable[[str, str], Any]) -> str:
    """The digest that an image of ECR has there now; empty for one of another registry. `clients`: service and region to a client.

    Raises ProvisionError.
    """
    found = ECR.match(image)
    if found is None:
        return ""
    import botocore.exceptions  # type: ignore[import-untyped]

    try:
        answer = clients("ecr", found["region"]).describe_images(
            registryId=found["account"], repositoryName=found["path"], imageIds=[{"imageTag": found["tag"] or "latest"}])
        return str(answer["imageDetails"][0]["imageDigest"])
    except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError, LookupError) as error:
        raise ProvisionError(f"ECR does not say what it is: {error}") from None


def _isolated(keys: Mapping[str, Any]) -> Any:
    """A session that reads neither the profiles nor the files of the operator: a simulated cloud needs none, and a wrong one breaks it."""
    import boto3
    from botocore.session import Session  # type: ignore[import-untyped]

    nothing = {"profile": (None, None, None, None), **dict.fromkeys(("config_file", "credentials_file"), (None, None, os.devnull, None))}
    return boto3.Session(botocore_session=Session(session_vars=nothing), **keys)


def _role(config: Mapping[str, Any]) -> str:
    found = config.get("assume_role") or {}
    entry = found[0] if isinstance(found, list) and found else found
    return str(entry.get("role_arn", "")) if isinstance(entry, Mapping) else ""


def _assumed(session: Any, role: str, region: str | None) -> Any:
    import boto3

    answer = session.client("sts").assume_role(RoleArn=role, RoleSessionName="provision")["Credentials"]
    return boto3.Session(aws_access_key_id=answer["AccessKeyId"], aws_secret_access_key=answer["SecretAccessKey"],
                         aws_session_token=answer["SessionToken"], region_name=region)
