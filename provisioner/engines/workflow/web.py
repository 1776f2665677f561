"""Steps that ask a web address: request, webhook, smoke-test, check-metrics. The only place of the workflow that speaks HTTP."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from provisioner import durations
from provisioner.errors import StepFailed
from provisioner.model import Json
from provisioner.step_kinds import SECRET_VALUE, Done, StepKind, TimedOut, Work

ONE_ASK = 30.0
"""Seconds for one question at the most."""
LARGEST = 1 << 20
"""Bytes of an answer that are read."""
TEXT = {"type": "string", "minLength": 1}


@dataclass(frozen=True)
class Answer:
    """What an address answered; `body` is JSON where it is some, else text."""

    status: int
    headers: dict[str, str]
    body: Json


def ask(work: Work, method: str, url: str, *, body: Any = None, headers: Mapping[str, str] | None = None, verify: bool = True) -> Answer:
    """One question. Raises StepFailed (PRV-4403) where nothing answers; its text holds neither address nor body, which may be secret."""
    import requests

    text = body if isinstance(body, str) or body is None else json.dumps(body)
    given = {"User-Agent": "provision", **({"Content-Type": "application/json"} if text is not None and not isinstance(body, str) else {}),
             **(headers or {})}
    try:
        with requests.request(method, url, data=text.encode() if text is not None else None, headers=given, timeout=min(work.left, ONE_ASK),
                              verify=verify, stream=True) as answer:
            content = answer.raw.read(LARGEST, decode_content=True)
            return Answer(answer.status_code, dict(answer.headers), _json(content.decode("utf-8", "replace")))
    except requests.RequestException as error:
        raise StepFailed(f"no answer: {_cause(error)}", code="PRV-4403") from None


def _cause(error: BaseException) -> str:
    """The system's own words, without the address."""
    inner: BaseException | None = error
    while inner is not None:
        if isinstance(inner, OSError) and inner.strerror:
            return inner.strerror
        inner = inner.__cause__ or inner.__context__
    return type(error).__name__


def _json(text: str) -> Json:
    try:
        return json.loads(text)
    except ValueError:
        return text


# ------------------------------------------------------------------ request, webhook
def _request(work: Work) -> Done:
    given = work.properties
    answer = ask(work, str(given.get("method") or "GET"), str(given["url"]), body=given.get("body"), headers=given.get("header"))
    response = {"statusCode": answer.status, "header": answer.headers, "body": answer.body}
    if answer.status >= 400:
        raise StepFailed(f"the address answered {answer.status}", code="PRV-4403")
    return Done({"response": response}, f"answered {answer.status}")


def _webhook(work: Work) -> Done:
    given = work.properties
    address = given["url"]["value"] if isinstance(given["url"], Mapping) else given["url"]
    data = given.get("data")
    if data is None:
        data = {"application": work.site.application, "environment": work.site.environment, "run": work.site.run, "step": work.step}
    answer = ask(work, "POST", str(address), body=data)
    if answer.status >= 400:
        raise StepFailed(f"the address answered {answer.status}", code="PRV-4403")
    return Done({"response": {"statusCode": answer.status, "header": answer.headers, "body": answer.body}}, f"answered {answer.status}")


def _posted(properties: Mapping[str, Json]) -> str:
    url = properties.get("url", "")
    return f"POST {url.get('value', 'to a secret address') if isinstance(url, dict) else url}"


