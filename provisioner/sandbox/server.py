"""The simulated AWS: a moto server as a process of its own. Run as a script by `simulator`, never imported by the tool.

Imports moto, what is beside it and `process.identity` only, so that it starts fast. Ends by itself when its record is gone or
names another process, and after 12 hours without a request; everything it holds is in its memory, or in its servers, and goes with it.
"""

import json
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from provisioner.process import identity

HEALTH = "/_provision/health"
SERVERS = "/_provision/servers"
IDLE_SECONDS = 12 * 3600
WATCH_SECONDS = 2.0


class Watched:
    """A WSGI application that notes when it was last asked, and answers the tool's own questions itself."""

    def __init__(self, application: Any, servers: Callable[[], Any]) -> None:
        self.application = application
        self.asked = time.monotonic()
        self._answers: dict[str, Callable[[], Any]] = {HEALTH: lambda: {"pid": os.getpid()}, SERVERS: servers}

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if answer_of := self._answers.get(environ.get("PATH_INFO", "")):
            start_response("200 OK", [("Content-Type", "application/json")])
            return [json.dumps(answer_of()).encode()]
        self.asked = time.monotonic()
        answer: Iterable[bytes] = self.application(environ, start_response)
        return answer


def main(arguments: list[str]) -> int:
    """Arguments: folder of the record, wanted port (0: any free one), seconds without a request before it ends."""
    folder, port, idle = Path(arguments[0]), int(arguments[1]), float(arguments[2])
    os.umask(0o077)
    _detach(folder / "server.log")
    serve(folder / "server.json", port, idle)
    return 0


def serve(record: Path, port: int, idle: float) -> None:
    """Serve on a loopback port until ended; writes the record once it listens."""
    # here and not above: moto takes a second to import, and the caller's process must have left by then
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    from provisioner.sandbox import corrections, faults
    from provisioner.sandbox.containers.tasks import Tasks
    from provisioner.sandbox.repeats import Repeats
    from provisioner.sandbox.servers.doors import Doors
    from provisioner.sandbox.servers.keeper import Keeper
    from provisioner.sandbox.servers.names import Names
    from provisioner.sandbox.servers.proxy import Proxied, handler

    keeper = Keeper(record.parent)
    doors = Doors(keeper.trust)
    tasks = Tasks(keeper, doors, record.parent)
    corrections.install(keeper, doors, tasks)
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    names = Names(doors)
    simulated = Repeats(faults.Faulty(DomainDispatcherApplication(create_backend_app)))
    application = Watched(Proxied(simulated, names), lambda: [*keeper.shown(), *tasks.running(), *doors.shown(), *names.shown()])
    try:
        server = make_server("127.0.0.1", port, application, threaded=True, request_handler=handler(names))
    except (OSError, SystemExit):
        server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=handler(names))
    os.environ["MOTO_PORT"] = str(server.server_port)
    _write(record, server.server_port)
    def end(*_: object) -> None:
        tasks.end_all()
        keeper.end_all()
        os._exit(0)

    signal.signal(signal.SIGTERM, end)
    threading.Thread(target=_watch, args=(record, lambda: max(application.asked, doors.asked), idle, end), daemon=True).start()
    server.serve_forever()


def _detach(log: Path) -> None:
    """Leave the caller, who is told our pid: own session, no terminal, output into the log, and no parent that would have to wait for us."""
    caller = os.dup(1)
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    if pid := os.fork():
        os.write(caller, str(pid).encode())
        os._exit(0)
    os.close(caller)
    os.setsid()
    os.chdir("/")


def _write(record: Path, port: int) -> None:
    me = identity.me()
    started = datetime.now(UTC).isoformat(timespec="seconds")
    content = {"pid": me.pid, "start": me.start, "boot": me.boot, "port": port, "started": started}
    fresh = record.with_suffix(".new")
    fresh.write_text(json.dumps(content))
    fresh.replace(record)


def _watch(record: Path, asked: Callable[[], float], idle: float, end: Callable[[], None]) -> None:
    while _is_ours(record) and time.monotonic() - asked() < idle:
        time.sleep(WATCH_SECONDS)
    end()


def _is_ours(record: Path) -> bool:
    try:
        return bool(json.loads(record.read_text())["pid"] == os.getpid())
    except (OSError, ValueError, KeyError, TypeError):
        return False


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
