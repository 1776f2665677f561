"""Makes the playbooks' shared code importable as Ansible does it; imported before anything of `ansible.module_utils.provision`."""

from pathlib import Path

import ansible.module_utils

LIBRARY = Path(__file__).parents[2] / "playbooks"
if str(LIBRARY / "module_utils") not in ansible.module_utils.__path__:
    ansible.module_utils.__path__.append(str(LIBRARY / "module_utils"))
