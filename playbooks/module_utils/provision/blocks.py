"""A marked block of ours in a text file that belongs to others. Values in, text out."""

from __future__ import annotations

import re


def block_of(text: str, name: str) -> str:
    """The marked block of a name in a file, markers included; empty when there is none."""
    found = re.search(re.escape(f"# BEGIN provision {name}\n") + r".*?" + re.escape(f"# END provision {name}\n"), text, flags=re.S)
    return found[0] if found else ""


def with_block(text: str, name: str, block: str, *, first: bool) -> str:
    """A file with the marked block of a name put first or last, or taken out when it is empty. A block that is the same stays where it is."""
    begin, end = f"# BEGIN provision {name}\n", f"# END provision {name}\n"
    wanted = f"{begin}{block}{end}" if block else ""
    if not first and wanted and block_of(text, name) == wanted:
        return text
    without = re.sub(re.escape(begin) + r".*?" + re.escape(end), "", text, flags=re.S)
    if first or not block:
        return wanted + without
    return f"{without}{'' if without.endswith(chr(10)) or not without else chr(10)}{wanted}"
