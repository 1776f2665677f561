"""What the shell offers after TAB: names of components, environments, types. Looks at names of files and one line each; imports nothing heavy."""

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import click

from provisioner.cli.locating import document_of
from provisioner.library import library_folder

Complete = Callable[[click.Context, click.Parameter, str], list[str]]
NAME = re.compile(r"\A(?:\{(?:[^{}\[\]]*,)?\s*)?name:\s*[\"']?([\w-]+)")
"""The name in the first line of a component, also in one that is written in braces."""
COMPONENTS = re.compile(r"^\s*components:\s*$", re.MULTILINE)


def starting(find: Callable[[Path], Iterable[str]]) -> Complete:
    """A completion out of names that are found in the project's folder; a project that can't be read has none."""
    def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
        file = Path(document_of(ctx.params.get("file")))
        folder = Path(ctx.params.get("project") or (file if file.is_dir() else file.parent))
        try:
            return sorted({name for name in find(folder) if name.startswith(incomplete)})
        except (OSError, ValueError):
            return []
    return complete


def components(folder: Path) -> Iterator[str]:
    """Names of the components of app.yaml, as far as its lines show them."""
    text = (folder / Path(document_of(None)).name).read_text(encoding="utf-8")
    begin = COMPONENTS.search(text)
    depth: int | None = None
    for line in text[begin.end():].splitlines() if begin else ():
        inner = line.lstrip()
        indent = len(line) - len(inner)
        if not inner or inner.startswith("#"):
            continue
        if depth is None:
            depth = indent
        if indent < depth or (indent == depth and not inner.startswith("- ")):
            return
        own = inner[2:] if indent == depth else inner if indent == depth + 2 else ""
        if match := NAME.match(own):
            yield match[1]


def environments(folder: Path) -> Iterator[str]:
    """Names of the project's environments, and the sandbox."""
    yield "sandbox"
    yield from _stems(folder / "environments")


def types(folder: Path) -> Iterator[str]:
    """Names of component types and traits: the project's, those of its addons, the library's."""
    for place in (folder, *sorted((folder / "addons").glob("*")), library_folder()):
        yield from _stems(place / "components")
        yield from _stems(place / "components" / "traits")


def own_types(folder: Path) -> Iterator[str]:
    """Names of the types that the project itself defines."""
    yield from _stems(folder / "components")
    yield from _stems(folder / "components" / "traits")


def addons(folder: Path) -> Iterator[str]:
    """Names of the project's addons."""
    yield from (path.name for path in (folder / "addons").iterdir() if path.is_dir() and not path.name.startswith("."))


def _stems(folder: Path) -> Iterator[str]:
    yield from (path.stem for path in folder.glob("*.y*ml"))


COMPONENT, ENVIRONMENT, TYPE, OWN_TYPE, ADDON = map(starting, (components, environments, types, own_types, addons))
