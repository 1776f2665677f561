"""One client for each protocol that types provide: it uses a component through its outputs alone, whatever delivered it.

A client takes the outputs (as `provision outputs -o json` prints them, secrets in clear) and fails by an exception. It takes away
what it wrote. Clients of a cloud's own services take credentials from the environment, as every SDK does.
"""

from collections.abc import Callable, Mapping
from typing import Any

from tests.clients.aws import client, drain, dynamodb, invoke, s3, sns, sqs
from tests.clients.databases import mysql, postgresql, redis
from tests.clients.files import nfs, nfs_without_kernel
from tests.clients.messages import amqp
from tests.clients.web import http

Outputs = Mapping[str, Any]

CLIENTS: Mapping[str, Callable[[Outputs], None]] = {
    "amqp": amqp, "dynamodb": dynamodb, "http": http, "lambda": invoke, "mysql": mysql, "postgresql": postgresql, "redis": redis,
    "s3": s3, "sns": sns, "sqs": sqs,
}
"""Protocol (a definition's `provides`) to its client. `nfs` is apart: a mount needs a machine, and is told how to run commands there;
`nfs_without_kernel` needs none, but a machine of the network all the same."""

__all__ = ["CLIENTS", "Outputs", "amqp", "client", "drain", "dynamodb", "http", "invoke", "mysql", "nfs", "nfs_without_kernel",
           "postgresql", "redis", "s3", "sns", "sqs"]
