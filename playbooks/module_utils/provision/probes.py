"""Asking a service whether it works: HTTP, TCP or a command, once or until it does. Names and defaults are those of OAM's probes."""

from __future__ import annotations

import http.client
import json
import os
import pwd
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

HEALTHY = "healthy"
SHOWN = 300


@dataclass(frozen=True)
class Surroundings:
    """Where a probe's command runs: folder, environment variables, user (empty: whoever runs this)."""

    folder: str = "/"
    environ: dict[str, str] = field(default_factory=dict)
    user: str = ""


def once(probe: dict[str, Any], around: Surroundings) -> str:
    """One try: "healthy", or why not, in a sentence."""
    seconds = float(probe.get("timeoutSeconds") or 3)
    if probe.get("httpGet"):
        return _http(probe["httpGet"], seconds)
    if probe.get("tcpSocket"):
        return _tcp(probe["tcpSocket"], seconds)
    if probe.get("exec"):
        return _command([str(part) for part in probe["exec"]["command"]], seconds, around)
    return HEALTHY


def until_healthy(probe: dict[str, Any], around: Surroundings, gone: Callable[[], str]) -> str:
    """Try until it is healthy, its tries are used up, or `gone` gives a reason why more of them are useless. The last answer."""
    time.sleep(float(probe.get("initialDelaySeconds") or 0))
    period, needed = float(probe.get("periodSeconds") or 1), int(probe.get("successThreshold") or 1)
    answer, good, failed, threshold = "", 0, 0, int(probe.get("failureThreshold") or 30)
    while failed < threshold:
        answer = once(probe, around)
        good = good + 1 if answer == HEALTHY else 0
        if good >= needed:
            return HEALTHY
        if answer != HEALTHY:
            failed += 1
            reason = gone()
            if reason:
                return f"{reason} ({answer})"
        # the first tries come quickly: most services answer within a fraction of their period
        time.sleep(min(period, 0.1 * 2 ** failed) if failed < 4 else period)
    return f"{answer} ({threshold} tries)"


def watch(told: str, unit: str) -> None:
    """Ask for as long as it works; then have systemd start the unit anew, and end. `told`: {probe, folder, user} as JSON."""
    values = json.loads(told)
    probe, around = values["probe"], Surroundings(values["folder"], dict(os.environ), values["user"])
    time.sleep(float(probe.get("initialDelaySeconds") or 0))
    failed, threshold = 0, int(probe.get("failureThreshold") or 3)
    while failed < threshold:
        time.sleep(float(probe.get("periodSeconds") or 10))
        answer = once(probe, around)
        failed = 0 if answer == HEALTHY else failed + 1
        if failed:
            sys.stdout.write(f"{failed} of {threshold}: {answer}\n")
            sys.stdout.flush()
    sys.stdout.write(f"{unit} is started anew\n")
    subprocess.run(["systemctl", "--no-block", "restart", unit], check=True)


def _http(get: dict[str, Any], seconds: float) -> str:
    host, port, path = str(get.get("host") or "127.0.0.1"), int(get["port"]), str(get.get("path") or "/")
    where = f"GET {str(get.get('scheme') or 'http').lower()}://{host}:{port}{path}"
    headers = {str(item["name"]): str(item.get("value", "")) for item in get.get("httpHeaders") or ()}
    connection: http.client.HTTPConnection
    if str(get.get("scheme") or "").upper() == "HTTPS":
        # as in Kubernetes: a probe asks whether it answers, not who it is
        connection = http.client.HTTPSConnection(host, port, timeout=seconds, context=ssl._create_unverified_context())
    else:
        connection = http.client.HTTPConnection(host, port, timeout=seconds)
    try:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        body = response.read(SHOWN).decode(errors="replace").strip()
    except (OSError, http.client.HTTPException, ValueError) as error:
        return f"{where}: {_reason(error, seconds)}"
    finally:
        connection.close()
    return HEALTHY if 200 <= response.status < 400 else f"{where} answered {response.status} {response.reason}: {body}"


def _tcp(wanted: dict[str, Any], seconds: float) -> str:
    host, port = str(wanted.get("host") or "127.0.0.1"), int(wanted["port"])
    try:
        socket.create_connection((host, port), seconds).close()
    except OSError as error:
        return f"port {port} of {host}: {_reason(error, seconds)}"
    return HEALTHY


def _command(command: list[str], seconds: float, around: Surroundings) -> str:
    name = " ".join(command)
    try:
        done = subprocess.run(command, cwd=around.folder if os.path.isdir(around.folder) else "/", env={"PATH": os.defpath, **around.environ},
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds, check=False,
                              **_as_user(around.user))
    except subprocess.TimeoutExpired:
        return f"`{name}` did not end within {seconds:g} s"
    except OSError as error:
        return f"`{name}`: {error.strerror}"
    output = done.stdout.decode(errors="replace").strip()[-SHOWN:]
    return HEALTHY if done.returncode == 0 else f"`{name}` ended with exit code {done.returncode}: {output}"


def _as_user(name: str) -> dict[str, Any]:
    if not name:
        return {}
    entry = pwd.getpwnam(name)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": os.getgrouplist(name, entry.pw_gid)}


def _reason(error: Exception, seconds: float) -> str:
    if isinstance(error, (socket.timeout, TimeoutError)):
        return f"no answer within {seconds:g} s"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return str(error) or type(error).__name__
