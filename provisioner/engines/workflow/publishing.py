"""Steps that hand data on: export-data (file, SSM, Vault, secret store), collect-service-endpoints, depends-on-app."""

import json
import os
import tempfile
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import yaml

from provisioner import references
from provisioner.errors import StepFailed
from provisioner.model import Json
from provisioner.step_kinds import SECRET_VALUE, Done, StepKind, TimedOut, Work

TEXT = {"type": "string", "minLength": 1}
ONE_CALL = 30.0
"""Seconds for one call of Vault at the most."""
PORTS = {"http": 80, "https": 443}


# ------------------------------------------------------------------ export-data
def _export(work: Work) -> Done:
    """Write the data to each place that is named."""
    given, done = work.properties, []
    data = given.get("data") or {}
    if "file" in given:
        done.append(_to_file(work, data))
    if "ssm" in given:
        done.append(_to_ssm(work, data))
    if "vault" in given:
        done.append(_to_vault(work, data))
    if "secret" in given:
        for name, value in data.items():
            work.around.keep_secret(f"{str(given['secret']).rstrip('/')}/{name}", references.as_text(value))
        done.append("the secret store")
    if not done and given.get("kind") == "Secret":
        for name, value in data.items():
            work.around.keep_secret(f"{given.get('name') or work.site.application}/{name}", references.as_text(value))
        done.append("the secret store")
    elif not done:
        done.append(_to_file(work, data))
    return Done(message=f"{len(data)} values to {', '.join(done)}", changed=True)


def _to_file(work: Work, data: Any) -> str:
    """As JSON, YAML or lines NAME=VALUE, by the end of its name; whole or not at all."""
    name = str(work.properties.get("file") or f"exports/{work.properties.get('name') or work.site.application}.json")
    path = work.site.project / name
    if path.suffix in (".yaml", ".yml"):
        text = yaml.safe_dump(data, sort_keys=False, allow_unicode=True)
    elif path.suffix == ".env":
        text = "".join(f"{name}={references.as_text(value)}\n" for name, value in data.items())
    else:
        text = json.dumps(data, indent=2, ensure_ascii=False) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=".provision-", delete=False, encoding="utf-8") as stream:
            stream.write(text)
        os.replace(stream.name, path)
    except OSError as error:
        raise StepFailed(f"{path}: {error.strerror}", code="PRV-4408") from None
    return name


def _to_ssm(work: Work, data: Any) -> str:
    import botocore.exceptions  # type: ignore[import-untyped]

    given = work.properties["ssm"]
    client = work.around.aws("ssm", str(given["target"]))
    for name, value in data.items():
        try:
            client.put_parameter(Name=f"{str(given['prefix']).rstrip('/')}/{name}", Value=references.as_text(value), Overwrite=True,
                                 Type="String" if given.get("plain") is True else "SecureString")
        except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError) as error:
            raise StepFailed(f"SSM did not take {name}: {error}", code="PRV-4408") from None
    return f"SSM of {given['target']}"


def _to_vault(work: Work, data: Any) -> str:
    """One secret of a KV engine (version 2), checked and set: nobody's write in between is lost, and the same data is no new version."""
    import hvac  # type: ignore[import-untyped]
    import requests

    given = work.properties["vault"]
    mount, path = str(given.get("mount") or "secret"), str(given["path"]).strip("/")
    wanted = {name: references.as_text(value) for name, value in data.items()}
    # with a token of ours: the one of whoever runs this is not for every address that a document names
    client = hvac.Client(url=str(given["address"]), token="", namespace=given.get("namespace"), timeout=min(work.left, ONE_CALL))
    try:
        client.token = _vault_token(client, given)
        kept, version = _in_vault(client, mount, path)
        if kept != wanted:
            client.secrets.kv.v2.create_or_update_secret(path, wanted, cas=version, mount_point=mount)
    except (hvac.exceptions.VaultError, requests.RequestException) as error:
        # neither answers nor addresses hold what was written
        said = f"no answer from {given['address']}" if isinstance(error, requests.RequestException) else str(error).partition("\n")[0]
        raise StepFailed(f"Vault did not take {mount}/{path}: {said}", code="PRV-4408",
                         hint="look at address, mount and what the token may do") from None
    return f"Vault ({mount}/{path})"


def _vault_token(client: Any, given: Mapping[str, Any]) -> str:
    if "token" in given:
        return str(given["token"]["value"])
    role = given["appRole"]
    answer = client.auth.approle.login(role_id=str(role["roleId"]), secret_id=str(role["secretId"]["value"]),
                                       mount_point=role.get("mount", "approle"))
    return str(answer["auth"]["client_token"])


def _in_vault(client: Any, mount: str, path: str) -> tuple[dict[str, Any], int]:
    """What lies at a path, and its version; nothing and 0 where nothing was ever."""
    import hvac

    try:
        found = client.secrets.kv.v2.read_secret_version(path, mount_point=mount, raise_on_deleted_version=False)["data"]
    except hvac.exceptions.InvalidPath:
        return {}, 0
    return found["data"] or {}, int(found["metadata"]["version"])


