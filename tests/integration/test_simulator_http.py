"""Doors for HTTP of the simulated AWS: HTTP APIs answer as on AWS, with the client of HTTP and its address alone. 10 s."""

import io
import json
import threading
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import boto3  # type: ignore[import-untyped]
import pytest
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from provisioner.sandbox import simulator
from tests import clients

CODE = """
def handler(event, context):
    if event.get("version") == "1.0":
        return "no answer"
    if event["rawPath"].endswith("fail"):
        raise ValueError("no")
    return {"statusCode": 201, "headers": {"X-Name": event["pathParameters"]["name"]}, "cookies": ["a=1", "b=2"],
            "body": event["requestContext"]["http"]["method"] + " " + event.get("body", "") + event["rawQueryString"]}
"""


@dataclass
class Backend:
    """A server of the application: it answers with what it was asked."""

    asked: list[dict[str, Any]] = field(default_factory=list)
    port: int = 0

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        return self.answer(Request(environ))(environ, start_response)

    def answer(self, request: Request) -> Response:
        self.asked.append({"path": request.path, "headers": dict(request.headers)})
        if request.path.endswith("/moved"):
            return Response("", 302, {"Location": "/elsewhere"})
        if request.path.endswith("/broken"):
            return Response("sorry", 500)
        told = {"method": request.method, "path": request.path, "query": request.query_string.decode(), "body": request.get_data(as_text=True)}
        return Response(json.dumps(told), 200, {"X-Backend": "here", "Content-Type": "application/json"})


class Told(urllib.request.HTTPRedirectHandler):
    """Redirects are told, not followed."""

    def redirect_request(self, *_: Any) -> None:
        return None


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("account")
    running = simulator.start(folder)
    patched = pytest.MonkeyPatch()

    def client(service: str) -> Any:
        return boto3.client(service, endpoint_url=running.endpoint, region_name=simulator.REGION, aws_access_key_id="test",
                            aws_secret_access_key="test")
    patched.setenv("SSL_CERT_FILE", str(simulator.trusted(folder)))
    client.running, client.folder = running, folder  # type: ignore[attr-defined]
    yield client
    patched.undo()
    simulator.stop(folder)


@pytest.fixture(scope="module")
def backend() -> Iterator[Backend]:
    made = Backend()
    server = make_server("127.0.0.1", 0, made, threaded=True)
    made.port = server.server_port
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield made
    server.shutdown()
    thread.join()


def ask(url: str, method: str = "GET", body: str = "", **headers: str) -> tuple[int, dict[str, str], str]:
    """Status, headers, body."""
    request = urllib.request.Request(url, body.encode() or None, headers, method=method)
    try:
        with urllib.request.build_opener(Told).open(request, timeout=20) as answer:
            return answer.status, dict(answer.headers), answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read().decode()


@pytest.fixture(scope="module")
def api(cloud: Any, backend: Backend) -> dict[str, Any]:
    """An HTTP API as the module of the gateway makes one: a prefix is two routes; and a function behind it."""
    apis = cloud("apigatewayv2")
    made: dict[str, Any] = apis.create_api(Name="door", ProtocolType="HTTP")
    gone = make_server("127.0.0.1", 0, backend)
    nobody = gone.server_port
    gone.server_close()
    routes = {"ANY /{proxy+}": f"http://127.0.0.1:{backend.port}/{{proxy}}", "ANY /": f"http://127.0.0.1:{backend.port}/",
              "ANY /old/{proxy+}": f"http://127.0.0.1:{backend.port}/kept/{{proxy}}", "ANY /gone": f"http://127.0.0.1:{nobody}/"}
    for key, uri in routes.items():
        connected(apis, made["ApiId"], key, IntegrationType="HTTP_PROXY", IntegrationMethod="ANY", IntegrationUri=uri)
    return made


def connected(apis: Any, api: str, key: str, **integration: Any) -> None:
    found = apis.create_integration(ApiId=api, **{"PayloadFormatVersion": "1.0", **integration})["IntegrationId"]
    apis.create_route(ApiId=api, RouteKey=key, Target=f"integrations/{found}")


