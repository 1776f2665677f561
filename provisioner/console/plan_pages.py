"""A plan as a page for people who approve it: Markdown for a merge request, HTML that stands alone. Pure; no script, nothing is loaded."""

import html
from collections.abc import Iterator
from dataclasses import dataclass

from provisioner.console.commits import commits_section
from provisioner.console.effects import SYMBOLS, Effect, Effects, effects
from provisioner.console.grouping import alike, names_text
from provisioner.console.look import Look
from provisioner.console.plan import PlanView, action_of, headline_of, name_of, summary_text, waits_text
from provisioner.console.values import attribute_text, attributes, file_lines
from provisioner.model import FileDiff, Plan

PLAIN = Look()
STYLE = """body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem;color:#1c2430;background:#fff}
table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.3rem .7rem;border-bottom:1px solid #d8dde5;vertical-align:top}
pre{background:#f4f6f9;padding:.7rem;overflow:auto}code,pre{font:13px/1.45 ui-monospace,monospace}summary{cursor:pointer;font-weight:600}
.create{color:#0a6b2d}.update,.unknown{color:#8a5a00}.replace{color:#8a1e86}.destroy,.failed,.loss{color:#b3142c}.run{color:#0b5fa5}
.add{color:#0a6b2d}.del{color:#b3142c}
@media(prefers-color-scheme:dark){body{background:#12161c;color:#e6e9ee}td,th{border-color:#2c3440}pre{background:#1b212a}
.create,.add{color:#5fd38a}.update,.unknown{color:#e0b050}.replace{color:#e08bdc}.destroy,.failed,.loss,.del{color:#ff8095}.run{color:#78b8f0}}"""


@dataclass(frozen=True)
class Section:
    """What happens to one component: sentences, and differences of files with where they are."""

    name: str
    lines: tuple[str, ...]
    files: tuple[tuple[str, tuple[str, ...]], ...]


def _sections(found: tuple[Effect, ...]) -> Iterator[Section]:
    for one in found:
        if one.kind == "none":
            continue
        lines = tuple(_lines(one))
        if lines:
            yield Section(name_of(one), lines, tuple(_files(one)))


def _lines(one: Effect) -> Iterator[str]:
    if one.failure:
        yield one.failure
    if one.step.unpreviewed:
        yield one.step.unpreviewed
    if one.step.unit.engine == "ansible":
        said = {change.address: (change.tasks or tuple(f"write {diff.path}" for diff in change.files) or (change.action,), change.reason)
                for change in one.step.changes}
        for (tasks, reason), names in alike(said):
            yield f"{names_text(names)}: {', '.join(tasks)}" + (f" ({reason})" if reason else "")
        return
    for change in one.step.changes:
        yield f"{change.action} {change.place}" + (f" — {change.reason}" if change.reason else "")
        if change.action in ("update", "replace"):
            yield from (f"  {attribute_text(*differing)}" for differing in attributes(change))


def _files(one: Effect) -> Iterator[tuple[str, tuple[str, ...]]]:
    places: dict[FileDiff, list[str]] = {}
    for change in one.step.changes:
        for diff in change.files:
            places.setdefault(diff, []).append(change.address)
    for diff, hosts in places.items():
        yield f"{diff.path} on {names_text(hosts)}", tuple(file_lines(diff))


def _title(plan: Plan, view: PlanView) -> str:
    return " · ".join(filter(None, [plan.application, plan.environment, plan.version, view.head]))


def _summary(found: Effects, view: PlanView) -> str:
    return " · ".join(filter(None, [summary_text(found, PLAIN), view.lasts if found.changes else ""]))


def _rows(found: Effects) -> Iterator[tuple[Effect, list[str]]]:
    for one in found.all:
        if one.kind != "none":
            told = " · ".join(filter(None, ["DATA IS LOST" if one.data_loss else "", headline_of(one), one.step.unpreviewed,
                                          waits_text(one, found.waits_for(one))]))
            yield one, [SYMBOLS[one.kind], name_of(one), one.step.unit.type, action_of(one), told]


