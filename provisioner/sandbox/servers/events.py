"""Requests of HTTP as events of Lambda functions, and their results as answers: the formats 1.0 and 2.0 of HTTP APIs, that of load balancers."""

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from werkzeug.wrappers import Request, Response

from provisioner.sandbox.servers.passing import Answer

TEXT = ("text/", "application/json", "application/javascript", "application/xml", "application/x-www-form-urlencoded")


class Malformed(Exception):
    """A function's result that is no answer."""


def event(request: Request, version: str, route: str, found: Mapping[str, str], about: Mapping[str, str]) -> dict[str, Any]:
    """What a function is given; `about` are `apiId`, `stage` and `accountId`."""
    return (_second if version == "2.0" else _first)(request, route, found, about)


def _second(request: Request, route: str, found: Mapping[str, str], about: Mapping[str, str]) -> dict[str, Any]:
    now = datetime.now(UTC)
    query = {name: ",".join(request.args.getlist(name)) for name in request.args}
    headers = {name.lower(): ",".join(request.headers.getlist(name)) for name in request.headers.keys() if name.lower() != "cookie"}  # noqa: SIM118
    return {
        "version": "2.0", "routeKey": route, "rawPath": request.path, "rawQueryString": request.query_string.decode("latin-1"), "headers": headers,
        **({"cookies": [f"{name}={value}" for name, value in request.cookies.items()]} if request.cookies else {}),
        **({"queryStringParameters": query} if query else {}), **({"pathParameters": dict(found)} if found else {}),
        "requestContext": {
            **about, "domainName": request.host, "domainPrefix": request.host.partition(".")[0],
            "http": {"method": request.method, "path": request.path, "protocol": request.environ["SERVER_PROTOCOL"],
                     "sourceIp": request.remote_addr or "", "userAgent": request.headers.get("User-Agent", "")},
            "requestId": str(uuid4()), "routeKey": route, "time": f"{now:%d/%b/%Y:%H:%M:%S} +0000", "timeEpoch": int(now.timestamp() * 1000)},
        **_body(request)}


def _first(request: Request, route: str, found: Mapping[str, str], about: Mapping[str, str]) -> dict[str, Any]:
    many = {name: request.headers.getlist(name) for name in request.headers.keys()}  # noqa: SIM118
    queries = {name: request.args.getlist(name) for name in request.args}
    resource = route.rpartition(" ")[2]
    return {
        "version": "1.0", "resource": resource, "path": request.path, "httpMethod": request.method,
        "headers": {name: values[-1] for name, values in many.items()}, "multiValueHeaders": many,
        "queryStringParameters": {name: values[-1] for name, values in queries.items()} or None, "multiValueQueryStringParameters": queries or None,
        "pathParameters": dict(found) or None, "stageVariables": None,
        "requestContext": {**about, "httpMethod": request.method, "path": request.path, "protocol": request.environ["SERVER_PROTOCOL"],
                           "domainName": request.host, "requestId": str(uuid4()), "resourcePath": resource,
                           "identity": {"sourceIp": request.remote_addr or "", "userAgent": request.headers.get("User-Agent", "")}},
        "body": None, **_body(request)}


def balanced(request: Request, group: str) -> dict[str, Any]:
    """What a function is given as the target of a load balancer, by the ARN of its group."""
    query = dict(part.partition("=")[::2] for part in request.query_string.decode("latin-1").split("&") if part)
    headers = {name.lower(): ",".join(request.headers.getlist(name)) for name in request.headers.keys()}  # noqa: SIM118
    return {"requestContext": {"elb": {"targetGroupArn": group}}, "httpMethod": request.method, "path": request.path,
            "queryStringParameters": query, "headers": headers, "body": "", **_body(request)}


def _body(request: Request) -> dict[str, Any]:
    body = request.get_data(cache=False)
    text = (request.mimetype or "text/").startswith(TEXT)
    told = {"body": body.decode(errors="replace") if text else b64encode(body).decode()} if body else {}
    return {**told, "isBase64Encoded": bool(body) and not text}


def answer(result: str, version: str) -> Response:
    """The answer that a function's result (JSON) stands for; raises Malformed."""
    given = json.loads(result)
    if not isinstance(given, dict) or "statusCode" not in given:
        if version != "2.0":
            raise Malformed("it has no statusCode")
        return Answer(given if isinstance(given, str) else json.dumps(given), 200, content_type="application/json")
    try:
        body = given.get("body") or ""
        content = b64decode(body) if given.get("isBase64Encoded") else body if isinstance(body, str) else json.dumps(body)
        made = Answer(content, int(given["statusCode"]))
        for name, value in (given.get("headers") or {}).items():
            made.headers[name] = str(value)
        for name, values in (given.get("multiValueHeaders") or {}).items():
            made.headers.setlist(name, [str(value) for value in values])
        for cookie in given.get("cookies") or ():
            made.headers.add("Set-Cookie", str(cookie))
    except (ValueError, TypeError, AttributeError) as error:
        raise Malformed(str(error)) from error
    made.headers.setdefault("Content-Type", "application/json" if version == "2.0" else "text/plain; charset=utf-8")
    return made
