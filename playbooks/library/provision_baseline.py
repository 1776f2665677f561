#!/usr/bin/python
"""Converges one baseline on this host, or removes it, in one call. Thin: the way is `answer`, the content `baseline`."""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.provision import baseline
from ansible.module_utils.provision.answer import ARGUMENTS, answer

DOCUMENTATION = """
module: provision_baseline
short_description: One baseline of an application on a host
description: Called by the action plugin of the same name, which takes the variables C(baseline_*) and C(provision_*) of the playbook.
options:
  state: {description: Whether the baseline shall be there., choices: [present, absent], default: present}
  context: {description: "Who asks: application, environment, unit; seal and root.", type: dict, required: true}
  spec: {description: The variables of the baseline without their prefix., type: dict}
  secrets: {description: Those of them that hold secrets., type: dict}
"""


def main() -> None:
    """Ansible's entry."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    answer(module, baseline.look if module.params["state"] == "present" else baseline.look_away)


if __name__ == "__main__":
    main()
