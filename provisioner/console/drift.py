"""Drift as text, markdown and JSON: what differs by path, what was found and what was declared. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from provisioner.api import Drift
from provisioner.console.grouping import names_text
from provisioner.console.history import moment
from provisioner.console.look import Look, count
from provisioner.console.shapes import head
from provisioner.console.values import file_lines, hidden, value_text
from provisioner.errors import Exit
from provisioner.model import Acceptance, FileDiff, Json
from provisioner.planner.drift import Difference, Findings

LINES = 24
"""Lines of one file's difference that are shown."""


def drift_text(drift: Drift, look: Look) -> str:
    """The whole report: each difference once, equal hosts together, counts, the next command."""
    since = f"since revision {drift.revision}, {moment(drift.delivered)}" if drift.revision else ""
    lines = [look.line(" · ".join(filter(None, [drift.application, drift.environment, drift.version, since])), "title"), ""]
    for group in alike(drift.found.open):
        lines += difference_lines(group, look, drift.found.changed.get(group[0].path))
    for name, why in drift.found.unseen:
        lines.append(unseen_line(name, why, look))
    for note in drift.notes:
        lines.append(look.paint("Note  ", "bold") + look.words(note))
    if lines[-1]:
        lines.append("")
    lines.append(summary_text(drift, look))
    return "\n".join([*lines, *_next(drift, look)])


def summary_text(drift: Drift, look: Look) -> str:
    """`Drift: 3 differences in 2 components · 1 accepted`, or that there is none."""
    found = drift.found
    beside = [f"{len(found.accepted)} accepted" if found.accepted else "", f"{len(found.ignored)} ignored" if found.ignored else "",
              f"{len(found.unseen)} not looked at" if found.unseen else ""]
    rest = "".join(f" · {part}" for part in beside if part)
    if not found.open:
        word = look.paint("No drift:", "good") if drift.exit == Exit.OK else look.paint("No drift seen:", "warning")
        return word + look.words(f" {count(drift.units, 'component')} looked at{rest}")
    units = len({one.unit for one in found.open})
    return look.paint("Drift:", "error") + look.words(f" {count(len(found.open), 'difference')} in {count(units, 'component')}{rest}")


def alike(found: Iterable[Difference]) -> list[list[Difference]]:
    """Differences that are the same on several hosts, together."""
    groups: dict[object, list[Difference]] = {}
    for one in found:
        key: object = (one.unit, one.what, value_text(one.declared), value_text(one.found), one.follows) if one.engine == "ansible" else one.path
        groups.setdefault(key, []).append(one)
    return list(groups.values())


def unseen_line(name: str, why: str, look: Look) -> str:
    """What nobody could look at, and why."""
    return f"  {look.paint('?', 'yellow')} {look.line(name, 'bold')}   {look.words('not looked at: ' + _first(why))}"


def difference_lines(group: Sequence[Difference], look: Look, before: Acceptance | None = None, *, doing: str = "healing it") -> list[str]:
    """A difference, equal ones of several hosts together; `doing`: what the tasks that follow come with."""
    one = group[0]
    same = f"   the same on {names_text(other.place for other in group)}" if len(group) > 1 else ""
    lines = [f"  {look.paint(look.words('≠'), 'red')} {look.line(one.path, 'bold')}{look.line(same, 'dim')}"]
    if before is not None:
        lines.append(look.line(f"      accepted by {before.who} on {moment(before.time)} when it looked otherwise ({before.why})", "dim"))
    if is_file(one):
        shown = file_lines(FileDiff(one.what, text_of(one.found), text_of(one.declared)))
        styles = {"+": "green", "-": "red", "@": "cyan"}
        lines += [f"      {look.line(line, styles.get(line[:1], ''))}" for line in shown[:LINES]]
        if len(shown) > LINES:
            lines.append(look.line(f"      … {len(shown) - LINES} more lines (-o json has all)", "dim"))
    else:
        lines.append("      " + look.fit(look.words(sides_text(one)), 6))
    if one.follows:
        lines.append(look.line(f"      {doing}: {', '.join(one.follows)}", "dim"))
    return lines


