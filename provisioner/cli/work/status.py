"""status, outputs, graph: the application as it is, or as it is meant."""

from typing import Any

from provisioner.cli.door import Door
from provisioner.cli.project import look_at, nothing_yet, open_memory, open_project, settings_of, stored_scope
from provisioner.console.drawing import graph_json, graph_mermaid, graph_text
from provisioner.console.history import moment
from provisioner.console.picture import graph_svg
from provisioner.console.shapes import outputs_json
from provisioner.console.status import outputs_lines, status_json, status_text
from provisioner.console.values import sensitive
from provisioner.errors import Exit, ProvisionError
from provisioner.suggest import suggestion


def status(door: Door, /, **chosen: Any) -> int:
    """Health and sync of each component."""
    with open_project(door, chosen) as session:
        found = session.status()
        marks = ["[sandbox]" if session.environment.sandbox else "", f"delivered {moment(found.delivered)}" if found.delivered else ""]
    if door.json:
        door.say_json(status_json(found))
    else:
        door.say(status_text(found, door.look, " · ".join(filter(None, marks))))
    if found.exit == Exit.OK and chosen["detailed_exitcode"] and found.sync != "in sync":
        return Exit.CHANGES
    return found.exit


def outputs(door: Door, /, name: str | None, **chosen: Any) -> int:
    """Print the outputs of delivered components."""
    store = open_memory(chosen)
    if store is None:
        raise nothing_yet()
    with store:
        settings = settings_of(chosen)
        application, environment = stored_scope(store, chosen["environment"], settings.application, settings.file)
        delivered = store.delivered.all(application, environment)
    component, _, output = (name or "").partition(".")
    chosen_units = {unit: entry for unit, entry in delivered.items() if component in ("", unit, entry.unit.component)}
    values = {unit: sensitive(entry.outputs, entry.unit.sensitive) for unit, entry in chosen_units.items()}
    if component and not values:
        raise ProvisionError(f'nothing named "{component}" is delivered', code="PRV-6407",
                             hint=suggestion(component, {entry.unit.component for entry in delivered.values()}))
    if output:
        _one_output(door, values, component, output)
    elif door.json:
        door.say_json(outputs_json(application, environment, chosen_units))
    else:
        door.say("\n".join(outputs_lines(values, door.look)) or "No outputs.")
    return Exit.OK


def _one_output(door: Door, values: dict[str, dict[str, Any]], component: str, output: str) -> None:
    found = [one[output] for one in values.values() if output in one]
    if not found:
        choices = {key for one in values.values() for key in one}
        raise ProvisionError(f'"{component}" has no output "{output}"', code="PRV-6407", hint=suggestion(output, choices))
    for value in found:
        if door.json or not isinstance(value, str):
            door.say_line(value)
        else:
            door.say(value)


def graph(door: Door, /, **chosen: Any) -> int:
    """Show what needs what: text, mermaid or svg."""
    with look_at(door, chosen) as session:
        units = session.compose().everything
        name, environment = session.application.name, session.environment.name
    if door.output == "mermaid":
        door.say(graph_mermaid(units))
    elif door.output == "svg":
        door.say(graph_svg(f"{name} · {environment}", units))
    elif door.json:
        door.say_json(graph_json(name, environment, units))
    else:
        door.say(graph_text(f"{name} · {environment}", units, door.look))
    return Exit.OK
