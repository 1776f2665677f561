"""How a run ended: failures (once for equal hosts), what was skipped and why, the counts, what to do next. Pure."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass

from provisioner.console.effects import Effects, effects
from provisioner.console.grouping import alike, names_text
from provisioner.console.look import Look, count, seconds_text
from provisioner.errors import Exit
from provisioner.model import Plan
from provisioner.store import Run, StepRow

WORDS: dict[int, tuple[str, str]] = {
    Exit.OK: ("DONE", "good"), Exit.FAILED: ("FAILED, nothing was changed", "error"), Exit.PARTIAL: ("PARTLY DONE", "error"),
    Exit.STALE: ("STOPPED before a change that the plan did not show", "error"), Exit.MISSING: ("FAILED, something is missing", "error"),
    Exit.WAITING: ("WAITING", "warning"),
    Exit.INTERRUPTED: ("INTERRUPTED", "warning"), Exit.TERMINATED: ("INTERRUPTED", "warning"), Exit.TIMEOUT: ("TIMED OUT", "warning"),
    Exit.ROLLED_BACK: ("ROLLED BACK", "warning"),
}
PAST = {"create": "created", "update": "changed", "replace": "replaced", "destroy": "removed", "forget": "forgotten",
        "unknown": "changed", "run": "run"}
MESSAGE_LINES = 14


@dataclass(frozen=True)
class Ending:
    """What `result_text` tells of."""

    plan: Plan
    run: Run
    steps: Mapping[str, StepRow]
    exit: Exit
    seconds: float = 0.0
    revision: int = 0
    message: str = ""


def result_text(ending: Ending, look: Look) -> str:
    """The block at the end of a run."""
    lines = failures(ending.steps, look)
    if lines:
        lines.append("")
    word, style = WORDS.get(ending.exit, ("FAILED", "error"))
    parts = [counts_text(effects(ending.plan), ending.steps), seconds_text(ending.seconds) if ending.seconds else ""]
    revision = f"revision {ending.revision}" if ending.revision else ""
    lines.append(look.paint("Result: ", "bold") + look.paint(word, style) + look.words("".join(f" · {part}" for part in [*parts, revision] if part)))
    if ending.message:
        lines.append("  " + look.words(ending.message))
    return "\n".join([*lines, *next_lines(ending, look)])


def counts_text(found: Effects, steps: Mapping[str, StepRow]) -> str:
    """`3 created, 2 changed, 1 failed, 2 skipped`."""
    counts: dict[str, int] = {}
    for one in found.all:
        row = steps.get(one.step.name)
        if row is None:
            continue
        told = row.changed or one.kind in ("destroy", "forget", "run")
        word = row.state if row.state != "done" else PAST.get(one.kind, "") if told else "unchanged"
        word = {"waiting": "not started", "done": "changed", "": "changed"}.get(word, word)
        counts[word] = counts.get(word, 0) + 1
    order = ("suspended", "run", "created", "changed", "replaced", "removed", "forgotten", "unchanged", "failed", "skipped", "interrupted",
             "not started", "running")
    return ", ".join(f"{counts[word]} {word}" for word in order if counts.get(word)) or "nothing to do"


def failures(steps: Mapping[str, StepRow], look: Look) -> list[str]:
    """Failed steps with their reasons, then the skipped ones by name."""
    lines: list[str] = []
    for row in steps.values():
        if row.state in ("failed", "interrupted"):
            lines += _failed(row, look)
    waits = {row.name: row.message for row in steps.values() if row.state == "skipped"}
    for reason, names in alike(waits):
        lines.append(look.paint("  - ", "yellow") + look.words(f"{names_text(names, 8)}   skipped: {reason or 'not started'}"))
    return lines


def _failed(row: StepRow, look: Look) -> list[str]:
    hosts = dict(row.failed_hosts)
    total = max(len(row.hosts), len(hosts))
    where = f" on {len(hosts)} of {total} hosts" if hosts and total > len(hosts) else f" on {count(len(hosts), 'host')}" if hosts else ""
    lines = [look.paint(f"  {look.words('✗')} {look.words(row.name)}", "red") + f"   {row.state}{where}"]
    for reason, names in alike(hosts):
        first, *more = reason.splitlines() or [""]
        lines += [f"      {look.words(names_text(names))}  {look.words(first)}", *_more(more, look)]
    if row.message and not _told(row.message, hosts):
        lines += _more(row.message.splitlines(), look, "      ")
    return lines


def _told(message: str, hosts: Mapping[str, str]) -> bool:
    """True when the hosts' reasons have said it already."""
    return bool(hosts) and all(reason.strip() in message for reason in hosts.values())


def _more(lines: list[str], look: Look, indent: str = "        ") -> list[str]:
    shown = [f"{indent}{look.words(line)}".rstrip() for line in lines[:MESSAGE_LINES]]
    return shown + ([look.line(f"{indent}… {len(lines) - MESSAGE_LINES} more lines", "dim")] if len(lines) > MESSAGE_LINES else [])


def next_lines(ending: Ending, look: Look) -> list[str]:
    """Commands that help now, ready to paste."""
    number = ending.run.number
    if ending.exit == Exit.OK:
        left = any(step.kind == "deliver" for step in ending.plan.steps)
        return [_hint("next", "provision status", look), _hint("outputs", "provision outputs", look)] if left else []
    failed = next((row.name for row in ending.steps.values() if row.state == "failed"), "")
    lines = [_hint("logs", f"provision logs {number} --step {_word(failed)}", look)] if failed else []
    if ending.exit == Exit.STALE:
        return [*lines, _hint("look", "provision plan", look), _hint("go on", asking_again(ending.plan), look)]
    if ending.exit == Exit.MISSING:
        lines.append(_hint("check", "provision doctor", look))
    # what could not be planned is in no step of this run: going on needs another plan
    return [*lines, _hint("go on", asking_again(ending.plan) if ending.plan.failures else f"provision resume {number}", look)]


def asking_again(plan: Plan) -> str:
    """The command that asks for such a plan again, but for its place; the values of an action are not known any more."""
    purpose, action = plan.purpose, next((step for step in plan.steps if step.kind == "action"), None)
    if action is not None:
        return f"provision action {action.unit.component} {action.name.partition(' ')[0]}"
    if purpose.imports:
        pairs = [word for _, *pair in purpose.imports for word in pair if word]
        return shlex.join(["provision", "import", purpose.imports[0][0].partition("@")[0], *pairs])
    return {"destroy": "provision destroy", "rollback": f"provision rollback --to {purpose.revision}",
            "heal": "provision drift --fix"}.get(purpose.kind, "provision apply")


def _hint(name: str, command: str, look: Look) -> str:
    return f"  {look.line(f'{name:<8}', 'dim')} {look.command(command)}"


def _word(text: str) -> str:
    return f"'{text}'" if " " in text else text
