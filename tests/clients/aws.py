"""Clients of SQS, SNS, DynamoDB, S3 and Lambda."""

import json
import uuid
from collections.abc import Mapping
from typing import Any

import boto3  # type: ignore[import-untyped]


def client(service: str, outputs: Mapping[str, Any]) -> Any:
    """A client of a service where the outputs say that it is; keys come from the environment."""
    return boto3.client(service, region_name=outputs["region"], endpoint_url=outputs["endpoint"] or None)


def sqs(outputs: Mapping[str, Any]) -> None:
    """Send a message, receive it, delete it; it is not there a second time."""
    queue, text = client("sqs", outputs), str(uuid.uuid4())
    ordered = {"MessageGroupId": "client"} if outputs["url"].endswith(".fifo") else {}
    queue.send_message(QueueUrl=outputs["url"], MessageBody=text, **ordered)
    (message,) = queue.receive_message(QueueUrl=outputs["url"], WaitTimeSeconds=20)["Messages"]
    assert message["Body"] == text
    queue.delete_message(QueueUrl=outputs["url"], ReceiptHandle=message["ReceiptHandle"])
    assert "Messages" not in queue.receive_message(QueueUrl=outputs["url"])


def drain(outputs: Mapping[str, Any]) -> list[str]:
    """Take all messages out of a queue; their bodies."""
    queue, found = client("sqs", outputs), []
    while messages := queue.receive_message(QueueUrl=outputs["url"], MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            found.append(message["Body"])
            queue.delete_message(QueueUrl=outputs["url"], ReceiptHandle=message["ReceiptHandle"])
    return found


def sns(outputs: Mapping[str, Any]) -> None:
    """Publish a message."""
    text = str(uuid.uuid4())
    ordered = {"MessageGroupId": "client", "MessageDeduplicationId": text} if outputs["arn"].endswith(".fifo") else {}
    assert client("sns", outputs).publish(TopicArn=outputs["arn"], Message=text, **ordered)["MessageId"]


def s3(outputs: Mapping[str, Any]) -> None:
    """Put an object, read it, list it, delete it."""
    bucket, key, text = client("s3", outputs), f"client/{uuid.uuid4()}", b"\x00 not text \xff"
    bucket.put_object(Bucket=outputs["name"], Key=key, Body=text)
    assert bucket.get_object(Bucket=outputs["name"], Key=key)["Body"].read() == text
    assert [found["Key"] for found in bucket.list_objects_v2(Bucket=outputs["name"], Prefix=key)["Contents"]] == [key]
    bucket.delete_object(Bucket=outputs["name"], Key=key)
    assert "Contents" not in bucket.list_objects_v2(Bucket=outputs["name"], Prefix=key)


def dynamodb(outputs: Mapping[str, Any]) -> None:
    """Put an item, get it, delete it; the table itself says what its keys are."""
    table, values = client("dynamodb", outputs), {"S": str(uuid.uuid4()), "N": "1", "B": b"1"}
    described = table.describe_table(TableName=outputs["name"])["Table"]
    types = {attribute["AttributeName"]: attribute["AttributeType"] for attribute in described["AttributeDefinitions"]}
    key = {part["AttributeName"]: {types[part["AttributeName"]]: values[types[part["AttributeName"]]]} for part in described["KeySchema"]}
    table.put_item(TableName=outputs["name"], Item={**key, "note": {"S": "written by a client"}})
    assert table.get_item(TableName=outputs["name"], Key=key, ConsistentRead=True)["Item"]["note"] == {"S": "written by a client"}
    table.delete_item(TableName=outputs["name"], Key=key)
    assert "Item" not in table.get_item(TableName=outputs["name"], Key=key, ConsistentRead=True)


def invoke(outputs: Mapping[str, Any], event: Mapping[str, Any] | None = None) -> Any:
    """Call the function with an event and wait; what it returned."""
    answer = client("lambda", outputs).invoke(FunctionName=outputs["name"], Payload=json.dumps(event or {}))
    said = answer["Payload"].read().decode()
    assert answer["StatusCode"] == 200 and "FunctionError" not in answer, said
    return json.loads(said)
