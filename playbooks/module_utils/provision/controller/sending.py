"""An artefact from the controller to a host: described for the module, and sent only when the module asks for it."""

from __future__ import annotations

import os
from typing import Any

from ansible.module_utils.provision.context import holds
from ansible.module_utils.provision.controller import artefacts
from ansible.module_utils.provision.failures import Failed
from ansible.plugins.action import ActionBase


def described(source: str, sha256: str, marker: str, project: str) -> tuple[dict[str, Any], artefacts.Artefact | None]:
    """What the module is told of an artefact, and where to get it; no artefact for no source, or one that is not known yet."""
    if not source:
        return {}, None
    if holds(source, marker):
        return {"source": source, "name": os.path.basename(source), "digest": sha256}, None
    found = artefacts.find(source, sha256, project)
    return {"source": source, "name": found.name, "digest": found.digest, "size": found.size}, found


def converge(plugin: ActionBase, module: str, arguments: dict[str, Any], artefact: artefacts.Artefact | None,
             task_vars: dict[str, Any]) -> dict[str, Any]:
    """Call the module; the artefact is sent, and the module called again, only when it says that the host lacks it. Raises Failed."""
    result: dict[str, Any] = plugin._execute_module(module, module_args=arguments, task_vars=task_vars)
    needed, lacked = result.pop("needs_artifact", False), result.pop("lacks_artifact", False)
    if artefact is not None and artefact.lacking and (needed or lacked):
        raise Failed(artefact.lacking)
    if artefact is not None and needed:
        arguments["artifact"]["path"] = _sent(plugin, artefact)
        result = plugin._execute_module(module, module_args=arguments, task_vars=task_vars)
    return result


def _sent(plugin: ActionBase, artefact: artefacts.Artefact) -> str:
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
