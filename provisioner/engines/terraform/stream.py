"""Terraform's JSON events, one a line: read from a growing file, and put into our words. Pure but for reading that file."""

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provisioner.engines.terraform import names

WORDS = {
    ("create", "start"): "creating", ("update", "start"): "changing", ("delete", "start"): "destroying", ("read", "start"): "reading",
    ("create", "complete"): "created", ("update", "complete"): "changed", ("delete", "complete"): "destroyed", ("read", "complete"): "read",
    ("create", "progress"): "still creating", ("update", "progress"): "still changing", ("delete", "progress"): "still destroying",
    ("create", "failed"): "was not created", ("update", "failed"): "was not changed", ("delete", "failed"): "was not destroyed",
}
PHASES = {"apply_start": "start", "apply_progress": "progress", "apply_complete": "complete", "apply_errored": "failed"}


@dataclass(frozen=True)
class Hook:
    """Something happened to one resource."""

    address: str
    action: str
    phase: str
    seconds: float = 0.0
    identifier: str = ""

    def __str__(self) -> str:
        word = WORDS.get((self.action, self.phase), f"{self.action} {self.phase}")
        took = f" after {self.seconds:.0f} s" if self.phase in ("complete", "failed") and self.seconds >= 1 else ""
        return f"{names.short(self.address)}: {word}{took}"


@dataclass(frozen=True)
class Diagnostic:
    """An error or warning; `file` and `line` say where, when it has no address."""

    severity: str
    summary: str
    detail: str = ""
    address: str = ""
    file: str = ""
    line: int = 0

    def __str__(self) -> str:
        detail = " ".join(self.detail.split())
        return f"{self.summary}: {detail}" if detail and detail != self.summary else self.summary


@dataclass(frozen=True)
class Summary:
    """Terraform has ended its plan or apply well."""

    operation: str


@dataclass(frozen=True)
class Said:
    """A line of a program that a resource runs (local-exec)."""

    address: str
    text: str


Parsed = Hook | Diagnostic | Summary | Said


def parse(lines: Iterable[str]) -> Iterator[Parsed]:
    """What matters to us; other events, unknown ones, and lines that are no JSON are passed over."""
    for line in lines:
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict) and (found := _event(event)) is not None:
            yield found


def _event(event: dict[str, Any]) -> Parsed | None:
    kind = event.get("type")
    if kind in PHASES and isinstance(event.get("hook"), dict):
        hook = event["hook"]
        return Hook(str((hook.get("resource") or {}).get("addr", "")), str(hook.get("action", "")), PHASES[str(kind)],
                    float(hook.get("elapsed_seconds") or 0), str(hook.get("id_value", "")))
    if kind == "diagnostic" and isinstance(event.get("diagnostic"), dict):
        return diagnostic(event["diagnostic"])
    if kind == "provision_progress" and isinstance(event.get("hook"), dict):
        hook = event["hook"]
        return Said(str((hook.get("resource") or {}).get("addr", "")), str(hook.get("output", "")).rstrip())
    if kind == "change_summary":
        return Summary(str((event.get("changes") or {}).get("operation", "")))
    return None


def diagnostic(body: dict[str, Any]) -> Diagnostic:
    """One diagnostic of Terraform's JSON."""
    place = body.get("range") or {}
    summary, detail = str(body.get("summary", "")), str(body.get("detail", ""))
    if summary.startswith("local-exec provisioner error") and (said := detail.partition(" Output: ")[2].strip()):
        # its command line is long and says less than the program itself
        summary, detail = "a program that it runs failed", said
    return Diagnostic(str(body.get("severity", "error")), summary, detail,
                      str(body.get("address", "")), str(place.get("filename", "")), int((place.get("start") or {}).get("line", 0)))


def errors(text: str) -> list[Diagnostic]:
    """The errors in the output of a command that was run with -json."""
    return [found for found in parse(text.splitlines()) if isinstance(found, Diagnostic) and found.severity == "error"]


def program(text: str) -> str:
    """Who wrote the output of a command that was run with -json: "terraform 1.11.4"; empty when it does not say, as `show` and old versions do."""
    for line in text.splitlines():
        with suppress(ValueError):
            event = json.loads(line)
            if isinstance(event, dict) and event.get("type") == "version":
                return next((f"{name} {event[name]}" for name in ("terraform", "tofu") if name in event), "")
    return ""


def tail(file: Path, offset: int) -> tuple[list[str], int]:
    """The whole lines that a file has gained after `offset`, and the new offset."""
    try:
        with open(file, "rb") as stream:
            stream.seek(offset)
            content = stream.read()
    except OSError:
        return [], offset
    end = content.rfind(b"\n") + 1
    return content[:end].decode(errors="replace").splitlines(), offset + end
