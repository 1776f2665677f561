"""API Gateway v2 with doors behind its addresses: an HTTP API answers over TLS, passes on to URLs and calls functions."""

import json
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from moto.apigatewayv2.models import Api, ApiGatewayV2Backend, Integration
from werkzeug.wrappers import Request, Response

from provisioner.sandbox import functions
from provisioner.sandbox.servers import events
from provisioner.sandbox.servers.behind import Call, Wrap
from provisioner.sandbox.servers.doors import Doors, free_address
from provisioner.sandbox.servers.names import Names
from provisioner.sandbox.servers.passing import Answer, Unreachable, kept, pass_on
from provisioner.sandbox.servers.routes import Taken, choose, filled

PORT = 443


class Apis:
    """The calls of API Gateway v2, each made of moto's own."""

    def __init__(self, doors: Doors, names: Names) -> None:
        self._doors, self._names = doors, names

    def install(self, wrap: Wrap) -> None:
        """Put them into moto."""
        wrap(ApiGatewayV2Backend, "create_api", self.created)
        wrap(ApiGatewayV2Backend, "delete_api", self.deleted)

    def created(self, stock: Call) -> Call:
        """An HTTP API answers where it says; one for WebSockets does not."""
        def create_api(backend: ApiGatewayV2Backend, *positional: Any, **named: Any) -> Api:
            api: Api = stock(backend, *positional, **named)
            if api.protocol_type == "HTTP" and (address := free_address()):
                port = self._doors.open(api.api_id, (api.name, "HTTP API"), (address, PORT), Answering(backend, api, self._names),
                                        self._doors.tls(address))
                if port:
                    api.api_endpoint = f"https://{address}" + ("" if port == PORT else f":{port}")
            return api
        return create_api

    def deleted(self, stock: Call) -> Call:
        """Nobody answers there any more."""
        def delete_api(backend: ApiGatewayV2Backend, api_id: str) -> None:
            stock(backend, api_id)
            self._doors.close(api_id)
        return delete_api


class Answering:
    """What an HTTP API answers, as a WSGI application."""

    def __init__(self, backend: ApiGatewayV2Backend, api: Api, names: Names) -> None:
        self._backend, self._api, self._names = backend, api, names

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        answer = self._answer(Request(environ))
        answer.headers["Apigw-Requestid"] = uuid4().hex[:16]
        return answer(environ, start_response)

    def _answer(self, request: Request) -> Response:
        stages = list(self._api.stages)
        first, _, rest = request.path.lstrip("/").partition("/")
        stage, path = (first, f"/{rest}") if first in stages else ("$default", request.path)
        routes = {route.route_key: route for route in list(self._api.routes.values())}
        taken = choose(routes, request.method, path) if stage in stages else None
        integration = self._api.integrations.get(routes[taken.key].target.rpartition("/")[2]) if taken and routes[taken.key].target else None
        if taken is None or integration is None or self._api.disable_execute_api_endpoint:
            return _told(404, "Not Found")
        if integration.integration_type == "AWS_PROXY":
            return self._called(request, taken, integration, stage)
        return self._passed(request, taken, integration, path)

    def _called(self, request: Request, taken: Taken, integration: Integration, stage: str) -> Response:
        """The answer of a function."""
        version = integration.payload_format_version or "1.0"
        about = {"accountId": self._backend.account_id, "apiId": self._api.api_id, "stage": stage}
        function = functions.named(integration.integration_uri or "")
        if function is None:
            return _told(500, "Internal Server Error")
        result, failed, _ = functions.invoke(function, events.event(request, version, taken.key, taken.found, about))
        try:
            return _told(500, "Internal Server Error") if failed else events.answer(result, version)
        except events.Malformed:
            return _told(500, "Internal Server Error")

    def _passed(self, request: Request, taken: Taken, integration: Integration, path: str) -> Response:
        """The answer of a URL; with the route `$default` it gets the whole path."""
        url = filled(integration.integration_uri, taken.found)
        url = url.rstrip("/") + path if taken.key == "$default" else url
        query, place = request.query_string.decode("latin-1"), urlsplit(url)
        client = f"by={request.environ['SERVER_NAME']};for={request.remote_addr};host={request.host};proto={request.scheme}"
        headers = [*kept(request, "host", "content-length", "forwarded"), ("Forwarded", client), ("Via", "HTTP/1.1 AmazonAPIGateway")]
        ours = self._names.find(place.hostname or "", place.port or {"https": 443}.get(place.scheme, 80)) is not None
        try:
            return pass_on(request, url + (("&" if place.query else "?") + query if query else ""), headers,
                           seconds=(integration.timeout_in_millis or 30000) / 1000, ours=ours)
        except Unreachable:
            return _told(503, "Service Unavailable")


def _told(status: int, message: str) -> Response:
    return Answer(json.dumps({"message": message}, separators=(",", ":")), status, content_type="application/json")
