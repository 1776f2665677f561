"""What differs between two states, the table of revisions, as text and as `-o json`. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict

from provisioner.console.history import moment
from provisioner.console.look import Look, Row, count, table
from provisioner.console.shapes import head
from provisioner.console.values import value_text
from provisioner.model import Json
from provisioner.planner.differing import ABSENT, Difference
from provisioner.store import Revision, Run


def differences_text(found: Sequence[Difference], sides: tuple[str, str], look: Look) -> str:
    """Each subject with its paths, before and after; `sides` are the names of the two."""
    lines = [look.line(f"{sides[0]} → {sides[1]}", "title"), ""]
    subject = None
    for one in found:
        if not one.path:
            sign, style = ("+", "green") if one.before == ABSENT else ("-", "red")
            kind = look.words(str(one.after if sign == "+" else one.before))
            lines.append(f"  {look.paint(sign, style)} {look.line(one.subject, 'bold')}   {kind}")
            continue
        if one.subject != subject:
            subject = one.subject
            lines.append(f"  {look.paint('~', 'yellow')} {look.line(subject or 'the application', 'bold')}")
        lines.append("      " + look.fit(look.words(f"{one.path}: {_shown(one.before)} → {_shown(one.after)}"), 6))
    subjects = {one.subject for one in found}
    lines += ([""] if found else []) + [f"{count(len(found), 'difference')} in {count(len(subjects), 'component')}." if found else "No difference."]
    return "\n".join(lines)


def _shown(value: Json) -> str:
    return ABSENT if value == ABSENT else value_text(value)


def differences_json(found: Iterable[Difference], sides: tuple[str, str]) -> dict[str, Json]:
    """The same as data."""
    return {**head("diff"), "before": sides[0], "after": sides[1],
            "differences": [{**asdict(one), "component": one.subject.partition("@")[0]} for one in found]}


def revisions_text(revisions: Iterable[Revision], runs: Mapping[int, Run], look: Look) -> str:
    """The table of revisions, newest first."""
    rows: list[Row] = [["REVISION", "VERSION", "DELIVERED", "RUN", "BY", "WHY"]]
    for one in revisions:
        run = runs.get(one.run)
        why = " · ".join(filter(None, [str(run.info.get("action", "")), run.reason])) if run else ""
        rows.append([str(one.number), one.version, moment(one.time), str(one.run), run.who if run else "", why])
    return "\n".join(table(rows, look, indent="", header=True)) if len(rows) > 1 else "No revision yet.   Next: " + look.command("provision apply")


def revision_json(one: Revision, run: Run | None) -> dict[str, Json]:
    """One revision: what was delivered, by whom and why."""
    return {**head("revision"), "revision": one.number, "version": one.version, "time": one.time, "run": one.run, "plan": one.plan,
            "digest": one.digest, "who": run.who if run else "", "reason": run.reason if run else "", "definitions": dict(one.definitions),
            "sources": dict(one.sources), "artifacts": dict(one.artifacts)}
