"""The work folders of plans: one for each, swept when nobody needs it any more."""

import json
import re
import shutil
from collections.abc import Collection, Iterable
from pathlib import Path

from provisioner.process import identity

DIGEST = re.compile(r"[0-9a-f]{64}\Z")
KEPT = 10
"""Folders of ended plans that are kept, so that a step can be looked at and run by hand."""


def make(state: Path, plan: str) -> Path:
    """A folder for this plan, marked as ours while this process lives."""
    folder = state / "plans" / plan
    folder.mkdir(parents=True, mode=0o700)
    me = identity.me()
    try:
        (folder / "owner").write_text(json.dumps([me.pid, me.start, me.boot]))
    except OSError:
        discard(folder)
        raise
    return folder


def sweep(state: Path, needed: Iterable[str]) -> None:
    """Remove folders whose owner is gone, except those of the plans that are needed and the newest few."""
    keep = set(needed)
    plans = state / "plans"
    found = sorted(plans.iterdir(), key=lambda path: path.stat().st_mtime) if plans.is_dir() else []
    for folder in found[:-KEPT] if len(found) > KEPT else ():
        if folder.name not in keep and not _owned(folder):
            discard(folder)


def _owned(folder: Path) -> bool:
    try:
        return identity.alive(identity.Identity(*json.loads((folder / "owner").read_text())))
    except (OSError, ValueError, TypeError):
        return False


def discard(folder: Path) -> None:
    """Remove one work folder with all it holds."""
    shutil.rmtree(folder, ignore_errors=True)


def sweep_artifacts(project: Path, needed: Collection[str]) -> None:
    """Remove kept artefacts that no revision which can be gone back to has; `needed` are their digests."""
    cache = project / "cache" / "artifacts"
    for path in cache.iterdir() if cache.is_dir() else ():
        if DIGEST.match(path.name) and path.is_file() and path.name not in needed:
            path.unlink(missing_ok=True)


def forget_plan_files(folder: Path) -> None:
    """Plan files hold values in clear: they go when their run has ended."""
    for path in folder.rglob("*.tfplan"):
        path.unlink(missing_ok=True)
