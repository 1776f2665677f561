"""Running the host's own tools: quietly, in the C locale, with their last words kept for the failure."""

from __future__ import annotations

import os
import subprocess

from ansible.module_utils.provision.failures import Failed

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def run(command: list[str], *, stdin: str = "", check: bool = True, seconds: int = 600, environ: dict[str, str] | None = None) -> tuple[int, str]:
    """Exit code and output of a command. Raises Failed when it is missing, takes too long or (with `check`) fails."""
    done = raw(command, stdin=stdin.encode(errors="replace"), seconds=seconds, environ=environ)
    output = _text(done.stdout) if done.returncode == 0 else "\n".join(filter(None, [_text(done.stderr).strip(), _text(done.stdout).strip()]))
    if check and done.returncode:
        raise Failed(f"`{' '.join(command)}` ended with exit code {done.returncode}: {tail(output)}")
    return done.returncode, output


def raw(command: list[str], *, stdin: bytes = b"", seconds: int = 600, environ: dict[str, str] | None = None) -> subprocess.CompletedProcess[bytes]:
    """What a command did, each byte of its output as it is. Raises Failed when it is missing or takes too long."""
    clean = {"PATH": PATH, "LC_ALL": "C.UTF-8", "HOME": os.path.expanduser("~"), **(environ or {})}
    try:
        return subprocess.run(command, input=stdin, capture_output=True, check=False, env=clean, timeout=seconds)
    except FileNotFoundError:
        raise Failed(f"this host has no `{command[0]}`") from None
    except subprocess.TimeoutExpired:
        raise Failed(f"`{' '.join(command)}` did not end within {seconds} s") from None


def _text(data: bytes) -> str:
    """With line ends as Python has them."""
    return data.decode(errors="replace").replace("\r\n", "\n").replace("\r", "\n")


def tail(text: str, lines: int = 15) -> str:
    """The last lines of a text."""
    return "\n".join(text.strip().splitlines()[-lines:])
