"""Before the module: takes the playbook's variables as they are.

New firewall rules are confirmed by a second call over a new connection; without it they undo themselves.
"""

from __future__ import annotations

from typing import Any

import ansible.module_utils
from ansible import constants
from ansible.plugins.action import ActionBase

# our shared code lies where Ansible looks for it when it packs a module; plugins have to be told
ansible.module_utils.__path__.extend(
    folder for folder in constants.config.get_config_value("DEFAULT_MODULE_UTILS_PATH") if folder not in ansible.module_utils.__path__)

from ansible.module_utils.provision import firewall  # noqa: E402
from ansible.module_utils.provision.controller import calling  # noqa: E402
from ansible.module_utils.provision.failures import Failed  # noqa: E402


class ActionModule(ActionBase):
    """The action `provision_baseline`."""

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Converge or remove the baseline on one host."""
        task_vars = task_vars or {}
        result = super().run(tmp, task_vars)
        try:
            arguments = calling.arguments(self, "baseline_", task_vars)
            result.update(self._execute_module("provision_baseline", module_args=arguments, task_vars=task_vars))
            if firewall.LOAD in (result.get("provision") or {}).get("tasks", ()) and not self._task.check_mode and not result.get("failed"):
                self._confirm(arguments, task_vars)
        except Failed as failure:
            result.update(failed=True, msg=failure.message, provision={})
        return result

    def _confirm(self, arguments: dict[str, Any], task_vars: dict[str, Any]) -> None:
        """Come in again. When that is not possible the task fails as unreachable, and the host undoes the rules."""
        if hasattr(self._connection, "reset"):
            self._connection.reset()
        told = self._execute_module("provision_baseline", module_args={**arguments, "confirm": True}, task_vars=task_vars)
        if told.get("failed"):
            raise Failed(f"the new firewall rules could not be confirmed, the host undoes them: {told.get('msg')}")
