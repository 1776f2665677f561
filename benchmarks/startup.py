"""Start-up: `provision --help` against the bare interpreter and against `ansible --version`-like peers' own start."""

import sys
from pathlib import Path

from benchmarks.measure import Row, command, interleaved, median

GOAL, VERB_GOAL = 0.25, 0.3
"""Seconds."""


def run(work: Path) -> list[Row]:
    """`provision --help` and that of a verb, wall seconds."""
    program = str(Path(sys.executable).with_name("provision"))
    peer = str(Path(sys.executable).with_name("ansible-playbook"))
    found = interleaved(9, {
        "ours": lambda _: command([program, "--help"], work),
        "peer": lambda _: command([peer, "--help"], work),
        "verb": lambda _: command([program, "apply", "--help"], work),
        "bare": lambda _: command([sys.executable, "-c", "pass"], work),
    })
    ours, verb, theirs, bare = (median(found[name], lambda cost: cost.wall) for name in ("ours", "verb", "peer", "bare"))
    peer = f"ansible-playbook --help {theirs:.2f} s; bare Python {bare:.2f} s"
    return [Row("`provision --help`", f"{ours:.2f} s", peer, f"{ours / theirs:.2f}", f"≤ {GOAL} s", ours <= GOAL),
            Row("`provision apply --help`", f"{verb:.2f} s", peer, f"{verb / theirs:.2f}", f"≤ {VERB_GOAL} s", verb <= VERB_GOAL)]