REQUEST = StepKind(
    "request", "Asks a web address; its answer can be handed on.",
    {"required": ["url"], "properties": {
        "url": {**TEXT, "description": "The address"},
        "method": {"type": "string", "enum": ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"], "default": "GET"},
        "body": {"description": "Text, or a value that is sent as JSON"},
        "header": {"type": "object", "additionalProperties": {"type": "string"}},
    }}, run=_request, gives=("response",), summary=lambda given: f"{given.get('method') or 'GET'} {given.get('url', '')}",
    example='{name: version, type: request, properties: {url: "${api.url}/version"}, outputs: [{name: seen, valueFrom: response.body.version}]}')
WEBHOOK = StepKind(
    "webhook", "Posts to a web address: its own data, or what run this is.",
    {"required": ["url"], "properties": {
        "url": {"anyOf": [TEXT, SECRET_VALUE],
                "description": "The address, or {value: ADDRESS}; a secret one as ${secret.PATH}"},
        "data": {"description": "What is posted, as JSON"},
    }}, run=_webhook, gives=("response",),
    summary=_posted,
    example='{name: told, type: webhook, properties: {url: "https://ci.example/done"}}')


# ------------------------------------------------------------------ smoke-test
def _smoke_test(work: Work) -> Done:
    """Ask until it answers as it should, or the limit is over."""
    given, tries = work.properties, 0
    while True:
        tries += 1
        wrong = _smoke(work)
        if not wrong:
            return Done({"attempts": tries}, f"answered as it should{f' at the {tries}. try' if tries > 1 else ''}")
        work.tell(wrong)
        try:
            work.pause(float(given.get("every") or 2))
        except TimedOut:
            raise StepFailed(f"{wrong}, for {durations.words(work.limit)}", code="PRV-4404") from None


def _smoke(work: Work) -> str:
    """What is wrong with the answer now; empty when nothing is."""
    given = work.properties
    try:
        answer = ask(work, str(given.get("method") or "GET"), str(given["url"]), headers=given.get("header"),
                     verify=given.get("insecure") is not True)
    except StepFailed as error:
        return error.message
    wanted, body = given.get("status"), answer.body if isinstance(answer.body, str) else json.dumps(answer.body)
    if answer.status != wanted if wanted else answer.status >= 400:
        return f"answered {answer.status}" + (f" instead of {wanted}" if wanted else "")
    if given.get("contains") and str(given["contains"]) not in body:
        return "the answer does not hold the text that it should"
    return ""


SMOKE_TEST = StepKind(
    "smoke-test", "Asks a web address until it answers as it should.",
    {"required": ["url"], "properties": {
        "url": {**TEXT, "description": "The address"},
        "method": {"type": "string", "enum": ["GET", "HEAD", "POST"], "default": "GET"},
        "status": {"type": "integer", "description": "The status that it should have; any below 400 without"},
        "contains": {**TEXT, "description": "A text that the answer should hold"},
        "header": {"type": "object", "additionalProperties": {"type": "string"}},
        "every": {"type": "number", "exclusiveMinimum": 0, "default": 2, "description": "Seconds between two tries"},
        "insecure": {"type": "boolean", "description": "Certificates are not checked"},
    }}, run=_smoke_test, gives=("attempts",), limit=120, waits=True,
    summary=lambda given: f"{given.get('url', '')} answers" + (f" {given['status']}" if "status" in given else ""),
    example='{name: answers, type: smoke-test, properties: {url: "${web.url}/healthz", status: 200}, timeout: 5m}')


# ------------------------------------------------------------------ check-metrics
COMPARE = {">=": lambda a, b: a >= b, "<=": lambda a, b: a <= b, "==": lambda a, b: a == b, "!=": lambda a, b: a != b,
           ">": lambda a, b: a > b, "<": lambda a, b: a < b}


def _check_metrics(work: Work) -> Done:
    """The condition must hold for `duration` without a break; when it has not held for `failDuration`, the step fails."""
    given = work.properties
    hold, give_up = durations.seconds(str(given.get("duration") or "5m")), durations.seconds(str(given.get("failDuration") or "2m"))
    good_since: float | None = None
    bad_since: float | None = None
    while True:
        value, said = _seen(work)
        now = time.monotonic()
        if value is not None and _meets(value, str(given["condition"])):
            bad_since, good_since = None, good_since or now
            if now - good_since >= hold:
                return Done({"value": value}, f"{value} {given['condition']}, for {durations.words(hold)}")
        else:
            good_since, bad_since = None, bad_since or now
            if now - bad_since >= give_up:
                raise StepFailed(f"{said}, for {durations.words(give_up)}", code="PRV-4405", hint="look at `metricEndpoint` and `query`")
        work.tell(said)
        work.pause(min(5.0, max(0.2, min(hold, give_up) / 5)))


def _seen(work: Work) -> tuple[float | None, str]:
    """The value now, None where there is none, and a sentence about it: a Prometheus that starts anew is not yet a bad value."""
    try:
        value = _metric(work)
    except StepFailed as error:
        return None, error.message
    wanted = str(work.properties["condition"])
    return value, "the query gave nothing" if value is None else f"the value is {value}" + ("" if _meets(value, wanted) else f", not {wanted}")


def _meets(value: float, condition: str) -> bool:
    sign = next((sign for sign in COMPARE if condition.strip().startswith(sign)), "")
    try:
        return bool(COMPARE[sign](value, float(condition.strip().removeprefix(sign))))
    except (KeyError, ValueError):
        raise StepFailed(f'"{condition}" is no condition', code="PRV-4405", hint='write a sign and a number: ">=0.99"') from None


def _metric(work: Work) -> float | None:
    """The value of the query now; None where it has none."""
    from urllib.parse import urlencode

    given = work.properties
    address = f"{str(given['metricEndpoint']).rstrip('/')}/api/v1/query?{urlencode({'query': given['query']})}"
    answer = ask(work, "GET", address)
    if answer.status >= 400 or not isinstance(answer.body, dict) or answer.body.get("status") != "success":
        raise StepFailed(f"Prometheus answered {answer.status}", code="PRV-4405")
    result = answer.body.get("data", {}).get("result") or []
    if isinstance(result, list) and len(result) == 2 and not isinstance(result[0], dict):
        return float(result[1])
    return float(result[0]["value"][1]) if result else None


CHECK_METRICS = StepKind(
    "check-metrics", "Asks Prometheus until a condition has held for some time; fails where it does not.",
    {"required": ["query", "metricEndpoint", "condition"], "properties": {
        "query": {**TEXT, "description": "PromQL that gives one value"},
        "metricEndpoint": {**TEXT, "description": "Address of Prometheus"},
        "condition": {"type": "string", "pattern": r"^\s*(>=|<=|==|!=|>|<)\s*-?[0-9.]+\s*$", "x-says": "is a sign and a number: >=0.99",
                      "description": ">=0.99"},
        "duration": {**TEXT, "default": "5m", "description": "For how long it must hold"},
        "failDuration": {**TEXT, "default": "2m", "description": "For how long it may not hold"},
    }}, run=_check_metrics, gives=("value",), limit=1800, waits=True, summary=lambda given: f"{given.get('query', '')} {given.get('condition', '')}",
    example='{name: errors, type: check-metrics, properties: {query: "sum(rate(errors[5m]))", metricEndpoint: "http://prometheus.example:9090", '
            'condition: "<0.01", duration: 5m, failDuration: 2m}}')
