"""The answer of one check. Words only."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; `fix` is a command or a sentence, with line breaks where there are several."""

    name: str
    state: Literal["ok", "warning", "problem", "skipped"]
    detail: str = ""
    fix: str = ""
