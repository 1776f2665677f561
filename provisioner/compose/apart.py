"""What holds a secret goes to a variable of its own, where an implementation asks for that (`secrets`). Pure.

Both get maps, whichever form was used: what is known of a map in Terraform are its names, also when a value is not.
A task definition, for example, shows its environment to everybody who may read it; what is secret must reach it by another way.
"""

from collections.abc import Mapping
from dataclasses import replace

from provisioner import references
from provisioner.model import Json, Unit


def apart(unit: Unit, secrets: Mapping[str, str], units: Mapping[str, Unit]) -> Unit:
    """The unit with those entries of its inputs that hold a secret moved: `secrets` is from variable to variable."""
    inputs = dict(unit.inputs)
    for variable, other in secrets.items():
        if variable in inputs:
            inputs[variable], inputs[other] = _split(inputs[variable], units)
    return replace(unit, inputs=inputs) if secrets else unit


def _split(value: Json, units: Mapping[str, Unit]) -> tuple[Json, Json]:
    """The entries without a secret, and those with one, as maps. Of an unknown whole all is a secret when any of it may be."""
    if isinstance(value, list) and all(isinstance(item, dict) and "name" in item for item in value):
        value = {str(item["name"]): item.get("value", "") for item in value}
    if isinstance(value, dict):
        secret = [name for name, item in value.items() if sensitive(item, units)]
        return {name: item for name, item in value.items() if name not in secret}, {name: value[name] for name in secret}
    return ({}, value) if sensitive(value, units) else (value, {})


def sensitive(value: Json, units: Mapping[str, Unit], above: tuple[str, ...] = ()) -> bool:
    """Whether a template leads to a secret, also over outputs of other units."""
    return any(_leads(reference, units, above) for _, reference in references.find(value))


def _leads(reference: references.Reference, units: Mapping[str, Unit], above: tuple[str, ...]) -> bool:
    if reference.head == "secret":
        return True
    unit = units.get(reference.head)
    if unit is None or not reference.path:
        return False
    name, key = reference.path[0], f"{reference.head}.{reference.path[0]}"
    if name in unit.sensitive:
        return True
    return key not in above and sensitive(unit.outputs.get(name), units, (*above, key))
