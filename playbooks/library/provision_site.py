#!/usr/bin/python
"""Converges one static site on this host, or removes it, in one call. Thin: the way is `answer`, the content `site`."""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.provision import site
from ansible.module_utils.provision.answer import ARGUMENTS, answer

DOCUMENTATION = """
module: provision_site
short_description: One static site of an application on a host
description: Called by the action plugin of the same name, which takes the variables C(site_*) and C(provision_*) of the playbook.
options:
  state: {description: Whether the site shall be there., choices: [present, absent], default: present}
  context: {description: "Who asks: application, environment, unit; seal and root.", type: dict, required: true}
  spec: {description: The variables of the site without their prefix., type: dict}
  artifact: {description: "Source, name, digest and size of the artefact; the path once it was sent.", type: dict}
"""


def main() -> None:
    """Ansible's entry."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    answer(module, site.look if module.params["state"] == "present" else site.look_away)


if __name__ == "__main__":
    main()
