"""Starts, finds and stops the simulated AWS of one project folder, and says how to talk to it. Never reaches a real account.

The server keeps its resources in memory between commands. It is found by its record (pid, start time, boot), never by port alone.
"""

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import provisioner
from provisioner.errors import Missing, ProvisionError
from provisioner.model import Json, project_path
from provisioner.process import identity

REGION = "us-east-1"
START_SECONDS = 120.0
STOP_SECONDS = 60.0
IDLE_SECONDS = 12 * 3600
HEALTH = "/_provision/health"
SERVERS = "/_provision/servers"

CREDENTIALS = frozenset({
    "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE", "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "AWS_BEARER_TOKEN_BEDROCK",
})
"""Variables that give, or lead to, credentials of a real account."""


@dataclass(frozen=True)
class Simulator:
    """A running simulated cloud."""

    endpoint: str
    """http://127.0.0.1:PORT, for every service."""
    port: int
    pid: int
    fresh: bool
    """It was started by this call and an earlier one is gone (died, idle, stopped): the simulated cloud is empty again."""
    started: str
    """UTC, ISO 8601."""


def start(folder: Path, *, idle: float = IDLE_SECONDS) -> Simulator:
    """The simulator of this project folder, started when it does not run; `idle` in seconds without a request until it ends.

    Raises Missing (PRV-7501) without moto, ProvisionError (PRV-7502) when it ends at once or does not answer within 30 s.
    """
    place = _place(folder)
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _alone(place):
        before = _record(place)
        if (running := find(folder)) is not None and _answers(running.port, running.pid):
            return running
        _end(before)
        port = before.get("port", 0)
        pid = _launch(place, port if isinstance(port, int) else 0, idle)
        return _await(place, pid, fresh=bool(before))


def find(folder: Path) -> Simulator | None:
    """The running simulator of this project folder, or None."""
    return _running(_record(_place(folder)), fresh=False)


def stop(folder: Path) -> bool:
    """End it and wait until it is gone; False when none was running. Its record stays, so that the next start is `fresh`."""
    return _end(_record(_place(folder)))


def servers(running: Simulator) -> list[dict[str, Any]]:
    """The real servers behind its addresses: name, kind, address, port, state."""
    found = _ask(running.port, SERVERS)
    return found if isinstance(found, list) else []


def trusted(folder: Path) -> Path:
    """The file of the authorities that this machine trusts and the sandbox's own; it is there once a server was started."""
    return _place(folder) / "trusted.pem"


