"""Start-up: `provision --help` against the bare interpreter and against `ansible --version`-like peers' own start."""

import sys
from pathlib import Path

from benchmarks.measure import Row, command, interleaved, median

GOAL = 0.25
"""Seconds."""


def run(work: Path) -> list[Row]:
    """`provision --help`, wall seconds."""
    program = str(Path(sys.executable).with_name("provision"))
    peer = str(Path(sys.executable).with_name("ansible-playbook"))
    found = interleaved(9, {
        "ours": lambda _: command([program, "--help"], work),
        "peer": lambda _: command([peer, "--help"], work),
        "bare": lambda _: command([sys.executable, "-c", "pass"], work),
    })
    ours, theirs, bare = (median(found[name], lambda cost: cost.wall) for name in ("ours", "peer", "bare"))
    return [Row("`provision --help`", f"{ours:.2f} s", f"ansible-playbook --help {theirs:.2f} s; bare Python {bare:.2f} s",
                f"{ours / theirs:.2f}", f"≤ {GOAL} s", ours <= GOAL)]
