"""ELBv2 with doors behind its names: an application load balancer listens, chooses by its rules and passes on to targets on this machine."""

import random
from itertools import count
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from moto.elbv2.models import ELBv2Backend, FakeHealthStatus, FakeListener, FakeLoadBalancer, FakeTargetGroup
from werkzeug.wrappers import Request, Response

from provisioner.sandbox import functions
from provisioner.sandbox.servers import events
from provisioner.sandbox.servers.behind import Call, Wrap
from provisioner.sandbox.servers.certificates import Served
from provisioner.sandbox.servers.checks import Checks, here
from provisioner.sandbox.servers.doors import Doors, free_address
from provisioner.sandbox.servers.passing import Answer, TooSlow, Unreachable, kept, pass_on
from provisioner.sandbox.servers.rules import Asked, matches, redirected

IDLE_SECONDS = 60
TITLES = {502: "502 Bad Gateway", 503: "503 Service Temporarily Unavailable", 504: "504 Gateway Time-out"}
ACTIONS = "forward", "redirect", "fixed-response"


class Balancers:
    """The calls of ELBv2, each made of moto's own."""

    def __init__(self, doors: Doors) -> None:
        self._doors, self._checks = doors, Checks()
        self._places: dict[str, str] = {}
        """Address of each load balancer by its ARN."""

    def install(self, wrap: Wrap) -> None:
        """Put them into moto."""
        wrap(ELBv2Backend, "create_load_balancer", self.created)
        wrap(ELBv2Backend, "delete_load_balancer", self.deleted)
        wrap(ELBv2Backend, "create_listener", self.listening)
        wrap(ELBv2Backend, "modify_listener", self.modified)
        wrap(ELBv2Backend, "delete_listener", self.silent)
        wrap(FakeTargetGroup, "health_for", self.health)

    def created(self, stock: Call) -> Call:
        """One for applications gets an address, to which its name leads."""
        def create_load_balancer(backend: ELBv2Backend, *positional: Any, **named: Any) -> FakeLoadBalancer:
            balancer: FakeLoadBalancer = stock(backend, *positional, **named)
            if balancer.type == "application" and (address := free_address()):
                self._places[balancer.arn] = address
                self._doors.call(balancer.dns_name, address)
                self._checks.begin()
            return balancer
        return create_load_balancer

    def deleted(self, stock: Call) -> Call:
        """It goes, with all at which it listens."""
        def delete_load_balancer(backend: ELBv2Backend, arn: str) -> None:
            balancer = backend.load_balancers.get(arn)
            stock(backend, arn)
            if balancer is not None and self._places.pop(arn, ""):
                self._doors.call(balancer.dns_name, None)
                for listener in list(balancer.listeners):
                    self._doors.close(listener)
        return delete_load_balancer

    def listening(self, stock: Call) -> Call:
        """It answers at its port."""
        def create_listener(backend: ELBv2Backend, *positional: Any, **named: Any) -> FakeListener:
            listener: FakeListener = stock(backend, *positional, **named)
            self._open(backend, listener)
            return listener
        return create_listener

    def modified(self, stock: Call) -> Call:
        """Another port or protocol is another door; all else is looked up with each request."""
        def modify_listener(backend: ELBv2Backend, arn: str, *positional: Any, **named: Any) -> FakeListener:
            before = next((one for one in backend.describe_listeners(None, [arn])), None)
            place = (str(before.port), before.protocol) if before else None
            listener: FakeListener = stock(backend, arn, *positional, **named)
            if (str(listener.port), listener.protocol) != place:
                self._doors.close(arn)
                self._open(backend, listener)
            return listener
        return modify_listener

    def silent(self, stock: Call) -> Call:
        """Nobody answers there any more."""
        def delete_listener(backend: ELBv2Backend, listener_arn: str) -> FakeListener:
            listener: FakeListener = stock(backend, listener_arn)
            self._doors.close(listener_arn)
            return listener
        return delete_listener

    def health(self, stock: Call) -> Call:
        """Of a target that is an address it is found out; machines don't run, and are said to be healthy."""
        def health_for(group: FakeTargetGroup, target: dict[str, Any], ec2_backend: Any) -> FakeHealthStatus:
            told: FakeHealthStatus = stock(group, target, ec2_backend)
            registered = group.targets.get(target["Id"])
            if group.target_type == "ip" and registered is not None:
                found = self._checks.of(group, registered)
                told.status, told.reason, told.description = found.state, found.reason or None, found.told or None
            return told
        return health_for

    def _open(self, backend: ELBv2Backend, listener: FakeListener) -> None:
        address = self._places.get(listener.load_balancer_arn)
        if address is not None:
            balancer = backend.load_balancers[listener.load_balancer_arn]
            tls = Served(self._doors, backend, listener, address).context() if listener.protocol == "HTTPS" else None
            self._doors.open(listener.arn, (balancer.name, "load balancer"), (address, int(listener.port)),
                             Answering(backend, balancer, listener, self._checks), tls)


