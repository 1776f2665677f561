"""Clients of PostgreSQL, MySQL (and MariaDB) and Redis."""

import ssl
import uuid
from collections.abc import Mapping
from typing import Any

TIMEOUT = 120
"""Seconds to connect."""


def postgresql(outputs: Mapping[str, Any]) -> None:
    """Make a table as the owner, write, read, drop it."""
    import psycopg

    name = f"client_{uuid.uuid4().hex}"
    with psycopg.connect(outputs["url"], connect_timeout=TIMEOUT) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {name} (note text)")
        cursor.execute(f"INSERT INTO {name} VALUES (%s)", ("written by a client: äö€",))
        assert cursor.execute(f"SELECT note FROM {name}").fetchall() == [("written by a client: äö€",)]
        assert cursor.execute("SELECT current_database(), current_user").fetchone() == (outputs["database"], outputs["user"])
        cursor.execute(f"DROP TABLE {name}")


def mysql(outputs: Mapping[str, Any]) -> None:
    """Make a table as the owner, write, read, drop it."""
    import pymysql  # type: ignore[import-untyped]

    name = f"client_{uuid.uuid4().hex}"
    connection = pymysql.connect(host=outputs["host"], port=int(outputs["port"]), user=outputs["user"], password=outputs["password"],
                                 database=outputs["database"], connect_timeout=TIMEOUT, charset="utf8mb4",
                                 ssl=ssl.create_default_context() if outputs["tls"] else None)
    with connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {name} (note text CHARACTER SET utf8mb4)")
        cursor.execute(f"INSERT INTO {name} VALUES (%s)", ("written by a client: äö€",))
        connection.commit()
        cursor.execute(f"SELECT note, database() FROM {name}")
        assert cursor.fetchall() == (("written by a client: äö€", outputs["database"]),)
        cursor.execute(f"DROP TABLE {name}")


def redis(outputs: Mapping[str, Any]) -> None:
    """Set a key, get it, delete it; without the password the server says no."""
    from redis import Redis
    from redis.backoff import NoBackoff
    from redis.exceptions import AuthenticationError
    from redis.retry import Retry

    key = f"client:{uuid.uuid4()}"
    with Redis.from_url(outputs["url"], socket_connect_timeout=TIMEOUT) as cache:
        cache.set(key, b"written by a client", ex=60)
        assert cache.get(key) == b"written by a client"
        assert cache.delete(key) == 1
    with Redis(outputs["host"], int(outputs["port"]), ssl=bool(outputs["tls"]), socket_connect_timeout=TIMEOUT,
               retry=Retry(NoBackoff(), 0)) as stranger:
        try:
            stranger.get(key)
        except AuthenticationError:
            return
        raise AssertionError("the server answers without a password")
