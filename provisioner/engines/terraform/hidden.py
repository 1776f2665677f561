"""Takes the secrets that we gave to Terraform out of what it says. Pure."""

from collections.abc import Iterable

SHORTEST = 4
"""Shorter ones would take words apart and are no secrets."""
SHOWN = "(sensitive)"


class Hidden:
    """The values that must not be shown."""

    def __init__(self, values: Iterable[str]) -> None:
        self._values = sorted((value for value in values if len(value) >= SHORTEST), key=len, reverse=True)

    def plain(self, text: str) -> str:
        """The text without them, also where it is escaped for JSON."""
        for value in self._values:
            text = text.replace(value, SHOWN).replace(escaped(value), SHOWN)
        return text


def escaped(value: str) -> str:
    """A value as it stands inside quotes."""
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
