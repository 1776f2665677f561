"""A module's text without its own `provider` blocks: in one root they would stand beside the target's. Pure.

A module that brings its own provider can't be removed again: Terraform needs the block to destroy what was made with it.
"""

import re

HEAD = re.compile(r'^provider\s+"([\w-]+)"\s*\{', re.MULTILINE)
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|#[^\n]*|//[^\n]*|/\*.*?\*/|<<[-~]?(\w+)\n.*?^\s*\1$|[{}]', re.MULTILINE | re.DOTALL)


def without_providers(text: str) -> tuple[str, tuple[str, ...]]:
    """The text with each provider block left out (its lines stay, empty, so that line numbers do), and their names."""
    names = []
    while match := HEAD.search(text):
        names.append(match[1])
        end = _end(text, match.end())
        text = text[:match.start()] + "\n" * text.count("\n", match.start(), end) + text[end:]
    return text, tuple(names)


def _end(text: str, start: int) -> int:
    """Where the block ends whose brace was opened just before `start`."""
    depth = 1
    for token in TOKEN.finditer(text, start):
        depth += {"{": 1, "}": -1}.get(token[0], 0)
        if depth == 0:
            return token.end()
    return len(text)
