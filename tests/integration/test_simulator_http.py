"""Doors for HTTP of the simulated AWS: HTTP APIs and websites answer as on AWS, to the client of HTTP with their address alone. 10 s."""

import io
import json
import subprocess
import sys
import threading
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3  # type: ignore[import-untyped]
import pytest
from botocore.config import Config  # type: ignore[import-untyped]
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from provisioner.sandbox import simulator
from tests import clients

PROVISION = Path(sys.executable).with_name("provision")
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
    broken: bool = False

    def seen(self, path: str) -> list[dict[str, Any]]:
        """What it was asked for at a path, but for its health."""
        return [one for one in self.asked if one["path"] == path and not one["headers"].get("User-Agent", "").startswith("ELB-")]

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        return self.answer(Request(environ))(environ, start_response)

    def answer(self, request: Request) -> Response:
        self.asked.append({"path": request.path, "headers": dict(request.headers)})
        if request.path.endswith("/moved"):
            return Response("", 302, {"Location": "/elsewhere"})
        if self.broken or request.path.endswith("/broken"):
            return Response("sorry", 500)
        told = {"method": request.method, "path": request.path, "query": request.query_string.decode(), "body": request.get_data(as_text=True)}
        return Response(json.dumps(told), 200, {"X-Backend": "here", "Content-Type": "application/json"})


class Told(urllib.request.HTTPRedirectHandler):
    """Redirects are told, not followed."""

    def redirect_request(self, *_: Any) -> None:
        return None


def account(folder: Path) -> Iterator[Any]:
    """A simulator whose authority this process trusts, as a maker of clients; once, to its end."""
    running = simulator.start(folder)

    def client(service: str) -> Any:
        return boto3.client(service, endpoint_url=running.endpoint, region_name=simulator.REGION, aws_access_key_id="test",
                            aws_secret_access_key="test", config=Config(proxies={}))
    client.running, client.folder = running, folder  # type: ignore[attr-defined]
    yield client
    simulator.stop(folder)


def backends(*addresses: str, keep: bool = True) -> Iterator[list[Backend]]:
    """A backend at each address, at a port of its own; where they are not kept nobody listens there."""
    made = [Backend() for _ in addresses]
    servers = [make_server(address, 0, one, threaded=True) for address, one in zip(addresses, made, strict=True)]
    threads = [threading.Thread(target=server.serve_forever) for server in servers if keep]
    for one, server in zip(made, servers, strict=True):
        one.port = server.server_port
    for thread in threads:
        thread.start()
    for server in servers:
        if not keep:
            server.server_close()
    yield made
    for server, thread in zip(servers, threads, strict=False):
        server.shutdown()
        thread.join()


def until(look: Callable[[], Any], good: Callable[[Any], bool]) -> Any:
    """What is seen once it is good."""
    for _ in range(600):
        if good(found := look()):
            return found
        threading.Event().wait(0.1)
    raise AssertionError(found)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    yield from account(tmp_path_factory.mktemp("account"))


@pytest.fixture(scope="module")
def backend() -> Iterator[Backend]:
    for (made,) in backends("127.0.0.1"):
        yield made


