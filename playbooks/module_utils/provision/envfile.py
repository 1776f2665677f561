"""The environment file of a service, in the form that systemd and `sh` read alike."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ansible.module_utils.provision.failures import Failed


def text(env: dict[str, Any], header: str) -> bytes:
    """The file for these variables, sorted by name. Raises Failed for a name or value that no environment can hold."""
    return _text(env, header, lambda name, content: f'{name}="{quoted(content)}"')


def plain_text(env: dict[str, Any], header: str) -> bytes:
    """The same for podman, which takes every line as it is. Raises Failed also for a value of several lines."""
    return _text(env, header, _one_line)


def _one_line(name: str, content: str) -> str:
    if "\n" in content or "\r" in content:
        raise Failed(f"the environment variable {name} has several lines, which podman can't be given; mount it as a file: "
                     "volumeMounts: {secret: [{name, mountPath, data}]}")
    return f"{name}={content}"


def _text(env: dict[str, Any], header: str, line: Callable[[str, str], str]) -> bytes:
    lines = [header]
    for name, value in sorted(env.items()):
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            raise Failed(f"'{name}' can't be the name of an environment variable: letters, digits and _ only")
        content = as_text(value)
        if "\0" in content:
            raise Failed(f"the environment variable {name} holds a zero byte")
        lines.append(line(name, content))
    return ("\n".join(lines) + "\n").encode()


def as_text(value: Any) -> str:
    """A value as programs expect it: true and false in small letters."""
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)


def quoted(content: str) -> str:
    """Content for double quotes; the four characters that mean something there are escaped."""
    return re.sub(r'([\\"$`])', r"\\\1", content)


def normal(env: Any) -> dict[str, Any]:
    """A map of variables, from a map or from OAM's list of {name, value}."""
    if isinstance(env, dict):
        return {str(name): value for name, value in env.items()}
    return {str(item["name"]): item.get("value") for item in env or ()}
