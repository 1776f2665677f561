#!/usr/bin/python
"""Converges one gateway (nginx or HAProxy) on this host, or removes it, in one call. Thin: the way is `answer`, the content `gateway`."""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.provision import gateway
from ansible.module_utils.provision.answer import ARGUMENTS, answer

DOCUMENTATION = """
module: provision_gateway
short_description: One gateway of an application on a host
description: Called by the action plugin of the same name, which takes the variables C(gateway_*) and C(provision_*) of the playbook.
options:
  state: {description: Whether the gateway shall be there., choices: [present, absent], default: present}
  drain: {description: Addresses of backends that get no new request beside those of the variable., type: list, elements: str, default: []}
  context: {description: "Who asks: application, environment, unit; seal and root.", type: dict, required: true}
  spec: {description: The variables of the gateway without their prefix., type: dict}
"""


def main() -> None:
    """Ansible's entry."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    answer(module, gateway.look if module.params["state"] == "present" else gateway.look_away)


if __name__ == "__main__":
    main()
