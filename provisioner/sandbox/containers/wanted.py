"""What ECS was asked for, read: a task definition and what overrides it, as the containers of a pod. Pure but for `value`, which asks moto."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from moto.secretsmanager.models import secretsmanager_backends
from moto.ssm.models import ssm_backends

from provisioner.sandbox.containers.words import Container

TRUST = "/etc/provision-trusted.pem"
"""Where a container finds whom to trust: the sandbox's own servers among others."""
NAMES = "/etc/resolv.conf"
STOP_SECONDS = 30


def containers(definition: Any, overrides: Mapping[str, Any], *, task: str, around: Mapping[str, str],
               secrets: Mapping[str, str]) -> tuple[Container, ...]:
    """The containers of a task; `secrets` has the values by what the definition calls them (`valueFrom`)."""
    over = {one.get("name", ""): one for one in overrides.get("containerOverrides") or ()}
    return tuple(_container(given, over.get(given["name"], {}), task, around, secrets) for given in definition.container_definitions)


def _container(given: Mapping[str, Any], over: Mapping[str, Any], task: str, around: Mapping[str, str], secrets: Mapping[str, str]) -> Container:
    environment = {**around, **_named(given), **{one["name"]: secrets[one["valueFrom"]] for one in given.get("secrets") or ()}, **_named(over)}
    return Container(
        name=given["name"], image=given["image"], entry_point=tuple(given.get("entryPoint") or ()),
        command=tuple(over.get("command") or given.get("command") or ()), environment=environment, folder=given.get("workingDirectory") or "",
        user=given.get("user") or "", essential=given.get("essential", True) is not False, read_only=bool(given.get("readonlyRootFilesystem")),
        init=bool((given.get("linuxParameters") or {}).get("initProcessEnabled")),
        mounts=((TRUST, TRUST, True), (NAMES, NAMES, True),
                *((one["sourceVolume"], one["containerPath"], bool(one.get("readOnly"))) for one in given.get("mountPoints") or ())),
        ports=tuple(int(one["containerPort"]) for one in given.get("portMappings") or () if one.get("protocol", "tcp") == "tcp"),
        after=tuple((one["containerName"], one["condition"]) for one in given.get("dependsOn") or ()),
        stop_seconds=int(given.get("stopTimeout") or STOP_SECONDS), restart=_restart(given.get("restartPolicy") or {}),
        health=_health(given.get("healthCheck") or {}), log=_log(given, task),
        hidden=frozenset(one["name"] for one in given.get("secrets") or ()), login=_login(given, secrets))


def _named(given: Mapping[str, Any]) -> dict[str, str]:
    return {one["name"]: str(one.get("value", "")) for one in given.get("environment") or ()}


def _restart(policy: Mapping[str, Any]) -> tuple[int, frozenset[int]] | None:
    if not policy.get("enabled"):
        return None
    return int(policy.get("restartAttemptPeriod") or 300), frozenset(map(int, policy.get("ignoredExitCodes") or ()))


def _health(check: Mapping[str, Any]) -> tuple[tuple[str, ...], float, float, int, float] | None:
    words = tuple(check.get("command") or ())
    if words[:1] == ("CMD-SHELL",):
        words = ("/bin/sh", "-c", *words[1:])
    elif words[:1] == ("CMD",):
        words = words[1:]
    if not words or words == ("NONE",):
        return None
    return (words, float(check.get("interval") or 30), float(check.get("timeout") or 5), int(check.get("retries") or 3),
            float(check.get("startPeriod") or 0))


def _log(given: Mapping[str, Any], task: str) -> tuple[str, str] | None:
    log = given.get("logConfiguration") or {}
    options = log.get("options") or {}
    if log.get("logDriver") != "awslogs" or not options.get("awslogs-group"):
        return None
    prefix = options.get("awslogs-stream-prefix")
    return options["awslogs-group"], f"{prefix}/{given['name']}/{task}" if prefix else task


def _login(given: Mapping[str, Any], secrets: Mapping[str, str]) -> str:
    name = _login_name(given)
    login = json.loads(secrets[name]) if name else {}
    return f"{login['username']}:{login['password']}" if login else ""


def _login_name(given: Mapping[str, Any]) -> str:
    return str((given.get("repositoryCredentials") or {}).get("credentialsParameter", ""))


def secret_names(definition: Any) -> set[str]:
    """What its containers call their secrets."""
    given = definition.container_definitions
    return {one["valueFrom"] for container in given for one in container.get("secrets") or ()} | {name for one in given if (name := _login_name(one))}


def volumes(definition: Any, own: Path, kept: Path) -> dict[str, Path]:
    """The folder of each volume: of the task itself, or of a file system that outlives it."""
    found = {}
    for volume in definition.volumes or ():
        efs = volume.get("efsVolumeConfiguration")
        access = ((efs or {}).get("authorizationConfig") or {}).get("accessPointId") or "root"
        found[volume["name"]] = kept / efs["fileSystemId"] / access if efs else own / re.sub(r"\W", "_", volume["name"])
    return found


def value(account: str, region: str, name: str) -> str:
    """A secret of Secrets Manager (`ARN:KEY:STAGE:VERSION`, the last three may be empty) or a parameter of SSM. LookupError: there is none."""
    if ":secretsmanager:" not in name:
        parameter = ssm_backends[account][region].get_parameter(name)
        if parameter is None:
            raise LookupError(f"no parameter {name}")
        return str(parameter.value)
    words = name.split(":")
    key, stage, version = (*words[7:], "", "", "")[:3]
    try:
        found = secretsmanager_backends[account][words[3]].get_secret_value(":".join(words[:7]), version, stage or ("" if version else "AWSCURRENT"))
        text = str(found["SecretString"])
        return str(json.loads(text)[key]) if key else text
    except Exception as error:  # whatever moto, or the secret's content, has against it
        raise LookupError(f"no secret {name}: {error}") from None
