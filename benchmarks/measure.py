"""Timing of commands, interleaved: one round of each side after the other, medians and ratios over the rounds."""

import os
import resource
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cost:
    """What one command took: wall and CPU seconds (children that it waited for included), peak memory in MiB of its largest process."""

    wall: float
    cpu: float
    memory: float


@dataclass(frozen=True)
class Row:
    """One line of the results."""

    what: str
    ours: str
    peer: str
    ratio: str
    goal: str
    met: bool


def command(arguments: list[str], cwd: Path, env: Mapping[str, str] | None = None, *, ok: tuple[int, ...] = (0,)) -> Cost:
    """Run one command to its end. Raises RuntimeError with its output when it ends with another code than `ok`."""
    begun = time.monotonic()
    process = subprocess.Popen(arguments, cwd=cwd, env=None if env is None else dict(env), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT)
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - begun
    code = os.waitstatus_to_exitcode(status)
    process.returncode = code
    if code not in ok:
        raise RuntimeError(f"{' '.join(arguments)} ended with {code}\n{output.decode(errors='replace')[-3000:]}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def together(*costs: Cost) -> Cost:
    """Costs of commands that ran one after the other."""
    return Cost(sum(c.wall for c in costs), sum(c.cpu for c in costs), max(c.memory for c in costs))


def children_cpu() -> float:
    """CPU seconds of all ended children of this process."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def interleaved(rounds: int, sides: Mapping[str, Callable[[int], Cost]]) -> dict[str, list[Cost]]:
    """Each side once in each round, in turn."""
    found: dict[str, list[Cost]] = {name: [] for name in sides}
    for number in range(rounds):
        for name, run in sides.items():
            found[name].append(run(number))
    return found


def median(costs: list[Cost], of: Callable[[Cost], float]) -> float:
    return statistics.median(of(cost) for cost in costs)


def ratio(ours: list[Cost], peer: list[Cost], of: Callable[[Cost], float]) -> float:
    """Median of the ratios round by round: what disturbed one round disturbed both sides of it."""
    return statistics.median(of(a) / of(b) for a, b in zip(ours, peer, strict=True))
