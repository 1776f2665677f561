"""Digests of values of the model, of what is wanted, and of a plan: the same for the same content, wherever it stands in a document. Pure."""

import hashlib
import json
from collections.abc import Collection, Sequence

import orjson

from provisioner.model import Plan, Step, Unit

AT_ONCE = 500
"""Values that are written as one text."""
NO_CONTENT = ("where", "places")
"""Fields that say where something stands: moving it up or down is no change."""


def fingerprint(head: object, values: Sequence[object] = ()) -> str:
    """sha256 over canonical JSON, some values at a time: `asdict` would copy each of ten thousand units first."""
    total = hashlib.sha256(_canonical(head))
    for first in range(0, len(values), AT_ONCE):
        total.update(b"\n" + _canonical(values[first:first + AT_ONCE]))
    return total.hexdigest()


def spec_digest(application: str, environment: str, keep: Collection[str], units: tuple[Unit, ...]) -> str:
    """What is wanted, whatever is out there: two plans with the same one may be resumed for one another. `keep`: what stays, and --keep."""
    ordered = sorted(units, key=lambda unit: unit.name)
    return fingerprint([application, environment, sorted(keep)], ordered)


def digest(plan: Plan) -> str:
    """What an approval binds to: spec, every unit with its inputs and the digest of its source, and every change.

    Units that are delivered are not read again: they are what the plan's spec_digest is over.
    """
    ordered = sorted(plan.steps, key=lambda step: step.name)
    return fingerprint([plan.application, plan.environment, plan.spec_digest, plan.seals], ordered)


def _canonical(value: object) -> bytes:
    """JSON with sorted keys. What orjson can't write (numbers above 64 bits, halves of surrogates) is left to the slow encoder."""
    try:
        return orjson.dumps(value, default=_fields, option=orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_NON_STR_KEYS)
    except TypeError:
        return SLOW.encode(value).encode()


def _fields(value: object) -> object:
    """A value of the model as a map. A unit that a step delivers is named only: spec_digest is over it."""
    if not hasattr(value.__class__, "__dataclass_fields__"):
        raise TypeError(f"{type(value).__name__} can't be part of a digest")
    found = vars(value).copy()
    for name in NO_CONTENT:
        found.pop(name, None)
    if isinstance(value, Unit):
        found["needs"], found["explicit_needs"] = sorted(value.needs), sorted(value.explicit_needs)
    elif isinstance(value, Step):
        found |= {"unit": value.unit.name if value.kind == "deliver" else value.unit, "needs": sorted(value.needs), "after": sorted(value.after)}
    return found


SLOW = json.JSONEncoder(sort_keys=True, default=_fields)
