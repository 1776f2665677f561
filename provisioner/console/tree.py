"""The tree of a run that is being watched: one row per step, the busy ones first kept in sight. Pure; `cli` draws it again and again."""

from provisioner.console.look import Cell, Look, Row, seconds_text, table
from provisioner.console.progress import Progress, StepProgress

SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
PLAIN_SPINNER = "|/-\\"
SYMBOLS = {"done": ("✓", "green"), "failed": ("✗", "red"), "skipped": ("-", "yellow"), "interrupted": ("!", "yellow"),
           "waiting": ("·", "dim"), "suspended": ("⏸", "yellow")}
RANK = {"failed": 0, "running": 1, "suspended": 2, "interrupted": 2, "waiting": 3, "skipped": 4, "done": 5}

AT_ONCE = 0.05
"""Seconds below which nothing is said of how long a step took."""


def tree_lines(progress: Progress, look: Look, now: float, rows: int = 0) -> list[str]:
    """The tree at the time `now`, at the most `rows` lines (0: all)."""
    shown = visible_steps(progress, rows)
    cells = [_row(step, progress, look, now) for step in shown]
    lines = table(cells, look)
    hidden = len(progress.steps) - len(shown)
    if hidden > 0:
        lines.append(look.line(f"  … {hidden} more: {counts_text(progress)}", "dim"))
    return lines


def counts_text(progress: Progress) -> str:
    """`3 done, 2 running, 4 waiting`."""
    counts = progress.counts()
    return ", ".join(f"{counts[state]} {state}" for state in ("done", "running", "suspended", "failed", "skipped", "interrupted", "waiting")
                     if counts.get(state))


def visible_steps(progress: Progress, rows: int) -> list[StepProgress]:
    """Steps in the plan's order; when there are too many: failed and running ones, then what moved last, then the next ones."""
    every = list(progress.steps.values())
    if not rows or len(every) <= rows:
        return every
    ranked = sorted(range(len(every)), key=lambda index: (RANK[every[index].state], -every[index].order, index))
    return [every[index] for index in sorted(ranked[:max(rows - 1, 1)])]


def _row(step: StepProgress, progress: Progress, look: Look, now: float) -> Row:
    if step.state == "running":
        frames = PLAIN_SPINNER if look.ascii else SPINNER
        symbol = Cell(frames[int(now * 8) % len(frames)], "cyan")
        return [symbol, Cell(step.name, "bold"), _hosts(step) or "running", seconds_text(now - step.started), Cell(step.doing, "dim")]
    sign, style = SYMBOLS[step.state]
    took = seconds_text(step.ended - step.started) if step.started and step.ended - step.started >= AT_ONCE else ""
    name = Cell(step.name, "bold" if step.state == "failed" else "")
    return [Cell(sign, style), name, Cell(_state(step, progress), style), took, Cell(_why(step, progress), "dim")]


def _hosts(step: StepProgress) -> str:
    """`████░░░░ 6/12 hosts` once there are several."""
    if step.hosts < 2:
        return ""
    done = min(len(step.hosts_ended), step.hosts)
    full = 8 * done // step.hosts
    return f"{'█' * full}{'░' * (8 - full)} {done}/{step.hosts} hosts"


def _state(step: StepProgress, progress: Progress) -> str:
    if step.state == "done":
        return "changed" if step.changed else "unchanged" if step.name in progress.unchanged else "done"
    return step.state


def _why(step: StepProgress, progress: Progress) -> str:
    if step.state == "waiting":
        waits = step.waits_for(progress.steps)
        return f"waits for {waits}" if waits else ""
    return step.message.splitlines()[0] if step.message and step.state != "done" else ""
