#!/usr/bin/python
"""Converges one service on this host, or removes it, in one call. Thin: the way is `answer`, the content `delivery`."""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.provision import delivery
from ansible.module_utils.provision.answer import ARGUMENTS, answer

DOCUMENTATION = """
module: provision_service
short_description: One service of an application on a host
description: Called by the action plugin of the same name, which takes the variables C(service_*) and C(provision_*) of the playbook.
options:
  state: {description: Whether the service shall be there., choices: [present, absent], default: present}
  context: {description: "Who asks: application, environment, unit; seal and root.", type: dict, required: true}
  spec: {description: The variables of the service without their prefix., type: dict}
  secrets: {description: The part of env and config that holds secrets., type: dict}
  artifact: {description: "Name, sha256 and size of the artefact, and its path on the host once it is there.", type: dict}
"""


def main() -> None:
    """Ansible's entry."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    answer(module, delivery.look if module.params["state"] == "present" else delivery.look_away)


if __name__ == "__main__":
    main()
