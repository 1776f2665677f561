#!/usr/bin/python
"""Converges one MariaDB database with its owner on this host, or removes it, in one call. Thin: the way is `answer`, the content `mysql`."""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.provision import mysql
from ansible.module_utils.provision.answer import ARGUMENTS, answer

DOCUMENTATION = """
module: provision_mysql
short_description: One MariaDB database with its owner
description: Called by the action plugin of the same name, which takes the variables C(mysql_*) and C(provision_*) of the playbook.
options:
  state: {description: Whether it shall be there., choices: [present, absent], default: present}
  context: {description: "Who asks: application, environment, unit; seal and root.", type: dict, required: true}
  spec: {description: The variables without their prefix., type: dict}
  secrets: {description: Its passwords., type: dict}
"""


def main() -> None:
    """Ansible's entry."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    answer(module, mysql.look if module.params["state"] == "present" else mysql.look_away)


if __name__ == "__main__":
    main()
