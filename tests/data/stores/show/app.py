"""Answers with its environment, as far as the application gave it."""

import os


def handle(event, context):
    return {name: os.environ[name] for name in ("REDIS_URL", "AMQP_URL", "MYSQL_HOST", "NFS")}
