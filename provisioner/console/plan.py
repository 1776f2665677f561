"""A plan as text: one row per component, what differs below it, files once for equal hosts, counts, the next command. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from provisioner.console.commits import commits_section
from provisioner.console.effects import MARKS, ON_HOSTS, STYLES, SYMBOLS, Effect, Effects, effects
from provisioner.console.grouping import alike, names_text
from provisioner.console.look import Cell, Look, Row, count, table
from provisioner.console.values import attribute_text, attributes, file_lines
from provisioner.model import Change, Commits, FileDiff, Plan

Diff = Literal["none", "summary", "full"]
WORDS = {"create": "create", "update": "update in place", "replace": "REPLACE", "destroy": "destroy",
         "forget": "forget, leave as it is", "unknown": "may change", "failed": "cannot be planned", "none": "unchanged", "run": "run"}
ON = {"create": "create on", "update": "change on", "run": "run on"}
SUMMARY = 60
"""Characters of what a step of the workflow does."""
SUMMARY_LINES = 24
"""Lines of one file's difference that are shown unless all are asked for."""


@dataclass(frozen=True)
class PlanView:
    """What of a plan is shown."""

    diff: Diff = "summary"
    show_unchanged: bool = False
    detail: bool = False
    next: str = ""
    head: str = ""
    """Said behind application, environment and version: "[sandbox]", "against revision 41"."""
    lasts: str = ""
    """How long it will take, by earlier runs."""
    saved: str = ""
    """The file that the plan was saved to."""
    made: str = ""
    """When, by whom and from which commit it was made."""
    commit: str = ""
    """The commits that it comes from."""
    commits: Commits = Commits()
    """What was committed since the newest revision."""


def plan_text(plan: Plan, look: Look, view: PlanView) -> str:
    """The whole plan."""
    found = effects(plan)
    lines = [look.line(" · ".join(filter(None, [plan.application, plan.environment, plan.version, view.head])), "title"), ""]
    lines += _rows(found, look, view)
    lines += _files(found, look, view)
    lines += _failures(found, look)
    for note in plan.notes:
        lines.append(look.paint("Note  ", "bold") + look.words(note))
    lines += commits_section(view.commits, look, view.commit)
    if lines[-1]:
        lines.append("")
    lines.append(summary_text(found, look) + (look.words(f" · {view.lasts}") if view.lasts and found.changes else ""))
    if view.saved:
        lines.append(look.paint("Saved: ", "bold") + look.words(f"{view.saved} · plan {plan.id} · digest {plan.digest[:16]}"))
    if view.next:
        lines.append(look.paint("Next: ", "bold") + look.command(view.next))
    return "\n".join(lines)


def summary_text(found: Effects, look: Look) -> str:
    """`Plan: 1 to add, 2 to change, 1 to replace, 0 to destroy · 12 hosts`."""
    counts = found.counts
    if any(one.step.kind == "action" for one in found.all):
        where = [count(found.hosts, "host")] if found.hosts else []
        return look.paint("Plan:", "bold") + look.words(" " + " · ".join([f"{count(counts['run'], 'action')} to run", *where]))
    if not found.changes and not counts["failed"]:
        components = sum(one.step.kind != "workflow" for one in found.all)
        return look.paint("Nothing to do:", "good") + f" {count(components, 'component')} as declared."
    parts = [f"{counts['create']} to add, {counts['update']} to change, {counts['replace']} to replace, {counts['destroy']} to destroy"]
    if counts["forget"]:
        parts.append(f"{counts['forget']} to forget")
    if counts["unknown"]:
        parts.append(f"{counts['unknown']} may change")
    if counts["failed"]:
        parts.append(f"{counts['failed']} cannot be planned")
    if counts["run"]:
        parts.append(f"{count(counts['run'], 'step')} of the workflow")
    if found.hosts:
        parts.append(count(found.hosts, "host"))
    return look.paint("Plan:", "bold") + look.words(" " + " · ".join(parts))


# ------------------------------------------------------------------ rows
def _rows(found: Effects, look: Look, view: PlanView) -> list[str]:
    shown = [one for one in found.all if view.show_unchanged or one.kind != "none"]
    rows: list[Row] = [_row(one, one.step.needs if view.detail and one.step.kind != "remove" else found.waits_for(one)) for one in shown]
    lines: list[str] = []
    for one, line in zip(shown, table(rows, look, indent=""), strict=True):
        lines.append(line)
        lines += _below(one, look, view)
    quiet = [name_of(one) for one in found.all if one.kind == "none"]
    if quiet and not view.show_unchanged:
        names = ", ".join(quiet) if len(quiet) <= 12 else f"{', '.join(quiet[:12])} and {len(quiet) - 12} more"
        lines.append(look.line(f"  = {names}   unchanged", "dim"))
    return lines


def name_of(one: Effect) -> str:
    """The step as a row names it."""
    return one.step.name if one.step.kind == "action" else one.step.unit.name


def waits_text(one: Effect, needs: Sequence[str]) -> str:
    """What a step comes after, where nothing else says so already."""
    return "" if one.step.unpreviewed or not needs else f"waits for {names_text(needs, 6)}"


def _row(one: Effect, needs: Sequence[str]) -> Row:
    style = STYLES[one.kind]
    mark = f"{SYMBOLS[one.kind]} !" if one.data_loss else f"  {SYMBOLS[one.kind]}"
    condition = f"if {one.step.unit.flow.condition}" if one.step.unit.flow and one.step.unit.flow.condition else ""
    last = " · ".join(filter(None, ["data is lost" if one.data_loss else "", one.step.unpreviewed, condition, waits_text(one, needs)]))
    return [Cell(mark, style), Cell(name_of(one), "bold"), one.step.unit.type, Cell(action_of(one), style), headline_of(one),
            Cell(MARKS[one.step.unit.engine], "dim"), Cell(last, "magenta" if one.data_loss else "dim")]


