"""The secrets of one play: those that it was given, and what Ansible's vaults turn out to hold; and events without them."""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml

from provisioner.model import Json
from provisioner.secrets import redaction


class _Plain(yaml.SafeLoader):
    """YAML of Ansible, its tags (`!vault`, `!unsafe`) read as the text that they stand before."""


_Plain.add_multi_constructor("!", lambda loader, suffix, node: str(getattr(node, "value", "")))


class Notes:
    """The file to which `watched` adds each text that it sees decrypted."""

    def __init__(self, path: Path, given: Sequence[str]) -> None:
        self._path = path
        self._secrets = dict.fromkeys(given)
        self._read = 0
        self._pattern = redaction.pattern(self._secrets)

    def begun(self) -> str:
        """Make it, for nobody else to read; its path."""
        self._path.touch(mode=0o600)
        return str(self._path)

    def pattern(self) -> re.Pattern[str] | None:
        """What finds all that is known by now."""
        try:
            if self._path.stat().st_size == self._read:
                return self._pattern
            with self._path.open("rb") as notes:
                notes.seek(self._read)
                lines = notes.read().rpartition(b"\n")[0]
        except OSError:
            return self._pattern
        self._read += len(lines) + 1 if lines else 0
        known = len(self._secrets)
        self._secrets |= dict.fromkeys(value for line in lines.splitlines() for value in values(json.loads(line)))
        if len(self._secrets) > known:
            self._pattern = redaction.pattern(self._secrets)
        return self._pattern


def values(text: str) -> Iterator[str]:
    """What is secret in a decrypted text: itself, and the texts in it where it is a file of variables."""
    try:
        found = yaml.load(text, _Plain)
    except yaml.YAMLError:
        found = None
    if isinstance(found, dict | list):
        yield from _texts(found)
    else:
        yield text.strip()


def _texts(value: Json) -> Iterator[str]:
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)
    elif isinstance(value, str):
        yield value


def masked(value: Json, found: re.Pattern[str] | None) -> Json:
    """A copy of an event without the secrets. Numbers stay: the text of one may be a part of any other."""
    if found is None:
        return value
    if isinstance(value, dict):
        return {redaction.redact(key, found): masked(item, found) for key, item in value.items()}
    if isinstance(value, list):
        return [masked(item, found) for item in value]
    return redaction.redact(value, found) if isinstance(value, str) else value
