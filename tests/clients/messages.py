"""Client of RabbitMQ (AMQP 0-9-1)."""

import uuid
from collections.abc import Mapping
from typing import Any

TIMEOUT = 120
"""Seconds to connect."""


def amqp(outputs: Mapping[str, Any]) -> None:
    """Declare a queue, publish to it with confirmation, get the message, delete the queue."""
    import pika  # type: ignore[import-untyped]

    name = f"client.{uuid.uuid4()}"
    where = pika.URLParameters(outputs["url"])
    where.socket_timeout = where.stack_timeout = TIMEOUT
    connection = pika.BlockingConnection(where)
    try:
        channel = connection.channel()
        channel.confirm_delivery()
        channel.queue_declare(name, exclusive=True)
        channel.basic_publish("", name, b"written by a client", mandatory=True)
        _, _, body = channel.basic_get(name, auto_ack=True)
        assert body == b"written by a client"
        channel.queue_delete(name)
    finally:
        connection.close()
