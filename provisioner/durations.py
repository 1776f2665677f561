"""Durations as people write them: 90, 30s, 5m, 1h30m (Go's form). Pure."""

import re

PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
FACTORS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def seconds(text: str) -> float:
    """The duration in seconds; a number alone is seconds. Raises ValueError."""
    plain = text.strip().replace(" ", "")
    if re.fullmatch(r"\d+(?:\.\d+)?", plain):
        return float(plain)
    parts = PART.findall(plain)
    if not parts or "".join(number + unit for number, unit in parts) != plain:
        raise ValueError(f'"{text}" is no duration: write 30s, 5m or 1h30m')
    return sum(float(number) * FACTORS[unit] for number, unit in parts)


def words(length: float) -> str:
    """`1h 30m`, `45s`: the two largest units."""
    left, found = round(length), []
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count:
            found.append(f"{count}{unit}")
    return " ".join(found[:2]) or "0s"