@pytest.fixture(autouse=True)
def trusting(cloud: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """This process trusts the sandbox's authority."""
    monkeypatch.setenv("SSL_CERT_FILE", str(simulator.trusted(cloud.folder)))


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
    for (gone,) in backends("127.0.0.1", keep=False):
        nobody = gone.port
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


# ------------------------------------------------------------------ websites
@pytest.fixture
def named(cloud: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """This process asks the simulator for names, as clients of HTTP are told of a proxy."""
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, cloud.running.endpoint)


@pytest.fixture(scope="module")
def site(cloud: Any) -> str:
    """URL of a website of three pages and a link."""
    store = cloud("s3")
    store.create_bucket(Bucket="pages.example")
    for key, more in {"index.html": {"CacheControl": "no-cache"}, "404.html": {}, "docs/index.html": {},
                      "link": {"WebsiteRedirectLocation": "/docs/"}}.items():
        store.put_object(Bucket="pages.example", Key=key, Body=f"<h1>{key}</h1>".encode(), ContentType="text/html", **more)
    return f"http://pages.example.s3-website-{simulator.REGION}.amazonaws.com"


READ = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::pages.example/*"}],
        "Version": "2012-10-17"}


@pytest.mark.usefixtures("named")
def test_a_website_answers_as_s3_does(cloud: Any, site: str) -> None:
    store = cloud("s3")
    assert "<li>Code: NoSuchWebsiteConfiguration</li>" in ask(site)[2]
    store.put_bucket_website(Bucket="pages.example", WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"}})
    status, _, page = ask(site)
    assert (status, "<li>Code: AccessDenied</li>" in page) == (403, True)
    store.put_bucket_policy(Bucket="pages.example", Policy=json.dumps(READ))
    clients.http({"url": site})
    status, headers, page = ask(f"{site}/")
    assert (status, headers["Content-Type"], headers["Cache-Control"], page) == (200, "text/html", "no-cache", "<h1>index.html</h1>")
    assert ask(f"{site}/", **{"If-None-Match": headers["ETag"]})[::2] == (304, "")
    assert ask(f"{site}/", **{"Range": "bytes=1-2"})[::2] == (206, "h1")
    assert ask(f"{site}/", "HEAD")[::2] == (200, "")
    assert ask(f"{site}/docs/")[::2] == (200, "<h1>docs/index.html</h1>")
    status, headers, _ = ask(f"{site}/docs")
    assert (status, headers["Location"]) == (302, "/docs/")
    status, headers, _ = ask(f"{site}/link")
    assert (status, headers["Location"]) == (301, "/docs/")
    status, _, page = ask(f"{site}/none")
    assert (status, "<li>Key: none</li>" in page, ask(f"{site}/", "POST", "x")[0]) == (404, True, 405)
    store.put_bucket_website(Bucket="pages.example", WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"},
                                                                           "ErrorDocument": {"Key": "404.html"}})
    assert ask(f"{site}/none")[::2] == (404, "<h1>404.html</h1>")


@pytest.mark.usefixtures("named")
def test_names_lead_where_route_53_says_and_others_nowhere(cloud: Any, site: str) -> None:
    names = cloud("route53")
    with pytest.raises(urllib.error.HTTPError, match="403"):
        clients.http({"url": "http://pages.example"})
    zone = names.create_hosted_zone(Name="example", CallerReference="1")["HostedZone"]["Id"]
    record = {"Name": "pages.example", "Type": "CNAME", "TTL": 60, "ResourceRecords": [{"Value": site.removeprefix("http://")}]}
    names.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]})
    clients.http({"url": "http://pages.example"})
    assert ask("http://elsewhere.example/")[::2] == (403, "the sandbox has no elsewhere.example:80\n")
    with pytest.raises(urllib.error.URLError, match="403"):
        ask("https://elsewhere.example/")


def test_a_website_can_be_behind_an_http_api(cloud: Any, site: str) -> None:
    apis = cloud("apigatewayv2")
    made = apis.create_api(Name="way", ProtocolType="HTTP")
    connected(apis, made["ApiId"], "$default", IntegrationType="HTTP_PROXY", IntegrationMethod="ANY", IntegrationUri=site)
    apis.create_stage(ApiId=made["ApiId"], StageName="$default", AutoDeploy=True)
    assert ask(made["ApiEndpoint"] + "/docs/")[::2] == (200, "<h1>docs/index.html</h1>")


@pytest.mark.usefixtures("named")
def test_tunnels_lead_to_doors(cloud: Any) -> None:
    """As for a client that sends everything through the proxy."""
    (made,) = cloud("apigatewayv2").get_apis()["Items"]
    clients.http({"url": made["ApiEndpoint"]})
    assert {(shown["name"], shown["kind"]) for shown in simulator.servers(cloud.running)} == {("way", "HTTP API"), ("pages.example", "website")}
    told = subprocess.run([PROVISION, "sandbox", "status"], cwd=cloud.folder, capture_output=True, text=True, check=True).stdout
    assert f"pages.example: website at pages.example.s3-website-{simulator.REGION}.amazonaws.com:80" in told
    assert f"http_proxy={cloud.running.endpoint}" in told and f"SSL_CERT_FILE={simulator.trusted(cloud.folder)}" in told
