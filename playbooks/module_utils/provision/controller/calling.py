"""The way of the action plugins that send nothing but variables: what they hand to their module, and what of it is secret."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.module_utils.provision.controller import variables
from ansible.module_utils.provision.failures import Failed
from ansible.plugins.action import ActionBase


def arguments(plugin: ActionBase, prefix: str, task_vars: Mapping[str, Any], hidden: tuple[str, ...] = ()) -> dict[str, Any]:
    """The module's parameters: all variables with the prefix, those in `hidden` as secrets. Removal needs only the unit's name.

    Raises Failed where a variable that holds a secret was not given.
    """
    state = str(plugin._task.args.get("state", "present"))
    address = plugin._templar.template(task_vars.get("ansible_host") or task_vars["inventory_hostname"])
    context = variables.context(task_vars, str(address), plugin._connection.transport)
    spec = variables.with_prefix(task_vars, prefix)
    secrets = {name: spec.pop(name) for name in hidden if name in spec}
    if state == "absent":
        return {"state": state, "context": context, "spec": spec}
    variables.judge_complete(task_vars)
    return {"state": state, "context": context, "spec": spec, "secrets": secrets}


class Plugin(ActionBase):
    """A plugin that calls its module once: `module` is the module's name, `prefix` that of its variables, `hidden` names those that are secret."""

    module = ""
    prefix = ""
    hidden: tuple[str, ...] = ()

    def handed(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """What the module gets in the end, made of its parameters. Raises Failed."""
        return arguments

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Converge or remove on one host."""
        task_vars = task_vars or {}
        result: dict[str, Any] = super().run(tmp, task_vars)
        try:
            given = self.handed(arguments(self, self.prefix, task_vars, self.hidden))
            result.update(self._execute_module(self.module, module_args=given, task_vars=task_vars))
        except Failed as failure:
            result.update(failed=True, msg=failure.message, provision={})
        return result
