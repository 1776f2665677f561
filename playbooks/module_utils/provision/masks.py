"""How contents are shown: text as it is, binary and secret content as a word in parentheses. Never gives a secret away."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Callable

from ansible.module_utils.provision import files

UNKNOWN = "(known after apply)"
KEY_BYTES = 32


def secret_word(data: bytes, key: bytes | None) -> str:
    """What stands for a secret: 12 characters of a digest with the host's key; without a key nothing can be compared yet."""
    if key is None:
        return "(secret, new)"
    return f"(secret, {hmac.new(key, data, hashlib.sha256).hexdigest()[:12]})"


def shown(data: bytes | None) -> str | None:
    """Content of a file that holds no secret."""
    if data is None:
        return None
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = "\0"
    return f"({len(data)} bytes, sha256 {files.digest(data)[:12]})" if "\0" in text else text


def of_wish(wish: files.Wish, before: bytes | None, key: bytes | None) -> tuple[str | None, str | None]:
    """Before and after of one file, ready to be shown."""
    if wish.unknown:
        return (None if before is None else secret_word(before, key) if wish.secret else shown(before)), UNKNOWN
    if wish.secret:
        return (None if before is None else secret_word(before, key)), secret_word(wish.data, key)
    return shown(before), shown(wish.data)


def lines(data: bytes | None, plain: Callable[[str], bool], key: bytes | None) -> str | None:
    """An environment file with the values of all variables hidden that are not known to be plain."""
    if data is None:
        return None
    result = []
    for line in data.decode(errors="replace").splitlines():
        name, equals, value = line.partition("=")
        hide = equals and not line.startswith("#") and not plain(name)
        # a line without a name may be the rest of a value of several lines
        loose = not equals and line and not line.startswith("#")
        result.append(f"{name}={secret_word(value.encode(), key)}" if hide else secret_word(line.encode(), key) if loose else line)
    return "\n".join(result) + "\n" if result else ""


def read_key(path: str) -> bytes | None:
    """The host's key for digests of secrets, if it has been made."""
    try:
        return files.read(path)
    except PermissionError:
        return None


def new_key() -> bytes:
    """A fresh key."""
    return os.urandom(KEY_BYTES)
