"""Running the host's own tools: quietly, in the C locale, with their last words kept for the failure."""

from __future__ import annotations

import os
import subprocess

from ansible.module_utils.provision.failures import Failed

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def run(command: list[str], *, stdin: str = "", check: bool = True, seconds: int = 600, environ: dict[str, str] | None = None) -> tuple[int, str]:
    """Exit code and output of a command. Raises Failed when it is missing, takes too long or (with `check`) fails."""
    clean = {"PATH": PATH, "LC_ALL": "C.UTF-8", "HOME": os.path.expanduser("~"), **(environ or {})}
    try:
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, errors="replace", check=False, env=clean, timeout=seconds)
    except FileNotFoundError:
        raise Failed(f"this host has no `{command[0]}`") from None
    except subprocess.TimeoutExpired:
        raise Failed(f"`{' '.join(command)}` did not end within {seconds} s") from None
    output = done.stdout if done.returncode == 0 else "\n".join(filter(None, [done.stderr.strip(), done.stdout.strip()]))
    if check and done.returncode:
        raise Failed(f"`{' '.join(command)}` ended with exit code {done.returncode}: {tail(output)}")
    return done.returncode, output


def tail(text: str, lines: int = 15) -> str:
    """The last lines of a text."""
    return "\n".join(text.strip().splitlines()[-lines:])
