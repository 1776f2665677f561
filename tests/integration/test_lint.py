"""ansible-lint with its strictest profile over every playbook of the library. Too slow for `make check`. Budget: 1 minute."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_playbook_passes_the_production_profile(tmp_path: Path) -> None:
    playbooks = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "playbooks").glob("*/*.yml"))
    assert len(playbooks) > 5
    beside = Path(sys.executable).parent
    environ = {
        **os.environ, "PATH": f"{beside}{os.pathsep}{os.environ['PATH']}", "NO_COLOR": "1", "ANSIBLE_HOME": str(tmp_path),
        "ANSIBLE_LIBRARY": "playbooks/library", "ANSIBLE_MODULE_UTILS": "playbooks/module_utils",
        "ANSIBLE_ACTION_PLUGINS": "playbooks/action_plugins",
    }
    command = [str(beside / "ansible-lint"), "--offline", "--strict", "--profile", "production", *playbooks]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert "0 failure(s), 0 warning(s)" in done.stdout + done.stderr
