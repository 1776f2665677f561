"""Which commit the spec was at when it was delivered, as its git repository tells. Reads only; without git or a repository it says nothing."""

import subprocess
from pathlib import Path

PATIENCE = 5.0
"""Seconds: a repository on a slow disk does not hold up a delivery."""


def commit_of(file: Path) -> str:
    """`v1.2.0-3-gabc1234`, or `abc1234`; with `-dirty` when files that git knows were edited. Empty when nobody knows."""
    line = ["git", "-C", str(file.parent), "describe", "--always", "--tags", "--dirty"]
    try:
        known = subprocess.run([*line[:3], "ls-files", "--error-unmatch", file.name], capture_output=True, check=False, timeout=PATIENCE)
        found = subprocess.run(line, capture_output=True, text=True, check=False, timeout=PATIENCE)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return found.stdout.strip() if found.returncode == 0 and known.returncode == 0 else ""
