"""Before the module: takes the playbook's variables as they are. One call of the module, always."""

from __future__ import annotations

from typing import Any

import ansible.module_utils
from ansible import constants
from ansible.plugins.action import ActionBase

# our shared code lies where Ansible looks for it when it packs a module; plugins have to be told
ansible.module_utils.__path__.extend(
    folder for folder in constants.config.get_config_value("DEFAULT_MODULE_UTILS_PATH") if folder not in ansible.module_utils.__path__)

from ansible.module_utils.provision.controller import variables  # noqa: E402


class ActionModule(ActionBase):
    """The action `provision_gateway`."""

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Converge or remove the gateway on one host."""
        task_vars = task_vars or {}
        result = super().run(tmp, task_vars)
        state = str(self._task.args.get("state", "present"))
        if state == "present" and (message := variables.lacking(task_vars)):
            return {**result, "failed": True, "msg": message}
        address = self._templar.template(task_vars.get("ansible_host") or task_vars["inventory_hostname"])
        spec = variables.with_prefix(task_vars, "gateway_")
        # of an action: for now, so the next delivery puts them back
        spec["drain"] = [*(spec.get("drain") or []), *variables.plain(self._task.args.get("drain") or [])]
        arguments = {
            "state": state, "spec": spec,
            "context": variables.context(task_vars, str(address), self._connection.transport),
        }
        result.update(self._execute_module("provision_gateway", module_args=arguments, task_vars=task_vars))
        return result
