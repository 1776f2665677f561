"""Conditions in CEL (the `if` of a step): checked before anything is done, judged when their values are known. Pure.

What KubeVela's documents write in CUE is CEL too, but for names with dashes: `status.my-step.failed` is read as
`status["my-step"].failed`.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from typing import Any, Literal

from provisioner.model import Json

ALWAYS = "always"
DASHED = re.compile(r"\b(status|inputs)\.([A-Za-z0-9_]+(?:-[A-Za-z0-9_]+)+)")
Names = tuple[str, ...]
Use = Literal["value", "items", "in", "size"]
"""What is asked of a name: its value, each item of it, whether something is in it, or how long it is."""
MACROS = ("all", "exists", "exists_one", "filter", "map")


class Wrong(Exception):
    """The condition can't be read, names something that is not there, or is no condition."""


def names(text: str) -> list[Names]:
    """The dotted names that a condition uses, such as ("status", "test", "failed"). Raises Wrong."""
    found: list[Names] = []
    for tree in compiled(text)[0].iter_subtrees_topdown():
        if tree.data == "member" and (path := _path(tree)) and not any(known[:len(path)] == path for known in found):
            found.append(path)
    return found


def uses(text: str) -> list[tuple[Names, Use]]:
    """The dotted names that a condition uses, each as often as it stands there, with what is asked of it. Raises Wrong."""
    return list(_uses(compiled(text)[0], "value"))


def check(text: str, values: Mapping[str, Json]) -> None:
    """Judge with values that only have the right kinds. Raises Wrong where that can't work, or gives neither true nor false."""
    holds(text, values)


def ready(values: Mapping[str, Json]) -> dict[str, Any]:
    """Values as conditions see them, to be used for several: making them costs more than judging."""
    from celpy.adapter import json_to_cel

    return {name: json_to_cel(value) for name, value in values.items()}


def holds(text: str, values: Mapping[str, Json]) -> bool:
    """Whether the condition is true of these values. Raises Wrong; its text never holds a value."""
    return holds_of(text, ready(values))


def holds_of(text: str, values: dict[str, Any]) -> bool:
    """The same of values that are ready. Raises Wrong."""
    # a tenth of a second, and only workflows and rules need it
    from celpy import celtypes
    from celpy.evaluation import CELEvalError

    try:
        found = compiled(text)[1].evaluate(values)
    except CELEvalError as error:
        raise Wrong(_reason(error)) from None
    except ValueError:
        # what celpy has no answer for, such as a `map` with three arguments
        raise Wrong("it can't be judged") from None
    if not isinstance(found, celtypes.BoolType):
        raise Wrong("it gives neither true nor false")
    return bool(found)


@lru_cache(maxsize=256)
def compiled(text: str) -> tuple[Any, Any]:
    """The syntax tree, and what evaluates it. Raises Wrong."""
    from celpy import Environment
    from celpy.celparser import CELParseError

    environment = Environment()
    try:
        tree = environment.compile(DASHED.sub(r'\1["\2"]', text))
        return tree, environment.program(tree)
    except CELParseError as error:
        lines = [line for line in str(error).splitlines() if line.strip()]
        at = f' near column {lines[1].index("^") + 1}' if len(lines) > 1 and "^" in lines[1] else ""
        raise Wrong(f"it can't be read{at}") from None


def _path(tree: Any) -> Names:
    """The names along a chain of members, as far as they are plain; empty for what begins otherwise."""
    if tree.data == "primary":
        first = tree.children[0]
        return (str(first.children[0]),) if getattr(first, "data", "") == "ident" else ()
    inner = tree.children[0]
    if tree.data == "member":
        return _path(inner)
    if tree.data == "member_dot":
        return (*above, str(tree.children[1])) if (above := _path(inner)) else ()
    if tree.data == "member_index":
        literals = list(_literals(tree.children[1]))
        above = _path(inner)
        return (*above, literals[0]) if above and len(literals) == 1 else above
    return ()


def _uses(tree: Any, use: Use) -> Iterator[tuple[Names, Use]]:
    if tree.data == "member" and (path := _path(tree)):
        yield path, use
    for child, asked in _below(tree, use):
        yield from _uses(child, asked)


def _below(tree: Any, use: Use) -> list[tuple[Any, Use]]:
    """The parts of a part, with what is asked of each; what is asked of the whole is asked of its only part."""
    below = [child for child in tree.children if hasattr(child, "data")]
    called = next((str(child) for child in tree.children if not hasattr(child, "data")), "")
    if tree.data == "relation" and below[0].data == "relation_in":
        return [(below[0], "value"), (below[1], "in")]
    if tree.data == "ident_arg":
        return [(child, "size" if called == "size" else "value") for child in below]
    if tree.data == "member_dot_arg":
        return _of_call(called, below[0], [each for arguments in below[1:] for each in arguments.children])
    if tree.data in ("member_dot", "member_index"):
        # names along a chain are one name, which was given above
        return [(child, "value") for child in below if not _path(child)]
    return [(child, use if len(below) == 1 else "value") for child in below]


def _of_call(called: str, value: Any, arguments: list[Any]) -> list[tuple[Any, Use]]:
    if called in MACROS:
        # the first argument is the name that an item gets
        return [(value, "items"), *((each, "value") for each in arguments[1:])]
    return [(value, "size" if called == "size" else "value"), *((each, "value") for each in arguments)]


def _literals(tree: Any) -> Iterator[str]:
    """The text of an index, where it is one."""
    tokens = list(tree.scan_values(lambda token: True))
    if len(tokens) == 1 and str(tokens[0])[:1] in "\"'":
        yield str(tokens[0])[1:-1]


def _reason(error: Exception) -> str:
    first = str(error.args[0]) if error.args else ""
    if "no matching overload" in first or "no such overload" in first:
        return "it compares or joins values of different kinds"
    return "it asks for something that has no value" if "no such" in first or "undeclared" in first else "it can't be judged"


def unknown(found: Collection[Names], known: Mapping[str, Collection[str]]) -> list[str]:
    """Names whose head, or whose name below it, is not known (`known`: head to what it may be followed by)."""
    wrong = []
    for path in found:
        if path[0] not in known or (len(path) > 1 and path[1] not in known[path[0]]):
            wrong.append(".".join(path[:2]))
    return list(dict.fromkeys(wrong))
