"""Before the module: takes the playbook's variables as they are. One call of the module, always."""

from __future__ import annotations

from typing import Any

import ansible.module_utils
from ansible import constants
from ansible.plugins.action import ActionBase

# our shared code lies where Ansible looks for it when it packs a module; plugins have to be told
ansible.module_utils.__path__.extend(
    folder for folder in constants.config.get_config_value("DEFAULT_MODULE_UTILS_PATH") if folder not in ansible.module_utils.__path__)

from ansible.module_utils.provision.controller import calling  # noqa: E402
from ansible.module_utils.provision.failures import Failed  # noqa: E402


class ActionModule(ActionBase):
    """The action `provision_attached`."""

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Converge or remove what a trait has on one host."""
        task_vars = task_vars or {}
        result = super().run(tmp, task_vars)
        try:
            arguments = {**calling.arguments(self, "attached_", task_vars), "kind": self._task.args.get("kind")}
            result.update(self._execute_module("provision_attached", module_args=arguments, task_vars=task_vars))
        except Failed as failure:
            result.update(failed=True, msg=failure.message, provision={})
        return result