def _places(properties: Mapping[str, Json]) -> str:
    names = ", ".join((properties.get("data") or {}).keys())
    places = [str(properties["file"])] if "file" in properties else []
    places += [f"ssm:{properties['ssm'].get('prefix', '')}"] if isinstance(properties.get("ssm"), dict) else []
    places += [f"vault:{properties['vault'].get('path', '')}"] if isinstance(properties.get("vault"), dict) else []
    places += [f"secret:{properties['secret']}"] if "secret" in properties else []
    return f"{names or 'data'} to {', '.join(places) or 'exports/'}"


EXPORT_DATA = StepKind(
    "export-data", "Writes data to a file, to AWS parameters (SSM), to Vault, or to the environment's secret store.",
    {"required": ["data"], "properties": {
        "data": {"type": "object", "description": "Name to value; ${COMPONENT.OUTPUT} or inputs"},
        "file": {**TEXT, "description": "Beside app.yaml; .json, .yaml or .env says how"},
        "ssm": {"type": "object", "additionalProperties": False, "required": ["target", "prefix"], "properties": {
            "target": {**TEXT, "description": "An AWS target of the environment"}, "prefix": {"type": "string", "pattern": "^/"},
            "plain": {"type": "boolean", "description": "String instead of SecureString"}}},
        "vault": {"type": "object", "additionalProperties": False, "required": ["address", "path"], "properties": {
            "address": {**TEXT, "description": "https://vault.example:8200"}, "path": {**TEXT, "description": "Where in the KV engine (version 2)"},
            "mount": {**TEXT, "default": "secret", "description": "Mount of the KV engine"}, "namespace": TEXT,
            "token": {**SECRET_VALUE, "description": "A token: {value: \"${secret.PATH}\"}"},
            "appRole": {"type": "object", "additionalProperties": False, "required": ["roleId", "secretId"], "description": "Or a role of a machine",
                        "properties": {"roleId": TEXT, "secretId": SECRET_VALUE, "mount": {**TEXT, "default": "approle"}}}},
            "oneOf": [{"required": ["token"]}, {"required": ["appRole"]}], "x-says": "needs either a `token` or an `appRole`",
            "description": "HashiCorp Vault or OpenBao; a private authority's certificate in VAULT_CACERT"},
        "secret": {**TEXT, "description": "Path in the secret store of the environment"},
        "name": {**TEXT, "description": "Without a place: the file exports/NAME.json (default: the application's name)"},
        "kind": {"enum": ["ConfigMap", "Secret"], "description": "Secret, without a place: NAME/… in the secret store"},
        "namespace": {"type": "string", "description": "Accepted, without effect"},
        "topology": {"type": "string", "description": "Accepted, without effect"},
    }}, run=_export, summary=_places,
    example='{name: handed-on, type: export-data, properties: {data: {url: "${api.url}"}, file: out/endpoints.json}}')


# ------------------------------------------------------------------ collect-service-endpoints
def _collect(work: Work) -> Done:
    """Where the components answer, in the order of their names."""
    found = []
    for unit, outputs in sorted(work.properties["collected"].items()):
        url = str(outputs.get("url") or "")
        split = urlsplit(url)
        host = split.hostname or str(outputs.get("host") or "")
        if not host:
            continue
        port = split.port or outputs.get("port") or PORTS.get(split.scheme)
        found.append({"component": unit.partition("@")[0], "unit": unit, "url": url, "endpoint": {
            "protocol": split.scheme or "tcp", "host": host, "port": int(port) if port else None, "path": split.path}})
    if not found:
        raise StepFailed("no component has an endpoint", code="PRV-4409", hint="an endpoint is an output `url` or `host`")
    return Done({"value": found[0], "endpoints": found}, f"{len(found)} endpoint{'' if len(found) == 1 else 's'}")


COLLECT_ENDPOINTS = StepKind(
    "collect-service-endpoints", "Collects where components answer.",
    {"properties": {
        "components": {"type": "array", "items": TEXT, "description": "Only of these components"},
        "name": {"type": "string"}, "namespace": {"type": "string"}, "outer": {"type": "boolean"},
    }}, run=_collect, gives=("value", "endpoints"), collects=("url", "host", "port"), summary=lambda given: ", ".join(given.get("components") or ()),
    example="{name: where, type: collect-service-endpoints, outputs: [{name: host, valueFrom: value.endpoint.host}]}")


# ------------------------------------------------------------------ depends-on-app
def _depends_on_app(work: Work) -> Done:
    name = str(work.properties["name"])
    while True:
        state = work.around.state_of(name)
        if state == "succeeded":
            return Done(message=f"{name} is delivered")
        work.tell(f"{name} is {state or 'not delivered'}")
        try:
            work.pause(1.0)
        except TimedOut:
            raise StepFailed(f"{name} is {state or 'not delivered'}", code="PRV-4410", hint="deliver it, then resume this run") from None


DEPENDS_ON_APP = StepKind(
    "depends-on-app", "Waits until another application is delivered in this environment (its newest run in the same store succeeded).",
    {"required": ["name"], "properties": {"name": {**TEXT, "description": "Name of the application"},
                                         "namespace": {"type": "string", "description": "Accepted, without effect"}}},
    run=_depends_on_app, summary=lambda given: str(given.get("name", "")), limit=600, waits=True,
    example="{name: base-first, type: depends-on-app, properties: {name: base}, timeout: 20m}")
