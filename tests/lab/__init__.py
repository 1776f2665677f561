"""Real Debian hosts on one machine, for tests: systemd, SSH and an address of their own. Needs Linux and root, and no network."""

from tests.lab.lab import Lab, sweep
from tests.lab.machine import Machine
from tests.lab.place import LabError
from tests.lab.rootfs import prepare, why_not

__all__ = ["Lab", "LabError", "Machine", "prepare", "sweep", "why_not"]
