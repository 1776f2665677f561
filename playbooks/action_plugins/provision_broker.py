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
    """The action `provision_broker`."""

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Converge or remove the broker on one host."""
        task_vars = task_vars or {}
        result = super().run(tmp, task_vars)
        try:
            arguments = calling.arguments(self, "broker_", task_vars, hidden=("password", "users"))
            # passwords of users go as secrets, the rest of them stays to be seen
            users = [dict(user) for user in arguments.get("secrets", {}).pop("users", None) or ()]
            if "secrets" in arguments:
                arguments["secrets"]["users"] = {str(user["name"]): str(user.pop("password", "")) for user in users}
                arguments["spec"]["users"] = users
            result.update(self._execute_module("provision_broker", module_args=arguments, task_vars=task_vars))
        except Failed as failure:
            result.update(failed=True, msg=failure.message, provision={})
        return result
