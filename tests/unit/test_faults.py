"""Faults of the simulator: how a request is told apart and how a refusal looks, without a server."""

import json
import threading
from io import BytesIO
from typing import Any

import pytest

from provisioner.sandbox import faults
from provisioner.sandbox.faults import Call, Fault, Faulty


def request(method: str = "POST", path: str = "/", *, query: str = "", body: bytes = b"", service: str = "", target: str = "") -> dict[str, Any]:
    signed = {"HTTP_AUTHORIZATION": f"AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/{service}/aws4_request, Signature=x"} if service else {}
    named = {"HTTP_X_AMZ_TARGET": target} if target else {}
    return {"REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query, "CONTENT_LENGTH": str(len(body) or ""),
            "wsgi.input": BytesIO(body), **signed, **named}


@pytest.mark.parametrize(("asked", "service", "action", "protocol"), [
    (request(service="sqs", target="AmazonSQS.CreateQueue", body=b'{"QueueName": "q"}'), "sqs", "CreateQueue", "json"),
    (request(service="dynamodb", target="DynamoDB_20120810.CreateTable"), "dynamodb", "CreateTable", "json"),
    (request(service="rds", body=b"Action=CreateDBInstance&DBInstanceIdentifier=db"), "rds", "CreateDBInstance", "query"),
    (request(service="ec2", body=b"Action=RunInstances&ImageId=ami-1"), "ec2", "RunInstances", "ec2"),
    (request("PUT", "/files", service="s3"), "s3", "CreateBucket", "rest-xml"),
    (request("PUT", "/files/", query="x-id=CreateBucket", service="s3"), "s3", "CreateBucket", "rest-xml"),
    (request("PUT", "/files", query="versioning=", service="s3"), "s3", "PutBucketConfiguration", "rest-xml"),
    (request("PUT", "/files/a/b", query="x-id=PutObject", service="s3", body=b"text"), "s3", "PutObject", "rest-xml"),
    (request("GET", "/files/a", service="s3"), "s3", "GetObject", "rest-xml"),
    (request("DELETE", "/files", service="s3"), "s3", "DeleteBucket", "rest-xml"),
    (request("POST", "/v2/apis", service="apigateway", body=b'{"name": "door"}'), "apigateway", "CreateApi", "rest-json"),
    (request("POST", "/v2/apis/a1/routes", service="apigateway"), "apigateway", "CreateRoute", "rest-json"),
    (request("GET", "/v2/apis/a1", service="apigateway"), "apigateway", "GET /v2/apis/a1", "rest-json"),
    (request("GET", "/anything"), "", "GET /anything", "rest-json"),
])
def test_calls_are_told_apart(asked: dict[str, Any], service: str, action: str, protocol: str) -> None:
    body = asked["wsgi.input"].getvalue()
    call = faults.call_of(asked)
    assert (call.service, call.action, call.protocol) == (service, action, protocol)
    assert asked["wsgi.input"].read() == body, "the body is there for who reads it next"


@pytest.mark.parametrize(("protocol", "kind", "has"), [
    ("json", "application/x-amz-json-1.0", '"__type": "AccessDenied"'),
    ("rest-json", "application/json", '"message": "no <way>"'),
    ("ec2", "text/xml", "<Response><Errors><Error><Code>AccessDenied</Code><Message>no &lt;way&gt;</Message>"),
    ("rest-xml", "application/xml", "<Error><Code>AccessDenied</Code>"),
    ("query", "text/xml", "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code>"),
])
def test_refusals_have_the_form_of_their_api(protocol: str, kind: str, has: str) -> None:
    status, given, body = faults.refusal(Fault(code="AccessDenied", message="no <way>"), Call("", "", protocol, ""))
    assert (status, given) == (403, kind) and has in body.decode()


@pytest.mark.parametrize(("fault", "status"), [
    (Fault(code="ThrottlingException"), 400), (Fault(code="UnauthorizedOperation"), 403), (Fault(code="InternalFailure", status=500), 500)])
def test_status(fault: Fault, status: int) -> None:
    assert faults.refusal(fault, Call("", "", "json", ""))[0] == status


@pytest.mark.parametrize(("body", "message"), [
    (b"[]", "a fault is an object"), (b'{"servce": "sqs"}', "unknown: servce"), (b'{"times": "often"}', "invalid literal"), (b"{", "Expecting")])
def test_what_is_no_fault(body: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        faults.read(body)


def test_first_that_fits_strikes_and_is_counted() -> None:
    faulty = Faulty(None)
    faulty.faults = [Fault("sqs", "CreateQueue", "a", "One", times=1), Fault("sqs", code="Two")]
    call = Call("sqs", "CreateQueue", "json", "a")
    struck = [faulty.strike(call), faulty.strike(call), faulty.strike(Call("s3", "CreateBucket", "rest-xml", "a"))]
    assert [fault and fault.code for fault in struck] == ["One", "Two", None]


def test_without_faults_requests_pass_untouched() -> None:
    seen: list[dict[str, Any]] = []
    faulty = Faulty(lambda environ, _start: seen.append(environ) or [b"answer"])
    asked = request(service="sqs", target="AmazonSQS.ListQueues")
    assert faulty(asked, None) == [b"answer"] and seen == [asked]


def test_control_address() -> None:
    answers: list[tuple[str, dict[str, str]]] = []
    faulty = Faulty(None)

    def ask(method: str, body: bytes = b"") -> Any:
        return json.loads(b"".join(faulty(request(method, faults.PATH, body=body), lambda status, headers: answers.append((status, dict(headers))))))

    assert ask("POST", b'{"service": "sqs", "delay_seconds": 1}')[0]["delay_seconds"] == 1.0
    assert len(ask("GET")) == 1
    assert "unknown" in ask("POST", b'{"x": 1}')["error"]
    assert ask("DELETE") == []
    assert [status for status, _ in answers] == ["200 OK", "200 OK", "400 Bad Request", "200 OK"]


def test_clearing_the_faults_lets_delayed_calls_go_on() -> None:
    faulty = Faulty(None)
    waiting, other = (threading.Thread(target=faulty.delay, args=(faults.Fault(service, delay_seconds=600),)) for service in ("sqs", "s3"))
    other.start()
    waiting.start()
    while waiting.is_alive():
        faulty.control({**request("DELETE", faults.PATH), "QUERY_STRING": "service=sqs"})
        waiting.join(0.01)
    assert other.is_alive()
    while other.is_alive():
        faulty.control(request("DELETE", faults.PATH))
        other.join(0.01)