class Answering:
    """What a listener answers, as a WSGI application."""

    def __init__(self, backend: ELBv2Backend, balancer: FakeLoadBalancer, listener: FakeListener, checks: Checks) -> None:
        self._backend, self._balancer, self._listener, self._checks = backend, balancer, listener, checks
        self._turn = count()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        return self._answer(Request(environ))(environ, start_response)

    def _answer(self, request: Request) -> Response:
        asked = Asked(request.scheme, urlsplit(f"//{request.host}").hostname or "", int(self._listener.port), request.path,
                      request.query_string.decode("latin-1"), request.method)
        settled = sorted(list(self._listener._non_default_rules.values()), key=lambda rule: int(rule.priority))
        actions = next((rule.actions for rule in settled if matches(rule.conditions, asked)), self._listener.default_actions)
        action: dict[str, Any] = next((one.data for one in actions if one.type in ACTIONS), {"Type": ""})
        if action["Type"] == "redirect":
            told = action["RedirectConfig"]
            return _ours(int(told["StatusCode"].removeprefix("HTTP_")), "", {"Location": redirected(told, asked)})
        if action["Type"] == "fixed-response":
            told = action["FixedResponseConfig"]
            return _ours(int(told["StatusCode"]), told.get("MessageBody") or "", {"Content-Type": told.get("ContentType") or "text/plain"})
        return self._forwarded(request, action)

    def _forwarded(self, request: Request, action: dict[str, Any]) -> Response:
        group = self._group(action)
        target = self._target(group) if group else None
        if group is None or target is None:
            return _failed(503)
        if group.target_type == "lambda":
            return _called(request, group.arn, target["Id"])
        if not here(target["Id"]):
            return _failed(504)
        rest = urlsplit(request.environ["REQUEST_URI"])
        url = f"http://{target['Id']}:{target['Port']}{rest.path or '/'}" + (f"?{rest.query}" if rest.query else "")
        try:
            return pass_on(request, url, self._headers(request), seconds=int(self._balancer.attrs.get("idle_timeout.timeout_seconds", IDLE_SECONDS)))
        except TooSlow:
            return _failed(504)
        except Unreachable:
            return _failed(502)

    def _headers(self, request: Request) -> list[tuple[str, str]]:
        before = request.headers.get("X-Forwarded-For")
        client = request.remote_addr or ""
        return [*kept(request, "content-length", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-port"),
                ("X-Forwarded-For", f"{before}, {client}" if before else client), ("X-Forwarded-Proto", request.scheme),
                ("X-Forwarded-Port", str(self._listener.port)), ("X-Amzn-Trace-Id", f"Root=1-{uuid4().hex[:8]}-{uuid4().hex[:24]}")]

    def _group(self, action: dict[str, Any]) -> FakeTargetGroup | None:
        """The group whose turn it is, by the weights."""
        parts = (action.get("ForwardConfig") or {}).get("TargetGroups") or [{"TargetGroupArn": action.get("TargetGroupArn")}]
        weights = [int(part.get("Weight", 1)) for part in parts]
        if not any(weights):
            return None
        (part,) = random.choices(parts, weights)
        return self._backend.target_groups.get(part["TargetGroupArn"])

    def _target(self, group: FakeTargetGroup) -> dict[str, Any] | None:
        """The target whose turn it is, of those that are healthy; of all where none is, as on AWS."""
        there = list(group.targets.values())
        healthy = [target for target in there if group.target_type == "ip" and self._checks.of(group, target).state == "healthy"]
        fitting = healthy or there
        return fitting[next(self._turn) % len(fitting)] if fitting else None


def _called(request: Request, group: str, arn: str) -> Response:
    """The answer of a function."""
    function = functions.named(arn)
    result, failed, _ = functions.invoke(function, events.balanced(request, group)) if function else ("", True, "")
    try:
        return _failed(502) if failed else events.answer(result, "1.0")
    except events.Malformed:
        return _failed(502)


def _ours(status: int, body: str, headers: dict[str, str]) -> Response:
    return Answer(body, status, {"Server": "awselb/2.0", **headers})


def _failed(status: int) -> Response:
    title = TITLES[status]
    page = f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n</body>\r\n</html>\r\n"
    return _ours(status, page, {"Content-Type": "text/html"})
