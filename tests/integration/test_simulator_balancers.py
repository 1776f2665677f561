"""Load balancers of the simulated AWS: they listen, choose, ask for health, pass on, as on AWS. 15 s."""

import json
import urllib.error
from collections.abc import Iterator
from typing import Any

import pytest

from provisioner.sandbox import simulator
from provisioner.sandbox.servers.authority import Authority
from tests import clients
from tests.http_world import Backend, account, ask, backends, function, until


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    yield from account(tmp_path_factory.mktemp("account"))


@pytest.fixture(scope="module")
def backend() -> Iterator[list[Backend]]:
    yield from backends("127.0.0.1", "127.0.0.2")


@pytest.fixture(autouse=True)
def named(cloud: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """This process asks the simulator for names, and trusts its authority."""
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, cloud.running.endpoint)
    monkeypatch.setenv("SSL_CERT_FILE", str(simulator.trusted(cloud.folder)))


class Balancer:
    """One load balancer in the account's own network."""

    def __init__(self, cloud: Any) -> None:
        self.api, self.vpc = cloud("elbv2"), cloud("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
        subnets = [one["SubnetId"] for one in cloud("ec2").describe_subnets()["Subnets"]][:2]
        (made,) = self.api.create_load_balancer(Name="door", Subnets=subnets, Type="application")["LoadBalancers"]
        self.arn, self.name = made["LoadBalancerArn"], made["DNSName"]
        self.listener = self.listen(80, "HTTP", {"Type": "fixed-response", "FixedResponseConfig": {
            "StatusCode": "404", "ContentType": "text/plain", "MessageBody": "no route"}})

    def listen(self, port: int, protocol: str, action: dict[str, Any], **more: Any) -> str:
        made = self.api.create_listener(LoadBalancerArn=self.arn, Port=port, Protocol=protocol, DefaultActions=[action], **more)
        return str(made["Listeners"][0]["ListenerArn"])

    def group(self, name: str, *targets: tuple[str, int], fails: int = 2) -> str:
        """A target group of addresses, asked as often as AWS allows; unhealthy after so many failures."""
        made = self.api.create_target_group(
            Name=name, Protocol="HTTP", Port=8080, VpcId=self.vpc, TargetType="ip", HealthCheckPath="/", HealthCheckIntervalSeconds=5,
            HealthCheckTimeoutSeconds=4, HealthyThresholdCount=2, UnhealthyThresholdCount=fails, Matcher={"HttpCode": "200-399"})
        arn = str(made["TargetGroups"][0]["TargetGroupArn"])
        if targets:
            self.api.register_targets(TargetGroupArn=arn, Targets=[{"Id": address, "Port": port} for address, port in targets])
        return arn

    def rule(self, priority: int, path: str, groups: dict[str, int], **host: str) -> None:
        conditions = [{"Field": "path-pattern", "Values": [path]}, *({"Field": "host-header", "Values": [value]} for value in host.values())]
        parts = [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in groups.items()]
        self.api.create_rule(ListenerArn=self.listener, Priority=priority, Conditions=conditions,
                             Actions=[{"Type": "forward", "ForwardConfig": {"TargetGroups": parts}}])

    def health(self, group: str) -> dict[str, tuple[str, str]]:
        found = self.api.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
        return {one["Target"]["Id"]: (one["TargetHealth"]["State"], one["TargetHealth"].get("Reason", "")) for one in found}


@pytest.fixture(scope="module")
def door(cloud: Any) -> Balancer:
    return Balancer(cloud)


def test_it_answers_by_its_name_and_at_an_address(cloud: Any, door: Balancer) -> None:
    assert door.name.endswith(".elb.amazonaws.com")
    status, headers, body = ask(f"http://{door.name}/a")
    assert (status, headers["Server"], headers["Content-Type"], body) == (404, "awselb/2.0", "text/plain", "no route")
    (shown,) = simulator.servers(cloud.running)
    assert (shown["name"], shown["kind"], shown["state"]) == ("door", "load balancer", "running")
    assert ask(f"http://{shown['address']}:{shown['port']}/a")[::2] == (404, "no route")


def test_requests_are_shared_among_healthy_targets(door: Balancer, backend: list[Backend]) -> None:
    first, second = backend
    group = door.group("app", ("127.0.0.1", first.port), ("127.0.0.2", second.port), fails=10)
    assert door.health(group)["127.0.0.1"] == ("unused", "Target.NotInUse")
    door.rule(10, "/app/*", {group: 1})
    until(lambda: door.health(group), lambda found: {state for state, _ in found.values()} == {"healthy"})
    answers = [ask(f"http://{door.name}/app/x%20y?q=1", "POST", "hello", **{"X-Forwarded-For": "192.0.2.1"}) for _ in range(4)]
    assert [json.loads(body)["path"] for _, _, body in answers] == ["/app/x y"] * 4
    assert len(first.seen("/app/x y")) == len(second.seen("/app/x y")) == 2
    seen = first.seen("/app/x y")[0]["headers"]
    assert (seen["Host"], seen["X-Forwarded-Proto"], seen["X-Forwarded-Port"]) == (door.name, "http", "80")
    assert seen["X-Forwarded-For"].startswith("192.0.2.1, 127.") and seen["X-Amzn-Trace-Id"].startswith("Root=1-")
    clients.http({"url": f"http://{door.name}/app/"})


def test_a_target_that_fails_gets_no_requests(door: Balancer, backend: list[Backend]) -> None:
    first, second = backend
    group = door.group("sick", ("127.0.0.1", first.port), ("127.0.0.2", second.port))
    door.rule(11, "/sick", {group: 1})
    second.broken = True
    until(lambda: door.health(group), lambda found: found == {
        "127.0.0.1": ("healthy", ""), "127.0.0.2": ("unhealthy", "Target.ResponseCodeMismatch")})
    assert {ask(f"http://{door.name}/sick")[0] for _ in range(4)} == {200} and not second.seen("/sick")
    second.broken = False
    until(lambda: door.health(group), lambda found: {state for state, _ in found.values()} == {"healthy"})


def test_no_target_is_503_one_that_refuses_502_and_one_of_no_machine_504(door: Balancer, backend: list[Backend]) -> None:
    ((gone,),) = backends("127.0.0.3", keep=False)
    groups = {"none": door.group("none"), "gone": door.group("gone", ("127.0.0.3", gone.port)), "far": door.group("far", ("10.9.8.7", 80))}
    for number, (name, group) in enumerate(groups.items()):
        door.rule(20 + number, f"/{name}", {group: 1})
    for name, title in {"none": "503 Service Temporarily Unavailable", "gone": "502 Bad Gateway", "far": "504 Gateway Time-out"}.items():
        status, headers, body = ask(f"http://{door.name}/{name}")
        assert (status, headers["Server"], f"<h1>{title}</h1>" in body) == (int(title[:3]), "awselb/2.0", True)
    assert door.health(groups["far"]) == {"10.9.8.7": ("unhealthy", "Target.Timeout")}
    until(lambda: door.health(groups["gone"]), lambda found: found == {"127.0.0.3": ("unhealthy", "Target.FailedHealthChecks")})


CODE = """
def handler(event, context):
    if event["path"] == "/f/no":
        return "no answer"
    told = event["httpMethod"] + " " + event["queryStringParameters"]["q"] + " " + event["body"]
    return {"statusCode": 202, "headers": {"X-Host": event["headers"]["host"]}, "body": told}
"""


def test_a_function_can_be_a_target(cloud: Any, door: Balancer) -> None:
    arn = function(cloud, CODE)
    group = door.api.create_target_group(Name="call", TargetType="lambda")["TargetGroups"][0]["TargetGroupArn"]
    door.api.register_targets(TargetGroupArn=group, Targets=[{"Id": arn}])
    door.rule(30, "/f/*", {group: 1})
    status, headers, body = ask(f"http://{door.name}/f/x?q=1%202", "POST", "hello")
    assert (status, headers["X-Host"], body) == (202, door.name, "POST 1%202 hello")
    assert ask(f"http://{door.name}/f/no?q=1")[0] == 502


def test_weights_and_host_names_choose(cloud: Any, door: Balancer, backend: list[Backend], monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked at its address, as for any name that leads there."""
    monkeypatch.delenv("http_proxy")
    (shown,) = simulator.servers(cloud.running)
    place = f"http://{shown['address']}:{shown['port']}"
    first, second = (door.group(name, (address, made.port)) for name, address, made in
                     zip(("blue", "green"), ("127.0.0.1", "127.0.0.2"), backend, strict=True))
    door.rule(5, "/w", {first: 0, second: 3}, host="*.shop.example")
    assert ask(f"{place}/w")[0] == 404
    headers = {"Host": "www.SHOP.example:80"}
    assert {ask(f"{place}/w", **headers)[0] for _ in range(5)} == {200}
    assert (len(backend[0].seen("/w")), len(backend[1].seen("/w"))) == (0, 5)


def test_tls_shows_the_certificate_and_plain_http_is_sent_there(cloud: Any, door: Balancer) -> None:
    own = Authority()
    pem, key = own.issue("pay.example")
    arn = cloud("acm").import_certificate(Certificate=pem, PrivateKey=key)["CertificateArn"]
    fixed = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200", "ContentType": "text/plain", "MessageBody": "secure"}}
    listener = door.listen(443, "HTTPS", fixed, Certificates=[{"CertificateArn": arn}])
    redirect = {"Type": "redirect", "RedirectConfig": {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}}
    door.listen(8080, "HTTP", redirect)
    zones = cloud("route53")
    zone = zones.create_hosted_zone(Name="pay.example", CallerReference="1")["HostedZone"]["Id"]
    target = {"HostedZoneId": "Z2P70J7EXAMPLE", "DNSName": door.name, "EvaluateTargetHealth": False}
    zones.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": {
        "Name": "pay.example", "Type": "A", "AliasTarget": target}}]})
    status, headers, _ = ask("http://pay.example:8080/a?b=1")
    assert (status, headers["Location"]) == (301, "https://pay.example:443/a?b=1")
    with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
        ask("https://pay.example/")
    with simulator.trusted(cloud.folder).open("a") as trusted:
        trusted.write(own.pem)
    assert ask("https://pay.example/")[::2] == (200, "secure")
    issued = cloud("acm").request_certificate(DomainName="pay.example", ValidationMethod="DNS")["CertificateArn"]
    door.api.modify_listener(ListenerArn=listener, Certificates=[{"CertificateArn": issued}])
    simulator.trusted(cloud.folder).write_text(simulator.trusted(cloud.folder).read_text().replace(own.pem, ""))
    clients.http({"url": "https://pay.example/"})
    with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
        ask(f"https://{door.name}/")


def test_another_port_is_listened_at_and_a_deleted_one_answers_nobody(cloud: Any, door: Balancer) -> None:
    door.api.modify_listener(ListenerArn=door.listener, Port=81)
    assert ask(f"http://{door.name}:81/a")[0] == 404
    assert ask(f"http://{door.name}/a")[::2] == (403, f"the sandbox has no {door.name}:80\n")
    door.api.delete_load_balancer(LoadBalancerArn=door.arn)
    assert simulator.servers(cloud.running) == []
    assert ask(f"http://{door.name}:81/a")[0] == 403
