"""Titles, causes and fixes of all error codes, one module per area; `provision explain` reads them. Data only."""

import importlib
import pkgutil


def every() -> dict[str, tuple[str, str]]:
    """All codes in order, each with its title and its text."""
    found: dict[str, tuple[str, str]] = {}
    for area in pkgutil.iter_modules(__path__):
        found |= importlib.import_module(f"{__name__}.{area.name}").CODES
    return dict(sorted(found.items()))


def explain(code: str) -> tuple[str, str] | None:
    """Title and text of a code; `1203`, `prv-1203` and `PRV-1203` are the same. None when there is none."""
    digits = code.upper().removeprefix("PRV").lstrip("-")
    return every().get(f"PRV-{digits}")
