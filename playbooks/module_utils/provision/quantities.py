"""How much of a host a program may have, from Kubernetes' words to numbers. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ansible.module_utils.provision.failures import Failed

UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}


@dataclass(frozen=True)
class Limits:
    """What one copy may use; 0 is no limit."""

    cpus: float = 0
    """CPUs."""
    memory: int = 0
    """Bytes."""

    @staticmethod
    def of(spec: dict[str, Any]) -> Limits:
        """From `cpu`, `memory` and OAM's `limit`, which takes precedence."""
        limit = spec.get("limit") or {}
        return Limits(cpus(limit.get("cpu") or spec.get("cpu")), memory(limit.get("memory") or spec.get("memory")))


def cpus(text: Any) -> float:
    """`500m` or `0.5` as CPUs; 0 for nothing. Raises Failed."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(m?)", str(text or "0"))
    if found is None:
        raise Failed(f"'{text}' is no number of CPUs: 0.5, or 500m")
    return float(found[1]) / (1000 if found[2] else 1)


def memory(text: Any) -> int:
    """`512Mi` or `1G` as bytes; 0 for nothing. Raises Failed."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(k|M|G|T|Ki|Mi|Gi|Ti)?", str(text or "0"))
    if found is None:
        raise Failed(f"'{text}' is no amount of memory: 512Mi, or 1G")
    return int(float(found[1]) * UNITS[found[2] or ""])
