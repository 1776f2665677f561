"""A module's text fit to lie in a root of ours: without its own `provider` blocks and version constraints. Pure.

A module that brings its own provider can't be removed again: Terraform needs the block to destroy what was made with it. One that names one
version years ago keeps everything else of its root from what the environment says.
"""

import re

PROVIDER = re.compile(r'^provider\s+"([\w-]+)"\s*\{', re.MULTILINE)
REQUIRED = re.compile(r"^\s*required_providers\s*\{", re.MULTILINE)
VERSION = re.compile(r'(\{|,|^)([ \t]*)version\s*=\s*"([^"]*)"[ \t]*,?', re.MULTILINE)
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|#[^\n]*|//[^\n]*|/\*.*?\*/|<<[-~]?(\w+)\n.*?^\s*\1$|[{}]', re.MULTILINE | re.DOTALL)


def without_providers(text: str) -> tuple[str, tuple[str, ...]]:
    """The text with each provider block left out (its lines stay, empty, so that line numbers do), and their names."""
    names = []
    while match := PROVIDER.search(text):
        names.append(match[1])
        end = _end(text, match.end())
        text = text[:match.start()] + "\n" * text.count("\n", match.start(), end) + text[end:]
    return text, tuple(names)


def without_versions(text: str) -> tuple[str, tuple[str, ...]]:
    """The text with the version constraints of its providers left out, and these."""
    match = REQUIRED.search(text)
    if match is None:
        return text, ()
    end = _end(text, match.end())
    block = text[match.end():end]
    versions = tuple(found[3] for found in VERSION.finditer(block))
    return text[:match.end()] + VERSION.sub(r"\1\2", block) + text[end:], versions


def _end(text: str, start: int) -> int:
    """Where the block ends whose brace was opened just before `start`."""
    depth = 1
    for token in TOKEN.finditer(text, start):
        depth += {"{": 1, "}": -1}.get(token[0], 0)
        if depth == 0:
            return token.end()
    return len(text)
