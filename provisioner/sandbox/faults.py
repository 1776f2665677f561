"""Faults of the simulated AWS, for tests: refuse or delay chosen calls, in AWS's own words. Part of the simulator's server only.

    POST /_provision/faults   {"service": "sqs", "action": "CreateQueue", "match": "orders", "code": "AccessDenied",
                               "message": "…", "status": 403, "delay_seconds": 2, "times": 1}
    GET  /_provision/faults   the faults that are set
    DELETE /_provision/faults   none any more (with ?service=NAME those of one service); calls that are being delayed go on

`service` is the name that requests are signed for (rds, s3, sqs, dynamodb, ec2, apigateway …), `action` the API's, both "" for any; `match` is a text
in the request's path, query or body. Without `code` a call is only delayed. `times`: how often it strikes, 0 for ever.
"""

import json
import re
import threading
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, parse_qsl
from xml.sax.saxutils import escape

PATH = "/_provision/faults"
SIGNED_FOR = re.compile(r"Credential=[^/]+/\d+/[^/]*/([^/]+)/")
UNSIGNED_BODY = 1 << 20
"""Larger bodies are not looked at."""

Environ = dict[str, Any]
Answer = tuple[int, str, bytes]


@dataclass
class Fault:
    """One rule; `delay_seconds` before anything else, then the refusal when there is a code."""

    service: str = ""
    action: str = ""
    match: str = ""
    code: str = ""
    message: str = "the simulated API was told to refuse this call"
    status: int = 0
    delay_seconds: float = 0.0
    times: int = 0


@dataclass(frozen=True)
class Call:
    """What a request asks for, as far as a fault wants to know."""

    service: str
    action: str
    protocol: str
    """query, ec2, json, rest-json or rest-xml."""
    text: str
    """Path, query and body."""


class Faulty:
    """A WSGI application around the simulator's own that applies the faults and answers the control address."""

    def __init__(self, application: Any) -> None:
        self.application = application
        self.faults: list[Fault] = []
        self.lock = threading.Condition()
        self.held: list[Fault] = []
        """Those that hold a call at this moment."""

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        if environ.get("PATH_INFO") == PATH:
            return _respond(start_response, self.control(environ))
        if self.faults and (fault := self.strike(call_of(environ))):
            self.delay(fault)
            if fault.code:
                return _respond(start_response, refusal(fault, call_of(environ)))
        answer: Iterable[bytes] = self.application(environ, start_response)
        return answer

    def control(self, environ: Environ) -> Answer:
        """Set, list or clear the faults; `?service=NAME` clears those of one service."""
        method = environ["REQUEST_METHOD"]
        with self.lock:
            if method == "DELETE":
                service = dict(parse_qsl(environ.get("QUERY_STRING", ""))).get("service", "")
                for faults in (self.faults, self.held):
                    faults[:] = [fault for fault in faults if service and fault.service != service]
                self.lock.notify_all()
            elif method == "POST":
                try:
                    self.faults.append(read(_body(environ)))
                except (ValueError, TypeError) as error:
                    return 400, "application/json", json.dumps({"error": str(error)}).encode()
            return 200, "application/json", json.dumps([asdict(fault) for fault in self.faults]).encode()

    def delay(self, fault: Fault) -> None:
        """Hold a call, at most until the fault is cleared."""
        mine = replace(fault)
        with self.lock:
            self.held.append(mine)
            self.lock.wait_for(lambda: not any(one is mine for one in self.held), fault.delay_seconds)
            self.held[:] = [one for one in self.held if one is not mine]

    def strike(self, call: Call) -> Fault | None:
        """The first fault that fits, counted down."""
        with self.lock:
            for fault in self.faults:
                if _fits(fault, call):
                    if fault.times == 1:
                        self.faults.remove(fault)
                    fault.times -= 1 if fault.times else 0
                    return fault
        return None


def read(body: bytes) -> Fault:
    """A fault from JSON; raises ValueError or TypeError where it is none."""
    given = json.loads(body)
    if not isinstance(given, dict):
        raise ValueError("a fault is an object")
    types = {name: type(value) for name, value in asdict(Fault()).items()}
    if unknown := given.keys() - types.keys():
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}; there is: {', '.join(types)}")
    return Fault(**{name: types[name](value) for name, value in given.items()})


