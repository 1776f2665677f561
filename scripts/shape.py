"""The shape of the code: sizes of modules and functions, names, docstrings, no print. Usage: shape.py FOLDER..."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

MODULE_LINES = 400
FUNCTION_LINES = 45
"""Hard limits; the aim is 300 and 40, and at most 5 positional parameters."""
POSITIONAL = 6
NAMES = {"utils", "helpers", "common", "manager", "base", "misc"}
SPEAKING = ("provisioner/cli/",)
"""Where print is the purpose."""


def problems(path: Path, text: str) -> Iterator[str]:
    """What is wrong with one module."""
    lines = text.count("\n")
    if lines > MODULE_LINES:
        yield f"{path}: {lines} lines, limit {MODULE_LINES}"
    if path.stem in NAMES:
        yield f"{path}: {path.stem} says nothing: name it for what it owns"
    tree = ast.parse(text, str(path))
    if tree.body and ast.get_docstring(tree) is None:
        yield f"{path}: no docstring that says what the module owns"
    for node in ast.walk(tree):
        yield from _function(path, node)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print" and not _speaks(path):
            yield f"{path}:{node.lineno}: print outside cli"


def _function(path: Path, node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        length = (node.end_lineno or node.lineno) - node.lineno + 1
        if length > FUNCTION_LINES:
            yield f"{path}:{node.lineno}: {node.name} has {length} lines, limit {FUNCTION_LINES}"
        positional = [each.arg for each in (*node.args.posonlyargs, *node.args.args) if each.arg not in ("self", "cls")]
        if len(positional) > POSITIONAL:
            yield f"{path}:{node.lineno}: {node.name} has more than {POSITIONAL} positional parameters"


def _speaks(path: Path) -> bool:
    return path.as_posix().startswith(SPEAKING) or not path.as_posix().startswith("provisioner/")


def main(folders: list[str]) -> int:
    """Print what is wrong below the folders; 1 when something is."""
    found = [line for folder in folders for path in sorted(Path(folder).rglob("*.py")) for line in problems(path, path.read_text())]
    sys.stdout.write("".join(f"{line}\n" for line in found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
