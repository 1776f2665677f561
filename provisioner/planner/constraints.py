"""Version constraints of providers: can several be met by one version? Pure; pre-releases are not looked at."""

import re

Version = tuple[int, ...]
Range = tuple[Version, Version | None]
"""From (included) to (not included, None: no end)."""

CLAUSE = re.compile(r"\A\s*(=|!=|>=|<=|>|<|~>)?\s*v?(\d+(?:\.\d+)*)(?:[-+].*)?\s*\Z")


def compatible(constraints: list[str]) -> bool:
    """True when some version may meet all of them; a constraint that can't be read stops nothing (Terraform will say)."""
    low: Version = ()
    high: Version | None = None
    for constraint in constraints:
        for clause in filter(None, (part.strip() for part in constraint.split(","))):
            match = CLAUSE.match(clause)
            if match is None or match[1] == "!=":
                continue
            start, end = _range(match[1] or "=", tuple(map(int, match[2].split("."))))
            low = max(low, start)
            high = end if high is None else high if end is None else min(high, end)
    return high is None or _padded(low) < _padded(high)


def _range(operator: str, version: Version) -> Range:
    padded = _padded(version)
    after = (*padded[:2], padded[2] + 1)
    if operator == "=":
        return padded, after
    if operator == ">=":
        return padded, None
    if operator == ">":
        return after, None
    if operator == "<":
        return (), padded
    if operator == "<=":
        return (), after
    kept = version[:-1] if len(version) > 1 else version
    return padded, (*kept[:-1], kept[-1] + 1)


def _padded(version: Version) -> Version:
    return (*version, 0, 0, 0)[:3]
