"""Steps that hand data on: export-data (file, SSM, secret store), collect-service-endpoints, depends-on-app."""

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
from provisioner.step_kinds import Done, StepKind, TimedOut, Work

TEXT = {"type": "string", "minLength": 1}
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


def _places(properties: Mapping[str, Json]) -> str:
    names = ", ".join((properties.get("data") or {}).keys())
    places = [str(properties["file"])] if "file" in properties else []
    places += [f"ssm:{properties['ssm'].get('prefix', '')}"] if isinstance(properties.get("ssm"), dict) else []
    places += [f"secret:{properties['secret']}"] if "secret" in properties else []
    return f"{names or 'data'} to {', '.join(places) or 'exports/'}"


EXPORT_DATA = StepKind(
    "export-data", "Writes data to a file, to AWS parameters (SSM) or to the environment's secret store.",
    {"required": ["data"], "properties": {
        "data": {"type": "object", "description": "Name to value; ${COMPONENT.OUTPUT} or inputs"},
        "file": {**TEXT, "description": "Beside app.yaml; .json, .yaml or .env says how"},
        "ssm": {"type": "object", "additionalProperties": False, "required": ["target", "prefix"], "properties": {
            "target": {**TEXT, "description": "An AWS target of the environment"}, "prefix": {"type": "string", "pattern": "^/"},
            "plain": {"type": "boolean", "description": "String instead of SecureString"}}},
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
