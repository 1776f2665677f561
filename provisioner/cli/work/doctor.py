"""doctor."""

from pathlib import Path
from typing import Any

from provisioner.cli.door import Door
from provisioner.cli.project import Chosen, look_at
from provisioner.console.findings import findings_json, findings_text
from provisioner.doctor import Finding
from provisioner.doctor.checks import Needs, disk_finding, examine, python_finding
from provisioner.errors import Exit, ProvisionError
from provisioner.model import project_path
from provisioner.references import secret_paths


def doctor(door: Door, /, **chosen: Any) -> int:
    """Check what the application needs, and say the fix."""
    findings = findings_of(door, chosen)
    if door.json:
        door.say_json(findings_json(findings))
    else:
        door.say(findings_text(findings, door.look))
    return Exit.MISSING if any(one.state == "problem" for one in findings) else Exit.OK


def findings_of(door: Door, chosen: Chosen) -> list[Finding]:
    """What there is to say; documents that are wrong are a finding too, and end the search."""
    try:
        return examine(needs_of(door, chosen))
    except ProvisionError as error:
        where = error.problems[0]
        fix = "provision validate" if where.where else error.next or error.hint
        return [python_finding(), Finding("documents", "problem", str(where), fix), disk_finding(Path.cwd())]


def needs_of(door: Door, chosen: Chosen) -> Needs:
    """What the application needs, from its documents. Raises Invalid, ProvisionError."""
    with look_at(door, chosen) as session:
        units = session.compose().units
        names = tuple(sorted({path for unit in units for path in secret_paths([unit.inputs, unit.outputs])}))
        state = project_path(str(session.folder)) / session.application.name / session.environment.name
        problems = session.secrets.check(names)
        return Needs(session.folder, state, session.environment, units, chosen["terraform"], tuple(Path(one) for one in chosen["mirror"]),
                     chosen["store"], lambda: problems, names)
