"""Before the module: takes the playbook's variables as they are. One call of the module, always."""

from __future__ import annotations

import ansible.module_utils
from ansible import constants

# our shared code lies where Ansible looks for it when it packs a module; plugins have to be told
ansible.module_utils.__path__.extend(
    folder for folder in constants.config.get_config_value("DEFAULT_MODULE_UTILS_PATH") if folder not in ansible.module_utils.__path__)

from ansible.module_utils.provision.controller import calling  # noqa: E402


class ActionModule(calling.Plugin):
    """The action `provision_cache`."""

    module = "provision_cache"
    prefix = "cache_"
    hidden = ("password",)
