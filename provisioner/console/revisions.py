"""Revisions as text and as `-o json`: the table of them, and one with all that it was made from. Pure."""

from collections.abc import Iterable, Iterator, Mapping

from provisioner.console.commits import commits_json, commits_lines, commits_section
from provisioner.console.history import moment
from provisioner.console.look import Cell, Look, Row, table
from provisioner.console.shapes import head
from provisioner.console.values import value_text
from provisioner.model import Commits, Json
from provisioner.store import Revision, Run

SHORT = 12
"""Characters of a digest that are shown."""
SOME = 3
"""Commits that are named below a revision of the table; `show` names more."""


def revisions_text(revisions: Iterable[Revision], runs: Mapping[int, Run], look: Look) -> str:
    """The table of revisions, newest first."""
    rows: list[Row] = [["REVISION", "VERSION", "DELIVERED", "RUN", "BY", "COMMIT", "WHY"]]
    below: list[list[str]] = [[]]
    for one in revisions:
        run = runs.get(one.run)
        why = " · ".join(filter(None, [str(run.info.get("action", "")), run.reason])) if run else ""
        commit = str(run.info.get("commit", "")) if run else ""
        rows.append([str(one.number), one.version, moment(one.time), str(one.run), run.who if run else "", commit, why])
        below.append(["  " + line for line in commits_lines(run.commits, look, SOME)] if run else [])
    if len(rows) == 1:
        return "No revision yet.   Next: " + look.command("provision apply")
    lines = zip(table(rows, look, indent="", header=True), below, strict=True)
    return "\n".join(line for row, commits in lines for line in (row, *commits))


def revision_json(one: Revision, run: Run | None) -> dict[str, Json]:
    """One revision: what was delivered, by whom and why."""
    return {**head("revision"), "revision": one.number, "version": one.version, "time": one.time, "run": one.run, "plan": one.plan,
            "digest": one.digest, "who": run.who if run else "", "reason": run.reason if run else "",
            "commit": str(run.info.get("commit", "")) if run else "", "commits": commits_json(run.commits if run else Commits()),
            "definitions": dict(one.definitions), "sources": dict(one.sources), "artifacts": dict(one.artifacts),
            "inputs": dict(one.inputs), "spec": one.spec}


def revision_text(application: str, environment: str, one: Revision, run: Run | None, look: Look) -> str:
    """One revision: who and why, each component with its definition, the digests of its module or playbook and artefacts, its inputs; the spec."""
    title = " · ".join(filter(None, [f"{application}@{one.number}", environment, one.version]))
    lines = [look.line(title, "title"), look.words(f"  delivered {moment(one.time)} by run {one.run}, plan {one.plan} {one.digest[:SHORT]}")]
    if run is not None:
        commit = f"commit {run.info['commit']}" if run.info.get("commit") else ""
        lines += [look.words("  " + " · ".join(filter(None, [run.who, run.reason, str(run.info.get("action", "")), commit])))]
        lines += commits_section(run.commits, look)
    lines += ["", look.paint("Definitions", "bold"), *table([[name, text] for name, text in sorted(one.definitions.items())], look)]
    lines += ["", look.paint("Components", "bold")]
    for name in one.inputs:
        lines += table(_component(name, one), look)
    return "\n".join([*lines, "", look.paint("Spec", "bold"), *(f"  {look.words(line)}" for line in one.spec.rstrip().splitlines())])


def _component(name: str, one: Revision) -> Iterator[Row]:
    source = one.sources.get(name, "")
    yield [Cell(name, "bold"), f"module or playbook {source[:SHORT]}" if source else ""]
    artifacts = one.artifacts.get(name)
    for path, digest in artifacts.items() if isinstance(artifacts, dict) else ():
        yield [f"  artefact {path}", f"sha256 {str(digest)[:SHORT]}"]
    inputs = one.inputs.get(name)
    for key, value in sorted(inputs.items()) if isinstance(inputs, dict) else ():
        yield [f"  {key}", value_text(value)]