def environ(simulator: Simulator, around: Mapping[str, str] | None = None) -> dict[str, str]:
    """What to lay over the environment of children (and of boto3) that shall see the simulator and nothing else.

    An empty value means: remove the name. For Terraform and its AWS provider setting it to "" has the same effect, boto3
    needs it removed: `without_empty`. `around` is the environment below, `os.environ` by default: each AWS variable in it that is
    not set here is emptied, because the list of names that redirect a request or bring credentials is open-ended.
    """
    below = os.environ if around is None else around
    nothing = os.devnull
    loopback = ",".join(filter(None, [below.get("NO_PROXY") or below.get("no_proxy", ""), "127.0.0.1", "localhost"]))
    fixed = {
        "AWS_ENDPOINT_URL": simulator.endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": nothing,
        "AWS_SHARED_CREDENTIALS_FILE": nothing,
        # proxies stay: `terraform init` may need one to fetch a provider
        "NO_PROXY": loopback,
        "no_proxy": loopback,
    }
    always = CREDENTIALS | {"AWS_CA_BUNDLE", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"}
    found = {name for name in below if name.startswith(("AWS_", "TF_AWS_"))}
    return dict.fromkeys(sorted((always | found) - fixed.keys()), "") | fixed


def without_empty(below: Mapping[str, str], over: Mapping[str, str]) -> dict[str, str]:
    """The environment `below` with `over` laid on it, names with an empty value in `over` removed."""
    return {name: value for name, value in {**below, **over}.items() if over.get(name) != ""}


def ignored_credentials(environ: Mapping[str, str]) -> list[str]:
    """Names of variables that would give credentials of a real account, which the sandbox ignores; for a notice."""
    return sorted(name for name in CREDENTIALS if environ.get(name, "") not in ("", "test", os.devnull))


def provider_config() -> dict[str, Json]:
    """The arguments of Terraform's provider "aws" for the simulator. No `endpoints` block: it costs 1.6 s for each call."""
    return {
        "region": REGION,
        "access_key": "test",
        "secret_key": "test",
        "skip_metadata_api_check": "true",
        "s3_use_path_style": True,
        "max_retries": 2,
    }


# ------------------------------------------------------------------ the process
def _place(folder: Path) -> Path:
    return project_path(str(folder.resolve())) / "simulator"


@contextmanager
def _alone(place: Path) -> Iterator[None]:
    """Two commands at the same time start one server: the second waits for the first."""
    with open(place / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _record(place: Path) -> dict[str, Any]:
    try:
        record = json.loads((place / "server.json").read_text())
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def _process(record: dict[str, Any]) -> identity.Identity | None:
    try:
        return identity.Identity(int(record["pid"]), str(record["start"]), str(record["boot"]))
    except (KeyError, TypeError, ValueError):
        return None


def _running(record: dict[str, Any], *, fresh: bool) -> Simulator | None:
    """What a record names, if that lives."""
    process, port = _process(record), record.get("port")
    if process is None or not isinstance(port, int) or not identity.alive(process):
        return None
    return Simulator(f"http://127.0.0.1:{port}", port, process.pid, fresh, str(record.get("started", "")))


def _launch(place: Path, port: int, idle: float) -> int:
    """Start the server; its pid. The record of an earlier one stays until it writes its own, so that `fresh` is not lost when it fails."""
    if find_spec("moto") is None or find_spec("flask") is None:
        raise Missing("the simulated cloud needs moto, which is not installed", code="PRV-7501",
                      hint="it comes with the extra `sandbox`", next="pip install 'provision[sandbox]'")
    command = [sys.executable, "-P", "-m", "provisioner.sandbox.server", str(place), str(port), str(idle)]
    # the first process only forks the server and leaves at once; waiting for it takes some 50 ms
    try:
        done = subprocess.run(command, env=_server_environ(), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=START_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise _did_not_start(place, "") from None
    if done.returncode:
        raise _did_not_start(place, done.stderr)
    return int(done.stdout)


def _server_environ() -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    package = str(Path(provisioner.__file__).resolve().parent.parent)
    return kept | {"PYTHONPATH": package, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
                   "AWS_EC2_METADATA_DISABLED": "true", "AWS_DEFAULT_REGION": REGION,
                   "AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}


def _await(place: Path, pid: int, *, fresh: bool) -> Simulator:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and identity.of(pid) is not None:
        found = _running(_record(place), fresh=fresh)
        if found is not None and found.pid == pid and _answers(found.port, pid):
            return found
        time.sleep(0.05)
    raise _did_not_start(place, "")


def _did_not_start(place: Path, output: str) -> ProvisionError:
    log = place / "server.log"
    with suppress(OSError):
        output = output or log.read_text(errors="replace")
    last = "".join(f"\n  {line}" for line in output.strip().splitlines()[-5:])
    return ProvisionError(f"the simulated cloud did not start{last}", code="PRV-7502",
                          hint=f"its log is {log}")


def _answers(port: int, pid: int) -> bool:
    """True when this very process answers on the port."""
    answer = _ask(port, HEALTH)
    return isinstance(answer, dict) and answer.get("pid") == pid


def _ask(port: int, question: str) -> Any:
    """The server's answer to a question of our own; None where there is none."""
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", question)
        return json.loads(connection.getresponse().read())
    except (OSError, HTTPException, ValueError):
        return None
    finally:
        connection.close()


def _end(record: dict[str, Any]) -> bool:
    process = _process(record)
    if process is None or not identity.alive(process):
        return False
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.kill(process.pid, number)
        except ProcessLookupError:
            return True
        end = time.monotonic() + STOP_SECONDS
        while time.monotonic() < end:
            if not identity.alive(process):
                return True
            time.sleep(0.02)
    return True
