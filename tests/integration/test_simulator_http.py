"""Doors for HTTP of the simulated AWS: HTTP APIs and websites answer as on AWS, to the client of HTTP with their address alone. 10 s."""

import json
import subprocess
import sys
import urllib.error
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from provisioner.sandbox import simulator
from tests import clients
from tests.http_world import Backend, account, ask, backends, function

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
    arn = function(cloud, CODE)
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
    assert ask("http://127.0.0.1:1/")[0] == 403, "not even on this machine"
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
    assert f"http_proxy={cloud.running.endpoint} no_proxy=127.0.0.1,localhost" in told and f"SSL_CERT_FILE={simulator.trusted(cloud.folder)}" in told
