"""Health and sync of an application, in two words, and its outputs. Pure."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict

from provisioner.api import Status, StatusRow
from provisioner.console.grouping import alike, names_text
from provisioner.console.look import Cell, Look, Row, table
from provisioner.console.shapes import head
from provisioner.console.values import value_text
from provisioner.errors import Exit
from provisioner.model import Json

STYLES = {
    "healthy": "green", "unhealthy": "red", "degraded": "yellow", "in sync": "green", "drifted": "red", "failed": "red",
    "under way": "yellow", "changed": "yellow", "not delivered": "yellow", "leaving": "yellow",
}

ANSWERING = ("gateway", "webservice")


def status_text(status: Status, look: Look, note: str = "") -> str:
    """The table, one row per component, with outputs and the next command."""
    words = f"{look.line(status.health.upper(), STYLES.get(status.health, ''))}  {look.line(status.sync.upper(), STYLES.get(status.sync, ''))}"
    revision = f"revision {status.revision}" if status.revision else ""
    title = look.line(" · ".join(filter(None, [status.application, status.environment])), "title")
    lines = ["   ".join(filter(None, [title, words, look.words(" · ".join(filter(None, [revision, status.version, note])))]))]
    if status.waiting:
        lines.append(look.paint(f"  {look.words('⏸')} run {status.waiting} waits   ", "yellow") + look.command(f"provision resume {status.waiting}"))
    rows = list(status.rows)
    for row, line in zip(rows, table([_row(row) for row in rows], look), strict=True):
        lines += [line, *_sick_hosts(row, look)]
    types = {row.unit: row.type for row in rows}
    lines += outputs_lines(urls(status.outputs, types), look)
    return "\n".join([*lines, *_next(status, look)])


def _row(row: StatusRow) -> Row:
    sync = row.sync.upper() if row.sync == "drifted" else row.sync
    return [Cell(row.unit, "bold"), row.type, Cell(row.health, STYLES.get(row.health, "dim")), Cell(sync, STYLES.get(row.sync, "")), row.detail]


def _sick_hosts(row: StatusRow, look: Look) -> list[str]:
    sick = {name: health for name, health in row.hosts.items() if health not in ("healthy", "unknown") and not health.startswith("not checked")}
    return ["      " + look.fit(look.words(f"{names_text(names)}: {health}"), 6) for health, names in alike(sick)]


def _next(status: Status, look: Look) -> list[str]:
    syncs = {row.sync for row in status.rows}
    if syncs & {"drifted", "changed", "not delivered", "leaving", "failed"}:
        return [look.paint("Next: ", "bold") + look.command("provision plan") + look.words("   then   ") + look.command("provision apply")]
    if status.exit != Exit.OK and status.rows:
        return [look.paint("Next: ", "bold") + look.command("provision logs") + look.words("   ·   ") + look.command("provision doctor")]
    return []


def urls(outputs: Mapping[str, Mapping[str, Json]], types: Mapping[str, str]) -> dict[str, dict[str, Json]]:
    """Of all outputs only where a browser gets an answer; `types` is unit to type."""
    return {unit: {"url": values["url"]} for unit, values in outputs.items()
            if types.get(unit) in ANSWERING and str(values.get("url", "")).startswith("http")}


def outputs_lines(outputs: Mapping[str, Mapping[str, Json]], look: Look) -> list[str]:
    """All outputs, `COMPONENT.NAME = VALUE`."""
    rows: list[Row] = []
    copies = Counter(unit.partition("@")[0] for unit in outputs)
    for unit, values in outputs.items():
        component = unit.partition("@")[0]
        for name, value in values.items():
            rows.append([f"{unit if copies[component] > 1 else component}.{name}", "= " + value_text(value)])
    return [look.paint("Outputs", "bold"), *table(rows, look, gap=1)] if rows else []


def status_json(status: Status) -> dict[str, Json]:
    """The status as data."""
    found = asdict(status)
    names = ("application", "environment", "health", "sync", "revision", "version", "outputs", "waiting")
    return {**head("status"), **{name: found[name] for name in names},
            "exit": int(status.exit), "components": [asdict(row) for row in status.rows]}
