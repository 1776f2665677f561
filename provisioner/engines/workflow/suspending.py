"""suspend: the run waits for a person, or for a time."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from provisioner import durations
from provisioner.errors import StepFailed
from provisioner.model import Json
from provisioner.step_kinds import Done, StepKind, Suspended, Work

IN_PROCESS = 300.0
"""Seconds that are waited for here; for more the process ends, and a resume goes on."""


def _suspend(work: Work) -> Done:
    message = str(work.properties.get("message") or "")
    if "duration" not in work.properties:
        raise Suspended(message or "waits for a yes")
    try:
        length = durations.seconds(str(work.properties["duration"]))
    except ValueError as error:
        raise StepFailed(str(error), code="PRV-1701") from None
    if length > IN_PROCESS:
        until = (datetime.now(UTC) + timedelta(seconds=length)).isoformat(timespec="seconds").replace("+00:00", "Z")
        raise Suspended(message or f"waits {durations.words(length)}", until)
    work.tell(f"waits {durations.words(length)}")
    if length:
        work.pause(length)
    return Done(message=message or f"waited {durations.words(length)}")


def _summary(properties: Mapping[str, Json]) -> str:
    what = f"wait {properties['duration']}" if "duration" in properties else "wait for `provision resume`"
    return f"{what}: {properties['message']}" if properties.get("message") else what


SUSPEND = StepKind(
    "suspend", "Waits: for `provision resume`, or for a time.",
    {"properties": {
        "duration": {"type": "string", "minLength": 1, "description": "How long: 30s, 2h; up to five minutes are waited for by the process"},
        "message": {"type": "string", "description": "What it waits for, for whoever looks"},
    }}, run=_suspend, summary=_summary, limit=IN_PROCESS + 60, waits=True, asks=True,
    example='{name: approve, type: suspend, properties: {message: "Look at staging first"}}')
