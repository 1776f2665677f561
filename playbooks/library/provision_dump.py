#!/usr/bin/python
"""Backs a database of this host up, or restores it, in one call. Thin: the way is `answer`, the content `dumping`."""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.provision import dumping
from ansible.module_utils.provision.answer import ARGUMENTS, answer

DOCUMENTATION = """
module: provision_dump
short_description: Backup or restore of a database that provision delivered to this host
description: Called by the action plugin of the same name, which takes the variables of the playbook.
options:
  state: {description: What to do., choices: [backup, restore], required: true}
  context: {description: "Who asks: application, environment, unit; seal and root.", type: dict, required: true}
  spec: {description: The variables of the database without their prefix., type: dict}
  action: {description: The parameters of the action., type: dict}
"""


def main() -> None:
    """Ansible's entry."""
    arguments = {**ARGUMENTS, "state": {"choices": ["backup", "restore"], "required": True}, "action": {"type": "dict", "default": {}}}
    module = AnsibleModule(argument_spec=arguments, supports_check_mode=True)
    answer(module, dumping.look_backup if module.params["state"] == "backup" else dumping.look_restore)


if __name__ == "__main__":
    main()
