"""Plain YAML scalars by the core schema of YAML 1.2: null, booleans and numbers; `on`, `yes` and `22:30` stay text. Pure."""

import math
import re

from provisioner.model import Json

WORDS: dict[str, Json] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}
INTEGER = re.compile(r"[-+]?[0-9]{1,400}\Z")
OTHER_BASE = re.compile(r"0o[0-7]{1,400}\Z|0x[0-9a-fA-F]{1,400}\Z")
FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
NOT_JSON = re.compile(r"[-+]?\.(inf|Inf|INF)\Z|\.(nan|NaN|NAN)\Z")
STARTS = frozenset("0123456789+-.")


class Ambiguous(ValueError):
    """The scalar is a number that JSON does not have, or that readers understand in different ways."""


def plain(text: str) -> Json:
    """The value of an unquoted scalar. Raises Ambiguous with what to do about it."""
    if text in WORDS:
        return WORDS[text]
    if text[0] not in STARTS:
        return text
    if INTEGER.match(text):
        if text.lstrip("+-")[0] == "0" and len(text.lstrip("+-")) > 1:
            raise Ambiguous(f'{text} is octal for some and decimal for others; write "{text}" in quotes, or 0o{text.lstrip("+-0") or "0"}')
        return int(text)
    if OTHER_BASE.match(text):
        return int(text, 0)
    if NOT_JSON.match(text):
        raise Ambiguous(f'{text} is no number that can be delivered; write "{text}" in quotes if it is text')
    if FLOAT.match(text):
        number = float(text)
        if math.isinf(number):
            raise Ambiguous(f'{text} is too large for a number; write "{text}" in quotes if it is text')
        return number
    return text
