"""What doctor found, as text and as data. Pure."""

from collections.abc import Sequence

from provisioner.console.look import Cell, Look, Row, count, table
from provisioner.console.shapes import head
from provisioner.doctor import Finding
from provisioner.model import Json

SIGNS = {"ok": ("✓", "green"), "warning": ("⚠", "yellow"), "problem": ("✗", "red"), "skipped": ("-", "dim")}


def findings_text(findings: Sequence[Finding], look: Look) -> str:
    """One row per check, its fix below, then the count."""
    rows: list[Row] = [[Cell(*SIGNS[one.state]), Cell(one.name, "bold" if one.state == "problem" else ""), one.detail] for one in findings]
    lines: list[str] = []
    for one, line in zip(findings, table(rows, look, indent="", gap=2), strict=True):
        lines.append(line)
        if one.fix and one.state in ("warning", "problem"):
            lines += [f"    {'fix: ' if index == 0 else '     '}{look.words(part)}" for index, part in enumerate(one.fix.splitlines())]
    problems, warnings = (sum(one.state == state for one in findings) for state in ("problem", "warning"))
    parts = [count(problems, "problem")] if problems else []
    parts += [count(warnings, "warning")] if warnings else []
    return "\n".join([*lines, ", ".join(parts) or look.paint("All is there.", "good")])


def findings_json(findings: Sequence[Finding]) -> dict[str, Json]:
    """The findings as data."""
    return {**head("doctor"), "problems": sum(one.state == "problem" for one in findings),
            "warnings": sum(one.state == "warning" for one in findings),
            "checks": [{"name": one.name, "state": one.state, "detail": one.detail, "fix": one.fix} for one in findings]}
