#!/usr/bin/python
"""Converges one PostgreSQL database on this host, or removes it, in one call. Thin: the way is `answer`, the content `database`."""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.provision import database
from ansible.module_utils.provision.answer import ARGUMENTS, answer

DOCUMENTATION = """
module: provision_postgres
short_description: One PostgreSQL database of an application on a host
description: Called by the action plugin of the same name, which takes the variables C(postgres_*) and C(provision_*) of the playbook.
options:
  state: {description: Whether the database shall be there., choices: [present, absent], default: present}
  context: {description: "Who asks: application, environment, unit; seal and root.", type: dict, required: true}
  spec: {description: The variables of the database without their prefix., type: dict}
  secrets: {description: The password., type: dict}
"""


def main() -> None:
    """Ansible's entry."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    answer(module, database.look if module.params["state"] == "present" else database.look_away)


if __name__ == "__main__":
    main()