def _quiet(found: tuple[Effect, ...]) -> str:
    names = [name_of(one) for one in found if one.kind == "none"]
    return f"Unchanged: {', '.join(names)}" if names else ""


def plan_markdown(plan: Plan, view: PlanView) -> str:
    """The plan for a merge request: a table, and what is below each row folded away."""
    found = effects(plan)
    blocks = [f"### {_title(plan, view)}", f"**{_summary(found, view)}**"]
    rows = ["| " + " | ".join(_cell(text) for text in row) + " |" for _, row in _rows(found)]
    if rows:
        blocks.append("\n".join(["| | component | type | what | |", "|---|---|---|---|---|", *rows]))
    for section in _sections(found.all):
        fence = "\n".join(section.lines)
        files = "".join(f"\n\n`{place}`\n\n{_fenced(lines, 'diff')}" for place, lines in section.files)
        blocks.append(f"<details><summary>{html.escape(section.name)}</summary>\n\n{_fenced(fence.splitlines(), '')}{files}\n\n</details>")
    blocks += [f"> {note}" for note in plan.notes]
    if told := commits_section(view.commits, PLAIN):
        blocks.append(f"{told[0]}\n\n{_fenced([line.strip() for line in told[1:]], '')}")
    blocks += [_quiet(found.all)] if _quiet(found.all) else []
    blocks.append(" · ".join(filter(None, [f"plan `{plan.id}`", f"digest `{plan.digest[:16]}`", view.made])))
    return "\n\n".join(blocks)


def _cell(text: str) -> str:
    return html.escape(text, quote=False).replace("|", "\\|").replace("\n", " ")


def _fenced(lines: list[str] | tuple[str, ...], kind: str) -> str:
    marks = "`" * max(3, 1 + max((len(line) - len(line.lstrip("`")) for line in lines), default=0))
    return "\n".join([marks + kind, *lines, marks])


def plan_html(plan: Plan, view: PlanView) -> str:
    """The same as a page of its own: no script, no font and no picture is loaded."""
    found = effects(plan)
    e = html.escape
    rows = "".join(f'<tr class="{one.kind}{" loss" if one.data_loss else ""}">' + "".join(f"<td>{e(text)}</td>" for text in row) + "</tr>"
                   for one, row in _rows(found))
    sections = "".join(
        f"<details open><summary>{e(section.name)}</summary><pre>{e(chr(10).join(section.lines))}</pre>"
        + "".join(f"<p><code>{e(place)}</code></p><pre>{_coloured(lines)}</pre>" for place, lines in section.files) + "</details>"
        for section in _sections(found.all))
    notes = "".join(f"<p>{e(note)}</p>" for note in plan.notes)
    if told := commits_section(view.commits, PLAIN):
        notes += f"<p>{e(told[0])}</p><pre>{e(chr(10).join(line.strip() for line in told[1:]))}</pre>"
    title, made = e(_title(plan, view)), e(f" · {view.made}") if view.made else ""
    heads = "<tr><th></th><th>component</th><th>type</th><th>what</th><th></th></tr>"
    table = f"<table><thead>{heads}</thead><tbody>{rows}</tbody></table>" if rows else ""
    return (f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">'
            f"<title>{title}</title><style>{STYLE}</style></head><body><h1>{title}</h1><p><strong>{e(_summary(found, view))}</strong></p>"
            f"{table}{notes}{sections}<p>{e(_quiet(found.all))}</p>"
            f"<p>plan <code>{e(plan.id)}</code> · digest <code>{e(plan.digest)}</code>{made}</p></body></html>")


def _coloured(lines: tuple[str, ...]) -> str:
    kinds = {"+": "add", "-": "del"}
    return "\n".join(f'<span class="{kinds[line[0]]}">{html.escape(line)}</span>' if line[:1] in kinds else html.escape(line) for line in lines)
