#!/usr/bin/python
"""Converges the RabbitMQ of this host, or removes it, in one call. Thin: the way is `answer`, the content `broker`."""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.provision import broker
from ansible.module_utils.provision.answer import ARGUMENTS, answer

DOCUMENTATION = """
module: provision_broker
short_description: The RabbitMQ of a host with its users and vhosts
description: Called by the action plugin of the same name, which takes the variables C(broker_*) and C(provision_*) of the playbook.
options:
  state: {description: Whether it shall be there., choices: [present, absent], default: present}
  context: {description: "Who asks: application, environment, unit; seal and root.", type: dict, required: true}
  spec: {description: The variables without their prefix., type: dict}
  secrets: {description: Its passwords., type: dict}
"""


def main() -> None:
    """Ansible's entry."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    answer(module, broker.look if module.params["state"] == "present" else broker.look_away)


if __name__ == "__main__":
    main()
