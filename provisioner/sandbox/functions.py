"""Lambda functions of the simulated AWS, run for real: as a process on this machine. moto wants Docker for it.

Only Python, with the interpreter of the sandbox itself. Runs in the server's own process only, put in by `corrections`.
"""

import io
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import zipfile
from typing import Any

from moto import settings
from moto.awslambda.models import lambda_backends

ARN = re.compile(r"arn:[^:]+:lambda:([^:]+):(\d+):function:[^/]+")
OWN = ("PATH", "HOME", "LANG", "TMPDIR", "SSL_CERT_FILE")
"""What a function sees of the server's own environment; the last says whom to trust, and there are the sandbox's own servers among them."""

LOADING = 120.0
"""Seconds for the start of Python and the function's own imports, which do not count, as on AWS."""

# stdin: the event; file descriptor 3: the answer; all else that is printed is the log
BOOT = """
import importlib, json, os, signal, sys, time, traceback, types
sys.path.insert(0, os.getcwd())
limit = int(os.environ["AWS_LAMBDA_FUNCTION_TIMEOUT"])
answer = os.fdopen(int(sys.argv[1]), "w")
context = types.SimpleNamespace(
    function_name=os.environ["AWS_LAMBDA_FUNCTION_NAME"], function_version=os.environ["AWS_LAMBDA_FUNCTION_VERSION"],
    memory_limit_in_mb=os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"], aws_request_id=sys.argv[2], invoked_function_arn=sys.argv[3],
    get_remaining_time_in_millis=lambda: max(0, int((end - time.monotonic()) * 1000)))
try:
    place, _, name = os.environ["_HANDLER"].rpartition(".")
    handler = getattr(importlib.import_module(place.replace("/", ".")), name)
    end = time.monotonic() + limit
    signal.alarm(limit)
    answer.write(json.dumps(handler(json.load(sys.stdin), context)))
except BaseException as error:
    traceback.print_exc()
    answer.write(json.dumps({"errorMessage": str(error), "errorType": type(error).__name__}))
    answer.close()
    sys.exit(1)
answer.close()
"""


def named(text: str) -> Any | None:
    """The function of moto whose ARN is in a text, such as the URI of an integration."""
    found = ARN.search(text)
    return lambda_backends[found[2]][found[1]].get_function(found[0]) if found else None


def invoke(function: Any, event: Any = None) -> tuple[str, bool, str]:
    """Call a function of moto: its answer as JSON, whether it failed, and its log."""
    function.logs_backend.ensure_log_group(function.logs_group_name)
    if not str(function.run_time).startswith("python"):
        answer, failed, log = _error(f"the simulated cloud runs functions in Python only, not in {function.run_time}"), True, ""
    else:
        with tempfile.TemporaryDirectory(prefix="function-") as folder:
            zipfile.ZipFile(io.BytesIO(function.code_bytes)).extractall(folder)
            answer, failed, log = _run(function, {} if event in (None, "{}") else event, folder)
    function.save_logs(log or answer)
    return answer, failed, log


def _run(function: Any, event: Any, folder: str) -> tuple[str, bool, str]:
    reader, writer = os.pipe()
    command = [sys.executable, "-c", BOOT, str(writer), os.urandom(16).hex(), function.function_arn]
    with subprocess.Popen(command, cwd=folder, env=_environ(function), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          pass_fds=(writer,), start_new_session=True) as child:
        os.close(writer)
        with os.fdopen(reader) as answers:
            try:
                log, _ = child.communicate(json.dumps(event).encode(), timeout=int(function.timeout) + LOADING)
            except subprocess.TimeoutExpired:
                child.kill()
                return _late(function), True, ""
            answer = answers.read()
    if child.returncode == -signal.SIGALRM:
        return _late(function), True, ""
    return answer or _error(f"the runtime exited with {child.returncode}"), child.returncode != 0, log.decode(errors="replace")


def _environ(function: Any) -> dict[str, str]:
    own = {name: os.environ[name] for name in OWN if name in os.environ}
    given = {name: str(value) for name, value in function.environment_vars.items()}
    return {**own, "PYTHONDONTWRITEBYTECODE": "1", **given, "_HANDLER": function.handler, "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.run_time}",
            "AWS_LAMBDA_FUNCTION_NAME": function.function_name, "AWS_LAMBDA_FUNCTION_VERSION": str(function.version),
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size), "AWS_LAMBDA_FUNCTION_TIMEOUT": str(function.timeout),
            "AWS_REGION": function.region, "AWS_DEFAULT_REGION": function.region, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{settings.moto_server_port()}"}


def _late(function: Any) -> str:
    return _error(f"Task timed out after {function.timeout} seconds")


def _error(message: str) -> str:
    return json.dumps({"errorMessage": message, "errorType": "Sandbox"})
