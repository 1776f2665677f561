"""Before the module: takes the playbook's variables as they are. One call of the module, always."""

from __future__ import annotations

from typing import Any

import ansible.module_utils
from ansible import constants

# our shared code lies where Ansible looks for it when it packs a module; plugins have to be told
ansible.module_utils.__path__.extend(
    folder for folder in constants.config.get_config_value("DEFAULT_MODULE_UTILS_PATH") if folder not in ansible.module_utils.__path__)

from ansible.module_utils.provision.controller import calling  # noqa: E402


class ActionModule(calling.Plugin):
    """The action `provision_broker`."""

    module = "provision_broker"
    prefix = "broker_"
    hidden = ("password", "users")

    def handed(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Passwords of users go as secrets, the rest of them stays to be seen."""
        users = [dict(user) for user in arguments.get("secrets", {}).pop("users", None) or ()]
        if "secrets" in arguments:
            arguments["secrets"]["users"] = {str(user["name"]): str(user.pop("password", "")) for user in users}
            arguments["spec"]["users"] = users
        return arguments
