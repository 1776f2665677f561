"""The bank's service: reads and books into the ledger, a PostgreSQL on another host. Needs python3-psycopg2 on the host."""

import json
import os
import socket
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psycopg2

TABLE = "CREATE TABLE IF NOT EXISTS bookings (id serial PRIMARY KEY, amount integer NOT NULL, host text NOT NULL)"


def ask(statement: str, *values: object) -> list[tuple[object, ...]]:
    """One statement in a transaction of its own; the rows that it gives."""
    connection = psycopg2.connect(os.environ["DATABASE_URL"], connect_timeout=10)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(TABLE)
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


class Door(BaseHTTPRequestHandler):
    """GET / tells the balance, POST /AMOUNT books, GET /healthz asks the ledger whether it is there."""

    def do_GET(self) -> None:
        if self.path == "/healthz":
            self.carry_out(lambda: {"ok": ask("SELECT 1") == [(1,)]})
            return
        self.carry_out(lambda: {
            "host": socket.gethostname(), "archive": os.environ.get("ARCHIVE", ""),
            "balance": ask("SELECT coalesce(sum(amount), 0)::int FROM bookings")[0][0]})

    def do_POST(self) -> None:
        def book() -> dict[str, object]:
            amount = int(self.path.strip("/"))
            ask("INSERT INTO bookings (amount, host) VALUES (%s, %s)", amount, socket.gethostname())
            return {"booked": amount}

        self.carry_out(book)

    def carry_out(self, work: Callable[[], dict[str, object]]) -> None:
        try:
            status, content = 200, work()
        except (psycopg2.Error, ValueError) as error:
            status, content = 503, {"error": str(error)}
        body = (json.dumps(content) + "\n").encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    ThreadingHTTPServer(("", int(os.environ.get("PORT", "8080"))), Door).serve_forever()
