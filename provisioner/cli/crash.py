"""The report of a bug: traceback, versions and the command line, with everything that looks like a secret taken out."""

import os
import platform
import re
import sys
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

SECRETS = re.compile(
    r"(?i)((?:pass(?:word|wd|phrase)?|secret|token|api[_-]?key|access[_-]?key|credential)s?[\"']?\s*[:=]\s*[\"']?)([^\s\"',}]+)"
    r"|(://[^/\s:@]+:)([^@\s]+)(?=@)|(AKIA|ASIA)[A-Z0-9]{16}")
SECRET_NAME = re.compile(r"(?i)pass|secret|token|key|credential")
SHORTEST = 6


def report(error: BaseException, arguments: Sequence[str]) -> str:
    """The whole text."""
    head = [f"provision {own_version()} · Python {platform.python_version()} · {platform.platform()}",
            f"{datetime.now(UTC).isoformat(timespec='seconds')}  provision {' '.join(arguments)}", ""]
    return redacted("\n".join(head) + "".join(traceback.format_exception(error)))


def redacted(text: str) -> str:
    """The text without values that follow a telling name, passwords in URLs, and values of telling variables of the environment."""
    for name, value in os.environ.items():
        if SECRET_NAME.search(name) and len(value) >= SHORTEST and value not in sys.path:
            text = text.replace(value, "(secret)")
    return SECRETS.sub(lambda match: f"{match[1] or match[3] or ''}(secret)", text)


def short(error: BaseException) -> str:
    """The error in one line."""
    first = str(error).strip().splitlines()
    return redacted(f"{type(error).__name__}: {first[0] if first else 'no message'}")[:300]


def write(error: BaseException, arguments: Sequence[str]) -> str:
    """Keep the report under `.provision/crashes` of this folder; its path, or nothing where that can't be written."""
    folder = Path(".provision") / "crashes"
    name = datetime.now(UTC).strftime("%Y%m%dT%H%M%S") + f"-{os.getpid()}.txt"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as stream:
            stream.write(report(error, arguments))
    except OSError:
        return ""
    return str(folder / name)


def own_version() -> str:
    """The version of the installed package."""
    try:
        return version("provision")
    except PackageNotFoundError:
        return "(not installed)"
