"""KubeVela's own documents against one environment: which of them provision takes, and why it does not take the others.

`python -m tests.kubevela` prints the table.
"""

import copy
import random
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from provisioner import spec
from provisioner.catalog import Catalog
from provisioner.compose import Composition, compose
from provisioner.errors import Invalid
from provisioner.model import Environment, Json
from provisioner.spec import yaml

DATA = Path(__file__).parent / "data" / "kubevela"
APPLICATIONS = sorted((DATA / "applications").glob("*.yaml"))
DEFINITIONS = sorted((DATA / "definitions").glob("*.yaml"))
ENVIRONMENT = Path("environments/both.yaml")


@dataclass(frozen=True)
class Row:
    """One application: composed as it is, composed with --ignore-unsupported, or not at all; the errors of the last attempt."""

    file: str
    result: str
    """plans, plans without, no."""
    reasons: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines = self.reasons or ("",)
        return "".join(f"{(self.file if not index else ''):100} {(self.result if not index else ''):14} {line}".rstrip() + "\n"
                       for index, line in enumerate(lines))


def project(folder: Path) -> Path:
    """A project with the environment and all definitions."""
    shutil.copytree(DATA / "environments", folder / "environments")
    (folder / "components").mkdir()
    for path in DEFINITIONS:
        shutil.copy(path, folder / "components")
    return folder


def names_in(path: Path) -> list[str]:
    """The applications of a file."""
    return [document.value["metadata"]["name"] for document in yaml.read_all(path) if document.value.get("kind") == "Application"]


def composed(folder: Path, path: Path, name: str, *, ignore: bool = False) -> Composition:
    """The units of an application; nothing is fetched. Raises Invalid."""
    application, problems = spec.examine_application(path, name)
    catalog, environment = _read(folder)
    return compose(catalog.context_for(application, environment, {}, problems, ignore_unsupported=ignore))


@cache
def _read(folder: Path) -> tuple[Catalog, Environment]:
    return Catalog(folder, fetch=False), spec.read_environment(folder / ENVIRONMENT, {})


def rows(folder: Path) -> Iterator[Row]:
    """Every application of every file."""
    for path in APPLICATIONS:
        names = names_in(path)
        for name in names:
            yield _row(folder, path, name, path.name if len(names) == 1 else f"{path.name}#{name}")


def _row(folder: Path, path: Path, name: str, shown: str) -> Row:
    try:
        composed(folder, path, name)
        return Row(shown, "plans")
    except Invalid as error:
        strict = _reasons(error)
    try:
        composed(folder, path, name, ignore=True)
        return Row(shown, "plans without", strict)
    except Invalid as error:
        return Row(shown, "no", _reasons(error))


def _reasons(error: Invalid) -> tuple[str, ...]:
    return tuple(dict.fromkeys(f"{problem.code} {problem.message}" for problem in error.problems if problem.severity == "error"))


WRONG: tuple[Json, ...] = (None, "text", "", 7, -1, True, [], {}, ["x"], [[1]], {"a": 1}, {"name": "x"}, "${db.x}", "${nope")


def damaged(value: Json, chance: random.Random) -> Json:
    """A copy of a document with one value, anywhere below its first level, replaced by another one, often of another kind."""
    found = copy.deepcopy(value)
    path = chance.choice([path for path in _paths(found, ()) if len(path) > 1])
    node = found
    for part in path[:-1]:
        node = node[part]
    node[path[-1]] = copy.deepcopy(chance.choice(WRONG))
    return found


def _paths(value: Json, path: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    yield path
    for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from _paths(item, (*path, key))


def table(folder: Path) -> tuple[str, dict[str, int]]:
    """The table as text, and how many files had each result."""
    found = list(rows(folder))
    counts = {result: len({row.file.partition("#")[0] for row in found if row.result == result}) for result in ("plans", "plans without", "no")}
    summary = f"{counts['plans']} plan, {counts['plans without']} plan with --ignore-unsupported, {counts['no']} do not"
    return "".join(map(str, found)) + f"\n{summary}\n", counts


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        sys.stdout.write(table(project(Path(place)))[0])
