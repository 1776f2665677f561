"""What a program reads of other units on its host: secrets and certificates whose files its inputs name. Looks, and changes nothing.

The manifest of the program notes what it was started with, so a change is known whoever made it, and however the run ended that made it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ansible.module_utils.provision import files, manifest, masks
from ansible.module_utils.provision.context import Context
from ansible.module_utils.provision.manifest import Manifest
from ansible.module_utils.provision.wanted import Wanted

KINDS = ("secret", "certificate")


def sources(context: Context, wanted: Wanted) -> list[Manifest]:
    """The units of this host whose files a program is told of."""
    texts = list(_texts([wanted.env, wanted.config, wanted.command, wanted.entry, [(mount.source, mount.files) for mount in wanted.mounts]]))
    return [other for other in manifest.others(context) if other.kind in KINDS and any(_named(path, texts) for path in (*other.files, *other.trees))]


def noted(context: Context, found: Iterable[Manifest], key: bytes) -> dict[str, str]:
    """What a program finds there now, by unit: a word that another content changes and that gives nothing away."""
    return {name_of(context, other): _word(other, key) for other in found}


def name_of(context: Context, other: Manifest) -> str:
    """The unit; with its application where that is another one."""
    return other.unit if other.app == context.app else f"{other.unit} of {other.app}"


def moved(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """The units whose files are no longer what the program was started with."""
    return [unit for unit, word in now.items() if before.get(unit, word) != word]


def _word(other: Manifest, key: bytes) -> str:
    digest = hashlib.sha256()
    for path in sorted(_for_readers(other)):
        data = files.read(path) or b""
        digest.update(f"{path} {len(data)} ".encode() + data)
    return masks.secret_word(digest.digest(), key)


def _for_readers(other: Manifest) -> Iterable[str]:
    """Its files that are there to be read: not what is encrypted anew each time, nor a unit of systemd."""
    top = str(other.about.get("path") or "")
    return [path for path in other.files if not top or f"{path}/".startswith(f"{top}/")]


def _named(path: str, texts: Iterable[str]) -> bool:
    pattern = re.compile(rf"{re.escape(path)}(?![\w.-])")
    return any(pattern.search(text) for text in texts)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from _texts(list(value.values()))
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item)
