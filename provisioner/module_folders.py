"""Which folders a Terraform module is made of: its own, and those of the modules beside it that it calls. Reads files."""

import re
from pathlib import Path

LOCAL = re.compile(r"""(?:\bsource\s*=|"source"\s*:)\s*"(\.\.?/[^"$]*|\.\.?)\"""")


def called(folder: Path) -> list[Path]:
    """The module's folder and the folders of all local modules that it calls, directly or not."""
    found: list[Path] = []
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        if here in found or not here.is_dir():
            continue
        found.append(here)
        for file in sorted([*here.glob("*.tf"), *here.glob("*.tf.json")]):
            waiting += [(here / match).resolve() for match in LOCAL.findall(file.read_text(errors="replace"))]
    return found