def action_of(one: Effect) -> str:
    """What happens, in words."""
    hosts = one.hosts
    if one.kind == "destroy" and one.step.unit.engine == "ansible":
        return f"remove from {count(len(hosts), 'host')}" if hosts else "remove"
    if hosts and one.kind in ON:
        return f"{ON[one.kind]} {hosts[0] if len(hosts) == 1 else f'{len(hosts)} hosts'}"
    return WORDS[one.kind]


def headline_of(one: Effect) -> str:
    """The one thing that differs, in the row itself; how many there are when there are several."""
    if one.step.unit.engine == "ansible":
        return ""
    if one.step.unit.flow:
        return _short(one.step.unit.flow.summary)
    changes = one.step.changes
    if one.kind == "update" and len(changes) == 1:
        found = list(attributes(changes[0]))
        if len(found) == 1 and len(text := attribute_text(*found[0])) <= 48:
            return text
    return count(len(changes), "resource") if len(changes) > 1 else ""


def _short(text: str) -> str:
    first = text.partition("\n")[0]
    return first if len(first) <= SUMMARY else first[:SUMMARY - 1] + "…"


def _below(one: Effect, look: Look, view: PlanView) -> list[str]:
    if view.diff == "none":
        return []
    if one.step.unit.engine == "ansible":
        return _hosts(one, look, view)
    if one.step.kind == "workflow":
        return []
    if one.kind in ("create", "destroy") and view.diff != "full":
        return []
    if one.kind == "update" and len(one.step.changes) == 1 and "→" in headline_of(one) and view.diff != "full":
        return []
    return [line for change in one.step.changes for line in _resource(change, look, view)]


def _resource(change: Change, look: Look, view: PlanView) -> list[str]:
    symbol = {"create": "+", "update": "~", "replace": "±", "delete": "-", "forget": "-"}.get(change.action, "~")
    reason = f"   {change.reason}" if change.reason else ""
    lines = [f"      {look.words(symbol)} {look.line(change.place)}{look.line(reason, 'dim')}"]
    if change.action in ("create", "delete") and view.diff != "full":
        return lines
    found = list(attributes(change))
    most = len(found) if view.diff == "full" else 8
    for name, before, after in found[:most]:
        text = look.words(attribute_text(name, before, after))
        lines.append("          " + (look.fit(text, 10) if view.diff != "full" else text))
    if len(found) > most:
        lines.append(look.line(f"          … {len(found) - most} more (--diff full)", "dim"))
    return lines


# ------------------------------------------------------------------ hosts
def _hosts(one: Effect, look: Look, view: PlanView) -> list[str]:
    """Hosts to which the same happens in one line."""
    short = one.kind == "create" and view.diff != "full"
    said = {change.address: (change.action, change.tasks, change.reason, tuple(sorted(diff.path for diff in change.files)))
            for change in one.step.changes}
    lines = []
    for (action, tasks, reason, paths), names in alike(said):
        what = _tasks(tasks, paths, short) if tasks or paths else "" if action in ON_HOSTS else action
        text = "   ".join(filter(None, [names_text(names), what, f"({reason})" if reason and reason not in what else ""]))
        lines.append("      " + look.fit(look.words(text), 6))
    return lines


def _tasks(tasks: tuple[str, ...], paths: tuple[str, ...], short: bool) -> str:
    words = list(tasks) or [f"write {path}" for path in paths]
    if short and len(words) > 3:
        return count(len(words), "task")
    shown = ", ".join(words[:6]) + (f" and {len(words) - 6} more" if len(words) > 6 else "")
    return f"{count(len(words), 'task')}: {shown}" if len(words) > 1 else shown


def _files(found: Effects, look: Look, view: PlanView) -> list[str]:
    """Differences of files, once for all hosts on which they are the same."""
    if view.diff == "none":
        return []
    lines: list[str] = []
    for one in found.all:
        for diff, hosts in _same_files(one):
            if view.diff == "summary" and one.kind == "create" and diff.before is None:
                continue
            where = f"(same on {len(hosts)} hosts)" if len(hosts) > 1 else f"on {hosts[0]}"
            lines += ["", f"  {look.line(diff.path, 'bold')}  {look.line(f'{name_of(one)} {where}', 'dim')}", *_difference(diff, look, view)]
    return lines


def _same_files(one: Effect) -> Iterable[tuple[FileDiff, list[str]]]:
    groups: dict[FileDiff, list[str]] = {}
    for change in one.step.changes:
        for diff in change.files:
            groups.setdefault(diff, []).append(change.address)
    return groups.items()


def _difference(diff: FileDiff, look: Look, view: PlanView) -> list[str]:
    lines = file_lines(diff)
    most = len(lines) if view.diff == "full" else SUMMARY_LINES
    styles = {"+": "green", "-": "red", "@": "cyan"}
    shown = [f"  {look.line(line, styles.get(line[:1], ''))}" for line in lines[:most]]
    if len(lines) > most:
        shown.append(look.line(f"  … {len(lines) - most} more lines (--diff full)", "dim"))
    return shown


def _failures(found: Effects, look: Look) -> list[str]:
    lines: list[str] = []
    for one in found.all:
        if one.failure:
            first, *more = look.words(one.failure).splitlines() or [""]
            lines += ["", look.paint(f"  {look.words('✗')} {look.words(name_of(one))}", "red") + f"   {first}"]
            lines += [("      " + line).rstrip() for line in more]
    return lines