def call_of(environ: Environ) -> Call:
    """Service, action and protocol of a request, as AWS's own front door tells them apart. Leaves the body readable."""
    body = _body(environ)
    text = body.decode("utf-8", "replace")
    signed = SIGNED_FOR.search(environ.get("HTTP_AUTHORIZATION", ""))
    service = signed[1] if signed else ""
    path, query = environ.get("PATH_INFO", ""), environ.get("QUERY_STRING", "")
    whole = f"{path}?{query}\n{text}"
    if target := environ.get("HTTP_X_AMZ_TARGET", ""):
        return Call(service, target.rpartition(".")[2], "json", whole)
    if action := parse_qs(text).get("Action", [""])[0]:
        return Call(service, action, "ec2" if service == "ec2" else "query", whole)
    protocol = "rest-xml" if service in ("s3", "cloudfront", "route53") else "rest-json"
    return Call(service, rest_action(service, environ["REQUEST_METHOD"], path, query), protocol, whole)


REST_ACTIONS: tuple[tuple[str, str, str, str], ...] = (
    # service, method, path, action; the first that fits
    ("s3", "PUT", r"/[^/]+/?\?[a-z]", "PutBucketConfiguration"),
    ("s3", "PUT", r"/[^/]+/?\?$", "CreateBucket"),
    ("s3", "DELETE", r"/[^/]+/?\?$", "DeleteBucket"),
    ("s3", "HEAD", r"/[^/]+/?\?$", "HeadBucket"),
    ("s3", "PUT", r"/[^/]+/.+", "PutObject"),
    ("s3", "GET", r"/[^/]+/[^?]+", "GetObject"),
    ("apigateway", "POST", r"/v2/apis/?\?", "CreateApi"),
    ("apigateway", "DELETE", r"/v2/apis/[^/]+/?\?", "DeleteApi"),
    ("apigateway", "POST", r"/v2/apis/[^/]+/integrations/?\?", "CreateIntegration"),
    ("apigateway", "POST", r"/v2/apis/[^/]+/routes/?\?", "CreateRoute"),
    ("apigateway", "POST", r"/v2/apis/[^/]+/stages/?\?", "CreateStage"),
)


def rest_action(service: str, method: str, path: str, query: str) -> str:
    """The action's name for the calls that tests refuse, else "METHOD PATH"."""
    asked = f"{path}?{re.sub(r'(^|&)x-id=[^&]*', '', query)}"
    for of, with_method, pattern, action in REST_ACTIONS:
        if service == of and method == with_method and re.match(pattern, asked):
            return action
    return f"{method} {path}"


def refusal(fault: Fault, call: Call) -> Answer:
    """The fault in the form in which this API reports errors: status, content type, body."""
    status = fault.status or (403 if "Denied" in fault.code or "Unauthorized" in fault.code else 400)
    code, message = escape(fault.code), escape(fault.message)
    error = f"<Code>{code}</Code><Message>{message}</Message>"
    if call.protocol in ("json", "rest-json"):
        body = {"__type": fault.code, "message": fault.message}
        return status, "application/x-amz-json-1.0" if call.protocol == "json" else "application/json", json.dumps(body).encode()
    if call.protocol == "ec2":
        return status, "text/xml", f"<Response><Errors><Error>{error}</Error></Errors><RequestID>fault</RequestID></Response>".encode()
    if call.protocol == "rest-xml":
        return status, "application/xml", f"<Error>{error}<RequestId>fault</RequestId></Error>".encode()
    return status, "text/xml", f"<ErrorResponse><Error><Type>Sender</Type>{error}</Error><RequestId>fault</RequestId></ErrorResponse>".encode()


def _fits(fault: Fault, call: Call) -> bool:
    return fault.service in ("", call.service) and fault.action in ("", call.action) and fault.match in call.text


def _body(environ: Environ) -> bytes:
    """The body, put back for who reads it next; empty when it is long or streamed."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    if not 0 < length <= UNSIGNED_BODY:
        return b""
    body: bytes = environ["wsgi.input"].read(length)
    environ["wsgi.input"] = BytesIO(body)
    return body


def _respond(start_response: Any, answer: Answer) -> Iterable[bytes]:
    status, kind, body = answer
    reason = {200: "OK", 400: "Bad Request", 403: "Forbidden"}.get(status, "Error")
    code = json.loads(body).get("__type", "") if kind.startswith("application/") and kind.endswith("json") and status >= 400 else ""
    headers = [("Content-Type", kind), ("Content-Length", str(len(body)))]
    start_response(f"{status} {reason}", headers + ([("x-amzn-ErrorType", code)] if code else []))
    return [body]
