#!/usr/bin/python
"""Converges one certificate on this host, or removes it, in one call. Thin: the way is `answer`, the content `tls`."""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.provision import tls
from ansible.module_utils.provision.answer import ARGUMENTS, answer

DOCUMENTATION = """
module: provision_certificate
short_description: One certificate of an application on a host
description: Called by the action plugin of the same name, which takes the variables C(certificate_*) and C(provision_*) of the playbook.
options:
  state: {description: Whether the certificate shall be there., choices: [present, absent], default: present}
  context: {description: "Who asks: application, environment, unit; seal and root.", type: dict, required: true}
  spec: {description: The variables of the certificate without their prefix., type: dict}
  secrets: {description: Those of them that hold secrets., type: dict}
"""


def main() -> None:
    """Ansible's entry."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    answer(module, tls.look if module.params["state"] == "present" else tls.look_away)


if __name__ == "__main__":
    main()
