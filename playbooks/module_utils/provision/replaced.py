"""Files of others that a unit took the place of: kept in its record, and put back when it goes."""

from __future__ import annotations

import os

from ansible.module_utils.provision import files, manifest


def kept(path: str) -> dict[str, str]:
    """What has to be known to put a file or link back. Raises Failed when it is too large."""
    return {"link": os.readlink(path)} if os.path.islink(path) else {"content": manifest.original(path)}


def put_back(path: str, what: dict[str, str]) -> None:
    """Make it as it was; what lies there by now stays."""
    if os.path.lexists(path):
        return
    if "link" in what:
        files.link(path, what["link"])
    else:
        manifest.restore(path, what["content"])
