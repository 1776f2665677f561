"""An artefact from the controller to a host: described for the module, and sent only when the module asks for it."""

from __future__ import annotations

import os
from typing import Any

from ansible.module_utils.provision.context import holds
from ansible.module_utils.provision.controller import artefacts
from ansible.plugins.action import ActionBase


def described(source: str, sha256: str, marker: str, project: str) -> tuple[dict[str, Any], artefacts.Artefact | None]:
    """What the module is told of an artefact, and where to get it; no artefact for no source, or one that is not known yet."""
    if not source:
        return {}, None
    if holds(source, marker):
        return {"source": source, "name": os.path.basename(source), "digest": sha256}, None
    found = artefacts.find(source, sha256, project)
    return {"source": source, "name": found.name, "digest": found.digest, "size": found.size}, found


def send(plugin: ActionBase, artefact: artefacts.Artefact) -> str:
    """Path of the artefact on the host, where Ansible removes it after the task."""
    local = artefact.fetch()
    if plugin._connection.transport == "local":
        return local
    # made only now: it costs a round trip
    shell = plugin._connection._shell
    remote = os.path.join(shell.tmpdir or plugin._make_tmp_path(), "artifact")
    plugin._transfer_file(local, remote)
    plugin._fixup_perms2((shell.tmpdir, remote))
    return remote
