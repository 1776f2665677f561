"""Clients of NFS: a mount, on a machine that is told; and libnfs, where the kernel can mount none."""

import shlex
import sys
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

Run = Callable[[str], str]
"""Runs a shell command as root on the client's machine; what it printed. Raises when it fails."""


def nfs(outputs: Mapping[str, Any], run: Run) -> None:
    """Mount it, write a file, mount it anew, read the file, delete it."""
    name = uuid.uuid4().hex
    place = f"/mnt/client-{name}"
    mount = f"mount -t nfs -o {shlex.quote(outputs['options'])} {shlex.quote(outputs['source'])} {place}"
    run(f"mkdir -p {place} && {mount}")
    try:
        run(f"echo written by a client > {place}/{name} && umount {place} && {mount}")
        assert run(f"cat {place}/{name}").strip() == "written by a client"
        run(f"rm {place}/{name}")
    finally:
        run(f"umount {place} && rmdir {place}")


def nfs_without_kernel(outputs: Mapping[str, Any], run: Callable[[list[str]], object], *, user: int) -> None:
    """As this user write a file, read it over another connection, delete it. `run` takes words and raises when the command fails."""
    run([sys.executable, str(Path(__file__).with_name("libnfs.py")), outputs["host"], outputs["path"], str(user)])