def is_file(one: Difference) -> bool:
    """True where the two sides are the content of a file."""
    return one.engine == "ansible" and one.what.startswith("/")


def text_of(value: Json) -> str | None:
    """The content of a file's side; None where it is not there."""
    return None if value is None else str(value)


def sides_text(one: Difference) -> str:
    """`found "eve", declared none`; for a whole resource and for a task what is wrong with it."""
    if one.what and one.engine == "ansible":
        return "would be done again"
    if not one.what:
        gone = one.found is None
        return "is not there" if gone else "is there and should not be" if one.declared is None else f"differs: {value_text(one.declared)}"
    return f"found {value_text(one.found)}, declared {value_text(one.declared)}"


def _next(drift: Drift, look: Look) -> list[str]:
    if not drift.found.open:
        return []
    fix, accept = look.command("provision drift --fix"), look.command("provision drift --accept PATH --reason WHY")
    return [look.paint("Next: ", "bold") + fix + look.words("   ·   ") + accept]


def said_text(word: str, paths: Sequence[str], look: Look) -> str:
    """`Accepted: 2 differences`, with their paths."""
    return "\n".join([look.paint(f"{word.capitalize()}: ", "good") + count(len(paths), "difference"), *(f"  {look.words(path)}" for path in paths)])


def drift_markdown(drift: Drift, look: Look) -> str:
    """The report for a ticket or a merge request."""
    plain = replace(look, color=False)
    lines = [f"## Drift of {drift.application} in {drift.environment}", "", summary_text(drift, plain), ""]
    if drift.found.open:
        lines += ["| path | found | declared |", "| --- | --- | --- |"]
    for one in drift.found.open:
        lines.append("| " + " | ".join([f"`{one.path}`", _cell(one, one.found), _cell(one, one.declared)]) + " |")
    for one in drift.found.open:
        if is_file(one):
            content = file_lines(FileDiff(one.what, text_of(one.found), text_of(one.declared)))
            lines += ["", f"`{one.path}`", "```diff", *content, "```"]
    lines += ["", *(f"- accepted: `{one.path}` by {given.who}: {given.why}" for one, given in drift.found.accepted),
              *(f"- not looked at: `{name}`: {_first(why)}" for name, why in drift.found.unseen), *(f"- {note}" for note in drift.notes)]
    return "\n".join(lines).rstrip()


def _cell(one: Difference, value: Json) -> str:
    if is_file(one):
        text = text_of(value)
        return "no file" if text is None else text if hidden(text) else count(len(text.splitlines()), "line")
    return value_text(value).replace("|", "\\|").replace("\n", " ")


def _first(text: str) -> str:
    return next(iter(text.strip().splitlines()), "")


def drift_json(drift: Drift) -> dict[str, Json]:
    """The report as data."""
    found = drift.found
    return {
        **head("drift"), "application": drift.application, "environment": drift.environment, "revision": drift.revision, "version": drift.version,
        "exit": int(drift.exit), "units": drift.units,
        "differences": [{**difference_json(one), "acceptedBefore": _acceptance(found.changed.get(one.path))} for one in found.open],
        **beside_json(found, drift.notes),
    }


def beside_json(found: Findings, notes: Iterable[str]) -> dict[str, Json]:
    """What is not told as a difference: accepted, ignored, not looked at; and notes."""
    return {"accepted": [{**difference_json(one), "acceptance": _acceptance(given)} for one, given in found.accepted],
            "ignored": [difference_json(one) for one in found.ignored],
            "unseen": [{"name": name, "reason": why} for name, why in found.unseen], "notes": list(notes)}


def difference_json(one: Difference) -> dict[str, Json]:
    """One difference as data."""
    return {"path": one.path, "unit": one.unit, "engine": one.engine, "place": one.place, "what": one.what, "found": one.found,
            "declared": one.declared, "follows": list(one.follows)}


def _acceptance(given: Acceptance | None) -> Json:
    return {"who": given.who, "why": given.why, "time": given.time} if given else None
