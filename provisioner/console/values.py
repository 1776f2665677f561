"""How values and their differences look in a line. Pure."""

import difflib
import json
from collections.abc import Iterable, Iterator

from provisioner.model import Change, FileDiff, Json

KNOWN_LATER = "(known after apply)"
NOTHING = object()


def value_text(value: Json) -> str:
    """A value in one line: plain words bare, other text in quotes, structures as JSON."""
    if value is None or value is NOTHING:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        bare = value and not any(letter.isspace() or letter in "\"'" for letter in value)
        return value if bare or value.startswith("(") else json.dumps(value, ensure_ascii=False)
    return json.dumps(value, ensure_ascii=False, default=str)


def attributes(change: Change) -> Iterator[tuple[str, Json, Json]]:
    """(path, before, after) for each attribute that differs; NOTHING where it is absent, KNOWN_LATER where it is unknown."""
    unknown = set(change.unknown)
    for name in dict.fromkeys([*change.before, *change.after, *change.unknown]):
        before = change.before.get(name, NOTHING)
        after = KNOWN_LATER if name in unknown else change.after.get(name, NOTHING)
        yield from _leaves(name, before, after)


def _leaves(path: str, before: Json, after: Json) -> Iterator[tuple[str, Json, Json]]:
    """Objects are compared key by key, so that only what differs is said."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in dict.fromkeys([*before, *after]):
            one, two = before.get(key, NOTHING), after.get(key, NOTHING)
            if one is NOTHING or two is NOTHING or one != two:
                yield from _leaves(f"{path}.{key}", one, two)
    elif before is NOTHING or after is NOTHING or before != after or after == "(sensitive)":
        yield path, before, after


def attribute_text(name: str, before: Json, after: Json) -> str:
    """`size 20 → 40`; `size 40` for a new one."""
    if before is NOTHING or (before is None and after is not None):
        return f"{name} {value_text(after)}"
    if before == after:
        return f"{name} {value_text(after)} changed"
    return f"{name} {value_text(before)} → {value_text(after)}"


def file_lines(diff: FileDiff) -> list[str]:
    """A unified difference without its two heads, two lines of context; the word itself where content is not shown."""
    before, after = diff.before or "", diff.after or ""
    if diff.after is None:
        return ["- (file is removed)"]
    if hidden(before) or hidden(after):
        return ([f"- {_words_for(before)}"] if before else []) + [f"+ {_words_for(after)}"]
    lines = list(difflib.unified_diff(before.splitlines(), after.splitlines(), n=2, lineterm=""))[2:]
    single = sum(line.startswith("@@") for line in lines) < 2
    spaced = [line if line.startswith("@@") else f"{line[:1]} {line[1:]}".rstrip() for line in lines if not (single and line.startswith("@@"))]
    return spaced or ["(only the end of the last line differs)"]


def _words_for(content: str) -> str:
    return content if hidden(content) else f"({len(content.splitlines())} lines)"


def hidden(content: str) -> bool:
    """True for a word in parentheses that stands for content: (secret, …), (12 bytes, sha256 …), (known after apply)."""
    return content.startswith("(") and content.endswith(")") and "\n" not in content


def sensitive(outputs: dict[str, Json], names: Iterable[str]) -> dict[str, Json]:
    """The outputs with the values of the named ones, and of what holds a secret reference, taken out."""
    closed = set(names)
    return {name: "(sensitive)" if name in closed or "${secret." in json.dumps(value, default=str) else value for name, value in outputs.items()}
