"""The graph of an application: as text, as mermaid, as data. Pure."""

from collections.abc import Sequence

from provisioner.console.effects import MARKS
from provisioner.console.look import Cell, Look, Row, table
from provisioner.console.shapes import head
from provisioner.model import Json, Unit


def graph_text(title: str, units: Sequence[Unit], look: Look) -> str:
    """One row per unit in the order of delivery, with what it needs."""
    rows: list[Row] = [[str(index), Cell(unit.name, "bold"), unit.type, Cell(MARKS[unit.engine], "dim"), _needs(unit)]
                       for index, unit in enumerate(units, 1)]
    return "\n".join([look.line(title, "title"), *table(rows, look)])


def _needs(unit: Unit) -> str:
    return "← " + ", ".join(unit.needs) if unit.needs else ""


def graph_mermaid(units: Sequence[Unit]) -> str:
    """A mermaid flowchart: an arrow goes from what is needed to what needs it; one box per target."""
    names = {unit.name: f"u{index}" for index, unit in enumerate(units)}
    lines = ["flowchart LR"]
    for target in dict.fromkeys(unit.target for unit in units):
        lines.append(f'  subgraph {_quoted(target or "existing")}')
        lines += [f"    {names[unit.name]}[{_quoted(f'{unit.component} ({unit.type})')}]" for unit in units if unit.target == target]
        lines.append("  end")
    lines += [f"  {names[need]} --> {names[unit.name]}" for unit in units for need in unit.needs if need in names]
    return "\n".join(lines)


def _quoted(text: str) -> str:
    return '"' + text.replace('"', "#quot;") + '"'


def graph_json(application: str, environment: str, units: Sequence[Unit]) -> dict[str, Json]:
    """Units in order, with their needs."""
    return {**head("graph"), "application": application, "environment": environment,
            "units": [{"name": unit.name, "component": unit.component, "type": unit.type, "target": unit.target, "engine": unit.engine,
                       "needs": list(unit.needs), "root": unit.root} for unit in units]}