def test_an_http_api_answers_once_it_has_a_stage(cloud: Any, api: dict[str, Any]) -> None:
    assert api["ApiEndpoint"].startswith("https://127.")
    assert ask(api["ApiEndpoint"])[::2] == (404, '{"message":"Not Found"}')
    cloud("apigatewayv2").create_stage(ApiId=api["ApiId"], StageName="$default", AutoDeploy=True)
    clients.http({"url": api["ApiEndpoint"]})


@pytest.mark.parametrize(("path", "there"), [("/", "/"), ("/a/b?c=1&c=2", "/a/b"), ("/old/x%20y", "/kept/x y"), ("/old", "/old")])
def test_requests_go_to_the_backend_of_the_longest_prefix(api: dict[str, Any], backend: Backend, path: str, there: str) -> None:
    status, headers, body = ask(api["ApiEndpoint"] + path, "POST", "hello", **{"X-Own": "1"})
    assert (status, headers["X-Backend"], "Apigw-Requestid" in headers) == (200, "here", True)
    assert json.loads(body) == {"method": "POST", "path": there, "query": path.partition("?")[2], "body": "hello"}
    seen = backend.asked[-1]["headers"]
    assert (seen["Host"], seen["X-Own"], seen["Via"]) == (f"127.0.0.1:{backend.port}", "1", "HTTP/1.1 AmazonAPIGateway")
    assert seen["Forwarded"].endswith(f";host={api['ApiEndpoint'].removeprefix('https://')};proto=https")


def test_answers_of_backends_are_passed_on_as_they_are_and_a_missing_one_is_said(api: dict[str, Any]) -> None:
    status, headers, _ = ask(api["ApiEndpoint"] + "/moved")
    assert (status, headers["Location"]) == (302, "/elsewhere")
    assert ask(api["ApiEndpoint"] + "/broken")[::2] == (500, "sorry")
    assert ask(api["ApiEndpoint"] + "/gone")[::2] == (503, '{"message":"Service Unavailable"}')


def test_functions_are_called(cloud: Any, api: dict[str, Any]) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("main.py", CODE)
    role = cloud("iam").create_role(RoleName="f", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    arn = cloud("lambda").create_function(FunctionName="f", Runtime="python3.12", Role=role, Handler="main.handler",
                                          Code={"ZipFile": packed.getvalue()})["FunctionArn"]
    invoked = f"arn:aws:apigateway:{simulator.REGION}:lambda:path/2015-03-31/functions/{arn}/invocations"
    apis = cloud("apigatewayv2")
    connected(apis, api["ApiId"], "POST /call/{name}", IntegrationType="AWS_PROXY", IntegrationUri=invoked, PayloadFormatVersion="2.0")
    connected(apis, api["ApiId"], "GET /call/{name}", IntegrationType="AWS_PROXY", IntegrationUri=arn)
    status, headers, body = ask(api["ApiEndpoint"] + "/call/me?q=1", "POST", "hello")
    assert (status, headers["X-Name"], headers["Content-Type"], body) == (201, "me", "application/json", "POST helloq=1")
    for method, path in (("POST", "/call/fail"), ("GET", "/call/me")):
        assert ask(api["ApiEndpoint"] + path, method, "hello" if method == "POST" else "")[::2] == (500, '{"message":"Internal Server Error"}')


def test_a_deleted_api_answers_nobody_and_status_names_those_that_are_there(cloud: Any, api: dict[str, Any]) -> None:
    (shown,) = simulator.servers(cloud.running)
    assert (shown["name"], shown["kind"], shown["state"]) == ("door", "HTTP API", "running")
    cloud("apigatewayv2").delete_api(ApiId=api["ApiId"])
    assert simulator.servers(cloud.running) == []
    with pytest.raises(urllib.error.URLError):
        ask(api["ApiEndpoint"])
