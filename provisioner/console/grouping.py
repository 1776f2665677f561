"""What is alike is said once: runs of host names, equal findings of many hosts. Pure."""

import re
from collections.abc import Hashable, Iterable, Mapping
from typing import TypeVar

K = TypeVar("K", bound=Hashable)
NUMBERED = re.compile(r"\A(.*?)(\d+)\Z", re.DOTALL)


def names_text(names: Iterable[str], most: int = 4) -> str:
    """`web-01 … web-12, db-1`: neighbours by number as a range, the rest one by one, at the most `most` pieces."""
    pieces = _ranges(sorted(set(names), key=natural))
    if len(pieces) <= most:
        return ", ".join(text for text, _ in pieces)
    rest = sum(size for _, size in pieces[most - 1:])
    return ", ".join([text for text, _ in pieces[:most - 1]]) + f" and {rest} more"


def natural(name: str) -> tuple[tuple[int, str], ...]:
    """A key that sorts web-2 before web-10."""
    return tuple((int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name))


def _ranges(names: list[str]) -> list[tuple[str, int]]:
    """Pieces of text and how many names each stands for; a range has three names at least."""
    runs: list[list[str]] = []
    for name in names:
        if runs and _follows(runs[-1][-1], name):
            runs[-1].append(name)
        else:
            runs.append([name])
    found: list[tuple[str, int]] = []
    for run in runs:
        found += [(f"{run[0]} … {run[-1]}", len(run))] if len(run) > 2 else [(name, 1) for name in run]
    return found


def _follows(before: str, name: str) -> bool:
    one, two = NUMBERED.match(before), NUMBERED.match(name)
    if one is None or two is None or one[1] != two[1]:
        return False
    same_form = len(one[2]) == len(two[2]) or not (one[2].startswith("0") or two[2].startswith("0"))
    return same_form and int(two[2]) == int(one[2]) + 1


def alike(found: Mapping[str, K]) -> list[tuple[K, list[str]]]:
    """Names grouped by what was found of them, the biggest group first, names in natural order."""
    groups: dict[K, list[str]] = {}
    for name, value in found.items():
        groups.setdefault(value, []).append(name)
    ordered = [(value, sorted(names, key=natural)) for value, names in groups.items()]
    return sorted(ordered, key=lambda group: (-len(group[1]), natural(group[1][0])))
