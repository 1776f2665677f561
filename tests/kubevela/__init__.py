"""KubeVela's own documents against one environment: which of them provision takes, and why it does not take the others.

`python -m tests.kubevela` prints the table, with `--plan` it plans each document that composes for real and keeps what came of it.
"""

import copy
import json
import random
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from provisioner import spec
from provisioner.catalog import Catalog
from provisioner.compose import Composition, compose
from provisioner.errors import Invalid
from provisioner.model import Environment, Json

DATA = Path(__file__).parents[1] / "data" / "kubevela"
APPLICATIONS = sorted((DATA / "applications").glob("*.yaml"))
DEFINITIONS = sorted((DATA / "definitions").glob("*.yaml"))
ENVIRONMENT = Path("environments/both.yaml")
PLANNED = DATA / "planned.json"
"""What came of each real plan: how many units of it on each target, or why there was none."""


ELSEWHERE = {"PRV-1401": "types of addons", "PRV-1452": "modules in repositories that are not kept here", "PRV-1516": "Kubernetes objects"}
"""Codes of the reasons that a document of a cluster may well have, in words."""
RESULTS = {"plans": "plan", "plans without": "plan with --ignore-unsupported", "composes only": "compose only", "no": "do not"}
OTHERWISE = {
    "catalog__examples__istio__demo.yaml": "a component and its gateway both want port 80 of one host",
    "kubevela.github.io__docs__end-user__components__cloud-services__provision-cloud-resources-by-crossplane.md__1.yaml":
        "its aws-s3 is Crossplane's, an addon's type of the name of ours with other parameters",
    "kubevela.github.io__docs__end-user__components__cloud-services__terraform__azure-database-mariadb.md__1.yaml":
        "needs a target of Azure, and the environment has hosts and AWS",
    "kubevela.github.io__docs__end-user__policies__gc.md__7.yaml": "hands metadata of a Kubernetes object to a parameter that no type has",
    "kubevela.github.io__docs__platform-engineers__traits__organisation-trait.md__1.yaml": "its names hold dots, which references can't",
    "kubevela__docs__examples__advanced-cue__app2.yaml": "its expose is another trait, defined in CUE beside it",
    "kubevela__docs__examples__app-with-status__app.yaml": "its worker and ingress are other types, defined in CUE beside it",
    "kubevela__docs__examples__traits__control-plane-only-usecase__app-with-control-plane-only-usecase.yaml": "`mem` is a slip for memory",
    "kubevela__docs__examples__workflow__notification__app.yaml": "a placeholder stands for a number",
    "kubevela__pkg__appfile__dryrun__testdata__testing-dry-run-4.yaml": "its policy is defined in CUE, in a test of KubeVela",
    "kubevela__test__e2e-multicluster-test__testdata__app__app-anonymous-policies.yaml": "no copies at all: here the component is taken out",
    "kubevela__test__e2e-test__testdata__app__app_component_depends_on_fail.yaml": "is meant to fail: its image is empty",
    "kubevela__vela-templates__definitions__usage-examples__application-with-pvc.yaml": "asks for a raw device of Kubernetes (volumeMode: Block)",
}
"""Files that do not plan for none of these reasons, and why."""


NEEDS_OTHERS = {"kubevela.github.io__docs__end-user__policies__resource-adoption.md__3.yaml"}
"""Reads what another application delivers: alone it has no plan."""


@dataclass(frozen=True)
class Row:
    """One application: what became of it, and the errors of the last attempt."""

    file: str
    result: str
    """plans, plans without (with --ignore-unsupported), composes only (there was no plan of it on real hosts), no."""
    reasons: tuple[str, ...] = ()
    without: bool = False
    """It takes --ignore-unsupported."""

    @property
    def why(self) -> str:
        """In words why it does not plan at all; empty where nobody has said."""
        kinds = [ELSEWHERE[code] for code in dict.fromkeys(reason.partition(" ")[0] for reason in self.reasons) if code in ELSEWHERE]
        return OTHERWISE.get(self.file) or " and ".join(kinds)

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
    return spec.names_in(path.read_text(), path.name)


def composed(folder: Path, path: Path, name: str, *, ignore: bool = False) -> Composition:
    """The units of an application; nothing is fetched. Raises Invalid."""
    application, problems = spec.examine_application(path, name)
    catalog, environment = _read(folder)
    return compose(catalog.context_for(application, environment, {}, problems, ignore_unsupported=ignore))


@cache
def _read(folder: Path) -> tuple[Catalog, Environment]:
    return Catalog(folder, fetch=False), spec.read_environment(folder / ENVIRONMENT, {})


def rows(folder: Path) -> Iterator[Row]:
    """Every application of every file; what was not planned for real only composes."""
    planned = planned_before()
    for row, _, _ in composing(folder):
        failed = "was not planned" if row.file not in planned else planned[row.file].get("failed", "")
        yield replace(row, result="composes only", reasons=(str(failed),)) if row.result != "no" and failed else row


def composing(folder: Path) -> Iterator[tuple[Row, Path, str]]:
    """Every application of every file, nothing planned: its row, its file and its name."""
    for path in APPLICATIONS:
        names = names_in(path)
        for name in names:
            yield _row(folder, path, name, path.name if len(names) == 1 else f"{path.name}#{name}"), path, name


def row_of(folder: Path, shown: str) -> tuple[Row, Path, str]:
    """One application by the name of its row, FILE or FILE#NAME; nothing planned."""
    file, _, name = shown.partition("#")
    path = DATA / "applications" / file
    name = name or names_in(path)[0]
    return _row(folder, path, name, shown), path, name


def planned_before() -> dict[str, dict[str, Json]]:
    """What came of real plans, by the name of a row."""
    found: dict[str, dict[str, Json]] = json.loads(PLANNED.read_text()) if PLANNED.exists() else {}
    return found


def _row(folder: Path, path: Path, name: str, shown: str) -> Row:
    try:
        composed(folder, path, name)
        return Row(shown, "plans")
    except Invalid as error:
        strict = _reasons(error)
    try:
        composed(folder, path, name, ignore=True)
        return Row(shown, "plans without", strict, without=True)
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
    counts = {result: len({row.file.partition("#")[0] for row in found if row.result == result}) for result in RESULTS}
    reasons = Counter(row.why for row in found if row.result == "no" and row.file not in OTHERWISE)
    why = "".join(f"{number:4} {reason}\n" for reason, number in reasons.most_common())
    why += "".join(f"   1 {row.why} ({row.file})\n" for row in found if row.file in OTHERWISE)
    summary = ", ".join(f"{counts[result]} {said}" for result, said in RESULTS.items() if counts[result])
    return "".join(map(str, found)) + f"\nWhy some do not plan:\n{why}\n{summary}\n", counts
