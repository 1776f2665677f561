#!/usr/bin/python
"""Converges one shared folder on this host, or removes it, in one call. Thin: the way is `answer`, the content `share`."""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.provision import share
from ansible.module_utils.provision.answer import ARGUMENTS, answer

DOCUMENTATION = """
module: provision_filesystem
short_description: One shared folder of an application on a host
description: Called by the action plugin of the same name, which takes the variables C(filesystem_*) and C(provision_*) of the playbook.
options:
  state: {description: Whether the folder shall be there., choices: [present, absent], default: present}
  context: {description: "Who asks: application, environment, unit; seal and root.", type: dict, required: true}
  spec: {description: The variables of the folder without their prefix., type: dict}
"""


def main() -> None:
    """Ansible's entry."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    answer(module, share.look if module.params["state"] == "present" else share.look_away)


if __name__ == "__main__":
    main()
