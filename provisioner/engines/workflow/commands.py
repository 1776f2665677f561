"""run-command: a program on this machine, in the project's folder."""

import os
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress

from provisioner.errors import Missing, StepFailed
from provisioner.model import Json
from provisioner.step_kinds import Done, StepKind, Stopped, TimedOut, Work

MOST = 64_000
"""Characters of output that are kept, the last ones."""
SHOWN = 12
LOOK = 0.2
"""Seconds between two looks whether the run was stopped."""


def _run(work: Work) -> Done:
    command = work.properties["command"]
    words = ["/bin/sh", "-c", command] if isinstance(command, str) else [str(word) for word in command]
    environ = {**os.environ, **{name: str(value) for name, value in (work.properties.get("env") or {}).items()}}
    folder = work.site.project / str(work.properties.get("folder") or ".")
    try:
        # a group of its own, so that what it starts can be ended with it
        child = subprocess.Popen(words, cwd=folder, env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                 text=True, errors="replace", start_new_session=True)
    except OSError as error:
        raise Missing(f"{words[0]} can't be started: {error.strerror}", code="PRV-4406") from None
    stdout, stderr = _watched(child, work)
    if child.returncode:
        last = "\n".join("  " + line for line in (stderr or stdout).strip().splitlines()[-SHOWN:])
        raise StepFailed(f"the command ended with {child.returncode}\n{last}".rstrip(), code="PRV-4406")
    return Done({"stdout": stdout.strip()[-MOST:], "stderr": stderr.strip()[-MOST:]}, "ended with 0", changed=True)


def _watched(child: "subprocess.Popen[str]", work: Work) -> tuple[str, str]:
    """What it wrote. Ends it when the limit is over or the run was stopped hard."""
    while True:
        try:
            return child.communicate(timeout=LOOK)
        except subprocess.TimeoutExpired:
            try:
                if work.stop.is_set():
                    raise Stopped
                _ = work.left
            except (Stopped, TimedOut):
                with suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGTERM)
                try:
                    child.communicate(timeout=5)
                except subprocess.TimeoutExpired:
                    with suppress(ProcessLookupError):
                        os.killpg(child.pid, signal.SIGKILL)
                    child.communicate()
                raise


def _summary(properties: Mapping[str, Json]) -> str:
    command = properties.get("command", "")
    return command if isinstance(command, str) else " ".join(map(str, command))


RUN_COMMAND = StepKind(
    "run-command", "Runs a program on this machine, in the folder of app.yaml; it fails where the program ends with another code than 0.",
    {"required": ["command"], "properties": {
        "command": {"anyOf": [{"type": "string", "minLength": 1}, {"type": "array", "items": {"type": "string"}, "minItems": 1}],
                    "description": "A list of words, or text for the shell"},
        "env": {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]},
                "description": "Added to its environment; the place for secrets"},
        "folder": {"type": "string", "description": "Relative to app.yaml"},
    }}, run=_run, summary=_summary, gives=("stdout", "stderr"), limit=600,
    example='{name: migrate, type: run-command, properties: {command: [bin/migrate, "${ledger.host}"], env: {PASSWORD: "${ledger.password}"}}}')
