"""Taking secret values out of text, in the forms in which tools print them. Pure."""

import html
import json
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

MASK = "(secret)"
SHORTEST = 4
"""Shorter values are not searched: they would be found everywhere."""
SHORTEST_LINE = 8
COMMON = frozenset((
    "true", "false", "null", "none", "default", "admin", "root", "user", "test", "localhost", "postgres", "password", "secret",
    "enabled", "disabled",
))
"""Values that are ordinary words of every log; taking them out hides nothing and makes the text unreadable."""
GO_JSON = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})
"""Terraform is written in Go, whose JSON writes these so."""


def pattern(values: Iterable[str]) -> re.Pattern[str] | None:
    """What finds all forms of all values, the longest first; None when there is nothing to look for."""
    forms = {form for value in values for form in _forms(value)}
    if not forms:
        return None
    return re.compile("|".join(re.escape(form) for form in sorted(forms, key=lambda form: (-len(form), form))))


def redact(text: str, found: re.Pattern[str] | None) -> str:
    """The text without the values."""
    return found.sub(MASK, text) if found is not None else text


def _forms(value: str) -> set[str]:
    """The value as it is, inside JSON (twice: a JSON text inside JSON), a URL, a shell's word, XML, a Python repr; lines of its own, too."""
    if not _worth_hiding(value):
        return set()
    escaped = json.dumps(value)[1:-1]
    unicode = json.dumps(value, ensure_ascii=False)[1:-1]
    forms = {
        value,
        escaped,
        json.dumps(escaped)[1:-1],
        unicode,
        *(text.translate(GO_JSON) for text in (escaped, unicode)),
        *(quote_in(value, errors="backslashreplace") for quote_in in (quote, quote_plus)),
        quote(value, safe="", errors="backslashreplace"),
        repr(value)[1:-1],
        value.replace("'", "'\"'\"'"),
        re.sub(r"([^\w@%+=:,./-])", r"\\\1", value),
        html.escape(value),
        html.escape(value, quote=False),
    }
    # tools print a key file line by line; its first and last line are the same in all of them
    lines = value.splitlines() if "\n" in value else []
    forms.update(line.strip() for line in lines if len(line.strip()) >= SHORTEST_LINE and not line.startswith("-----"))
    return {form for form in forms if len(form) >= SHORTEST}


def _worth_hiding(value: str) -> bool:
    return len(value.strip()) >= SHORTEST and value.strip().lower() not in COMMON
