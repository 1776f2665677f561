#!/usr/bin/python
"""Converges one baseline on this host, or removes it, in one call. Thin: the way is `answer`, the content `baseline`."""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.provision import baseline, firewall
from ansible.module_utils.provision.answer import ARGUMENTS, answer

DOCUMENTATION = """
module: provision_baseline
short_description: One baseline of an application on a host
description: Called by the action plugin of the same name, which takes the variables C(baseline_*) and C(provision_*) of the playbook.
options:
  state: {description: Whether the baseline shall be there., choices: [present, absent], default: present}
  context: {description: "Who asks: application, environment, unit; seal and root.", type: dict, required: true}
  spec: {description: The variables of the baseline without their prefix., type: dict}
  confirm: {description: Keep the firewall rules that were loaded by an earlier call., type: bool, default: false}
"""


def main() -> None:
    """Ansible's entry."""
    arguments = {**ARGUMENTS, "confirm": {"type": "bool", "default": False}}
    module = AnsibleModule(argument_spec=arguments, supports_check_mode=True)
    if module.params["confirm"]:
        firewall.confirm()
        module.exit_json(changed=False)
    answer(module, baseline.look if module.params["state"] == "present" else baseline.look_away)


if __name__ == "__main__":
    main()
