"""A web service of the standard library only: counts visits in a table, keeps a note in a bucket, puts a job into a queue."""

import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import URLError

from aws import Aws

AWS = Aws(os.environ.get("AWS_REGION") or "us-east-1", os.environ.get("AWS_ENDPOINT_URL", ""))
TABLE, BUCKET, QUEUE_URL = os.environ["TABLE"], os.environ["BUCKET"], os.environ["QUEUE_URL"]


def visit() -> dict[str, object]:
    """One visit: everything that Terraform made is used, and what comes back is shown."""
    item = AWS.call("dynamodb", "DynamoDB_20120810.UpdateItem", {
        "TableName": TABLE, "Key": {"id": {"S": "front-page"}}, "UpdateExpression": "ADD visits :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}}, "ReturnValues": "UPDATED_NEW"})
    visits = int(item["Attributes"]["visits"]["N"])
    AWS.put_object(BUCKET, "last-visit.txt", f"visit number {visits}\n".encode())
    AWS.call("sqs", "AmazonSQS.SendMessage", {"QueueUrl": QUEUE_URL, "MessageBody": f"visit {visits}"})
    return {
        "message": os.environ.get("GREETING", "Hello"), "visits": visits, "table": TABLE, "bucket": BUCKET, "queue": QUEUE_URL,
        "note": AWS.get_object(BUCKET, "last-visit.txt").decode().strip(),
    }


class Page(BaseHTTPRequestHandler):
    """GET / makes a visit, GET /healthz only says that the process answers."""

    def do_GET(self) -> None:
        if self.path == "/healthz":
            self.answer(200, {"ok": True})
            return
        try:
            self.answer(200, visit())
        except (URLError, OSError, KeyError) as error:
            self.answer(502, {"error": f"the cloud did not answer as expected: {error}"})

    def answer(self, status: int, content: dict[str, object]) -> None:
        body = (json.dumps(content, indent=2) + "\n").encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    ThreadingHTTPServer(("", int(os.environ.get("PORT", "8701"))), Page).serve_forever()
