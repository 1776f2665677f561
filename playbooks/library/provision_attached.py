#!/usr/bin/python
"""Converges what a trait puts beside a component on this host, or removes it, in one call. Thin: the way is `answer`, the content `attached`."""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.provision import attached
from ansible.module_utils.provision.answer import ARGUMENTS, answer

DOCUMENTATION = """
module: provision_attached
short_description: Logs, monitoring or firewall of a component on a host
description: Called by the action plugin of the same name, which takes the variables C(attached_*) and C(provision_*) of the playbook.
options:
  kind: {description: What it is., choices: [logs, monitoring, firewall], required: true}
  state: {description: Whether it shall be there., choices: [present, absent], default: present}
  context: {description: "Who asks: application, environment, unit; seal and root.", type: dict, required: true}
  spec: {description: The variables without their prefix., type: dict}
  secrets: {description: Those of them that hold secrets., type: dict}
"""


def main() -> None:
    """Ansible's entry."""
    arguments = {**ARGUMENTS, "kind": {"choices": sorted(attached.KINDS), "required": True}}
    module = AnsibleModule(argument_spec=arguments, supports_check_mode=True)
    answer(module, attached.look if module.params["state"] == "present" else attached.look_away)


if __name__ == "__main__":
    main()
