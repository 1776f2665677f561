"""Before the module: finds the artefact. Quiet case: one call of the module, nothing sent; it is sent when the module says that it lacks it."""

from __future__ import annotations

import os
from typing import Any

import ansible.module_utils
from ansible import constants
from ansible.plugins.action import ActionBase

# our shared code lies where Ansible looks for it when it packs a module; plugins have to be told
ansible.module_utils.__path__.extend(
    folder for folder in constants.config.get_config_value("DEFAULT_MODULE_UTILS_PATH") if folder not in ansible.module_utils.__path__)

from ansible.module_utils.provision.controller import calling, sending  # noqa: E402
from ansible.module_utils.provision.failures import Failed  # noqa: E402


class ActionModule(ActionBase):
    """The action `provision_site`."""

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Converge or remove the site on one host."""
        task_vars = task_vars or {}
        result = super().run(tmp, task_vars)
        try:
            arguments = calling.arguments(self, "site_", task_vars)
            artefact = None
            if arguments["state"] == "present":
                source, sha256 = (str(arguments["spec"].pop(name, None) or "") for name in ("artifact", "sha256"))
                project = str(task_vars.get("provision_project") or os.getcwd())
                arguments["artifact"], artefact = sending.described(source, sha256, arguments["context"]["marker"], project)
            result.update(sending.converge(self, "provision_site", arguments, artefact, task_vars))
        except Failed as failure:
            result.update(failed=True, msg=failure.message, provision={})
        return result
